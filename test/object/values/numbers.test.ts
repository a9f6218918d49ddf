import { describe, expect, test } from "vitest";
import type { Heap, Ptr } from "../../../bindings/index.js";
import { stress } from "../../../bindings/testing.js";
import { Random } from "../../support/random.js";
import { builds } from "../../support/cores.js";
import { manualHeap, newHeap } from "../../support/objects.js";

const EDGES = [
  -6,
  -5,
  0,
  256,
  257,
  -(2 ** 31),
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
];

describe.each(builds)("numbers, $name core", (build) => {
  test("ints on both sides of every border keep their value", () => {
    const heap = newHeap(build);
    // Twice: the core makes the first of them.
    for (const value of [...EDGES, ...EDGES]) {
      const int = heap.int(value);
      expect([value, heap.toJS(int)]).toEqual([value, value]);
      expect(heap.isImmortal(int)).toBe(value >= -5 && value <= 256);
      heap.decref(int);
    }
  });

  test("floats of all kinds keep their bits", () => {
    const heap = newHeap(build);
    for (const value of [1.5, -0, NaN, Infinity, 2 ** -1074, Number.MAX_VALUE, 0.1]) {
      const float = heap.float(value);
      expect(heap.toJS(float)).toBe(value);
      heap.decref(float);
    }
  });

  test("lives in TypeScript take the blocks that the core would take, and leave the same heap", () => {
    const seed = Number(process.env["TALLYHEAP_SEED"] ?? Date.now() % 1_000_000_007);
    const random = new Random(seed);
    const heaps: readonly [Heap, Heap] = [manualHeap(build), manualHeap(build)];
    // Something between the bindings and the core: every number is made and released by the core.
    stress(heaps[1], 2 ** 31);
    const live: { readonly p: Ptr; readonly value: number }[] = [];
    const make = (heap: Heap, value: number): Ptr =>
      Number.isInteger(value) ? heap.int(value) : heap.float(value);
    for (let step = 0; step < 20_000; step++) {
      const isGrowing = (step >>> 10) % 2 === 0;
      if (live.length === 0 || random.below(10) < (isGrowing ? 6 : 4)) {
        const value = random.below(2) === 0 ? 300 + random.below(2 ** 31 - 300) : random.below(1000) + 0.5;
        const p = make(heaps[0], value);
        expect([seed, step, p]).toEqual([seed, step, make(heaps[1], value)]);
        live.push({ p, value });
      } else {
        const pick = random.below(live.length);
        const { p, value } = live[pick]!;
        expect(heaps[0].toJS(p)).toBe(value);
        for (const heap of heaps) heap.decref(p);
        live[pick] = live.at(-1)!;
        live.pop();
      }
      if (step % 5000 === 0) {
        for (const heap of heaps) heap.verify();
        expect(heaps[0].stats()).toEqual(heaps[1].stats());
      }
    }
    expect(heaps[0].freeLists()).toEqual(heaps[1].freeLists());
    for (const { p } of live) for (const heap of heaps) heap.decref(p);
  });

  test("a number that others own too, or that somebody watches, does not die by its last reference in TypeScript", () => {
    const heap = newHeap(build);
    heap.decref(heap.float(0.5));
    const float = heap.float(1.5);
    const heard: string[] = [];
    heap.finalize(float, () => heard.push("float"));
    heap.incref(float);
    heap.decref(float);
    expect(heard).toEqual([]);
    heap.decref(float);
    expect(heard).toEqual(["float"]);
  });

  test("numbers live on after reset() and after a type table that moved", () => {
    const heap = newHeap(build);
    for (let age = 0; age < 3; age++) {
      const before = heap.float(1.25);
      for (let i = 0; i < 200; i++) heap.defineType({ name: `T${i}`, fields: { a: "ref" } });
      const after = heap.float(2.5);
      expect([heap.toJS(before), heap.toJS(after)]).toEqual([1.25, 2.5]);
      heap.decref(before);
      heap.decref(after);
      heap.verify();
      heap.reset();
    }
  });
});
