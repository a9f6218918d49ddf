/** Objects that are held from outside at one full collection, and at the next one by others, by themselves, or by nobody. */
import { describe, expect, test } from "vitest";
import { STATE_GC_STACK_LIMIT } from "../../bindings/generated/layout.js";
import { coreOf } from "../../bindings/heap/heap.js";
import type { Heap, Ptr } from "../../bindings/index.js";
import { builds } from "../support/cores.js";
import { manualHeap, randomFrom, release, seedOf, setCount } from "../support/objects.js";

/** Lists in a tree below `top`, parents first. */
function grow(heap: Heap, top: Ptr, count: number): void {
  const nodes = [top];
  for (let i = 1; i < count; i++) {
    const node = heap.list();
    heap.lists.append(nodes[(i - 1) >> 1]!, node);
    heap.decref(node);
    nodes.push(node);
  }
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

/** Some full collections, at which everything is held. */
function settle(heap: Heap): void {
  for (let i = 0; i < 3; i++) expect(heap.gc()).toBe(0);
}

describe.each(builds)("roots that come and go, $name core", (build) => {
  test("a root that dies with its cycle is found, and so is all that it held", () => {
    const heap = manualHeap(build);
    const [top, other] = [heap.list(), heap.list()];
    grow(heap, top, 3000);
    grow(heap, other, 3000);
    heap.lists.append(top, top);
    settle(heap);
    heap.decref(top);
    expect(heap.gc()).toBe(3000);
    expect(heap.gc()).toBe(0);
    heap.decref(other);
  });

  test("a root that others hold now lives on without being one", () => {
    const heap = manualHeap(build);
    const [top, other] = [heap.list(), heap.list()];
    grow(heap, top, 3000);
    grow(heap, other, 3000);
    settle(heap);
    heap.lists.append(other, top);
    heap.lists.append(top, other);
    heap.decref(top);
    expect(heap.gc()).toBe(0);
    heap.verify();
    heap.decref(other);
    expect(heap.gc()).toBe(6000);
  });

  // The last reference to the root comes from what is reached behind the first pass.
  test("a root that only a child behind it holds is none", () => {
    const heap = manualHeap(build);
    const child = heap.list();
    const top = heap.list([child]);
    heap.decref(child);
    const other = heap.list();
    grow(heap, other, 100);
    settle(heap);
    heap.lists.append(child, top);
    heap.decref(top);
    expect(heap.gc()).toBe(2);
    heap.decref(other);
  });

  test("many roots of which two thirds are let go", () => {
    const heap = manualHeap(build);
    const tops = Array.from({ length: 1280 }, () => heap.list());
    for (const top of tops) grow(heap, top, 20);
    settle(heap);
    for (const top of tops) heap.lists.append(top, top);
    const [held, dropped] = [tops.filter((_, i) => i % 3 === 0), tops.filter((_, i) => i % 3 !== 0)];
    release(heap, ...dropped);
    expect(heap.gc()).toBe(20 * dropped.length);
    heap.verify();
    release(heap, ...held);
    expect(heap.gc()).toBe(20 * held.length);
  });

  test.each([1, 2, 7, 0])("a root that lies behind what it holds, stack of %i", (entries) => {
    const heap = manualHeap(build);
    coreOf(heap).setState(STATE_GC_STACK_LIMIT, entries);
    const items = Array.from({ length: 3000 }, () => heap.list());
    for (const item of items.slice(0, 1000)) grow(heap, item, 4);
    const top = heap.list(items);
    release(heap, ...items);
    settle(heap);
    expect(items.every((item) => heap.refcount(item) === 1)).toBe(true);
    heap.lists.append(items[17]!, top);
    heap.verify();
    heap.decref(top);
    expect(heap.gc()).toBe(6001);
  });

  test("fewer counts than references are told of, of a root and of what it holds", () => {
    const heap = manualHeap(build);
    const top = heap.list();
    grow(heap, top, 500);
    heap.lists.append(top, top);
    heap.lists.append(top, top);
    const child = heap.lists.get(top, 0);
    heap.lists.append(top, child);
    settle(heap);
    setCount(heap, top, 1);
    expect(() => heap.gc()).toThrow("referred to more often");
    setCount(heap, top, 3);
    settle(heap);
    setCount(heap, child, 1);
    expect(() => heap.verify()).toThrow("referred to more often");
    expect(() => heap.gc()).toThrow("referred to more often");
    setCount(heap, child, 2);
    heap.verify();
    heap.decref(top);
    expect(heap.gc()).toBe(500);
  });

  test("damage among what is held by itself leaves no marks on the rest", () => {
    const heap = manualHeap(build);
    const behind = Array.from({ length: 50 }, () => heap.list());
    const top = heap.list(behind);
    release(heap, ...behind);
    grow(heap, top, 500);
    settle(heap);
    const tuple = heap.tuple([heap.none]);
    heap.lists.append(top, tuple);
    const alone = heap.list();
    for (let i = 0; i < 3; i++) heap.lists.append(alone, alone);
    setCount(heap, alone, 1);
    expect(() => heap.gc()).toThrow("referred to more often");
    setCount(heap, alone, 4);
    heap.verify();
    expect(heap.gc()).toBe(0);
    release(heap, top, tuple, alone);
    expect(heap.gc()).toBe(1);
  });

  test.skipIf(build.name === "hardened")(
    "damage in front of what holds it leaves counts as they were",
    () => {
      const heap = manualHeap(build);
      const hole = heap.list();
      const behind = Array.from({ length: 50 }, () => heap.list());
      const top = heap.list([...behind, hole]);
      grow(heap, behind[0]!, 500);
      release(heap, hole, ...behind);
      settle(heap);
      const damaged = heap.lists.pop(top);
      for (let i = 0; i < 3; i++) heap.lists.append(damaged, damaged);
      for (const list of behind) heap.lists.append(list, damaged);
      expect(damaged).toBeLessThan(behind[0]!);
      setCount(heap, damaged, 2);
      expect(() => heap.gc()).toThrow("referred to more often");
      expect(heap.refcount(damaged)).toBe(2);
      setCount(heap, damaged, 54);
      heap.verify();
      expect(heap.gc()).toBe(0);
      release(heap, top, damaged);
      expect(heap.gc()).toBe(1);
    },
  );

  test("freeze, and reset", () => {
    const heap = manualHeap(build);
    const top = heap.list();
    grow(heap, top, 1000);
    settle(heap);
    heap.collector.freeze();
    settle(heap);
    heap.collector.unfreeze();
    settle(heap);
    heap.decref(top);
    heap.reset();
    expect(heap.gc()).toBe(0);
  });

  test("random graphs whose roots come and go between full collections", () => {
    const seed = seedOf("roots");
    const random = randomFrom(seed);
    const pick = (count: number): number => Math.floor(random() * count);
    for (let round = 0; round < 12; round++) {
      const heap = manualHeap(build);
      const Node = heap.defineType({ name: "Node", fields: { a: "ref", n: "u32", b: "ref" } });
      if (pick(2)) coreOf(heap).setState(STATE_GC_STACK_LIMIT, 1 + pick(5));
      /** Children and references from outside of each object alive. */
      const children = new Map<Ptr, Ptr[]>();
      const held = new Map<Ptr, number>();
      const any = (): Ptr => [...held.keys()][pick(held.size)]!;
      const hold = (p: Ptr, by: number): void => {
        const count = (held.get(p) ?? 0) + by;
        if (count > 0) held.set(p, count);
        else held.delete(p);
      };
      const make = (): void => {
        const isRecord = pick(3) === 0;
        const p = isRecord ? heap.alloc(Node) : heap.list();
        children.set(p, []);
        hold(p, 1);
        const degree = isRecord ? 2 : pick(8) === 0 ? 12 : pick(4);
        for (let i = 0; i < degree; i++) {
          const child = any();
          if (isRecord) heap.setRef(p, i === 0 ? Node.fields.a : Node.fields.b, child);
          else heap.lists.append(p, child);
          children.get(p)!.push(child);
        }
      };
      const reachable = (): Set<Ptr> => {
        const seen = new Set(held.keys());
        for (const p of seen) for (const child of children.get(p)!) seen.add(child);
        return seen;
      };
      const compare = (): void => {
        const counts = new Map([...children.keys()].map((p) => [p, held.get(p) ?? 0]));
        for (const own of children.values())
          for (const child of own) counts.set(child, counts.get(child)! + 1);
        expect([...counts.keys()].map((p) => heap.refcount(p))).toEqual([...counts.values()]);
        expect(heap.collector.objects().length).toBe(children.size);
      };
      for (let i = 0; i < 30 + pick(600); i++) make();
      for (let collection = 0; collection < 12; collection++) {
        // Nothing dies by its count, so that all deaths are the collection's.
        for (let i = pick(40); i > 0 && held.size > 1; i--) {
          const p = any();
          const own = children.get(p)!;
          if (pick(2) && heap.typeOf(p).name === "list") {
            const child = any();
            heap.lists.append(p, child);
            own.push(child);
          }
          const isReferredTo = [...children.values()].some((list) => list.includes(p));
          if (held.get(p)! > 1 || isReferredTo) {
            heap.decref(p);
            hold(p, -1);
          }
        }
        if (pick(3) === 0) for (let i = pick(50); i > 0; i--) make();
        const live = reachable();
        const dead = [...children.keys()].filter((p) => !live.has(p));
        expect(heap.gc()).toBe(dead.length);
        for (const p of dead) children.delete(p);
        compare();
        heap.verify();
      }
      for (const [p, count] of held) for (let i = 0; i < count; i++) heap.decref(p);
      heap.gc();
    }
  });
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
