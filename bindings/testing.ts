/**
 * For test suites: proof that a piece of code has released what it took, and collections where nobody expects them.
 *
 *     import { assertNoLeaks, checkpoint } from "tallyheap/testing";
 *     const start = checkpoint(heap);
 *     …
 *     assertNoLeaks(start);
 *
 *     stress(heap, 1); // whoever uses a reference without owning it will be found out
 */
import { HeapError } from "./core/errors.js";
import { Heap, reportOf } from "./heap/heap.js";
import { describeLeaks } from "./core/leak-report.js";
import { objectLayerOf } from "./heap/record-heap.js";
import { argumentError } from "./core/arguments.js";
import { collectEvery } from "./objects/stress.js";
import { isU32 } from "./core/ptr.js";

/** What was alive in a heap at one moment. */
export interface Checkpoint {
  readonly heap: Heap;
  /** Mortal objects alive, by name of their type. */
  readonly objects: ReadonlyMap<string, number>;
  /** Handles that were not disposed of. */
  readonly handles: number;
  /** Blocks of raw bytes, those of the objects' own not counted. */
  readonly blocks: number;
}

/**
 * Notes what is alive: for `assertNoLeaks`. Collects cycles first. Walks the heap.
 * @throws HeapError `ERR_HEAP_ARGUMENT` for what is no heap, `ERR_HEAP_USE_AFTER_DISPOSE`
 */
export function checkpoint(heap: Heap): Checkpoint {
  requireHeap("checkpoint", heap);
  return { heap, ...take(heap) };
}

/**
 * Proves that nothing is alive that was not alive at the checkpoint: no more objects of any type, handles or blocks of
 * raw bytes. Collects cycles first.
 * @throws HeapError `ERR_HEAP_LEAK`, saying what there is too much of and who holds it; `ERR_HEAP_ARGUMENT` for what is
 * no checkpoint, `ERR_HEAP_USE_AFTER_DISPOSE`
 */
export function assertNoLeaks(start: Checkpoint): void {
  if (!isCheckpoint(start)) throw argumentError("assertNoLeaks", "start", start, "a checkpoint");
  const { heap } = start;
  const now = take(heap);
  const excess: string[] = [];
  let count = 0;
  const compare = (what: string, before: number, after: number): void => {
    if (after <= before) return;
    count += after - before;
    excess.push(`${after - before} × ${what}`);
  };
  for (const [type, after] of now.objects) compare(type, start.objects.get(type) ?? 0, after);
  compare("handle", start.handles, now.handles);
  compare("block of raw bytes", start.blocks, now.blocks);
  if (excess.length === 0) return;
  const message = `assertNoLeaks: ${excess.join(", ")} more than at the checkpoint\n${describeLeaks(reportOf(heap))}`;
  throw new HeapError("ERR_HEAP_LEAK", message, { operation: "assertNoLeaks", count });
}

/**
 * From now on every `interval`-th call that may allocate an object is followed by a full collection, unless automatic
 * collections are off; 0 ends that. Code that keeps a borrowed pointer across an allocation, or forgets a reference that
 * only a cycle owns, fails at once instead of once in a thousand runs.
 * @throws HeapError `ERR_HEAP_ARGUMENT` for what is no heap, or if the interval is no whole number; `ERR_HEAP_USE_AFTER_DISPOSE`
 */
export function stress(heap: Heap, interval: number): void {
  requireHeap("stress", heap);
  if (!isU32(interval)) throw argumentError("stress", "interval", interval, "a whole number");
  const wrapper = interval === 0 ? undefined : { abi: collectEvery(interval) };
  objectLayerOf(heap).calls.lifecycle.wrap("stress", wrapper);
}

function requireHeap(operation: string, heap: unknown): void {
  if (!(heap instanceof Heap)) throw argumentError(operation, "heap", heap, "a heap");
}

function isCheckpoint(value: unknown): boolean {
  const { heap, objects } = (value ?? {}) as Partial<Checkpoint>;
  return heap instanceof Heap && objects instanceof Map;
}

function take(heap: Heap): Omit<Checkpoint, "heap"> {
  heap.gc();
  const { blocks, handles } = reportOf(heap);
  return { objects: objectLayerOf(heap).leaks.census(), handles, blocks };
}
