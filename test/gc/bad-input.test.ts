import { describe, expect, test, vi } from "vitest";
import { coreOf } from "../../bindings/heap/heap.js";
import { STATE_COLLECTING, STATE_NESTING } from "../../bindings/generated/layout.js";
import { HeapError, type Heap, type Ptr } from "../../bindings/index.js";
import { stress } from "../../bindings/testing.js";
import { builds, errorOf, expectRefused, MIB } from "../support/cores.js";
import { NULL, fillUp, manualHeap, newHeap, release, selfCycle, setCount } from "../support/objects.js";

/** Runs what recurses without end, with the end of the stack at another place each time. */
function atEveryDepth(dive: () => void, cleanUp = (): void => {}): void {
  const descend = (levels: number): void => {
    if (levels > 0) return descend(levels - 1);
    try {
      dive();
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
  };
  for (let levels = 0; levels < 12; levels++) {
    descend(levels);
    cleanUp();
  }
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
    const heap = manualHeap(build, { onUnraisable: unraisable });
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
    const heap = manualHeap(build);
    const children = Array.from({ length: 10 }, () => heap.list());
    const top = heap.list(children);
    const tuple = heap.tuple([heap.none]);
    const [first] = children as [Ptr];
    heap.lists.append(top, first);
    setCount(heap, first, 1);
    expect(errorOf(() => heap.gc()).code).toBe("ERR_HEAP_CORRUPT");
    expect(errorOf(() => heap.verify())).toMatchObject({ address: first, expected: 2, actual: 1 });
    setCount(heap, first, 3);
    heap.verify();
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
    setCount(heap, list, 1);
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
    const heap = manualHeap(build);
    let inner = NULL;
    let outer = NULL;
    const dive = (): void => {
      inner = heap.list();
      heap.finalize(inner, () => {});
      outer = heap.list([inner]);
      heap.decref(inner);
      inner = NULL;
      heap.decref(outer);
      outer = NULL;
      dive();
    };
    // A call that the end of the stack refused has not happened: what it was to release is still the test's.
    atEveryDepth(dive, () => {
      release(heap, ...[inner, outer].filter((list) => list !== NULL));
      inner = outer = NULL;
    });
    heap.verify();
    expect(coreOf(heap).state(STATE_NESTING)).toBe(0);
  });

  test.each([
    ["nobody", () => undefined],
    ["somebody who has none", () => () => {}],
    [
      "somebody who frees a block",
      (heap: () => Heap, scarce: Ptr[]) => () => heap().free(scarce.pop() ?? NULL),
    ],
  ])(
    "a finalizer takes what a request borrows while memory is made for it, then asked for: %s",
    (_who, asked) => {
      const scarce: Ptr[] = [];
      const onMemoryPressure = asked(() => heap, scarce);
      const limits = { initialBytes: MIB, maxBytes: MIB };
      const heap: Heap = manualHeap(build, onMemoryPressure ? { ...limits, onMemoryPressure } : limits);
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
        scarce.push(...fillUp(heap));
        for (let i = 0; i < 10_000 && heap.getRef(holder, held) !== NULL; i++) tolerate(() => request(list));
        expect(heap.getRef(holder, held)).toBe(NULL);
        for (const block of scarce.splice(0)) heap.free(block);
        heap.verify();
      }
      const dict = prepare(heap.dict());
      scarce.push(...fillUp(heap));
      const keys: Ptr[] = [];
      for (let i = 0; i < 10_000 && heap.getRef(holder, held) !== NULL; i++) {
        tolerate(() => {
          keys.push(heap.int(200_000 + i));
          heap.dicts.set(dict, keys.at(-1)!, key);
        });
      }
      expect(heap.getRef(holder, held)).toBe(NULL);
      for (const block of scarce.splice(0)) heap.free(block);
      release(heap, ...keys, ...slices);
      heap.verify();
      const weak = heap.weakref(holder);
      heap.collector.thresholds = [1, 10, 10];
      const target = prepare(heap.alloc(Holder));
      // Nobody but the request holds the target: nothing may collect before it does.
      stress(heap, 0);
      heap.collector.enable();
      const weakToTarget = heap.weakref(target);
      expect(heap.deref(weakToTarget)).toBe(NULL);
      expect(heap.refcount(key)).toBe(1);
      release(heap, weak, weakToTarget, holder, key);
    },
  );

  test("heap.finalize of trash: the object is dead when the function runs", () => {
    const heap = manualHeap(build);
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
