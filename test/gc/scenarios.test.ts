import { describe, expect, test, vi } from "vitest";
import type { Heap, Ptr } from "../../bindings/index.js";
import { builds, errorOf, expectRefused } from "../support/cores.js";
import { NULL, isAlive, manualHeap, newHeap, release, selfCycle } from "../support/objects.js";

/** A type with a finalizer, weak references and two fields. */
function nodeType(heap: Heap, finalize?: (self: Ptr) => void) {
  return heap.defineType({
    name: "Node",
    fields: { a: "ref", b: "ref" },
    weakrefs: true,
    ...(finalize && { finalize }),
  });
}

// Scenarios of CPython's test_gc; docs/objects.md says which are left out.
describe.each(builds)("scenarios, $name", (build) => {
  test("G1: a list that holds itself", () => {
    const heap = newHeap(build);
    selfCycle(heap);
    expect(heap.gc()).toBe(1);
    expect(heap.gc()).toBe(0);
  });

  test("G2: a mapping that holds itself", () => {
    const heap = newHeap(build);
    const dict = heap.dict();
    heap.dicts.set(dict, heap.int(1), dict);
    heap.decref(dict);
    expect(heap.gc()).toBe(1);
  });

  test("G3: list and tuple in a cycle", () => {
    const heap = newHeap(build);
    const list = heap.list();
    const tuple = heap.tuple([list]);
    heap.lists.append(list, tuple);
    release(heap, list, tuple);
    expect(heap.gc()).toBe(2);
  });

  test("G5: an object that refers to itself", () => {
    const heap = newHeap(build);
    const Node = nodeType(heap);
    const node = heap.alloc(Node);
    heap.stealRef(node, Node.fields.a, node);
    expect(heap.gc()).toBe(1);
    expect(heap.gc()).toBe(0);
  });

  test("G10: SAVEALL keeps trash, intact", () => {
    const heap = newHeap(build);
    const { collector } = heap;
    collector.debug = collector.SAVEALL;
    const list = heap.list();
    heap.lists.append(list, list);
    heap.decref(list);
    expect(heap.gc()).toBe(1);
    expect(collector.garbage).toEqual([list]);
    expect(heap.lists.get(list, 0)).toBe(list);
    expect(heap.refcount(list)).toBe(2);
    collector.debug = 0;
    heap.decref(collector.garbage.pop()!);
    expect(heap.gc()).toBe(1);
  });

  test("SAVEALL keeps more trash than a call takes arguments", () => {
    const heap = manualHeap(build);
    const { collector } = heap;
    collector.debug = collector.SAVEALL;
    const count = 200_000;
    for (let i = 0; i < count; i++) selfCycle(heap);
    expect(heap.gc()).toBe(count);
    expect(collector.garbage.length).toBe(count);
    collector.debug = 0;
    for (const list of collector.garbage.splice(0)) heap.decref(list);
    expect(heap.gc()).toBe(count);
  });

  test("G11: threshold 1 and a finalizer that allocates", () => {
    const heap = newHeap(build, { thresholds: [1, 1, 1] });
    let finalized = 0;
    const Node = nodeType(heap, () => {
      finalized++;
      for (let i = 0; i < 10; i++) heap.decref(heap.list());
    });
    for (let i = 0; i < 50; i++) {
      const node = heap.alloc(Node);
      heap.stealRef(node, Node.fields.a, node);
      heap.decref(heap.list());
    }
    heap.gc();
    expect(finalized).toBe(50);
  });

  test("G12: the count of generation 0 grows with an allocation", () => {
    const heap = manualHeap(build);
    heap.gc();
    const [before, one, two] = heap.collector.counts;
    expect([one, two]).toEqual([0, 0]);
    const list = heap.list();
    expect(heap.collector.counts).toEqual([before + 1, 0, 0]);
    heap.decref(list);
  });

  test("an untracked tuple counts at its death as it did at its birth, whichever way it dies", () => {
    const heap = manualHeap(build);
    const deaths: ((tuple: Ptr) => void)[] = [
      (tuple) => heap.decref(tuple),
      (tuple) => {
        const holder = heap.list([tuple]);
        heap.decref(tuple);
        heap.decref(holder);
      },
    ];
    for (const die of deaths) {
      const tuple = heap.tuple([heap.none, heap.true]);
      heap.gc();
      expect(heap.collector.isTracked(tuple)).toBe(false);
      const young = [heap.list(), heap.list(), heap.list()];
      expect(heap.collector.counts[0]).toBe(3);
      die(tuple);
      expect(heap.collector.counts[0]).toBe(2);
      release(heap, ...young);
    }
  });

  test("G13: counts of older generations", () => {
    const heap = newHeap(build);
    heap.gc(2);
    heap.gc(0);
    expect(heap.collector.counts.slice(1)).toEqual([1, 0]);
    heap.gc(1);
    expect(heap.collector.counts.slice(1)).toEqual([0, 1]);
    heap.gc(2);
    expect(heap.collector.counts.slice(1)).toEqual([0, 0]);
  });

  test("G14: deep structures whose finalizers collect", () => {
    const heap = newHeap(build);
    let finalized = 0;
    const Node = nodeType(heap, () => {
      if (finalized++ % 17 === 0) heap.gc();
    });
    for (let depth = 0; depth < 150; depth++) {
      let inner = heap.list();
      for (let i = 0; i < depth; i++) {
        const node = heap.alloc(Node);
        heap.stealRef(node, Node.fields.a, inner);
        inner = heap.list([node]);
        heap.decref(node);
      }
      heap.decref(inner);
    }
    expect(finalized).toBe((149 * 150) / 2);
  });

  test("G17: referents", () => {
    const heap = newHeap(build);
    const [a, b, c] = [heap.list(), heap.list(), heap.list()] as const;
    const { collector } = heap;
    heap.lists.append(a, b);
    heap.lists.append(a, b);
    const tuple = heap.tuple([b, c]);
    const key = heap.int(1000);
    const dict = heap.dict([[key, c]]);
    expect(collector.referents(a)).toEqual([b, b]);
    expect(collector.referents(tuple)).toEqual([b, c]);
    expect(collector.referents(dict)).toEqual([key, c]);
    expect(collector.referents(a, tuple)).toEqual([b, b, b, c]);
    expect(collector.referents(key, heap.none)).toEqual([]);
    expect(collector.referrers(b).sort()).toEqual([a, tuple].sort());
    expect(collector.referrers(c, b).sort()).toEqual([a, tuple, dict].sort());
    release(heap, a, tuple, dict, key, b, c);
  });

  test("G18: what is tracked", () => {
    const heap = newHeap(build);
    const { collector } = heap;
    const Empty = heap.defineType({ name: "Empty", fields: {} });
    const Leaf = heap.defineType({ name: "Leaf", fields: { a: "ref" }, acyclic: true });
    const atoms = [
      heap.int(1000),
      heap.str("text"),
      heap.float(1.5),
      heap.none,
      heap.tuple([]),
      heap.alloc(Leaf),
    ];
    const containers = [heap.list(), heap.dict()];
    expect(atoms.map((p) => collector.isTracked(p))).toEqual(atoms.map(() => false));
    expect(containers.map((p) => collector.isTracked(p))).toEqual([true, true]);
    release(heap, ...atoms, ...containers, heap.alloc(Empty));
  });

  test("G19, G30: finalized, resurrected, and freed silently the second time", () => {
    const heap = newHeap(build);
    let saved = NULL;
    let runs = 0;
    const Node = nodeType(heap, (self) => {
      runs++;
      heap.incref(self);
      saved = self;
    });
    const node = heap.alloc(Node);
    expect(heap.collector.isFinalized(node)).toBe(false);
    heap.incref(node);
    heap.stealRef(node, Node.fields.a, node);
    heap.decref(node);
    expect(heap.gc()).toBe(0);
    expect(saved).toBe(node);
    expect(heap.collector.isFinalized(node)).toBe(true);
    expect(heap.refcount(node)).toBe(2);
    heap.decref(saved);
    expect(heap.gc()).toBe(1);
    expect(runs).toBe(1);
  });

  test("G20: callbacks of two cycles find every reference dead", () => {
    const heap = manualHeap(build);
    const Node = nodeType(heap);
    const seen: Ptr[] = [];
    const weaks: Ptr[] = [];
    for (let i = 0; i < 2; i++) {
      const node = heap.alloc(Node);
      weaks.push(heap.weakref(node, () => weaks.forEach((weak) => seen.push(heap.deref(weak)))));
      heap.stealRef(node, Node.fields.a, node);
    }
    expect(heap.gc()).toBe(2);
    expect(seen).toEqual([0, 0, 0, 0]);
    release(heap, ...weaks);
  });

  test("G21: finalizers that take the cycle apart", () => {
    const heap = newHeap(build);
    let finalized = 0;
    const Node = nodeType(heap, (self) => {
      finalized++;
      heap.setRef(self, Node.fields.a, null);
    });
    const nodes = Array.from({ length: 20 }, () => heap.alloc(Node));
    nodes.forEach((node, i) => heap.setRef(node, Node.fields.a, nodes[(i + 1) % nodes.length]!));
    release(heap, ...nodes);
    heap.gc();
    expect(finalized).toBe(20);
    expect(heap.collector.objects()).toEqual([]);
  });

  test("G24, G32: statistics", () => {
    const heap = manualHeap(build);
    const { collector } = heap;
    const collections = () => collector.stats().map((stats) => stats.collections);
    heap.gc();
    const before = collections();
    heap.gc(0);
    expect(collections()).toEqual([before[0]! + 1, before[1], before[2]]);
    for (let i = 0; i < 100; i++) selfCycle(heap);
    const { collected } = collector.stats()[2]!;
    expect(heap.gc(2)).toBe(100);
    expect(collections()).toEqual([before[0]! + 1, before[1], before[2]! + 1]);
    expect(collector.stats()[2]!.collected - collected).toBe(100);
  });

  test("G25, G26: freeze and unfreeze", () => {
    const heap = newHeap(build);
    const { collector } = heap;
    const frozen = heap.list();
    selfCycle(heap);
    collector.freeze();
    expect(collector.freezeCount).toBe(2);
    expect(heap.gc()).toBe(0);
    const list = heap.list([frozen]);
    heap.lists.append(list, list);
    heap.decref(list);
    expect(heap.refcount(frozen)).toBe(2);
    expect(heap.gc()).toBe(1);
    expect(heap.refcount(frozen)).toBe(1);
    collector.unfreeze();
    expect(collector.freezeCount).toBe(0);
    expect(heap.gc()).toBe(1);
    heap.decref(frozen);
  });

  test("G27, G28, G29: objects by generation", () => {
    const heap = manualHeap(build);
    const { collector } = heap;
    const list = heap.list();
    const where = () => [0, 1, 2].filter((generation) => collector.objects(generation as 0).includes(list));
    expect(collector.objects()).toContain(list);
    expect(collector.objects(null)).toEqual(collector.objects());
    expect(where()).toEqual([0]);
    heap.gc(0);
    expect(where()).toEqual([1]);
    heap.gc(1);
    expect(where()).toEqual([2]);
    heap.gc(2);
    expect(where()).toEqual([2]);
    for (const wrong of [1000, -1000, 3, "1", 1.5, {}]) {
      expectRefused(heap, "ERR_HEAP_ARGUMENT", () => collector.objects(wrong as 0));
    }
    heap.decref(list);
  });

  test("G31: what a resurrected object holds survives whole", () => {
    const heap = newHeap(build);
    let saved = NULL;
    const Node = nodeType(heap, (self) => {
      heap.incref(self);
      saved = self;
    });
    const [node, cargo] = [heap.alloc(Node), heap.list()];
    heap.lists.append(cargo, node);
    heap.stealRef(node, Node.fields.a, cargo);
    heap.decref(node);
    expect(heap.gc()).toBe(0);
    expect(heap.lists.get(heap.getRef(saved, Node.fields.a), 0)).toBe(node);
    heap.verify();
    heap.decref(saved);
    expect(heap.gc()).toBe(2);
  });

  test("G33, G34: a resurrected cycle among a hundred that are not", () => {
    const heap = manualHeap(build);
    let saved = NULL;
    const Node = nodeType(heap, (self) => {
      heap.incref(self);
      saved = self;
    });
    const node = heap.alloc(Node);
    const partner = heap.list([node]);
    heap.stealRef(node, Node.fields.a, partner);
    heap.decref(node);
    for (let i = 0; i < 100; i++) selfCycle(heap);
    expect(heap.gc()).toBe(100);
    heap.decref(saved);
    expect(heap.gc()).toBe(2);
  });

  test("G36: trash under collection is not shown", () => {
    const heap = newHeap(build);
    let shown: Ptr[] = [];
    let referrers: Ptr[] = [];
    const Node = nodeType(heap, (self) => {
      shown = heap.collector.objects();
      referrers = heap.collector.referrers(self);
    });
    const node = heap.alloc(Node);
    heap.stealRef(node, Node.fields.a, node);
    expect(heap.gc()).toBe(1);
    expect(shown).not.toContain(node);
    expect(referrers).toEqual([]);
  });

  test("G37: a weak reference made by a finalizer is dead before the trash goes", () => {
    const heap = newHeap(build);
    const called = vi.fn();
    let weak = NULL;
    const Node = nodeType(heap, (self) => {
      if (weak === NULL) weak = heap.weakref(heap.getRef(self, Node.fields.a), called);
    });
    const [a, b] = [heap.alloc(Node), heap.alloc(Node)];
    const alive: boolean[] = [];
    heap.finalize(a, () => alive.push(isAlive(heap, weak)));
    heap.stealRef(a, Node.fields.a, b);
    heap.stealRef(b, Node.fields.a, a);
    expect(heap.gc()).toBe(2);
    expect(alive).toEqual([false]);
    expect(called).not.toHaveBeenCalled();
    heap.decref(weak);
  });

  test("G38: referents of an untracked container", () => {
    const heap = newHeap(build);
    const tuple = heap.tuple([heap.none]);
    heap.gc();
    expect(heap.collector.isTracked(tuple)).toBe(false);
    expect(heap.collector.referents(tuple)).toEqual([heap.none]);
    heap.decref(tuple);
  });

  test("G39: callbacks", () => {
    const heap = manualHeap(build);
    const heard: string[] = [];
    for (const name of ["first", "second"]) {
      heap.collector.callbacks.add((phase, info) => {
        heard.push(`${name} ${phase} ${info.generation} ${info.collected} ${info.uncollectable}`);
        expect(heap.gc()).toBe(0);
      });
    }
    selfCycle(heap);
    expect(heap.gc(1)).toBe(1);
    expect(heard).toEqual([
      "first start 1 0 0",
      "second start 1 0 0",
      "first stop 1 1 0",
      "second stop 1 1 0",
    ]);
  });

  test("G42: a count below the references that exist is reported, and nothing is changed", () => {
    const heap = newHeap(build);
    const [holder, list] = [heap.list(), heap.list()];
    heap.lists.append(holder, list);
    heap.lists.append(holder, list);
    release(heap, list, list);
    const error = errorOf(() => heap.gc());
    expect(error.code).toBe("ERR_HEAP_CORRUPT");
    expect(error.message).toMatch(/list at 0x[0-9a-f]+, count 1/);
    heap.incref(list);
    expect(heap.gc()).toBe(0);
    heap.decref(holder);
  });

  test.each([false, true])(
    "G43, G44: young trash holds an old object whose last words look at young trash (%s)",
    (finalizer) => {
      const heap = manualHeap(build);
      const results: Ptr[] = [];
      let look = NULL;
      const Node = nodeType(heap);
      const Old = nodeType(heap, finalizer ? () => results.push(heap.deref(look)) : undefined);
      const old = heap.alloc(Old);
      const weak = finalizer ? NULL : heap.weakref(old, () => results.push(heap.deref(look)));
      heap.gc();
      const [a, b] = [heap.alloc(Node), heap.alloc(Node)];
      look = heap.weakref(b);
      heap.stealRef(a, Node.fields.b, old);
      heap.stealRef(a, Node.fields.a, b);
      heap.stealRef(b, Node.fields.a, a);
      expect(heap.gc(0)).toBe(2);
      expect(results).toEqual([0]);
      release(heap, look, ...(weak === NULL ? [] : [weak]));
    },
  );

  test("G45, G46: no collection while disabled or with threshold 0", () => {
    const heap = newHeap(build);
    const started = vi.fn();
    heap.collector.callbacks.add(started);
    heap.collector.disable();
    expect(heap.collector.isEnabled).toBe(false);
    const lists = heap.list();
    const fill = (count: number) => {
      for (let i = 0; i < count; i++) {
        const list = heap.list();
        heap.lists.append(lists, list);
        heap.decref(list);
      }
    };
    fill(10_000);
    heap.collector.enable();
    heap.collector.thresholds = [0, 10, 10];
    fill(50_000);
    expect(started).not.toHaveBeenCalled();
    heap.collector.thresholds = [700, 10, 10];
    fill(10);
    expect(started).toHaveBeenCalled();
    heap.decref(lists);
  });

  test("G47: tuples of atoms are untracked, nested ones too in the end", () => {
    const heap = manualHeap(build);
    const { collector } = heap;
    const inner = heap.tuple([heap.none, heap.int(1)]);
    const outer = heap.tuple([inner]);
    const list = heap.list();
    const holding = heap.tuple([list]);
    expect(collector.isTracked(inner)).toBe(true);
    heap.gc();
    expect(collector.isTracked(inner)).toBe(false);
    heap.gc();
    expect(collector.isTracked(outer)).toBe(false);
    expect(collector.isTracked(holding)).toBe(true);
    release(heap, outer, inner, holding, list);
  });

  test("G48: a collection inside a finalizer or callback of a collection finds nothing", () => {
    const heap = manualHeap(build);
    const found: number[] = [];
    const Node = nodeType(heap, () => found.push(heap.gc()));
    const node = heap.alloc(Node);
    const weak = heap.weakref(node, () => found.push(heap.gc(0)));
    heap.stealRef(node, Node.fields.a, node);
    selfCycle(heap);
    expect(heap.gc()).toBe(2);
    expect(found).toEqual([0, 0]);
    heap.decref(weak);
  });
});
