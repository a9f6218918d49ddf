/** A part of what a program owns, and what the program knows about it. */
export interface Holding {
  /** Is nothing owned? */
  readonly isEmpty: boolean;
  /** Throws unless the heap has what is known. */
  compare(): void;
  /** Gives everything up. What dies of it may make the program own more. */
  release(): void;
  /** The heap was reset: nothing is owned any more. */
  forget(): void;
}

/** Throws unless it holds. */
export function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
