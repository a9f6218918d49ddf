/** Full collections in slices, with a program that changes everything between them. */
import { describe, expect, test } from "vitest";
import { HeapError, type Heap, type Ptr } from "../../bindings/index.js";
import { builds } from "../support/cores.js";
import { Random } from "../support/random.js";
import { manualHeap, newHeap, release, seedOf } from "../support/objects.js";

/** Steps until the collection is complete; the number of slices. */
function finish(heap: Heap, budgetObjects: number): number {
  let slices = 1;
  while (!heap.collector.step({ budgetObjects })) slices++;
  return slices;
}

function ring(heap: Heap, size: number): Ptr {
  const first = heap.list();
  let last = first;
  for (let i = 1; i < size; i++) {
    const next = heap.list();
    heap.lists.append(last, next);
    heap.decref(next);
    last = next;
  }
  heap.lists.append(last, first);
  return first;
}

const live = (heap: Heap): number => heap.collector.objects().length;

describe.each(builds)("collections in slices, $name core", (build) => {
  test("rings are found, what is held is not, and the statistics count it as one full collection", () => {
    const heap = manualHeap(build);
    const held = heap.list();
    for (let i = 0; i < 500; i++) {
      const first = ring(heap, 1 + (i % 7));
      if (i % 2 === 0) heap.lists.append(held, first);
      heap.decref(first);
    }
    const infos: string[] = [];
    heap.collector.callbacks.add((phase, { generation, collected }) =>
      infos.push(`${phase} ${generation} ${collected}`),
    );
    const before = live(heap);
    const { collections } = heap.collector.stats()[2]!;
    expect(finish(heap, 100)).toBeGreaterThan(20);
    const found = before - live(heap);
    expect(found).toBe(Array.from({ length: 250 }, (_, i) => 1 + ((2 * i + 1) % 7)).reduce((a, b) => a + b));
    expect(infos).toEqual(["start 2 0", `stop 2 ${found}`]);
    expect(heap.collector.stats()[2]).toMatchObject({ collections: collections + 1, collected: found });
    expect(heap.gc()).toBe(0);
    heap.decref(held);
  });

  test("garbage that other garbage leads to goes in the same run, whatever the order", () => {
    const heap = manualHeap(build);
    let next = 0 as Ptr;
    for (let i = 0; i < 300; i++) {
      const first = ring(heap, 2);
      if (next !== 0) {
        heap.lists.append(first, next);
        heap.decref(next);
      }
      next = first;
    }
    heap.decref(next);
    finish(heap, 50);
    expect(live(heap)).toBe(0);
  });

  test("a ring that is too large for a list goes as a whole, with whatever hangs on it", () => {
    const heap = manualHeap(build);
    const large = ring(heap, 10_000);
    for (let i = 0; i < 50; i++) {
      const small = ring(heap, 3);
      heap.lists.append(large, small);
      heap.decref(small);
    }
    heap.decref(large);
    finish(heap, 500);
    expect(live(heap)).toBe(0);
  });

  // Shadows count to 4,095. What had more references was taken to be held, for good.
  test.each([4094, 4095, 4096, 20_000])("an object with %i references in a cycle is found", (references) => {
    const heap = manualHeap(build);
    const hub = heap.list();
    for (let i = 0; i < references; i++) {
      const spoke = heap.list([hub]);
      heap.lists.append(hub, spoke);
      heap.decref(spoke);
    }
    const held = heap.list([hub]);
    heap.decref(hub);
    finish(heap, 1000);
    expect(live(heap)).toBe(references + 2);
    heap.decref(held);
    finish(heap, 1000);
    expect(live(heap)).toBe(0);
  });

  test("a large structure that changes hands in every slice lives, and goes when it is dropped", () => {
    const heap = manualHeap(build);
    const first = heap.list();
    const large = ring(heap, 6000);
    const last = heap.list();
    heap.lists.append(first, large);
    heap.decref(large);
    let [from, to] = [first, last];
    for (let run = 0; run < 5; run++) {
      while (!heap.collector.step({ budgetObjects: 150 + run })) {
        const moved = heap.lists.pop(from);
        heap.lists.append(to, moved);
        heap.decref(moved);
        [from, to] = [to, from];
      }
      expect(live(heap)).toBe(6002);
    }
    release(heap, first, last);
    finish(heap, 1000);
    finish(heap, 1000);
    expect(live(heap)).toBe(0);
  });

  test("the last look takes what finds no room in its list: a chain of rings, each held by the one above", () => {
    for (const rings of [4097, 4200, 4500]) {
      const heap = manualHeap(build);
      let above = 0 as Ptr;
      for (let i = 0; i < rings; i++) {
        // A pair among rings of one, so that a list is full within it.
        const next = ring(heap, i === 255 ? 2 : 1);
        if (above !== 0) {
          heap.lists.append(next, above);
          heap.decref(above);
        }
        above = next;
      }
      heap.decref(above);
      finish(heap, 4000);
      expect(live(heap), `${rings} rings`).toBe(0);
    }
  });

  test("a run that ends as one collection is announced once, and counts all that it found", () => {
    const heap = manualHeap(build);
    let above = 0 as Ptr;
    for (let i = 0; i < 9000; i++) {
      const next = ring(heap, 2);
      if (above !== 0) {
        heap.lists.append(next, above);
        heap.decref(above);
      }
      above = next;
    }
    const phases: string[] = [];
    heap.collector.callbacks.add((phase) => phases.push(phase));
    const { collections } = heap.collector.stats()[2]!;
    heap.decref(above);
    finish(heap, 4000);
    expect(phases).toEqual(["start", "stop"]);
    expect(heap.collector.stats()[2]).toMatchObject({ collections: collections + 1, collected: 18_000 });
    expect(live(heap)).toBe(0);
  });

  // What had more references than its shadow counts was a guess always, with all that hangs on it.
  test("long lists and dicts are looked at in parts, and found with what only they hold", () => {
    const heap = manualHeap(build);
    const items = 20_000;
    const list = heap.list();
    const dict = heap.dict();
    for (let i = 0; i < items; i++) {
      const inList = ring(heap, 1);
      const inDict = ring(heap, 1);
      const key = heap.int(i);
      heap.lists.append(list, inList);
      heap.dicts.set(dict, key, inDict);
      release(heap, inList, inDict, key);
    }
    heap.lists.append(list, dict);
    heap.lists.append(list, list);
    heap.decref(dict);
    // Each reference is counted once and followed once; a part is 512.
    expect(finish(heap, 1000)).toBeGreaterThan((2 * (2 * items)) / 1500);
    expect(live(heap)).toBe(2 * items + 2);
    heap.decref(list);
    finish(heap, 1000);
    expect(live(heap)).toBe(0);
  });

  test("a list that is shorter than what was looked at already is done", () => {
    const heap = manualHeap(build);
    const list = heap.list();
    // Long for some slices, short for one: in every phase.
    for (let slice = 0; slice < 400; slice++) {
      heap.lists.delete(list, 0, heap.lists.length(list));
      for (let i = slice % (2 + (slice >> 5)) === 0 ? 10 : 3000; i > 0; i--) heap.lists.append(list, list);
      heap.collector.step({ budgetObjects: 300 });
    }
    heap.verify();
    heap.decref(list);
    finish(heap, 1000);
    finish(heap, 1000);
    expect(live(heap)).toBe(0);
  });

  test("long lists and dicts that change between their parts lose nothing", () => {
    const seed = seedOf("step: long objects");
    const random = new Random(seed);
    const heap = manualHeap(build);
    let made = 0;
    const fill = (list: Ptr, dict: Ptr, count: number): void => {
      for (let i = 0; i < count; i++) {
        const item = ring(heap, 1);
        const key = heap.int(made++);
        heap.lists.append(list, item);
        heap.dicts.set(dict, key, item);
        release(heap, item, key);
      }
    };
    let [list, dict] = [heap.list(), heap.dict()];
    fill(list, dict, 3000);
    for (let run = 0; run < 6; run++) {
      while (!heap.collector.step({ budgetObjects: 300 })) {
        const what = random.below(20);
        if (what < 8) fill(list, dict, random.below(40));
        else if (what < 16) {
          for (let i = random.below(60); i > 0 && heap.lists.length(list) > 0; i--)
            heap.decref(heap.lists.pop(list));
        } else if (what === 16) for (const key of [...heap.dicts.keys(dict)]) heap.dicts.delete(dict, key);
        else if (what === 17) {
          // Their blocks are those of others soon.
          release(heap, list, dict);
          [list, dict] = [heap.list(), heap.dict()];
          fill(list, dict, 1000 + random.below(2000));
        }
      }
      for (const item of heap.collector.referents(list, dict))
        expect(heap.refcount(item), `seed ${seed}`).toBeGreaterThan(0);
      heap.verify();
    }
    release(heap, list, dict);
    finish(heap, 300);
    finish(heap, 300);
    expect(live(heap), `seed ${seed}`).toBe(0);
  });

  test("a live root with many references back to it costs no look at it as a whole", () => {
    const heap = manualHeap(build);
    const root = heap.list();
    for (let i = 0; i < 6000; i++) {
      const child = heap.list([root]);
      heap.lists.append(root, child);
      heap.decref(child);
    }
    for (let run = 0; run < 2; run++) finish(heap, 500);
    // All of it was reached, so that a run looks at each object thrice, and none of it in one go.
    expect(finish(heap, 500)).toBeLessThan((6000 * 10) / 500);
    expect(heap.collector.stats()[2]!.collected).toBe(0);
    heap.decref(root);
    finish(heap, 500);
    expect(live(heap)).toBe(0);
  });

  test("deaths that were deferred and finalizers run between the parts of one slice", () => {
    const heap = manualHeap(build);
    const stack = heap.stack({ slots: 4 });
    const Loud = heap.defineType({
      name: "Loud",
      fields: { next: "ref" },
      finalize: () => {
        for (let i = 0; i < 300; i++) heap.decref(heap.list([heap.none]));
      },
    });
    for (let round = 0; round < 10; round++) {
      const trees = Array.from({ length: 4 }, () => {
        const tree = heap.list();
        for (let i = 0; i < 1500; i++) {
          const branch = heap.list([heap.none]);
          heap.lists.append(tree, branch);
          heap.decref(branch);
        }
        const loud = heap.alloc(Loud);
        heap.lists.append(tree, loud);
        heap.decref(loud);
        return tree;
      });
      for (const tree of trees) {
        for (let i = 0; i < 3 + round; i++) heap.collector.step({ budgetObjects: 700 + 100 * round });
        heap.decref(tree);
        heap.collector.step({ budgetObjects: 100_000 });
      }
      while (!heap.collector.step({ budgetObjects: 100_000 }));
      heap.reclaim();
      heap.verify();
    }
    stack.dispose();
    heap.gc();
    expect(live(heap)).toBe(0);
  });

  test("collections between two slices have durations of their own", () => {
    const heap = manualHeap(build);
    const held = heap.list();
    for (let i = 0; i < 5000; i++) {
      const item = heap.list();
      heap.lists.append(held, item);
      heap.decref(item);
    }
    const durations: [number, number][] = [];
    heap.collector.callbacks.add((phase, { generation, durationMs }) => {
      if (phase === "stop") durations.push([generation, durationMs]);
    });
    expect(heap.collector.step({ budgetObjects: 10 })).toBe(false);
    const start = performance.now();
    while (performance.now() - start < 60);
    heap.gc(0);
    const between = performance.now() - start;
    const from = performance.now();
    finish(heap, 100_000);
    const slices = performance.now() - from;
    heap.gc(0);
    expect(durations.map(([generation]) => generation)).toEqual([0, 2, 0]);
    expect(durations[0]![1]).toBeLessThan(between - 50);
    expect(durations[1]![1]).toBeLessThan(slices + 40);
    expect(durations[2]![1]).toBeLessThan(40);
    heap.decref(held);
  });

  test("finalizers run once, may resurrect, and weak references are cleared before", () => {
    const heap = manualHeap(build);
    const seen: string[] = [];
    let saved = 0 as Ptr;
    const Node = heap.defineType({
      name: "Node",
      fields: { next: "ref" },
      weakrefs: true,
      finalize: (self) => {
        seen.push("finalize");
        heap.incref(self);
        saved = self;
      },
    });
    const node = heap.alloc(Node);
    heap.setRef(node, Node.fields.next, node);
    const weak = heap.weakref(node, () => seen.push("callback"));
    heap.decref(node);
    finish(heap, 10);
    expect(seen).toEqual(["callback", "finalize"]);
    expect(heap.refcount(saved)).toBe(2);
    heap.decref(saved);
    finish(heap, 10);
    expect(seen).toEqual(["callback", "finalize"]);
    heap.decref(weak);
    expect(live(heap)).toBe(0);
  });

  test("gc() between two slices ends the run, and the next slice begins another", () => {
    const heap = manualHeap(build);
    const held = heap.list();
    for (let i = 0; i < 1000; i++) heap.lists.append(held, ring(heap, 1));
    for (let i = 0; i < 1000; i++) heap.decref(heap.lists.get(held, i));
    expect(heap.collector.step({ budgetObjects: 10 })).toBe(false);
    heap.decref(held);
    expect(heap.gc()).toBe(1000);
    expect(heap.collector.step({ budgetMs: 1000 })).toBe(true);
  });

  test("a run that was not completed is no leak", () => {
    const reports: unknown[] = [];
    const heap = build.create({ autoCollect: false, onLeak: (report) => reports.push(report) });
    const kept = heap.list();
    for (let i = 0; i < 1000; i++) heap.decref(heap.list([kept]));
    expect(heap.collector.step({ budgetObjects: 1 })).toBe(false);
    heap.decref(kept);
    heap.dispose();
    expect(reports).toEqual([]);
  });

  test("what lies on a value stack lives, with all it leads to; what was there goes", () => {
    const heap = manualHeap(build);
    const stack = heap.stack({ slots: 10 });
    const first = ring(heap, 50);
    stack.push(first);
    heap.decref(first);
    for (let i = 0; i < 300; i++) heap.decref(ring(heap, 2));
    finish(heap, 40);
    expect(live(heap)).toBe(50);
    stack.pop();
    finish(heap, 40);
    finish(heap, 40);
    expect(live(heap)).toBe(0);
    stack.dispose();
  });

  test("without memory for shadows it is one collection", () => {
    const heap = manualHeap(build, { maxBytes: 2 ** 20 });
    for (let i = 0; i < 100; i++) heap.decref(ring(heap, 3));
    const blocks: Ptr[] = [];
    for (let block = heap.raw.malloc(4096); block !== 0; block = heap.raw.malloc(4096)) blocks.push(block);
    expect(heap.collector.step({ budgetObjects: 1 })).toBe(true);
    expect(live(heap)).toBe(0);
    for (const block of blocks) heap.free(block);
  });

  test("a count that is too low is reported, and nothing is lost", () => {
    const heap = build.create({ autoCollect: false });
    const pair = ring(heap, 2);
    const other = heap.lists.get(pair, 0);
    heap.lists.append(pair, other);
    heap.decref(other);
    heap.decref(pair);
    expect(() => finish(heap, 1000)).toThrow(expect.objectContaining({ code: "ERR_HEAP_CORRUPT" }) as Error);
  });

  test("inside a collection it is ERR_HEAP_BUSY, other budgets are ERR_HEAP_ARGUMENT", () => {
    const heap = newHeap(build);
    const codes: unknown[] = [];
    const code = (action: () => unknown): void => {
      try {
        codes.push(action());
      } catch (error) {
        codes.push((error as HeapError).code);
      }
    };
    const Node = heap.defineType({
      name: "Node",
      fields: { next: "ref" },
      finalize: () => code(() => heap.collector.step()),
    });
    const node = heap.alloc(Node);
    heap.setRef(node, Node.fields.next, node);
    heap.decref(node);
    finish(heap, 10);
    expect(codes.splice(0)).toEqual(["ERR_HEAP_BUSY"]);
    for (const budget of [
      null,
      1,
      { budgetMs: 0 },
      { budgetMs: NaN },
      { budgetObjects: 1.5 },
      { budget: 1 },
    ]) {
      code(() => heap.collector.step(budget as never));
    }
    for (const pauseGoalMs of [0, -1, NaN, "1", 1e9]) {
      code(() => build.create({ pauseGoalMs: pauseGoalMs as never }));
    }
    expect(new Set(codes)).toEqual(new Set(["ERR_HEAP_ARGUMENT"]));
    expect(codes).toHaveLength(11);
  });

  test("automatic full collections run in slices, and garbage does not pile up", () => {
    const heap = newHeap(build, { pauseGoalMs: 0.05, thresholds: [200, 2, 2] });
    const held = heap.list();
    for (let i = 0; i < 3000; i++) heap.lists.append(held, ring(heap, 1));
    for (let i = 0; i < 3000; i++) heap.decref(heap.lists.get(held, i));
    heap.gc();
    heap.gc();
    const [starts, most] = [heap.collector.stats()[2]!.collections, { objects: 0 }];
    // Old garbage: rings that were held until they had survived two collections.
    for (let i = 0; i < 20_000; i++) {
      const next = ring(heap, 2);
      heap.lists.set(held, i % 3000, next);
      heap.decref(next);
      if (i % 500 === 0) most.objects = Math.max(most.objects, live(heap));
    }
    expect(heap.collector.stats()[2]!.collections).toBeGreaterThan(starts + 2);
    expect(most.objects).toBeLessThan(2 * 6001);
    heap.decref(held);
  });

  test("random graphs, changed between slices: nothing alive is freed, no garbage outlives two runs", () => {
    const seed = seedOf("slices");
    for (let round = 0; round < 12; round++)
      mutate(build.create({ autoCollect: round % 3 === 2, pauseGoalMs: 0.01 }), seed + round);
  });
});

/** Lists that hold each other at random, and a model of them: who is reachable from what the program holds. */
function mutate(heap: Heap, seed: number): void {
  const random = new Random(seed);
  const roots: Ptr[] = [];
  const check = (): void => {
    const reached = new Set<Ptr>();
    const queue = [...roots];
    for (let p = queue.pop(); p !== undefined; p = queue.pop()) {
      if (reached.has(p)) continue;
      reached.add(p);
      for (let i = 0; i < heap.lists.length(p); i++) queue.push(heap.lists.get(p, i));
    }
    heap.verify();
    const alive = new Set(heap.collector.objects());
    for (const p of reached) expect(alive.has(p), `seed ${seed}`).toBe(true);
  };
  const change = (): void => {
    const kind = random.below(10);
    if (kind < 4 || roots.length < 2) {
      const list = heap.list();
      if (roots.length > 0 && random.chance(70)) heap.lists.append(list, random.pick(roots));
      roots.push(list);
    } else if (kind < 7) {
      let from = random.pick(roots);
      for (let depth = random.below(4); depth > 0 && heap.lists.length(from) > 0; depth--) {
        from = heap.lists.get(from, random.below(heap.lists.length(from)));
      }
      heap.lists.append(from, random.pick(roots));
    } else if (kind < 8) {
      const from = random.pick(roots);
      if (heap.lists.length(from) > 0) heap.decref(heap.lists.pop(from));
    } else heap.decref(roots.splice(random.below(roots.length), 1)[0]!);
  };
  for (let i = 0; i < 2000; i++) {
    change();
    if (random.chance(40)) heap.collector.step({ budgetObjects: 1 + random.below(60) });
    if (i % 100 === 0) check();
  }
  check();
  finish(heap, 1 + random.below(100));
  finish(heap, 1 + random.below(100));
  const before = heap.collector.objects().length;
  expect([heap.gc(), heap.collector.objects().length], `seed ${seed}`).toEqual([0, before]);
  release(heap, ...roots);
  heap.gc();
  heap.verify();
  expect(heap.collector.objects(), `seed ${seed}`).toEqual([]);
  heap.dispose();
}
