import { ObjectHeader } from "./object-header";

/**
 * list: its items lie in a raw block or, if it was made with at most LIST_INSIDE of them, behind its last word, until it
 * outgrows them.
 *
 *   ├ header 8 │ length │ items │ capacity ┤          ├ header 8 │ length │ items ──┐ capacity ├ items … ┤
 *                            └──▶ raw block                                         └──────────▲
 *
 *   length ≤ capacity;   capacity = 0  ⇔  items = 0;   the block with the items has room for `capacity` of them
 */
@unmanaged
@final
export class List extends ObjectHeader {
  length: u32;
  /** Address of the first item. */
  items: usize;
  capacity: u32;

  /** Address of an item. */
  @inline
  at(index: u32): usize {
    return this.items + (index << 2);
  }

  /** The raw block with the items; 0 if there is none, or they are inside. */
  @inline
  get buffer(): usize {
    return this.items == changetype<usize>(this) + offsetof<List>() ? 0 : this.items;
  }
}

export const LIST_LENGTH: u32 = offsetof<List>("length");
export const LIST_ITEMS: u32 = offsetof<List>("items");
export const LIST_CAPACITY: u32 = offsetof<List>("capacity");
export const LIST_BYTES: u32 = offsetof<List>();

/**
 * Items inside spare creation and death a block and a collection a look at another place (bench:gc, trees and pairs of
 * lists). Most containers of the bundled graphs hold so few, and collections of them took the same time with 4, 16 and 32.
 * A list that outgrows its items leaves at most 36 bytes unused until it dies.
 */
export const LIST_INSIDE: u32 = 8;
