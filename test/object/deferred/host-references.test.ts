import { describe, expect, test } from "vitest";
import type { HeapError, Ptr, Visit } from "../../../bindings/index.js";
import { heapWithNodes, refused } from "../../support/bad-input.js";
import { builds, errorOf } from "../../support/cores.js";
import { manualHeap, release, watchDeaths } from "../../support/objects.js";

describe.each(builds)("roots of the host, $name core", (build) => {
  test("what a function visits lives, uncounted", () => {
    const heap = manualHeap(build);
    const { died, watched } = watchDeaths(heap);
    const held = new Set<Ptr>();
    const remove = heap.addRoots((visit) => held.forEach((p) => visit(p)));
    for (let i = 0; i < 1000; i++) {
      const p = watched(i);
      held.add(p);
      heap.decref(p);
    }
    heap.reclaim();
    expect(heap.gc()).toBe(0);
    heap.verify();
    expect(died).toEqual([]);
    const [first] = held;
    held.delete(first!);
    heap.reclaim();
    expect(died).toEqual([0]);
    remove();
    remove();
    heap.reclaim();
    expect(died.length).toBe(1000);
  });

  test("a cycle that only a root holds", () => {
    const heap = manualHeap(build);
    const list = heap.list();
    heap.lists.append(list, list);
    let root: Ptr | null = list;
    heap.addRoots((visit) => visit(root));
    heap.decref(list);
    expect(heap.gc()).toBe(0);
    root = null;
    expect(heap.gc()).toBe(1);
  });

  test("a root that throws: nothing dies, and who asked is told", () => {
    const { heap, Node, unraisable } = heapWithNodes(build, { autoCollect: false });
    let fails = true;
    heap.addRoots(() => {
      if (fails) throw new Error("no roots");
    });
    const node = heap.alloc(Node);
    heap.setRef(node, Node.fields.next, node);
    release(heap, node, heap.alloc(Node));
    for (const action of [() => heap.gc(), () => heap.reclaim()]) {
      const error = refused(heap, "ERR_HEAP_ARGUMENT", action);
      expect((error.cause as Error).message).toBe("no roots");
    }
    expect(heap.typeOf(node)).toBe(Node);
    // Automatic ones report it.
    heap.collector.enable();
    heap.collector.thresholds = [1, 1, 1];
    release(heap, heap.alloc(Node), heap.alloc(Node), heap.alloc(Node));
    expect(unraisable.length).toBeGreaterThan(0);
    heap.verify();
    fails = false;
    expect(heap.gc()).toBeGreaterThanOrEqual(0);
    heap.reclaim();
    refused(heap, "ERR_HEAP_USE_AFTER_FREE", () => heap.typeOf(node));
  });

  test("a root that is no live object", () => {
    const { heap, Node } = heapWithNodes(build, { autoCollect: false });
    const dead = heap.alloc(Node);
    heap.decref(dead);
    let root: unknown = dead;
    heap.addRoots((visit) => visit(root as Ptr));
    for (root of [dead, 8, dead + 4, "x", 2 ** 40]) {
      const error = errorOf(() => heap.gc());
      expect(error.code).toMatch(/^ERR_HEAP_(USE_AFTER_FREE|BAD_POINTER|ARGUMENT)$/);
      heap.verify();
    }
    root = null;
    heap.gc();
  });

  test("a root that allocates, releases, collects or ends the heap", () => {
    const { heap, Node } = heapWithNodes(build);
    const kept: Ptr[] = [];
    const codes: string[] = [];
    const remove = heap.addRoots((visit) => {
      kept.forEach((p) => visit(p));
      const p = heap.alloc(Node);
      visit(p);
      kept.push(p);
      heap.decref(p);
      heap.decref(heap.list([p]));
      expect([heap.gc(), heap.reclaim()]).toEqual([0, 0]);
      for (const end of [() => heap.dispose(), () => heap.reset(), () => heap.trim()])
        codes.push((errorOf(end) as HeapError).code);
    });
    for (let i = 0; i < 3; i++) {
      heap.gc();
      heap.reclaim();
      heap.verify();
    }
    expect(new Set(codes)).toEqual(new Set(["ERR_HEAP_BUSY"]));
    for (const p of kept) expect(heap.typeOf(p)).toBe(Node);
    remove();
    heap.reclaim();
  });

  test("visit is good only while the function runs, and functions are functions", () => {
    const { heap, Node } = heapWithNodes(build);
    let late: Visit | undefined;
    const remove = heap.addRoots((visit) => (late = visit));
    heap.gc();
    const node = heap.alloc(Node);
    refused(heap, "ERR_HEAP_BUSY", () => late!(node));
    for (const fn of [undefined, null, 1, {}]) {
      refused(heap, "ERR_HEAP_ARGUMENT", () => heap.addRoots(fn as never));
      refused(heap, "ERR_HEAP_ARGUMENT", () => heap.addTraverse(Node, fn as never));
    }
    remove();
    heap.decref(node);
  });

  test("roots that a finalizer changes", () => {
    const heap = manualHeap(build);
    const roots: Ptr[] = [];
    const Node = heap.defineType({
      name: "Node",
      fields: { next: "ref" },
      finalize: (self) => void roots.push(heap.getRef(self, Node.fields.next) || self),
    });
    const remove = heap.addRoots((visit) => roots.forEach((p) => visit(p)));
    const [a, b] = [heap.alloc(Node), heap.alloc(Node)];
    heap.stealRef(a, Node.fields.next, b);
    heap.decref(a);
    heap.reclaim();
    expect(roots).toEqual([b]);
    expect(heap.refcount(b)).toBe(1);
    heap.verify();
    remove();
    heap.reclaim();
    heap.verify();
  });

  test("roots survive a reset, as functions", () => {
    const heap = manualHeap(build);
    let root: Ptr | null = null;
    heap.addRoots((visit) => visit(root));
    heap.reset();
    const p = heap.str("root");
    root = p;
    heap.decref(p);
    heap.reclaim();
    expect(heap.toJS(p)).toBe("root");
    root = null;
    heap.reclaim();
    refused(heap, "ERR_HEAP_USE_AFTER_FREE", () => heap.toJS(p));
  });
});

describe.each(builds)("references that the host holds for objects, $name core", (build) => {
  /** Objects whose references lie in a Map. */
  const setUp = (extra: { finalize?: (self: Ptr) => void } = {}) => {
    const { heap, unraisable } = heapWithNodes(build, { autoCollect: false });
    const Box = heap.defineType({ name: "Box", fields: { id: "i32" }, ...extra });
    const held = new Map<Ptr, Ptr[]>();
    heap.addTraverse(Box, (self, visit) => held.get(self)?.forEach((p) => visit(p)));
    const died: number[] = [];
    const box = (id: number): Ptr => {
      const p = heap.alloc(Box);
      heap.setI32(p, Box.fields.id, id);
      held.set(p, []);
      heap.finalize(p, () => {
        held.delete(p);
        died.push(id);
      });
      return p;
    };
    /** Steals the reference to `child`. */
    const hold = (owner: Ptr, child: Ptr): void => void held.get(owner)!.push(child);
    return { heap, Box, held, died, box, hold, unraisable };
  };

  test("a cycle through JavaScript is found", () => {
    const { heap, held, died, box, hold } = setUp();
    const [a, b] = [box(1), box(2)];
    hold(a, b);
    heap.incref(a);
    hold(b, a);
    expect(heap.gc()).toBe(0);
    expect([heap.refcount(a), heap.refcount(b)]).toEqual([2, 1]);
    heap.decref(a);
    expect(heap.gc()).toBe(2);
    expect(died.sort()).toEqual([1, 2]);
    expect(held.size).toBe(0);
  });

  test("what is held from outside lives, and all that it holds", () => {
    const { heap, died, box, hold } = setUp();
    const boxes = Array.from({ length: 300 }, (_, i) => box(i));
    // A chain against the order of addresses, and one along it.
    for (let i = 1; i < 100; i++) hold(boxes[i]!, boxes[i - 1]!);
    for (let i = 101; i < 200; i++) hold(boxes[i - 1]!, boxes[i]!);
    for (let i = 200; i < 300; i++) hold(boxes[i]!, boxes[i === 299 ? 200 : i + 1]!);
    const list = heap.list([boxes[299]!]);
    heap.lists.append(list, list);
    expect(heap.gc()).toBe(0);
    heap.verify();
    for (const p of boxes.slice(0, 99)) expect(heap.refcount(p)).toBe(1);
    heap.lists.delete(list, 0);
    heap.decref(list);
    expect(heap.gc()).toBe(101);
    expect(died.length).toBe(100);
    release(heap, boxes[99]!, boxes[100]!);
    expect(died.length).toBe(300);
  });

  test("death by count releases what is held", () => {
    const { heap, died, box, hold } = setUp();
    const [a, b] = [box(1), box(2)];
    const text = heap.str("held");
    hold(a, b);
    hold(b, text);
    heap.incref(text);
    heap.decref(a);
    expect(died).toEqual([2, 1]);
    expect(heap.refcount(text)).toBe(1);
    heap.decref(text);
  });

  test("trash releases what it holds that is no trash", () => {
    const { heap, box, hold } = setUp();
    const [a, list] = [box(1), heap.list()];
    const text = heap.str("held");
    heap.lists.append(list, a);
    heap.incref(text);
    hold(a, text);
    hold(a, list);
    heap.decref(a);
    expect(heap.gc()).toBe(2);
    expect(heap.refcount(text)).toBe(1);
    heap.decref(text);
  });

  test("a finalizer that gives up what is held", () => {
    const held = new Map<Ptr, Ptr>();
    const { heap } = heapWithNodes(build, { autoCollect: false });
    const Box = heap.defineType({
      name: "Box",
      fields: {},
      finalize: (self) => {
        const child = held.get(self);
        held.delete(self);
        if (child !== undefined) heap.decref(child);
      },
    });
    heap.addTraverse(Box, (self, visit) => visit(held.get(self) ?? null));
    const [a, b] = [heap.alloc(Box), heap.alloc(Box)];
    held.set(a, b);
    held.set(b, a);
    heap.gc();
    expect(held.size).toBe(0);
    heap.verify();
  });

  test("resurrected ones keep what is held for them", () => {
    const kept: Ptr[] = [];
    const { heap, box, hold, died } = setUp({
      finalize: (self) => {
        if (kept.length > 0) return;
        heap.incref(self);
        kept.push(self);
      },
    });
    const [a, b] = [box(1), box(2)];
    hold(a, b);
    hold(b, a);
    expect(heap.gc()).toBe(0);
    expect(died).toEqual([]);
    heap.verify();
    release(heap, ...kept);
    expect(heap.gc()).toBe(2);
  });

  test("derived types, also those that come later", () => {
    const { heap } = heapWithNodes(build, { autoCollect: false });
    const Base = heap.defineType({ name: "Base", fields: { next: "ref" } });
    const Before = heap.defineType({ name: "Before", fields: {}, extends: Base });
    const held = new Map<Ptr, Ptr>();
    const early = heap.alloc(Before);
    heap.addTraverse(Base, (self, visit) => visit(held.get(self) ?? null));
    const After = heap.defineType({ name: "After", fields: {}, extends: Base });
    const late = heap.alloc(After);
    held.set(early, late);
    held.set(late, early);
    expect(heap.gc()).toBe(2);
  });

  test("types that cannot have it", () => {
    const { heap, Node } = heapWithNodes(build);
    const Acyclic = heap.defineType({ name: "Acyclic", fields: { next: "ref" }, acyclic: true });
    const Plain = heap.defineType({ name: "Plain", fields: { id: "i32" } });
    const plain = heap.alloc(Plain);
    const fn = (): void => {};
    refused(heap, "ERR_HEAP_TYPE", () => heap.addTraverse(Acyclic, fn));
    refused(heap, "ERR_HEAP_TYPE", () => heap.addTraverse(Plain, fn));
    refused(heap, "ERR_HEAP_TYPE", () => heap.addTraverse(heap.typeOf(heap.none), fn));
    refused(heap, "ERR_HEAP_ARGUMENT", () => heap.addTraverse(undefined as never, fn));
    const other = build.create();
    const Foreign = other.defineType({ name: "Foreign", fields: {} });
    refused(heap, ["ERR_HEAP_TYPE", "ERR_HEAP_ARGUMENT"], () => heap.addTraverse(Foreign, fn));
    other.dispose();
    heap.decref(plain);
    heap.addTraverse(Plain, fn);
    heap.addTraverse(Node, fn)();
  });

  test("a function that lies", () => {
    const { heap, held, box, hold, died } = setUp();
    const [a, b] = [box(1), box(2)];
    hold(a, b);
    hold(b, a);
    const dead = heap.str("dead");
    heap.decref(dead);
    held.get(a)!.push(dead);
    expect(errorOf(() => heap.gc()).code).toBe("ERR_HEAP_USE_AFTER_FREE");
    heap.verify();
    held.get(a)![1] = 8 as Ptr;
    expect(errorOf(() => heap.gc()).code).toBe("ERR_HEAP_BAD_POINTER");
    heap.verify();
    // More than it owns: then the counts are lower than the references.
    held.get(a)![1] = b;
    expect(errorOf(() => heap.gc()).code).toBe("ERR_HEAP_CORRUPT");
    heap.verify();
    expect(died).toEqual([]);
    held.get(a)!.pop();
    expect(heap.gc()).toBe(2);
  });

  test("a function that throws: the collection is given up, and who asked is told", () => {
    const { heap, box, hold, died } = setUp();
    const Faulty = heap.defineType({ name: "Faulty", fields: { next: "ref" } });
    const [a, b, faulty] = [box(1), box(2), heap.alloc(Faulty)];
    hold(a, b);
    hold(b, a);
    const remove = heap.addTraverse(Faulty, () => {
      throw new Error("traverse");
    });
    const inSlices = (): void => {
      while (!heap.collector.step({ budgetObjects: 1 }));
    };
    for (const collect of [() => heap.gc(), inSlices, () => heap.gc(), inSlices]) {
      const error = refused(heap, "ERR_HEAP_ARGUMENT", collect);
      expect((error.cause as Error).message).toBe("traverse");
    }
    expect(died).toEqual([]);
    remove();
    expect(heap.gc()).toBe(2);
    heap.decref(faulty);
  });

  test("a function that allocates, releases, collects or ends the heap", () => {
    const { heap, held, box, died } = setUp();
    const Busy = heap.defineType({ name: "Busy", fields: { next: "ref" } });
    const codes: string[] = [];
    const made: Ptr[] = [];
    const remove = heap.addTraverse(Busy, () => {
      made.push(box(made.length));
      heap.decref(heap.list([made.at(-1)!]));
      expect(heap.gc()).toBe(0);
      for (const end of [() => heap.dispose(), () => heap.reset(), () => heap.trim()])
        codes.push((errorOf(end) as HeapError).code);
    });
    const busy = heap.alloc(Busy);
    for (let i = 0; i < 3; i++) {
      heap.gc();
      heap.verify();
    }
    expect(new Set(codes)).toEqual(new Set(["ERR_HEAP_BUSY"]));
    expect([made.length >= 3, held.size, died]).toEqual([true, made.length, []]);
    remove();
    for (const p of [busy, ...made]) heap.decref(p);
    expect(died.length).toBe(made.length);
  });

  test("a function that lets die what it visited", () => {
    const { heap, unraisable } = heapWithNodes(build, { autoCollect: false });
    const Box = heap.defineType({ name: "Box", fields: { next: "ref" } });
    let victim = heap.str("victim");
    let isArmed = true;
    heap.addTraverse(Box, (_self, visit) => {
      if (!isArmed) return;
      visit(victim);
      heap.decref(victim);
      isArmed = false;
    });
    const box = heap.alloc(Box);
    expect(errorOf(() => heap.gc()).code).toBe("ERR_HEAP_CORRUPT");
    heap.verify();
    heap.gc();
    heap.decref(box);
    victim = box;
    expect(unraisable).toEqual([]);
  });

  test("with stacks, too", () => {
    const { heap, box, hold, died } = setUp();
    const stack = heap.stack({ slots: 4 });
    const [a, b] = [box(1), box(2)];
    hold(a, b);
    hold(b, a);
    stack.push(a);
    expect(heap.gc()).toBe(0);
    stack.pop();
    expect(heap.gc()).toBe(2);
    expect(died.sort()).toEqual([1, 2]);
    const c = box(3);
    hold(c, stack.adopt(box(4)));
    heap.incref(stack.top());
    stack.pop();
    heap.decref(c);
    heap.reclaim();
    expect(died.slice(2)).toEqual([3, 4]);
  });
});
