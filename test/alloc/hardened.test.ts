import { describe, expect, test } from "vitest";
import { createHeap as createDefault } from "tallyheap";
import * as hardenedEntry from "tallyheap/hardened";
import { createHeap as createFromUrl } from "tallyheap/url";
import { createHeap as createDebugHeap } from "../../bindings/debug.js";
import { createHeap, heapModule } from "../../bindings/hardened.js";
import type { Heap, HeapOptions, Ptr } from "../../bindings/index.js";
import { KIB, MIB, at, errorOf } from "../support/cores.js";
import { release, seedOf } from "../support/objects.js";
import { Random } from "../support/random.js";

const variants: readonly (readonly [string, HeapOptions])[] = [
  ["hardened", { hardened: true }],
  ["hardened, zeroed on free", { hardened: { zeroOnFree: true } }],
];

describe("where the hardened core comes from", () => {
  /** Of whichever copy of the package. */
  const codeOf = (action: () => unknown): { code?: string; argument?: string; message: string } => {
    try {
      action();
    } catch (error) {
      return error as Error;
    }
    throw new Error("nothing was thrown");
  };

  const found = (
    heap: Pick<Heap, "malloc"> & { readonly raw: { free(ptr: Ptr): void } },
  ): string | undefined => {
    heap.malloc(64);
    const ptr = heap.malloc(64);
    heap.raw.free(ptr);
    heap.raw.free(ptr);
    return codeOf(() => heap.malloc(64)).code;
  };

  test("the option of the default entry and of tallyheap/url, and an entry of its own", async () => {
    expect(found(createDefault({ hardened: true }))).toBe("ERR_HEAP_DOUBLE_FREE");
    expect(found(await createFromUrl({ hardened: true }))).toBe("ERR_HEAP_DOUBLE_FREE");
    expect(found(hardenedEntry.createHeap())).toBe("ERR_HEAP_DOUBLE_FREE");
    const module = hardenedEntry.heapModule();
    expect(found(createDefault({ hardened: {}, module }))).toBe("ERR_HEAP_DOUBLE_FREE");
    expect(codeOf(() => createDefault({ module })).message).toContain("not the release core");
    createDefault({ hardened: false }).dispose();
  });

  test.each([0, "yes", null, { zero: true }, { zeroOnFree: 1 }, [true]])("refuses %s", (value) => {
    const error = codeOf(() => createDefault({ hardened: value as never }));
    expect(error).toMatchObject({ code: "ERR_HEAP_ARGUMENT", argument: "hardened" });
  });

  test("is no matter for the debug core, nor can its module be another's", () => {
    expect(errorOf(() => createDebugHeap({ hardened: true })).code).toBe("ERR_HEAP_ARGUMENT");
    expect(errorOf(() => createDebugHeap({ module: heapModule() })).code).toBe("ERR_HEAP_ARGUMENT");
  });

  test("says what to do where no file can be read", () => {
    const { process } = globalThis;
    try {
      (globalThis as { process?: unknown }).process = undefined;
      const error = codeOf(() => createDefault({ hardened: true }));
      expect(error).toMatchObject({ code: "ERR_HEAP_ARGUMENT", argument: "hardened" });
      expect(error.message).toContain("tallyheap/hardened");
    } finally {
      globalThis.process = process;
    }
  });
});

describe.each(variants)("%s", (_, options) => {
  test("serves any program like the others", () => {
    const random = new Random(seedOf("hardened"));
    const heap = createHeap(options);
    const live = new Map<Ptr, { size: number; seed: number }>();
    const holds = (ptr: Ptr, size: number, seed: number): boolean =>
      heap.bytes(ptr, size).every((byte, i) => byte === ((i * 7 + seed) & 0xff));
    const fill = (ptr: Ptr, size: number): void => {
      const seed = random.below(256);
      const bytes = heap.bytes(ptr, size);
      for (let i = 0; i < size; i++) bytes[i] = (i * 7 + seed) & 0xff;
      live.set(ptr, { size, seed });
    };
    const draw = (): number => Math.floor(2 ** (random.below(1800) / 100));
    for (let i = 0; i < 20_000; i++) {
      const kind = random.below(10);
      const [ptr] = live.size > 300 || kind > 5 ? [...live.keys()].slice(random.below(live.size || 1)) : [];
      if (ptr !== undefined) {
        const { size, seed } = live.get(ptr)!;
        expect(holds(ptr, size, seed)).toBe(true);
        live.delete(ptr);
        if (kind % 2 === 0) heap.free(ptr);
        else {
          const next = draw();
          const moved = heap.realloc(ptr, next);
          expect(holds(moved, Math.min(size, next), seed)).toBe(true);
          fill(moved, next);
        }
      } else if (kind === 0) {
        const size = draw();
        const block = heap.calloc(1, size);
        expect(heap.bytes(block, size).every((byte) => byte === 0)).toBe(true);
        fill(block, size);
      } else if (kind === 1) {
        const [size, alignment] = [draw(), 2 ** random.below(16)];
        const block = heap.alignedAlloc(alignment, size);
        expect(block % alignment).toBe(0);
        fill(block, size);
      } else {
        const size = draw();
        fill(heap.malloc(size), size);
      }
      if (i % 500 === 0) heap.verify();
    }
    for (const ptr of live.keys()) heap.free(ptr);
    heap.verify();
    expect(heap.stats().spans).toBe(0);
  });

  test("objects of all kinds live, die and are collected in it", () => {
    const heap = createHeap(options);
    const random = new Random(seedOf("hardened objects"));
    const Node = heap.defineType({
      name: "Node",
      fields: { next: "ref", data: "block", value: "f64" },
      weakrefs: true,
      freeList: 10,
    });
    const list = heap.list();
    for (let i = 0; i < 20_000; i++) {
      const node = heap.alloc(Node);
      heap.setRef(node, Node.fields.next, random.chance(50) ? list : node);
      if (random.chance(30)) heap.setBlock(node, Node.fields.data, heap.malloc(1 + random.below(2000)));
      const value = heap.fromJS([i, i / 3, `text ${i}`, new Map([[i, [String(i)]]]), new Uint8Array(i % 50)]);
      heap.lists.append(list, random.chance(50) ? node : value);
      if (random.chance(20)) heap.lists.delete(list, 0, Math.min(10, heap.lists.length(list)));
      if (random.chance(5)) heap.decref(heap.weakref(node));
      release(heap, node, value);
      if (i % 4000 === 0) heap.verify();
    }
    heap.lists.delete(list, 0, heap.lists.length(list));
    heap.decref(list);
    heap.gc();
    heap.verify();
    expect(heap.collector.objects().length).toBe(0);
    expect(heap.freeLists().every(({ count }) => count === 0)).toBe(true);
    heap.trim();
    heap.decref(heap.list([heap.int(1000)]));
    heap.reset();
    heap.verify();
  });

  test("what is written to free blocks, wherever and whatever, never makes a live block handed out again", () => {
    const random = new Random(seedOf("poisoned lists"));
    let noticed = 0;
    for (let round = 0; round < 200; round++) {
      const heap = createHeap(options);
      const size = 8 * (1 + random.below(64));
      const live = new Set(Array.from({ length: 100 }, () => heap.malloc(size)));
      const freed: Ptr[] = [];
      for (const block of live) {
        if (!random.chance(40)) continue;
        heap.free(block);
        live.delete(block);
        freed.push(block);
      }
      const words = new Uint32Array(heap.memory.buffer);
      for (const block of freed) {
        if (!random.chance(20)) continue;
        const value = random.pick([0, 1, ...live, random.below(2 ** 32), block, block + size, 0xffff_fff8]);
        words[(block + 4 * random.below(2)) >>> 2] = value;
      }
      for (let i = 0; i < 200; i++) {
        try {
          const block = heap.malloc(size);
          expect(live.has(block)).toBe(false);
          live.add(block);
        } catch (error) {
          expect((error as { code?: string }).code).toBe("ERR_HEAP_CORRUPT");
          noticed++;
        }
      }
    }
    expect(noticed).toBeGreaterThan(100);
  });

  test("the guard of a large block is looked at by free, realloc, usableSize and verify", () => {
    for (const call of ["free", "realloc", "usableSize", "verify"] as const) {
      for (const size of [40_000, 300 * KIB, MIB]) {
        const heap = createHeap(options);
        const block = heap.malloc(size);
        const bytes = heap.usableSize(block);
        heap.bytes(block, bytes).fill(1);
        heap.verify();
        heap.bytes(at(block + bytes), 1)[0]! ^= 0xff;
        const run = { free: () => heap.free(block), realloc: () => heap.realloc(block, 2 * size), usableSize: () => heap.usableSize(block), verify: () => heap.verify() }[call]; // prettier-ignore
        expect(errorOf(run).code).toBe("ERR_HEAP_CORRUPT");
        heap.bytes(at(block + bytes), 1)[0]! ^= 0xff;
        const moved = heap.realloc(block, size + 5 * MIB);
        expect(heap.bytes(moved, bytes).every((byte) => byte === 1)).toBe(true);
        heap.free(heap.realloc(moved, 50_000));
        heap.verify();
      }
    }
  });

  test("heaps place their blocks differently, unless they have one seed", () => {
    const places = (more: HeapOptions): string => {
      const heap = createHeap({ ...options, ...more });
      return Array.from({ length: 30 }, () => heap.malloc(64)).join(" ");
    };
    expect(new Set(Array.from({ length: 6 }, () => places({}))).size).toBe(6);
    expect(places({ hashSeed: 5 })).toBe(places({ hashSeed: 5 }));
    expect(places({ hashSeed: 5 })).not.toBe(places({ hashSeed: 6 }));
  });

  test("a request that cannot be served is no corruption", () => {
    const heap = createHeap({ ...options, maxBytes: MIB });
    for (const size of [2 ** 32 - 1, 2 ** 32 - 40, 2 ** 31, 2 * MIB]) {
      expect(errorOf(() => heap.malloc(size)).code).toBe("ERR_HEAP_OOM");
      expect(heap.raw.malloc(size)).toBe(0);
      expect(errorOf(() => heap.alignedAlloc(64, size)).code).toBe("ERR_HEAP_OOM");
    }
    heap.free(heap.malloc(1000));
    heap.verify();
  });
});

test("zeroOnFree leaves nothing of what was freed", () => {
  const heap = createHeap({ hardened: { zeroOnFree: true } });
  const secret = 0x5a;
  const blocks = [16, 64, 500, 2000, 30_000, 100_000].map((size) => [heap.malloc(size), size] as const);
  for (const [block, size] of blocks) heap.bytes(block, size).fill(secret);
  const text = heap.str("Z".repeat(300));
  for (const [block] of blocks) heap.free(block);
  heap.decref(text);
  const memory = new Uint8Array(heap.memory.buffer);
  const zeds = memory.filter(
    (byte, i) => byte === secret && memory[i + 1] === secret && memory[i + 2] === secret,
  );
  expect(zeds.length).toBe(0);
});
