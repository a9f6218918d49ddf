import { describe, expect, test, vi } from "vitest";
import { coreOf } from "../../bindings/heap.js";
import { STATE_COLLECTING, STATE_GC_STACK_LIMIT, STATE_NESTING } from "../../bindings/generated/layout.js";
import { HeapError, type Heap, type Ptr } from "../../bindings/index.js";
import { partsOf } from "../../bindings/object-heap.js";
import { builds, errorOf, expectRefused, MIB } from "../support/cores.js";
import { NULL, fillUp, isAlive, manualHeap, newHeap, randomFrom, release } from "../support/objects.js";

/** A type with a finalizer, weak references and two fields. */
function nodeType(heap: Heap, finalize?: (self: Ptr) => void) {
  return heap.defineType({
    name: "Node",
    fields: { a: "ref", b: "ref" },
    weakrefs: true,
    ...(finalize && { finalize }),
  });
}

/** A dropped list that holds itself. */
function selfCycle(heap: Heap): void {
  const list = heap.list();
  heap.lists.append(list, list);
  heap.decref(list);
}

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

/** Runs what recurses without end, with the end of the stack at another place each time. */
function atEveryDepth(dive: () => void): void {
  const descend = (levels: number): void => {
    if (levels > 0) return descend(levels - 1);
    try {
      dive();
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
  };
  for (let levels = 0; levels < 12; levels++) descend(levels);
}

/** Runs something that may find no memory. */
function tolerate(action: () => void): void {
  const code = codeOf(action);
  if (code !== undefined) expect(code).toBe("ERR_HEAP_OOM");
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof HeapError) return error.code;
    throw error;
  }
  return undefined;
}

/** Lets the mark stack hold so few entries. */
function limitStack(heap: Heap, entries: number): void {
  coreOf(heap).setState(STATE_GC_STACK_LIMIT, entries);
}

// Scenarios of CPython's test_gc; docs/objects.md says which are left out.
describe.each(builds)("scenarios, $name", (build) => {
  test("G1 a list that holds itself", () => {
    const heap = newHeap(build);
    selfCycle(heap);
    expect(heap.gc()).toBe(1);
    expect(heap.gc()).toBe(0);
  });

  test("G2 a mapping that holds itself", () => {
    const heap = newHeap(build);
    const dict = heap.dict();
    heap.dicts.set(dict, heap.int(1), dict);
    heap.decref(dict);
    expect(heap.gc()).toBe(1);
  });

  test("G3 list and tuple in a cycle", () => {
    const heap = newHeap(build);
    const list = heap.list();
    const tuple = heap.tuple([list]);
    heap.lists.append(list, tuple);
    release(heap, list, tuple);
    expect(heap.gc()).toBe(2);
  });

  test("G5 an object that refers to itself", () => {
    const heap = newHeap(build);
    const Node = nodeType(heap);
    const node = heap.alloc(Node);
    heap.stealRef(node, Node.fields.a, node);
    expect(heap.gc()).toBe(1);
    expect(heap.gc()).toBe(0);
  });

  test("G10 SAVEALL keeps trash, intact", () => {
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

  test("G11 threshold 1 and a finalizer that allocates", () => {
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

  test("G12 the count of generation 0 grows with an allocation", () => {
    const heap = newHeap(build);
    heap.gc();
    const [before, one, two] = heap.collector.counts;
    expect([one, two]).toEqual([0, 0]);
    const list = heap.list();
    expect(heap.collector.counts).toEqual([before + 1, 0, 0]);
    heap.decref(list);
  });

  test("G13 counts of older generations", () => {
    const heap = newHeap(build);
    heap.gc(2);
    heap.gc(0);
    expect(heap.collector.counts.slice(1)).toEqual([1, 0]);
    heap.gc(1);
    expect(heap.collector.counts.slice(1)).toEqual([0, 1]);
    heap.gc(2);
    expect(heap.collector.counts.slice(1)).toEqual([0, 0]);
  });

  test("G14 deep structures whose finalizers collect", () => {
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

  test("G17 referents", () => {
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

  test("G18 what is tracked", () => {
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

  test("G19, G30 finalized, resurrected, and freed silently the second time", () => {
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

  test("G20 callbacks of two cycles find every reference dead", () => {
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

  test("G21 finalizers that take the cycle apart", () => {
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

  test("G24, G32 statistics", () => {
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

  test("G25, G26 freeze and unfreeze", () => {
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

  test("G27, G28, G29 objects by generation", () => {
    const heap = newHeap(build);
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

  test("G31 what a resurrected object holds survives whole", () => {
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

  test("G33, G34 a resurrected cycle among a hundred that are not", () => {
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

  test("G36 trash under collection is not shown", () => {
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

  test("G37 a weak reference made by a finalizer is dead before the trash goes", () => {
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

  test("G38 referents of an untracked container", () => {
    const heap = newHeap(build);
    const tuple = heap.tuple([heap.none]);
    heap.gc();
    expect(heap.collector.isTracked(tuple)).toBe(false);
    expect(heap.collector.referents(tuple)).toEqual([heap.none]);
    heap.decref(tuple);
  });

  test("G39 callbacks", () => {
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

  test("G42 a count below the references that exist is reported, and nothing is changed", () => {
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
    "G43, G44 young trash holds an old object whose last words look at young trash (%s)",
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

  test("G45, G46 no collection while disabled or with threshold 0", () => {
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

  test("G47 tuples of atoms are untracked, nested ones too in the end", () => {
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

  test("G48 a collection inside a finalizer or callback of a collection finds nothing", () => {
    const heap = newHeap(build);
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
});

describe.each(builds)("bad input, $name", (build) => {
  test("generations, thresholds and flags out of range", () => {
    const heap = newHeap(build);
    for (const wrong of [3, -1, "x", 1.5, null, Number.NaN, {}]) {
      expectRefused(heap, "ERR_HEAP_ARGUMENT", () => heap.gc(wrong as 0));
    }
    for (const wrong of [[1, 2], [1, 2, -1], [1, 2, 2 ** 32], [1, 2, 3, 4], "123", null, [1, 2, "3"]]) {
      expectRefused(
        heap,
        "ERR_HEAP_ARGUMENT",
        () => (heap.collector.thresholds = wrong as unknown as [1, 2, 3]),
      );
      expect(errorOf(() => build.create({ thresholds: wrong as unknown as [1, 2, 3] })).code).toBe(
        "ERR_HEAP_ARGUMENT",
      );
    }
    expectRefused(heap, "ERR_HEAP_ARGUMENT", () => (heap.collector.debug = 8));
    expectRefused(heap, "ERR_HEAP_BAD_POINTER", () => heap.collector.isTracked(NULL));
    expect(heap.collector.thresholds).toEqual([2000, 10, 10]);
  });

  test("callbacks that throw, and disposal inside one", () => {
    const unraisable = vi.fn();
    const heap = newHeap(build, { onUnraisable: unraisable });
    heap.collector.callbacks.add(() => {
      throw new Error("thrown on purpose");
    });
    heap.collector.callbacks.add(() => heap.dispose());
    selfCycle(heap);
    expect(heap.gc()).toBe(1);
    expect(unraisable).toHaveBeenCalledTimes(4);
    heap.collector.callbacks.clear();
    expect(heap.disposed).toBe(false);
  });

  test("damage that was found and mended leaves nothing behind", () => {
    const heap = newHeap(build);
    const children = Array.from({ length: 10 }, () => heap.list());
    const top = heap.list(children);
    const tuple = heap.tuple([heap.none]);
    const [first] = children as [Ptr];
    heap.lists.append(top, first);
    const counts = partsOf(heap).space.i32;
    counts[first >>> 2] = 1;
    expectRefused(heap, "ERR_HEAP_CORRUPT", () => heap.gc());
    counts[first >>> 2] = 3;
    expect(heap.collector.objects().length).toBe(12);
    const young = heap.list();
    heap.lists.append(top, young);
    expect(heap.gc(0)).toBe(0);
    expect([young, ...children].map((p) => heap.refcount(p))).toEqual([2, 3, ...Array(9).fill(2)]);
    release(heap, young, ...children, top, tuple);
  });

  test("a heap that is reset where damage is reported", () => {
    const codes: string[] = [];
    const heap = build.create({
      thresholds: [50, 10, 10],
      onUnraisable: () => codes.push(errorOf(() => heap.reset()).code),
    });
    const list = heap.list();
    heap.lists.append(list, list);
    heap.lists.append(list, list);
    partsOf(heap).space.i32[list >>> 2] = 1;
    for (let i = 0; i < 100; i++) heap.list();
    expect(codes[0]).toBe("ERR_HEAP_BUSY");
  });

  test("collections that recurse until the host's stack overflows", () => {
    const heap = newHeap(build);
    heap.decref(heap.list());
    const dive = (): void => {
      heap.gc(0);
      dive();
    };
    atEveryDepth(dive);
    selfCycle(heap);
    expect(heap.gc()).toBe(1);
    expect([STATE_COLLECTING, STATE_NESTING].map((word) => coreOf(heap).state(word))).toEqual([0, 0]);
  });

  test("deaths that run what heap.finalize has, until the host's stack overflows", () => {
    const heap = build.create({ autoCollect: false });
    const dive = (): void => {
      const inner = heap.list();
      heap.finalize(inner, () => {});
      const outer = heap.list([inner]);
      heap.decref(inner);
      heap.decref(outer);
      dive();
    };
    atEveryDepth(dive);
    heap.verify();
    expect(coreOf(heap).state(STATE_NESTING)).toBe(0);
  });

  test("a finalizer takes what a request borrows while memory is made for it", () => {
    const heap = newHeap(build, { initialBytes: MIB, maxBytes: MIB });
    const Holder = heap.defineType({ name: "Holder", fields: { held: "ref" }, weakrefs: true });
    const { held } = Holder.fields;
    const Breaker = heap.defineType({
      name: "Breaker",
      fields: { self: "ref" },
      finalize: () => heap.setRef(holder, held, NULL),
    });
    const holder = heap.alloc(Holder);
    const key = heap.int(100_000);
    /** Makes the next collection take the object out of the holder, and memory scarce. */
    const prepare = (object: Ptr): Ptr => {
      heap.stealRef(holder, held, object);
      const breaker = heap.alloc(Breaker);
      heap.setRef(breaker, Breaker.fields.self, breaker);
      heap.decref(breaker);
      return object;
    };
    const slices: Ptr[] = [];
    const requests: ((object: Ptr) => void)[] = [
      (list) => heap.lists.append(list, key),
      (list) => heap.lists.insert(list, 0, key),
      (list) => void slices.push(heap.lists.slice(list)),
    ];
    for (const request of requests) {
      const list = prepare(heap.list([key]));
      const blocks = fillUp(heap);
      for (let i = 0; i < 10_000 && heap.getRef(holder, held) !== NULL; i++) tolerate(() => request(list));
      expect(heap.getRef(holder, held)).toBe(NULL);
      for (const block of blocks) heap.free(block);
      heap.verify();
    }
    const dict = prepare(heap.dict());
    const blocks = fillUp(heap);
    const keys: Ptr[] = [];
    for (let i = 0; i < 10_000 && heap.getRef(holder, held) !== NULL; i++) {
      tolerate(() => {
        keys.push(heap.int(200_000 + i));
        heap.dicts.set(dict, keys.at(-1)!, key);
      });
    }
    expect(heap.getRef(holder, held)).toBe(NULL);
    for (const block of blocks) heap.free(block);
    release(heap, ...keys, ...slices);
    heap.verify();
    const weak = heap.weakref(holder);
    heap.collector.thresholds = [1, 10, 10];
    const target = prepare(heap.alloc(Holder));
    heap.collector.enable();
    const weakToTarget = heap.weakref(target);
    expect(heap.deref(weakToTarget)).toBe(NULL);
    expect(heap.refcount(key)).toBe(1);
    release(heap, weak, weakToTarget, holder, key);
  });

  test("heap.finalize of trash: the object is dead when the function runs", () => {
    const heap = build.create({ autoCollect: false });
    const list = heap.list();
    heap.lists.append(list, list);
    const codes: string[] = [];
    heap.finalize(list, () => codes.push(codeOf(() => heap.incref(list)) ?? "none"));
    heap.decref(list);
    expect(heap.gc()).toBe(1);
    expect(codes).toEqual(["ERR_HEAP_USE_AFTER_FREE"]);
  });

  test("collector settings outlive a reset", () => {
    const heap = newHeap(build, { thresholds: [5, 6, 7] });
    heap.decref(heap.list());
    heap.collector.disable();
    heap.reset();
    expect(heap.collector.thresholds).toEqual([5, 6, 7]);
    expect(heap.gc()).toBe(0);
  });
});
