/**
 * Where the loops keep their pointers: static memory, so that it does not count into the heap.
 * SLOTS (`--use SLOTS=n`) is at least what micro.ts needs, and more where a trace has more blocks alive.
 */
export const TABLE: usize = memory.data(SLOTS * 4, 64);
