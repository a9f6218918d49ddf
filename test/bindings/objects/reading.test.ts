import { describe, expect, test } from "vitest";
import { Kind, type Field, type Ptr } from "../../../bindings/index.js";
import { heapWithNodes, refused } from "../../support/bad-input.js";
import { builds } from "../../support/cores.js";
import { NULL, manualHeap, newHeap, release } from "../../support/objects.js";

describe.each(builds)("reading without dispatch, $name core", (build) => {
  test("kindOf says what a value is", () => {
    const { heap, Node } = heapWithNodes(build);
    const node = heap.alloc(Node);
    const made = [
      heap.int(1000),
      heap.float(0.5),
      heap.str("text"),
      heap.bytesObject(new Uint8Array(3)),
      heap.tuple([node]),
      heap.list(),
      heap.dict(),
      heap.weakref(node),
      node,
    ];
    const kinds = [
      ...[Kind.int, Kind.float, Kind.str, Kind.bytes, Kind.tuple, Kind.list, Kind.dict, Kind.weakref],
      Node.id,
    ];
    expect(made.map((p) => heap.kindOf(p))).toEqual(kinds);
    expect([heap.none, heap.true, heap.false].map((p) => heap.kindOf(p))).toEqual([
      Kind.none,
      Kind.bool,
      Kind.bool,
    ]);
    expect(Node.id).toBeGreaterThanOrEqual(Kind.record);
    expect(made.map((p) => heap.typeOf(p).id)).toEqual(kinds);
    release(heap, ...made);
  });

  test.each([true, false])("intValue and floatValue, checks: %s", (checks) => {
    const heap = newHeap(build, { checks });
    for (const value of [0, -1, 256, 257, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53 - 1, -(2 ** 53) + 1]) {
      const p = heap.int(value);
      expect(heap.intValue(p)).toBe(value);
      heap.decref(p);
    }
    const big = heap.int(2n ** 63n - 1n);
    expect(heap.intValue<bigint>(big)).toBe(2n ** 63n - 1n);
    expect([heap.intValue(heap.true), heap.intValue(heap.false)]).toEqual([1, 0]);
    for (const value of [0, -0, 0.5, Infinity, NaN]) {
      const p = heap.float(value);
      expect(heap.floatValue(p)).toBe(value);
      heap.decref(p);
    }
    const handle = heap.own(big);
    expect(heap.intValue<bigint>(handle)).toBe(2n ** 63n - 1n);
    expect(heap.kindOf(handle)).toBe(Kind.int);
    handle.dispose();
  });

  test("what is no such value, or no object at all, is refused", () => {
    const { heap, Node } = heapWithNodes(build);
    const [node, float, int] = [heap.alloc(Node), heap.float(1), heap.int(1000)];
    for (const p of [node, float, heap.none]) refused(heap, "ERR_HEAP_TYPE", () => heap.intValue(p));
    for (const p of [node, int, heap.true]) refused(heap, "ERR_HEAP_TYPE", () => heap.floatValue(p));
    release(heap, float, int);
    for (const read of [heap.kindOf, heap.intValue, heap.floatValue]) {
      refused(heap, "ERR_HEAP_USE_AFTER_FREE", () => read.call(heap, int));
      for (const p of [0, 4, node + 1, node + 8, 2 ** 32 - 8])
        refused(heap, ["ERR_HEAP_BAD_POINTER", "ERR_HEAP_USE_AFTER_FREE"], () => read.call(heap, p as Ptr));
      for (const p of [-8, 0.5, "8", undefined])
        refused(heap, "ERR_HEAP_ARGUMENT", () => read.call(heap, p as Ptr));
    }
    heap.decref(node);
  });

  test("a field is one element of a typed array", () => {
    const { heap, Node } = heapWithNodes(build);
    const [node, next] = [heap.alloc(Node), heap.alloc(Node)];
    heap.setRef(node, Node.fields.next, next);
    heap.setF64(node, Node.fields.weight, 0.5);
    heap.setI32(node, Node.fields.id, -7);
    const { next: nextField, weight, id } = Node.fields;
    const views = heap.views;
    expect(views.u32[(node + heap.fieldOffset(nextField)) >>> 2]).toBe(next);
    expect(views.f64[(node + heap.fieldOffset(weight)) >>> 3]).toBe(0.5);
    expect(views.i32[(node + heap.fieldOffset(id)) >>> 2]).toBe(-7);
    for (const field of [0, 8, undefined, "next"])
      refused(heap, "ERR_HEAP_ARGUMENT", () => heap.fieldOffset(field as Field));
    release(heap, node, next);
  });

  test("views stay good while the memory grows and moves, and end with the heap", () => {
    const heap = manualHeap(build);
    const { views } = heap;
    const { u32 } = views;
    const word = heap.int(12345);
    const block = heap.malloc(64 * 2 ** 20);
    expect(u32.length).toBe(0);
    expect(views.u32.length).toBeGreaterThan(0);
    expect(views.i32[(word + 8) >>> 2]).toBe(12345);
    heap.free(block);
    expect(heap.trim()).toBeGreaterThan(0);
    expect(heap.views).toBe(views);
    expect(views.i32[(word + 8) >>> 2]).toBe(12345);
    heap.decref(word);
    heap.dispose();
    expect(views.u32.length).toBe(0);
    expect(views.u32[0]).toBeUndefined();
  });
});

describe.each(builds)("batches of references, $name core", (build) => {
  test("releaseRange releases an array, the last one first", () => {
    const died: number[] = [];
    const heap = newHeap(build);
    const Watched = heap.defineType({
      name: "Watched",
      fields: { id: "i32" },
      finalize: (self) => void died.push(heap.getI32(self, Watched.fields.id)),
    });
    const made = [0, 1, 2].map((id) => {
      const p = heap.alloc(Watched);
      heap.setI32(p, Watched.fields.id, id);
      return p;
    });
    const handle = heap.own(heap.str("handle"));
    heap.releaseRange([made[0]!, null, made[1]!, NULL, made[2]!, handle]);
    expect(died).toEqual([2, 1, 0]);
    expect(handle.disposed).toBe(true);
  });

  test("if one is refused nothing is released", () => {
    const { heap, Node } = heapWithNodes(build);
    const [a, b] = [heap.alloc(Node), heap.alloc(Node)];
    const handle = heap.own(heap.alloc(Node));
    refused(heap, "ERR_HEAP_BAD_POINTER", () => heap.releaseRange([a, handle, 8 as Ptr, b]));
    expect([heap.refcount(a), heap.refcount(b), handle.disposed]).toEqual([1, 1, false]);
    for (const refs of [undefined, null, "ab", 0.5, {}])
      refused(heap, "ERR_HEAP_ARGUMENT", () => heap.releaseRange(refs as unknown as Ptr[]));
    heap.releaseRange(Uint32Array.of(a, 0, b) as unknown as Ptr[]);
    handle.dispose();
  });

  test("releaseRange and moveRange work on words", () => {
    const { heap, Node } = heapWithNodes(build);
    const block = heap.calloc(8, 4);
    const first = block >>> 2;
    const nodes = [0, 1, 2, 3].map(() => heap.alloc(Node));
    for (const p of nodes) heap.incref(p);
    heap.views.u32.set(nodes, first);
    const words = (): number[] => [...heap.views.u32.subarray(first, first + 8)];
    const counts = (): number[] => nodes.map((p) => heap.refcount(p));
    const [a, b, c, d] = nodes as [Ptr, Ptr, Ptr, Ptr];
    heap.moveRange(block + 8, block, 4);
    expect(words()).toEqual([0, 0, a, b, c, d, 0, 0]);
    heap.moveRange(block + 4, block + 8, 3);
    expect(words()).toEqual([0, a, b, c, 0, d, 0, 0]);
    heap.moveRange(block + 4, block + 4, 3);
    expect(counts()).toEqual([2, 2, 2, 2]);
    heap.moveRange(block + 12, block + 4, 2);
    expect(words()).toEqual([0, 0, 0, a, b, d, 0, 0]);
    expect(counts()).toEqual([2, 2, 1, 2]);
    heap.moveRange(block, block + 20, 1);
    heap.moveRange(block, block + 16, 1);
    expect(words()).toEqual([b, 0, 0, a, 0, 0, 0, 0]);
    expect(counts()).toEqual([2, 2, 1, 1]);
    heap.releaseRange(block, 8);
    expect(words()).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(counts()).toEqual([1, 1, 1, 1]);
    heap.releaseRange(block, 0);
    release(heap, ...nodes);
    heap.free(block);
  });

  test("words that do not exist, or hold no references, are refused", () => {
    const { heap, Node } = heapWithNodes(build);
    const node = heap.alloc(Node);
    const block = heap.calloc(4, 4);
    const end = heap.memory.buffer.byteLength;
    for (const address of [block + 2, -4, 0.5]) {
      refused(heap, "ERR_HEAP_ARGUMENT", () => heap.releaseRange(address, 1));
      refused(heap, "ERR_HEAP_ARGUMENT", () => heap.moveRange(address, block, 1));
      refused(heap, "ERR_HEAP_ARGUMENT", () => heap.moveRange(block, address, 1));
    }
    for (const count of [-1, 0.5, undefined])
      refused(heap, "ERR_HEAP_ARGUMENT", () => heap.releaseRange(block, count as number));
    refused(heap, "ERR_HEAP_BAD_POINTER", () => heap.releaseRange(0, 1));
    refused(heap, "ERR_HEAP_RANGE", () => heap.releaseRange(end - 4, 2));
    refused(heap, "ERR_HEAP_RANGE", () => heap.releaseRange(block, 2 ** 31));
    heap.views.u32.set([node, 8], block >>> 2);
    refused(heap, "ERR_HEAP_BAD_POINTER", () => heap.releaseRange(block, 2));
    refused(heap, "ERR_HEAP_BAD_POINTER", () => heap.moveRange(block, block + 8, 2));
    expect(heap.refcount(node)).toBe(1);
    heap.views.u32[(block >>> 2) + 1] = 0;
    heap.releaseRange(block, 2);
    heap.free(block);
  });
});

describe.each(builds)("lists.extend, $name core", (build) => {
  test("takes lists, tuples, handles and iterables", () => {
    const heap = newHeap(build);
    const list = heap.list();
    const items = heap.fromJS(["ab", 1.5, 300]);
    const tuple = heap.tuple([list]);
    heap.lists.extend(list, items);
    heap.lists.extend(list, heap.tuple([]));
    heap.lists.extend(list, new Set([heap.none, heap.true]));
    heap.lists.extend(list, list);
    const handle = heap.own(tuple);
    heap.lists.extend(list, handle);
    expect(heap.length(list)).toBe(11);
    expect(heap.lists.get(list, 10)).toBe(list);
    expect(heap.refcount(list)).toBe(3);
    expect(heap.refcount(heap.lists.get(list, 0))).toBe(3);
    heap.lists.delete(list, 10);
    expect(heap.toJS(list)).toEqual(["ab", 1.5, 300, null, true, "ab", 1.5, 300, null, true]);
    handle.dispose();
    release(heap, items, list);
  });

  test("what is refused leaves the list as it was", () => {
    const { heap, Node } = heapWithNodes(build);
    const [list, node] = [heap.list(), heap.alloc(Node)];
    refused(heap, "ERR_HEAP_TYPE", () => heap.lists.extend(list, node));
    refused(heap, "ERR_HEAP_TYPE", () => heap.lists.extend(node, list));
    refused(heap, "ERR_HEAP_BAD_POINTER", () => heap.lists.extend(list, [node, 8 as Ptr]));
    refused(heap, "ERR_HEAP_ARGUMENT", () => heap.lists.extend(list, {} as Ptr[]));
    const reset = (function* () {
      yield node;
      throw new Error("enough");
    })();
    expect(() => heap.lists.extend(list, reset)).toThrow("enough");
    expect([heap.length(list), heap.refcount(node)]).toEqual([0, 1]);
    release(heap, list, node);
  });

  test("without memory the list is as it was", () => {
    const heap = manualHeap(build, { maxBytes: 2 ** 20, initialBytes: 2 ** 20 });
    const list = heap.list([heap.none]);
    const many = new Array<Ptr>(2 ** 18).fill(heap.true);
    refused(heap, "ERR_HEAP_OOM", () => heap.lists.extend(list, many));
    expect(heap.toJS(list)).toEqual([null]);
    heap.decref(list);
  });

  test("a finalizer that empties the list while room is made", () => {
    const heap = newHeap(build, { onMemoryPressure: () => heap.lists.delete(list, 0, heap.length(list)) });
    const list = heap.list();
    const big = new Array<Ptr>(1000).fill(heap.none);
    heap.lists.extend(list, big);
    heap.lists.extend(list, big);
    expect(heap.length(list)).toBe(2000);
    heap.decref(list);
  });
});
