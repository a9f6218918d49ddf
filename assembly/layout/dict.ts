import { ObjectHeader } from "./object-header";

/**
 * dict: CPython's compact table. Entries stand in the order of insertion; a sparse index of 1, 2 or 4 bytes a slot leads
 * from a hash to an entry.
 *
 *   ├ header 8 │ length │ table │ filled │ mask │ moves │ first ┤
 *                           └──▶ ├ entry: hash │ key │ value ┤ × capacity ├ index: slot × (mask + 1) ┤
 *
 *   slot     0 empty │ 1 deleted │ entry + 2
 *   length ≤ filled ≤ capacity = ⌊2/3 · (mask + 1)⌋;   without a table all three are 0
 *   first ≤ filled, and entries [0, first) are deleted
 */
@unmanaged
@final
export class Dict extends ObjectHeader {
  /** Entries that are not deleted. */
  length: u32;
  /** Address of a raw block; 0 while nothing was ever inserted. */
  table: usize;
  /** Entries written, the deleted ones included. */
  filled: u32;
  /** Slots of the index − 1. */
  mask: u32;
  /** Changes whenever entries change their places. */
  moves: u32;
  /** No entry before this one is left, so that the oldest key is found at once however many before it were deleted. */
  first: u32;

  /** Entries that the table has room for; 0 if there is none. */
  @inline
  get capacity(): u32 {
    return this.table ? entriesFor(this.mask + 1) : 0;
  }

  /** Entry number `index`, deleted or not. */
  @inline
  entry(index: u32): DictEntry {
    return changetype<DictEntry>(this.table + index * offsetof<DictEntry>());
  }

  /** Address of the index of a table. */
  @inline
  get slots(): usize {
    return changetype<usize>(this.entry(entriesFor(this.mask + 1)));
  }
}

/** Entries that a table with `slots` slots has room for. */
// @ts-ignore: decorator
@inline
export function entriesFor(slots: u32): u32 {
  return (slots << 1) / 3;
}

/** A deleted entry has neither key nor value. */
@unmanaged
@final
export class DictEntry {
  hash: u32;
  key: usize;
  value: usize;
}

export const DICT_LENGTH: u32 = offsetof<Dict>("length");
export const DICT_TABLE: u32 = offsetof<Dict>("table");
export const DICT_FILLED: u32 = offsetof<Dict>("filled");
export const DICT_MASK: u32 = offsetof<Dict>("mask");
export const DICT_MOVES: u32 = offsetof<Dict>("moves");
export const DICT_FIRST: u32 = offsetof<Dict>("first");
export const DICT_BYTES: u32 = offsetof<Dict>();
export const ENTRY_HASH: u32 = offsetof<DictEntry>("hash");
export const ENTRY_KEY: u32 = offsetof<DictEntry>("key");
export const ENTRY_VALUE: u32 = offsetof<DictEntry>("value");
export const ENTRY_BYTES: u32 = offsetof<DictEntry>();
/** Slots of the smallest index. */
export const DICT_SMALLEST: u32 = 8;
/** Largest masks of indexes whose slots have one byte, and two: a slot holds at most its table's capacity + 1. */
export const DICT_BYTE_MASK: u32 = 0xff;
export const DICT_SHORT_MASK: u32 = 0xffff;
