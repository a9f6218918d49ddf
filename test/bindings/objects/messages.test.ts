import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { createHeap, type Ptr } from "../../../bindings/index.js";
import { builds, errorOf, release } from "../../support/cores.js";
import { newHeap, release as drop } from "../../support/objects.js";

describe.each(builds)("errors say what it is and what to call instead, $name core", (build) => {
  test("a raw block where an object is wanted", () => {
    const heap = newHeap(build);
    const Node = heap.defineType({ name: "Node", fields: { next: "ref" } });
    const node = heap.alloc(Node);
    const block = heap.calloc(1, 64);
    for (const use of [
      () => heap.decref(block),
      () => heap.incref(block),
      () => heap.setRef(node, Node.fields.next, block),
      () => heap.lists.append(block, node),
    ]) {
      const { code, message, operation } = errorOf(use);
      expect(code).toBe("ERR_HEAP_BAD_POINTER");
      expect(message).toMatch(
        /^(decref|incref|setRef|lists\.append)\(0x\w+\): the pointer is of a raw block.*`free`$/,
      );
      expect(message.startsWith(operation!)).toBe(true);
    }
    heap.free(block);
    heap.decref(node);
  });

  test("an object where a raw block is wanted", () => {
    const heap = newHeap(build);
    const list = heap.list();
    for (const use of [() => heap.free(list), () => heap.realloc(list, 10), () => heap.usableSize(list)]) {
      const { code, message } = errorOf(use);
      expect(code).toBe("ERR_HEAP_BAD_POINTER");
      expect(message).toMatch(/the pointer is of an object.*`decref`$/);
    }
    heap.decref(list);
  });

  test.skipIf(build.name === "debug")("bytes that go on behind their block", () => {
    const heap = newHeap(build);
    const [small, large] = [heap.malloc(10), heap.malloc(100_000)];
    expect(heap.bytes(small, 10).length).toBe(10);
    expect(heap.bytes((small + 4) as Ptr, 6).length).toBe(6);
    expect(heap.bytes(large, 100_000).length).toBe(100_000);
    for (const [ptr, length] of [
      [small, 100],
      [large, 200_000],
      [(small + 4) as Ptr, 100],
    ] as const) {
      const { code, message, maximum } = errorOf(() => heap.bytes(ptr, length));
      expect(code).toBe("ERR_HEAP_RANGE");
      expect(message).toContain(`the block ends ${maximum} bytes behind the pointer`);
    }
    heap.free(small);
    heap.free(large);
  });

  test("numbers that do not fit their field or item", () => {
    const heap = newHeap(build);
    const kinds = { i8: 2 ** 7, u8: 2 ** 8, i16: 2 ** 15, u16: 2 ** 16, i32: 2 ** 31, u32: 2 ** 32 } as const;
    for (const [kind, limit] of Object.entries(kinds) as [keyof typeof kinds, number][]) {
      const Type = heap.defineType({ name: kind, fields: { field: kind }, items: kind });
      const object = heap.alloc(Type, 1);
      const name = `set${kind.toUpperCase()}` as "setI32";
      const least = kind.startsWith("u") ? 0 : -limit;
      for (const value of [least, limit - 1, limit - 0.5, least - 0.5]) {
        heap[name](object, Type.fields.field as never, value);
        heap.setItem(object, 0, value);
      }
      for (const value of [least - 1, limit, 2 ** 40, NaN, Infinity]) {
        for (const set of [
          () => heap[name](object, Type.fields.field as never, value),
          () => heap.setItem(object, 0, value),
        ]) {
          const error = errorOf(set);
          expect(error).toMatchObject({ code: "ERR_HEAP_RANGE", minimum: least, maximum: limit - 1 });
          expect(error.message).toContain(`does not fit ${kind}`);
        }
      }
      heap.decref(object);
    }
  });
});

describe("without checks", () => {
  test("numbers are cut as typed arrays do it", () => {
    const heap = newHeap(release, { checks: false });
    const Type = heap.defineType({ name: "Type", fields: { value: "i32" } });
    const object = heap.alloc(Type);
    heap.setI32(object, Type.fields.value, 2 ** 40 + 5);
    expect(heap.getI32(object, Type.fields.value)).toBe(5);
    heap.decref(object);
  });
});

test("a module that is an address is told to be loaded first", () => {
  const error = errorOf(() => createHeap({ module: new URL("file:///heap.wasm") as never }));
  expect(error.message).toMatch(/option module must be .*`await heapModule\(url\)`/);
});

test("the report of leaks says where the blocks are", () => {
  const reports: { leaked: readonly { ptr: Ptr; size: number }[] }[] = [];
  const heap = release.create({ onLeak: (report) => reports.push(report) });
  heap.list([heap.none]);
  const block = heap.malloc(100);
  heap.dispose();
  expect(reports[0]!.leaked).toEqual([{ ptr: block, size: 112, allocationStack: "" }]);
});

describe("on the console", () => {
  test("a heap is a line", () => {
    const heap = newHeap(release);
    heap.defineType({ name: "Node" });
    expect(inspect(heap)).toMatch(/^Heap { [\d.]+ of 1\.0 MiB used, limit 4096 MiB, 11 types, 0 handles }$/);
    heap.dispose();
    expect(inspect(heap)).toBe("Heap { disposed }");
  });

  test("a handle is its object: type, value, address, count, items, first fields", () => {
    const heap = newHeap(release);
    const fields = { next: "ref", value: "f64", id: "i32", big: "i64", more: "ref" } as const;
    const Node = heap.defineType({ name: "Node", fields });
    const node = heap.alloc(Node);
    const text = heap.str("text");
    heap.setRef(node, Node.fields.next, text);
    heap.setF64(node, Node.fields.value, 1.5);
    const handle = heap.own(node);
    expect(String(handle)).toMatch(
      /^Handle { Node at 0x\w+, count 1, next: str "text" at 0x\w+, value: 1\.5, id: 0, big: 0, 1 more fields }$/,
    );
    expect(inspect({ handle })).toContain("Node at 0x");
    handle.dispose();
    expect(`${handle}`).toBe("Handle { disposed }");
    const shown = [heap.list([text, text]), heap.int(1000), heap.str("é".repeat(200)), heap.true].map((p) => {
      const own = heap.own(p);
      const line = String(own).replace(/0x\w+/, "0x…");
      own.dispose();
      return line;
    });
    expect(shown).toEqual([
      "Handle { list at 0x…, count 1, 2 items }",
      "Handle { int 1000 at 0x…, count 1 }",
      `Handle { str "${"é".repeat(100)}…" at 0x…, count 1 }`,
      "Handle { bool True at 0x…, immortal }",
    ]);
    drop(heap, text);
  });

  test("a type is its name and fields", () => {
    const heap = newHeap(release);
    const Node = heap.defineType({ name: "Node", fields: { next: "ref", value: "f64" } });
    const Row = heap.defineType({ name: "Row", items: "u8", extends: Node });
    expect(inspect(Node)).toBe("Type Node (id 16, 24 bytes) { next: ref, value: f64 }");
    expect(inspect(Row)).toBe("Type Row extends Node (id 17, 28 bytes) { next: ref, value: f64, items: u8 }");
    expect(inspect(heap.typeNamed("NoneType"))).toContain("no fields");
  });
});
