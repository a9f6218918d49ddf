import { afterEach, expect } from "vitest";
import { assertNoLeaks, checkpoint } from "../../bindings/testing.js";
import type { Heap, HeapOptions, Ptr } from "../../bindings/index.js";
import { objectLayerOf } from "../../bindings/heap/record-heap.js";
import type { Build } from "./cores.js";

export const NULL = 0 as Ptr;

const watched: { readonly heap: Heap; readonly start: ReturnType<typeof checkpoint> }[] = [];

/** A heap that the end of the test proves sound and free of leaks. */
export function newHeap({ create }: Build, options?: HeapOptions): Heap {
  const heap = create(options);
  watched.push({ heap, start: checkpoint(heap) });
  return heap;
}

/** The same without automatic collections: for tests of single collections and of births in great numbers. */
export function manualHeap(build: Build, options?: HeapOptions): Heap {
  return newHeap(build, { ...options, autoCollect: false });
}

afterEach(() => {
  for (const { heap, start } of watched.splice(0)) {
    if (heap.disposed) continue;
    heap.verify();
    assertNoLeaks(start);
    heap.dispose();
  }
});

/** Releases references that a test owns, in order. */
export function release(heap: Heap, ...references: readonly Ptr[]): void {
  for (const reference of references) heap.decref(reference);
}

/** Blocks of 4 KiB, and of 16 bytes where no more of those fit, until memory is exhausted. */
export function fillUp(heap: Heap): Ptr[] {
  const blocks: Ptr[] = [];
  for (const size of [4096, 16]) {
    for (let block = heap.raw.malloc(size); block !== 0; block = heap.raw.malloc(size)) blocks.push(block);
  }
  return blocks;
}

/** A dropped list that holds itself. */
export function selfCycle(heap: Heap): void {
  const list = heap.list();
  heap.lists.append(list, list);
  heap.decref(list);
}

/** Writes the count of an object: what releasing it too often comes to, or mends that. */
export function setCount(heap: Heap, p: Ptr, count: number): void {
  objectLayerOf(heap).memory.i32[p >>> 2] = count;
}

/** Is the referent of a weak reference alive? */
export function isAlive(heap: Heap, weak: Ptr): boolean {
  const referent = heap.deref(weak);
  if (referent === NULL) return false;
  heap.decref(referent);
  return true;
}

/** A generator of numbers in [0, 1) (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of a random test: `SEED=n npm test` repeats a run. It is printed. */
export function seedOf(name: string): number {
  const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
  console.log(`${name}: SEED=${seed}`);
  expect(Number.isInteger(seed)).toBe(true);
  return seed;
}

/** Makes objects with numbers; the numbers of those that died, in their order. */
export function watchDeaths(heap: Heap): { died: number[]; watched: (number: number) => Ptr } {
  const died: number[] = [];
  const Base = heap.defineType({ name: "Base", fields: { id: "i32" } });
  const { id } = Base.fields;
  const finalize = (self: Ptr): void => void died.push(heap.getI32(self, id));
  const Watched = heap.defineType({ name: "Watched", extends: Base, finalize });
  const watched = (number: number): Ptr => {
    const object = heap.alloc(Watched);
    heap.setI32(object, id, number);
    return object;
  };
  return { died, watched };
}
