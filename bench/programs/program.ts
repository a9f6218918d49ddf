/** A program that somebody has, as bench:programs runs it. */

import type { Heap } from "tallyheap";

export interface Program {
  readonly name: string;
  /**
   * Sets a new heap up. The result runs one round, and returns a number that tells whether two heaps did the same work:
   * it depends on what the program read, and on nothing that heaps may do differently.
   */
  prepare(heap: Heap): (() => number) | Promise<() => number>;
}

/** Whole numbers below a limit, the same ones in every process. */
export type Pick = (limit: number) => number;
