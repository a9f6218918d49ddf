/**
 * For test suites: proof that a piece of code has released what it took.
 *
 *     import { assertNoLeaks, checkpoint } from "tallyheap/testing";
 *     const start = checkpoint(heap);
 *     …
 *     assertNoLeaks(start);
 */
import { HeapError } from "./errors.js";
import { reportOf, type Heap } from "./heap.js";
import { describeLeaks } from "./leak.js";
import { partsOf } from "./object-heap.js";

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
 * @throws HeapError `ERR_HEAP_USE_AFTER_DISPOSE`
 */
export function checkpoint(heap: Heap): Checkpoint {
  return { heap, ...take(heap) };
}

/**
 * Proves that nothing is alive that was not alive at the checkpoint: no more objects of any type, handles or blocks of
 * raw bytes. Collects cycles first.
 * @throws HeapError `ERR_HEAP_LEAK`, saying what there is too much of and who holds it; `ERR_HEAP_USE_AFTER_DISPOSE`
 */
export function assertNoLeaks(start: Checkpoint): void {
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

function take(heap: Heap): Omit<Checkpoint, "heap"> {
  heap.gc();
  const { blocks, handles } = reportOf(heap);
  return { objects: partsOf(heap).survey.census(), handles, blocks };
}
