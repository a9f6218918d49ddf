import { describe, expect, test } from "vitest";
import type { Heap, HeapError, Ptr } from "../../../bindings/index.js";
import { randomSize } from "../../model/script.js";
import { Random } from "../../support/random.js";
import { builds, release } from "../../support/cores.js";
import { manualHeap } from "../../support/objects.js";

/** Runs `action` at every depth, from the end of the stack back up, as `finally` blocks do; the frames differ in size. */
function whileUnwinding(action: () => void, width: number): void {
  const dive = (...padding: number[]): number => {
    try {
      return dive(...padding) + 1;
    } finally {
      action();
    }
  };
  try {
    dive(...new Array<number>(width).fill(0));
    throw new Error("the stack has no end");
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

/** Does it or not; anything but the end of the stack fails the test. */
function done(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return false;
  }
}

describe.each(builds)("at the end of the stack, $name core", (build) => {
  const structures: Record<string, (heap: Heap) => Ptr> = {
    "a chain of records": (heap) => {
      const Node = heap.defineType({ name: "Node", fields: { next: "ref" } });
      let head = heap.alloc(Node);
      for (let i = 0; i < 5000; i++) {
        const node = heap.alloc(Node);
        heap.stealRef(node, Node.fields.next, head);
        head = node;
      }
      return head;
    },
    "lists and dicts": (heap) =>
      heap.fromJS(Array.from({ length: 500 }, (_, i) => [i, { a: [i, `text ${i}`] }])),
    "a list of ints": (heap) => heap.list(Array.from({ length: 10 }, (_, i) => heap.int(i + 1000))),
  };
  test.each(Object.entries(structures))("%s dies once, and whole", (_, make) => {
    for (let width = 0; width < 24; width++) {
      const heap = build.create({ autoCollect: false });
      heap.verify();
      const root = make(heap);
      let isAlive = true;
      whileUnwinding(() => {
        if (isAlive && done(() => heap.decref(root))) isAlive = false;
      }, width);
      expect(isAlive).toBe(false);
      heap.verify();
      const left = heap.list();
      heap.decref(left);
    }
  });

  test("a finalizer runs, or its error is reported", () => {
    let heard = 0;
    const heap = manualHeap(build, { onUnraisable: () => heard++ });
    const Type = heap.defineType({ name: "Finalized", finalize: () => heard++ });
    for (let width = 0; width < 24; width++) {
      const list = heap.list();
      const object = heap.alloc(Type);
      heap.lists.append(list, object);
      heap.decref(object);
      let isAlive = true;
      whileUnwinding(() => {
        if (isAlive && done(() => heap.decref(list))) isAlive = false;
      }, width);
      expect(isAlive).toBe(false);
      heap.verify();
      expect(heard).toBe(width + 1);
    }
  });
});

test("blocks come and go at the end of the stack, or the heap refuses everything, but it is never broken", () => {
  const seed = Number(process.env["TALLYHEAP_SEED"] ?? Date.now() % 1_000_000_007);
  const random = new Random(seed);
  let whole = 0;
  for (let round = 0; round < 60; round++) {
    const heap = release.create();
    const live = new Map<Ptr, number>();
    const add = (): void => {
      const size = randomSize(random) + 1;
      live.set(heap.malloc(size), size);
    };
    const remove = (): void => {
      const [block] = [...live.keys()].slice(random.below(live.size));
      heap.free(block!);
      live.delete(block!);
    };
    try {
      for (let i = 0; i < 200; i++) add();
      let left = 40;
      whileUnwinding(() => {
        if (left-- > 0) done(random.below(2) === 0 ? add : remove);
      }, round % 24);
      heap.verify();
      for (let i = 0; i < 200; i++) add();
      heap.verify();
      whole++;
    } catch (error) {
      expect([seed, round, (error as HeapError).code]).toEqual([seed, round, "ERR_HEAP_CORRUPT"]);
      expect(() => heap.malloc(16)).toThrow("corrupt");
      continue;
    }
    const blocks = [...live].sort(([a], [b]) => a - b);
    blocks.forEach(([block, size], i) => {
      expect(block + size).toBeLessThanOrEqual(blocks[i + 1]?.[0] ?? Infinity);
    });
  }
  expect(whole).toBeGreaterThan(0);
  console.log(`blocks at the end of the stack: ${whole} of 60 heaps live on, TALLYHEAP_SEED=${seed}`);
});
