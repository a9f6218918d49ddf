/**
 * How often heaps of the tests collect by force: after every so manieth call that may allocate; 0: never.
 * `npm run test:stress` sets it. Tests whose subject is when collections happen, or what a certain one finds, turn
 * automatic collections off (`manualHeap`), as CPython's do with `gc.disable()`, and so do those that would take hours.
 */
export const STRESS = Number(process.env["TALLYHEAP_STRESS"] ?? 0);

/** A great number; under stress, where every birth walks the whole heap, a thousand. */
export function many(count: number): number {
  return STRESS > 0 ? Math.min(count, 1000) : count;
}
