import { describe, expect, test, vi } from "vitest";
import { createHeap, type Heap } from "../../bindings/index.js";
import { createHeap as createDebugHeap } from "../../bindings/debug.js";
import { assertNoLeaks, checkpoint, stress } from "../../bindings/testing.js";
import { errorOf } from "../support/cores.js";
import { newHeap } from "../support/objects.js";

describe.each([
  { name: "release", create: createHeap },
  { name: "debug", create: createDebugHeap },
] as const)("stress, $name core", (build) => {
  const collections = (heap: Heap): number => heap.collector.stats()[2]!.collections;

  test.each([1, 3, 20])("every allocation of a multiple of %i collects", (interval) => {
    const heap = newHeap(build);
    stress(heap, interval);
    const before = collections(heap);
    const Node = heap.defineType({ name: "Node", fields: { next: "ref" } });
    const calls = [
      () => heap.alloc(Node),
      () => heap.int(1000),
      () => heap.float(1.5),
      () => heap.list(),
      () => heap.dict(),
      () => heap.bytesObject(new Uint8Array(3)),
    ];
    const made = Array.from({ length: 60 }, (_, i) => calls[i % calls.length]!());
    // The definition of the type allocates too.
    expect(collections(heap) - before).toBe(Math.floor(61 / interval));
    for (const object of made) heap.decref(object);
  });

  test("a cycle lives no longer than to the next allocation", () => {
    const heap = newHeap(build);
    stress(heap, 1);
    const list = heap.list();
    heap.lists.append(list, list);
    heap.decref(list);
    expect(heap.collector.objects()).toEqual([list]);
    heap.decref(heap.float(1));
    expect(heap.collector.objects()).toEqual([]);
  });

  test("it pauses while automatic collections are off, survives trim and reset, and ends with 0", () => {
    const heap = newHeap(build);
    stress(heap, 1);
    const heard = vi.fn();
    heap.collector.callbacks.add(heard);
    const allocate = (): number => {
      heard.mockClear();
      heap.decref(heap.list());
      return heard.mock.calls.length / 2;
    };
    expect(allocate()).toBe(1);
    heap.collector.disable();
    expect(allocate()).toBe(0);
    heap.collector.enable();
    heap.collector.thresholds = [0, 10, 10];
    expect(allocate()).toBe(0);
    heap.collector.thresholds = [700, 10, 10];
    heap.trim();
    expect(allocate()).toBe(1);
    heap.reset();
    expect(allocate()).toBe(1);
    stress(heap, 0);
    expect(allocate()).toBe(0);
  });

  test("bad input", () => {
    const heap = newHeap(build);
    for (const wrong of [-1, 1.5, Number.NaN, "1" as unknown as number]) {
      expect(errorOf(() => stress(heap, wrong)).code).toBe("ERR_HEAP_ARGUMENT");
    }
    heap.dispose();
    expect(errorOf(() => stress(heap, 1)).code).toBe("ERR_HEAP_USE_AFTER_DISPOSE");
  });
});

describe.each([
  { name: "release", create: createHeap },
  { name: "debug", create: createDebugHeap },
])("arguments, $name core", ({ create }) => {
  const strangers = [undefined, null, {}, 1, "heap", Symbol("heap"), { heap: {} }] as unknown[];

  test("checkpoint and stress refuse what is no heap", () => {
    for (const value of strangers) {
      const wrong = { code: "ERR_HEAP_ARGUMENT", argument: "heap", value };
      expect(errorOf(() => checkpoint(value as Heap))).toMatchObject({ ...wrong, operation: "checkpoint" });
      expect(errorOf(() => stress(value as Heap, 1))).toMatchObject({ ...wrong, operation: "stress" });
    }
  });

  test("assertNoLeaks refuses what is no checkpoint", () => {
    const heap = create();
    for (const value of [...strangers, heap, { heap }, { ...checkpoint(heap), objects: {} }]) {
      expect(errorOf(() => assertNoLeaks(value as ReturnType<typeof checkpoint>))).toMatchObject({
        code: "ERR_HEAP_ARGUMENT",
        operation: "assertNoLeaks",
        argument: "start",
        value,
      });
    }
    heap.dispose();
  });
});
