/** Roots of one full collection are presumed to be roots of the next: see assembly/gc/roots.ts. */
import { describe, expect, test } from "vitest";
import { ROOT_BYTES, ROOT_OBJECT, ROOT_SLOTS, STATE_GC_ROOTS } from "../../bindings/generated/layout.js";
import { coreOf } from "../../bindings/heap.js";
import type { Heap, Ptr } from "../../bindings/index.js";
import { builds, release as releaseBuild } from "../support/cores.js";
import { manualHeap, release } from "../support/objects.js";

/** How many objects the next full collection presumes to be roots. */
function presumed(heap: Heap): number {
  const core = coreOf(heap);
  const slots = Array.from({ length: ROOT_SLOTS }, (_, i) => STATE_GC_ROOTS + i * ROOT_BYTES + ROOT_OBJECT);
  return slots.filter((slot) => core.state(slot) !== 0).length;
}

/** Lists that hold each other through the first of them: a reference to that. */
function graph(heap: Heap, lists: number): Ptr {
  const first = heap.list();
  for (let i = 1; i < lists; i++) {
    const list = heap.list([first]);
    heap.lists.append(first, list);
    heap.decref(list);
  }
  return first;
}

describe("presumed roots", () => {
  test("stay so while they are held, and there are none in a heap that is reset", () => {
    const heap = manualHeap(releaseBuild);
    for (let i = 0; i < 50; i++) graph(heap, 20);
    for (let i = 0; i < 3; i++) expect(heap.gc()).toBe(0);
    const count = presumed(heap);
    expect(count).toBeGreaterThan(10);
    for (let i = 0; i < 20; i++) expect([heap.gc(), presumed(heap)]).toEqual([0, count]);
    heap.reset();
    expect(presumed(heap)).toBe(0);
  });

  // A presumption that fails costs more than a collection: in turn for each root, while others were presumed still.
  test.each([true, false])(
    "are looked for seldom where one is let go between collections, alive: %s",
    (alive) => {
      const heap = manualHeap(releaseBuild);
      const roots = Array.from({ length: 200 }, () => graph(heap, 20));
      const keeper = heap.list(alive ? roots : []);
      heap.gc();
      heap.gc();
      let refuted = 0;
      for (const root of roots) {
        heap.decref(root);
        const before = presumed(heap);
        expect(heap.gc()).toBe(alive ? 0 : 20);
        if (presumed(heap) < before) refuted++;
      }
      expect(refuted).toBeGreaterThan(0);
      expect(refuted).toBeLessThan(20);
      heap.decref(keeper);
      expect(heap.gc()).toBe(alive ? 4000 : 0);
    },
  );
});

describe.each(builds)("roots that are let go, $name core", (build) => {
  test.each([
    ["hold themselves", (heap: Heap, roots: Ptr[]) => roots.forEach((root) => heap.lists.append(root, root))],
    [
      "hold each other",
      (heap: Heap, roots: Ptr[]) => roots.forEach((root, i) => heap.lists.append(root, roots.at(i - 1)!)),
    ],
    ["hold nothing of each other", () => {}],
  ])("and %s", (_, join) => {
    const heap = manualHeap(build);
    const roots = Array.from({ length: 10 }, () => graph(heap, 20));
    join(heap, roots);
    const counts = roots.map((root) => heap.refcount(root));
    for (let i = 0; i < 3; i++) expect(heap.gc()).toBe(0);
    const keeper = heap.list(roots);
    release(heap, ...roots);
    for (let i = 0; i < 3; i++) expect(heap.gc()).toBe(0);
    expect(roots.map((root) => heap.refcount(root))).toEqual(counts);
    heap.verify();
    expect(heap.collector.objects(2)).toHaveLength(201);
    heap.decref(keeper);
    expect(heap.gc()).toBe(200);
    expect(heap.collector.objects()).toEqual([]);
  });
});
