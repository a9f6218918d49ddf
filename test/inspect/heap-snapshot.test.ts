import { createRequire } from "node:module";
import { parse } from "heap-snapshot-toolkit";
import { afterEach, describe, expect, test } from "vitest";
import type { Heap, Ptr } from "../../bindings/index.js";
import { builds, debug, errorOf, release, type Build } from "../support/cores.js";
import { NULL, newHeap, release as drop } from "../support/objects.js";
import { Random } from "../support/random.js";
import { edgesOf, named, only, readSnapshot, snapshotText } from "./snapshot-file.js";

interface ClassGroup {
  name(): string;
  readonly self_size: bigint;
}
const { decode_bytes } = createRequire(import.meta.url)("@vscode/v8-heap-parser") as {
  decode_bytes(bytes: Uint8Array): {
    get_class_groups(start: number, end: number, noRetained: boolean): ClassGroup[];
  };
};

/** Blocks that a test of a mixed heap made; freed at its end. */
let blocks: { readonly heap: Heap; readonly ptr: Ptr }[] = [];
afterEach(() => {
  for (const { heap, ptr } of blocks) heap.free(ptr);
  blocks = [];
});

/** A heap with something of everything: raw blocks of all sizes, containers, cycles, dead objects on free lists. */
function mixedHeap(build: Build, seed: number): { heap: Heap; owned: Ptr[] } {
  const source = new Random(seed);
  const random = (limit: number): number => source.below(Math.max(limit, 1));
  const heap = newHeap(build);
  const Node = heap.defineType({
    name: "Node",
    fields: { left: "ref", right: "ref", id: "i32" },
    freeList: 50,
  });
  const Row = heap.defineType({ name: "Row", fields: { owner: "ref" }, items: "ref" });
  const owned: Ptr[] = [];
  const any = (): Ptr => owned[random(owned.length)] ?? heap.none;
  for (let i = 0; i < 600; i++) {
    const made = [
      () => heap.alloc(Node),
      () => heap.alloc(Row, random(300)),
      () => heap.list([any(), any(), any()]),
      () => heap.tuple([any(), any()]),
      () => heap.str("x".repeat(random(200))),
      () => heap.int(random(100_000)),
      () => heap.float(random(1000) / 7),
      () => heap.fromJS({ name: i, when: [1.5, null, true] }),
      () => heap.bytesObject(new Uint8Array(random(70_000))),
    ][random(9)]!();
    if (heap.typeOf(made) === Node) {
      heap.setRef(made, Node.fields.left, any());
      heap.setRef(made, Node.fields.right, made);
    }
    owned.push(made);
    const size = [8, 24, 500, 3000, 40_000, 300_000][random(6)]!;
    blocks.push({ heap, ptr: heap.malloc(random(size)) });
    if (random(3) === 0) heap.free(blocks.splice(random(blocks.length), 1)[0]!.ptr);
    if (random(3) === 0) drop(heap, ...owned.splice(random(owned.length), 1));
  }
  return { heap, owned };
}

describe.each(builds)("sizes and structure, $name core", (build) => {
  test.each([1, 2, 3, 4])("a mixed heap adds up to its statistics and is not changed, seed %i", (seed) => {
    const { heap, owned } = mixedHeap(build, seed);
    const before = heap.stats();
    const text = snapshotText(heap);
    expect(heap.stats()).toEqual(before);
    const { bytes, file } = readSnapshot(text);
    expect(bytes).toBe(before.heapUsed);
    expect(bytes + file.snapshot.extra_native_bytes).toBe(before.heapTotal);
    const groups = decode_bytes(new TextEncoder().encode(text)).get_class_groups(0, 2 ** 31 - 1, false);
    expect(Number(groups.reduce((sum, { self_size }) => sum + self_size, 0n))).toBe(before.heapUsed);
    drop(heap, ...owned);
    heap.gc();
  });

  test("DevTools' loader reads it", async () => {
    const { heap, owned } = mixedHeap(build, 5);
    const { heapUsed, heapTotal } = heap.stats();
    const stream = new ReadableStream<string>({
      start: (controller) => {
        heap.heapSnapshot((chunk) => controller.enqueue(chunk));
        controller.close();
      },
    });
    const snapshot = await parse(stream);
    expect(snapshot.getStatistics().total).toBe(heapTotal);
    const aggregates = Object.values(snapshot.aggregatesWithFilter({} as never));
    const sum = aggregates.reduce((bytes, { self }: { self: number }) => bytes + self, 0);
    expect(sum).toBe(heapUsed);
    expect(aggregates.find(({ name }: { name: string }) => name === "Node")).toBeDefined();
    drop(heap, ...owned);
    heap.gc();
  });

  test("an empty heap, and one of raw bytes only", () => {
    const heap = build.create();
    expect(readSnapshot(snapshotText(heap)).bytes).toBe(heap.stats().heapUsed);
    const block = heap.malloc(1000);
    const { nodes, bytes } = readSnapshot(snapshotText(heap));
    expect(bytes).toBe(heap.stats().heapUsed);
    expect(only(nodes, "(Blocks)").edges.length).toBe(1);
    heap.free(block);
    heap.dispose();
  });
});

describe("what an object looks like", () => {
  test("fields are properties, items elements, keys name values, weak references are weak", () => {
    const heap = newHeap(release);
    const Base = heap.defineType({ name: "Base", fields: { first: "ref", number: "f64" }, weakrefs: true });
    const Leaf = heap.defineType({ name: "Leaf", fields: { second: "ref" }, extends: Base });
    const leaf = heap.alloc(Leaf);
    const text = heap.str("some text");
    heap.setRef(leaf, Base.fields.first, text);
    heap.setRef(leaf, Leaf.fields.second, heap.none);
    const list = heap.list([leaf, text]);
    for (let i = 0; i < 20; i++) heap.lists.append(list, text);
    const key = heap.str("the key");
    const dict = heap.dict([[key, list]]);
    const weak = heap.weakref(leaf);
    const { nodes } = readSnapshot(snapshotText(heap));
    expect(edgesOf(only(nodes, "Leaf"))).toEqual([
      ["property", "first", "some text"],
      ["property", "second", "None"],
    ]);
    expect(edgesOf(only(nodes, "list")).slice(0, 3)).toEqual([
      ["internal", "items", "(items of lists)"],
      ["element", 0, "Leaf"],
      ["element", 1, "some text"],
    ]);
    expect(edgesOf(only(nodes, "dict"))).toEqual([
      ["internal", "table", "(tables of dicts)"],
      ["internal", "key", "the key"],
      ["property", "the key", "list"],
    ]);
    expect(edgesOf(only(nodes, "weakref"))).toEqual([["weak", "referent", "Leaf"]]);
    expect(only(nodes, "some text").type).toBe("string");
    expect(only(nodes, "Leaf").type).toBe("object");
    drop(heap, leaf, text, list, key, dict, weak);
  });

  test("values of a dict under tagged ints are named by them", () => {
    const heap = newHeap(release, { taggedInts: true });
    const value = heap.list();
    const dict = heap.dict([7, 2 ** 30 - 1, -3].map((key) => [heap.int(key), value] as const));
    const { nodes } = readSnapshot(snapshotText(heap));
    expect(edgesOf(only(nodes, "dict")).filter(([, , target]) => target === "list")).toEqual([
      ["element", 7, "list"],
      ["element", 2 ** 30 - 1, "list"],
      ["property", "-3", "list"],
    ]);
    drop(heap, value, dict);
  });

  test("who holds what from outside: handles, bare references, nobody", () => {
    const heap = newHeap(release, { autoCollect: false });
    const Node = heap.defineType({ name: "Base", fields: { next: "ref" } });
    const [byHandle, byHost, ring] = ["Handled", "Bare", "Ring"].map((name) =>
      heap.alloc(heap.defineType({ name, extends: Node })),
    ) as [Ptr, Ptr, Ptr];
    heap.setRef(ring, Node.fields.next, ring);
    heap.decref(ring);
    const handle = heap.own(byHandle);
    const { nodes } = readSnapshot(snapshotText(heap));
    expect(edgesOf(only(nodes, "(Handles)"))).toEqual([["internal", "handle", "Handled"]]);
    expect(edgesOf(only(nodes, "(References of the host)"))).toEqual([["internal", "held", "Bare"]]);
    expect(edgesOf(only(nodes, "(Unreachable)"))).toEqual([["internal", "garbage", "Ring"]]);
    handle.dispose();
    heap.decref(byHost);
    expect(heap.gc()).toBe(1);
  });

  test("the debug core names where handles and blocks were made", () => {
    const heap = newHeap(debug);
    const handle = heap.own(heap.list());
    const block = heap.malloc(10);
    heap.free(heap.malloc(10));
    const { nodes } = readSnapshot(snapshotText(heap));
    expect(only(nodes, "(Handles)").edges[0]!.name).toMatch(/^made at .*heap-snapshot\.test\.ts/);
    expect(nodes.some(({ name }) => /^block made at .*heap-snapshot\.test\.ts/.test(name))).toBe(true);
    expect(named(nodes, "(quarantine)").length).toBeGreaterThan(0);
    handle.dispose();
    heap.free(block);
  });
});

describe("ids", () => {
  test("stay with the object, and are not used again", () => {
    const heap = newHeap(release);
    const list = heap.list();
    const first = only(readSnapshot(snapshotText(heap)).nodes, "list").id;
    const Node = heap.defineType({ name: "Node", freeList: Infinity });
    const node = heap.alloc(Node);
    const later = readSnapshot(snapshotText(heap)).nodes;
    expect(only(later, "list").id).toBe(first);
    const id = only(later, "Node").id;
    heap.decref(node);
    const gone = readSnapshot(snapshotText(heap)).nodes;
    expect(gone.some((found) => found.id === id)).toBe(false);
    const again = heap.alloc(Node);
    expect(again).toBe(node);
    expect(only(readSnapshot(snapshotText(heap)).nodes, "Node").id).not.toBe(id);
    drop(heap, list, again);
  });

  test.each([
    { name: "release core", build: release, serials: false, isNew: false },
    { name: "release core with serials", build: release, serials: true, isNew: true },
    { name: "debug core", build: debug, serials: false, isNew: true },
  ])("of what took the place of an object of its type, $name", ({ build, serials, isNew }) => {
    const heap = newHeap(build, { serials });
    const Node = heap.defineType({ name: "Node", fields: { next: "ref" }, freeList: Infinity });
    const nodes = Array.from({ length: 3 }, () => heap.alloc(Node));
    const float = heap.float(1.5);
    const idsOf = (name: string): number[] =>
      named(readSnapshot(snapshotText(heap)).nodes, name).map(({ id }) => id);
    const [first, second, third] = idsOf("Node");
    const [number] = idsOf("1.5");
    expect(idsOf("Node")).toEqual([first, second, third]);
    heap.decref(nodes[1]!);
    heap.decref(float);
    expect([heap.alloc(Node), heap.float(1.5)]).toEqual([nodes[1], float]);
    const [sameFirst, other, sameThird] = idsOf("Node");
    expect([sameFirst, sameThird]).toEqual([first, third]);
    expect(other !== second).toBe(isNew);
    expect(idsOf("1.5")[0] !== number).toBe(isNew);
    drop(heap, ...nodes, float);
  });
});

describe("bad input", () => {
  test("inside a callback, or with a sink that is none or throws", () => {
    const heap = newHeap(release);
    const codes: string[] = [];
    const Fin = heap.defineType({
      name: "Fin",
      finalize: () => {
        for (const look of [
          () => heap.heapSnapshot(() => {}),
          () => heap.retainedSizes(),
          () => heap.census(),
        ])
          codes.push(errorOf(look).code);
      },
    });
    heap.collector.callbacks.add(() => codes.push(errorOf(() => heap.heapSnapshot(() => {})).code));
    heap.decref(heap.alloc(Fin));
    heap.gc();
    expect(codes).toEqual(new Array(5).fill("ERR_HEAP_BUSY"));
    expect(errorOf(() => heap.heapSnapshot(1 as never)).code).toBe("ERR_HEAP_ARGUMENT");
    let chunks = 0;
    const failing = (): void => {
      if (++chunks === 2) throw new Error("disk full");
    };
    expect(() => heap.heapSnapshot(failing)).toThrow("disk full");
    heap.verify();
    heap.dispose();
    expect(errorOf(() => heap.heapSnapshot(() => {})).code).toBe("ERR_HEAP_USE_AFTER_DISPOSE");
  });

  test("a stream is closed at the end, and aborted if it fails", async () => {
    const heap = newHeap(release);
    const chunks: string[] = [];
    let closed = 0;
    await heap.heapSnapshotStream(
      new WritableStream<string>({ write: (chunk) => void chunks.push(chunk), close: () => void closed++ }),
    );
    expect(closed).toBe(1);
    expect(readSnapshot(chunks.join("")).bytes).toBe(heap.stats().heapUsed);
    let aborted = 0;
    const failing = new WritableStream<string>({
      write: () => {
        throw new Error("disk full");
      },
      abort: () => void aborted++,
    });
    await expect(heap.heapSnapshotStream(failing)).rejects.toThrow("disk full");
    await expect(heap.heapSnapshotStream({} as never)).rejects.toMatchObject({ code: "ERR_HEAP_ARGUMENT" });
    expect(NULL).toBe(0);
  });
});
