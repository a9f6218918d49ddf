/**
 * A private free list: blocks of dead objects that a type keeps for itself, linked by their first words; the second, the
 * meta word, is 0 in each.
 *
 *   ├ first │ count ┤      first ──▶ block ──▶ block ──▶ 0        count = blocks in the list
 */
@unmanaged
@final
export class FreeList {
  first: usize;
  count: u32;

  /** Puts a block in front of `count` others. */
  @inline
  push(block: usize, count: u32): void {
    store<u64>(block, this.first);
    this.first = block;
    this.count = count + 1;
  }

  /** Takes the first block off. */
  @inline
  pull(first: usize): void {
    this.first = load<usize>(first);
    this.count = this.count - 1;
  }
}

/** Tuples of 1 … 20 items have a list for each length. */
export const TUPLE_LISTS: u32 = 21;

// CPython's largest lengths of private free lists (docs/objects.md).
export const INT_CAP: u32 = 100;
export const FLOAT_CAP: u32 = 100;
export const TUPLE_CAP: u32 = 2000;
export const LIST_CAP: u32 = 80;
export const DICT_CAP: u32 = 80;
