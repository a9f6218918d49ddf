import { describe, expect, test } from "vitest";
import { coreOf } from "../../bindings/heap/heap.js";
import { STATE_GC_STACK_LIMIT } from "../../bindings/generated/layout.js";
import type { Heap, Ptr } from "../../bindings/index.js";
import { builds } from "../support/cores.js";
import { manualHeap, randomFrom, release } from "../support/objects.js";

/** A ring of `count` lists; a new reference to the first. */
function ring(heap: Heap, count: number): Ptr {
  const first = heap.list();
  let last = first;
  for (let i = 1; i < count; i++) {
    const list = heap.list();
    heap.lists.append(last, list);
    heap.decref(list);
    last = list;
  }
  heap.lists.append(last, first);
  return first;
}

/** Lets the mark stack hold so few entries. */
function limitStack(heap: Heap, entries: number): void {
  coreOf(heap).setState(STATE_GC_STACK_LIMIT, entries);
}

describe.each(builds)("the mark stack, $name", (build) => {
  test.each([1, 2, 0])("a list of three million, stack of %i", (entries) => {
    const heap = manualHeap(build);
    const count = build.name === "debug" ? 100_000 : 3_000_000;
    const star = heap.list();
    limitStack(heap, entries);
    for (let i = 0; i < count; i++) {
      const list = heap.list();
      heap.lists.append(star, list);
      heap.decref(list);
    }
    expect(heap.gc()).toBe(0);
    expect(heap.refcount(star)).toBe(1);
    heap.lists.append(star, star);
    heap.decref(star);
    expect(heap.gc()).toBe(count + 1);
  });

  test.each([1, 3, 0])("a comb, and a tree, stack of %i", (entries) => {
    const heap = manualHeap(build);
    limitStack(heap, entries);
    const root = heap.list();
    let back = root;
    for (let i = 0; i < 20_000; i++) {
      const tooth = heap.list();
      const next = heap.list([tooth, root]);
      heap.lists.append(back, tooth);
      heap.lists.append(back, next);
      release(heap, tooth, next);
      back = next;
    }
    expect(heap.gc()).toBe(0);
    heap.verify();
    heap.decref(root);
    expect(heap.gc()).toBe(40_001);
  });

  test.each([1, 5, 0])("random graphs lose nothing and keep no trash, stack of %i", (entries) => {
    const heap = manualHeap(build);
    limitStack(heap, entries);
    const random = randomFrom(42 + entries);
    for (let round = 0; round < 20; round++) {
      const lists = Array.from({ length: 200 }, () => heap.list());
      const edges = lists.map((): number[] => []);
      for (let i = 0; i < 300; i++) {
        const [from, to] = [Math.floor(random() * 200), Math.floor(random() * 200)];
        heap.lists.append(lists[from]!, lists[to]!);
        edges[from]!.push(to);
      }
      const kept = [0, 1, 2, 3, 4];
      for (let i = 5; i < 200; i++) heap.decref(lists[i]!);
      heap.gc(([0, 1, 2] as const)[round % 3]!);
      const live = new Set(kept);
      for (const i of live) for (const to of edges[i]!) live.add(to);
      expect(new Set(heap.collector.objects())).toEqual(new Set([...live].map((i) => lists[i]!)));
      heap.verify();
      for (const i of kept) heap.decref(lists[i]!);
      heap.gc();
    }
  });

  test("a ring of a million has no depth", () => {
    const heap = manualHeap(build);
    const count = build.name === "debug" ? 50_000 : 1_000_000;
    const first = ring(heap, count);
    expect(heap.gc()).toBe(0);
    heap.decref(first);
    expect(heap.gc()).toBe(count);
  });
});
