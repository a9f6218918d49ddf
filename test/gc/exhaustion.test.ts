import { describe, expect, test } from "vitest";
import { coreOf } from "../../bindings/heap.js";
import type { Heap, Ptr } from "../../bindings/index.js";
import { builds, errorOf, MIB } from "../support/cores.js";
import { manualHeap, newHeap, release } from "../support/objects.js";

describe.each(builds)("when memory is exhausted, $name", (build) => {
  /** Fills the memory with one cycle that nobody holds. */
  function exhaust(heap: Heap): void {
    const first = heap.list([heap.none]);
    let last = first;
    const error = errorOf(() => {
      for (;;) {
        const list = heap.list([last]);
        if (last !== first) heap.decref(last);
        last = list;
      }
    });
    expect(error.code).toBe("ERR_HEAP_OOM");
    heap.lists.set(first, 0, last);
    release(heap, last, first);
  }

  test("a collection succeeds", () => {
    const heap = manualHeap(build, { maxBytes: 2 * MIB, initialBytes: MIB });
    exhaust(heap);
    const { byteLength } = coreOf(heap).memory.buffer;
    expect(heap.gc()).toBeGreaterThan(1000);
    expect(coreOf(heap).memory.buffer.byteLength).toBe(byteLength);
  });

  test("the pending allocation is served", () => {
    const heap = manualHeap(build, { maxBytes: 2 * MIB, initialBytes: MIB });
    exhaust(heap);
    const bytes = heap.bytesObject(new Uint8Array(MIB / 2));
    expect(heap.collector.stats()[2]!.collected).toBeGreaterThan(1000);
    heap.decref(bytes);
    exhaust(heap);
    heap.free(heap.malloc(MIB / 2));
  });

  test("few large objects in cycles do not fill memory", () => {
    const heap = newHeap(build, { maxBytes: 128 * MIB });
    for (let i = 0; i < 200; i++) {
      const list = heap.list(new Array<Ptr>(250_000).fill(heap.none));
      heap.lists.append(list, list);
      heap.decref(list);
    }
    expect(heap.collector.stats()[2]!.collections).toBeGreaterThan(0);
    heap.gc();
  });

  // dict() made the dict first, and a collection let the key die before it was entered.
  test("dict() holds its keys and values while a finalizer lets go of them", () => {
    const heap = manualHeap(build, { thresholds: [1, 1, 1] });
    const Node = heap.defineType({
      name: "Node",
      fields: { self: "ref" },
      finalize: () => {
        heap.decref(key);
        heap.decref(value);
      },
    });
    const key = heap.str("a key of its own");
    const value = heap.float(1.5);
    const node = heap.alloc(Node);
    heap.setRef(node, Node.fields.self, node);
    heap.decref(node);
    heap.decref(heap.list());
    const another = heap.list();
    heap.collector.enable();
    const dict = heap.dict([[key, value]]);
    expect(heap.collector.stats()[0]!.collected + heap.collector.stats()[2]!.collected).toBe(1);
    expect([heap.refcount(key), heap.refcount(value)]).toEqual([1, 1]);
    expect(heap.dicts.get(dict, key)).toBe(value);
    heap.decref(another);
    heap.decref(dict);
    heap.verify();
  });
});
