import { describe, expect, test } from "vitest";
import type { Heap, Ptr } from "../../../bindings/index.js";
import { GIB, release } from "../../support/cores.js";

/**
 * A heap whose arenas below 2.2 GiB are taken, by memory that is never touched and so costs nothing: the debug core would
 * fill it.
 */
function highHeap(): Heap {
  const heap = release.create({ autoCollect: false });
  heap.malloc(Math.floor(2.2 * GIB));
  return heap;
}

/** What `make` makes, above 2 GiB. */
function above<T extends Ptr>(make: () => T): T {
  for (;;) {
    const p = make();
    if (p > 2 ** 31) return p;
  }
}

describe("objects above 2 GiB", () => {
  test("dicts with slots of every width are searched, and change", () => {
    const heap = highHeap();
    const keys = Array.from({ length: 44_000 }, (_, i) => heap.intern(`key ${i}`));
    for (const length of [1, 5, 150, 2000, keys.length]) {
      const dict = above(() => heap.dict());
      const present = keys.slice(0, length);
      for (const key of present) heap.dicts.set(dict, key, key);
      for (const key of present) expect(heap.dicts.get(dict, key)).toBe(key);
      if (length < keys.length) expect(heap.dicts.has(dict, keys[length]!)).toBe(false);
      expect(heap.dicts.delete(dict, keys[0]!)).toBe(true);
      expect(heap.dicts.has(dict, keys[0]!)).toBe(false);
      expect([...heap.dicts.keys(dict)]).toEqual(present.slice(1));
      heap.decref(dict);
    }
    heap.verify();
    heap.reset();
    heap.dispose();
  });

  test("numbers, strs and rows are made, read, and die", () => {
    const heap = highHeap();
    for (let round = 0; round < 2; round++) {
      const values = [
        2 ** 31 - 1,
        -(2 ** 31),
        1.5,
        "narrow text",
        "wide \u0416 text",
        "long narrow \u00e9 text ".repeat(50),
        "long wide \u0416 text ".repeat(50),
        new Uint8Array([1, 2, 3]),
      ];
      const rows = Array.from({ length: 2000 }, () => heap.fromJS(values));
      const row = rows.at(-1)!;
      expect(row).toBeGreaterThan(2 ** 31);
      expect(heap.lists.get(row, 2)).toBeGreaterThan(2 ** 31);
      expect(heap.toJS(row)).toEqual(values);
      const float = above(() => heap.float(0.25));
      heap.lists.append(row, float);
      heap.lists.set(row, 0, float);
      expect(heap.refcount(float)).toBe(3);
      expect(heap.lists.pop(row)).toBe(float);
      heap.decref(float);
      const tuple = heap.tuple([float, row]);
      expect(heap.toJS(tuple)).toEqual([0.25, [0.25, ...values.slice(1)]]);
      for (const p of [tuple, float, ...rows]) heap.decref(p);
      heap.verify();
    }
    heap.reset();
    heap.dispose();
  });

  test("records hold, replace and release each other, and cycles of them are found", () => {
    const heap = highHeap();
    const Pair = heap.defineType({ name: "Pair", fields: { a: "ref", b: "ref" }, weakrefs: true });
    const { a, b } = Pair.fields;
    above(() => heap.alloc(Pair));
    const pair = heap.alloc(Pair);
    const first = heap.float(1.5);
    heap.setRef(pair, a, first);
    heap.decref(first);
    for (const value of [heap.float(2.5), heap.int(2 ** 30), heap.alloc(Pair)]) {
      heap.setRef(pair, a, value);
      heap.decref(value);
      expect(heap.getRef(pair, a)).toBe(value);
      expect(heap.refcount(value)).toBe(1);
    }
    heap.setRef(pair, b, pair);
    const weak = heap.weakref(pair);
    expect(heap.collector.referrers(pair)).toEqual([pair]);
    heap.decref(pair);
    expect(heap.deref(weak)).toBe(pair);
    heap.decref(pair);
    expect(heap.gc()).toBe(2);
    expect(heap.deref(weak)).toBe(0);
    heap.verify();
    heap.reset();
    heap.dispose();
  });
});
