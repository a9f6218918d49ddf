import { describe, expect, test } from "vitest";
import {
  DICT_BYTE_MASK,
  DICT_MASK,
  DICT_SHORT_MASK,
  DICT_TABLE,
} from "../../../bindings/generated/layout.js";
import type { Heap, Ptr } from "../../../bindings/index.js";
import { objectLayerOf } from "../../../bindings/heap/record-heap.js";
import { Random } from "../../support/random.js";
import { builds } from "../../support/cores.js";
import { newHeap, NULL } from "../../support/objects.js";

function maskOf(heap: Heap, dict: Ptr): number {
  return objectLayerOf(heap).memory.u32[(dict + DICT_MASK) >>> 2]!;
}

describe.each(builds)("look-ups in dicts, $name core", (build) => {
  test.each([
    ["a byte", 60, 6000, 1],
    ["two bytes", 2000, 8000, DICT_BYTE_MASK + 1],
    ["four bytes", 45_000, 20_000, DICT_SHORT_MASK + 1],
  ])("slots of %s: every key is found that is there, and no other", (_name, keyCount, steps, leastMask) => {
    const seed = Number(process.env["TALLYHEAP_SEED"] ?? Date.now() % 1_000_000_007);
    const random = new Random(seed);
    const heap = newHeap(build, { autoCollect: false });
    const keys = Array.from({ length: keyCount }, (_, i) =>
      // Interned ones, others whose text a second object has too, and ints.
      i % 3 === 0 ? heap.intern(`key ${i}`) : i % 3 === 1 ? heap.str(`key ${i}`) : heap.int(1000 + i),
    );
    const twin = (i: number): Ptr => (i % 3 === 2 ? heap.int(1000 + i) : heap.str(`key ${i}`));
    const dict = heap.dict();
    const model = new Map<number, Ptr>();
    const values = Array.from({ length: 50 }, (_, i) => heap.float(i + 0.5));
    keys.forEach((key, i) => {
      heap.dicts.set(dict, key, values[0]!);
      model.set(i, values[0]!);
    });
    for (let step = 0; step < steps; step++) {
      const i = random.below(keyCount);
      const action = random.below(10);
      if (action < 6) {
        const value = values[random.below(values.length)]!;
        heap.dicts.set(dict, keys[i]!, value);
        model.set(i, value);
      } else if (action < 8) {
        expect(heap.dicts.delete(dict, keys[i]!)).toBe(model.delete(i));
      }
      expect(maskOf(heap, dict)).toBeGreaterThanOrEqual(leastMask);
      expect(maskOf(heap, dict) >>> 8).toBeLessThan(leastMask);
      const look = random.below(keyCount);
      const expected = model.get(look) ?? NULL;
      expect([seed, step, heap.dicts.get(dict, keys[look]!)]).toEqual([seed, step, expected]);
      expect(heap.dicts.has(dict, keys[look]!)).toBe(expected !== NULL);
      if (step % 16 === 0) {
        const other = twin(look);
        expect([seed, step, heap.dicts.get(dict, other)]).toEqual([seed, step, expected]);
        heap.decref(other);
      }
    }
    expect(heap.dicts.size(dict)).toBe(model.size);
    heap.verify();
    for (const p of [dict, ...keys, ...values]) heap.decref(p);
  });

  test("a dict whose table lies beyond the memory is damaged: a look-up ends", () => {
    const heap = build.create({ autoCollect: false });
    const key = heap.intern("key");
    const dict = heap.dict([[key, key]]);
    objectLayerOf(heap).memory.u32[(dict + DICT_TABLE) >>> 2] = 0xfff0_0000;
    expect(() => heap.dicts.get(dict, key)).toThrow(expect.objectContaining({ code: "ERR_HEAP_CORRUPT" }));
  });

  test("a dict that never held anything, and one that holds nothing any more", () => {
    const heap = newHeap(build);
    const key = heap.intern("key");
    const dict = heap.dict();
    expect(heap.dicts.get(dict, key)).toBe(0);
    heap.dicts.set(dict, key, key);
    expect(heap.dicts.get(dict, key)).toBe(key);
    heap.dicts.delete(dict, key);
    expect(heap.dicts.get(dict, key)).toBe(0);
    expect(heap.dicts.has(dict, key)).toBe(false);
    heap.decref(dict);
    heap.decref(key);
  });
});
