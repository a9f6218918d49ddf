/** tuple: a length and items, immutable once filled; the empty one is shared. */
import {
  STATE_EMPTY_TUPLE,
  TUPLE_ITEMS,
  TUPLE_LENGTH,
  TUPLE_LISTS,
  TYPE_META,
  TYPE_TUPLE,
} from "../../layout";
import { word } from "../../state";
import { zeroBytes } from "../../alloc/copy";
import { allocateItems, allocateItemsListed, christen } from "../core/alloc";
import { pull, tupleList } from "../core/free-lists";
import { descriptor } from "../core/header";
import { ensureYoung } from "../core/young-pages";

/** A new tuple of null items for the caller to fill; the shared empty one for length 0. */
export function newTuple(length: u32): usize {
  if (!length) return word(STATE_EMPTY_TUPLE);
  const type = descriptor(TYPE_TUPLE);
  const kept = takeKept(type, length);
  return kept ? kept : allocateItems(type, length);
}

/** newTuple if a list has a block at hand, else 0. */
export function newTupleListed(length: u32): usize {
  if (!length) return 0;
  const type = descriptor(TYPE_TUPLE);
  const kept = takeKept(type, length);
  return kept ? kept : allocateItemsListed(type, length);
}

/** A tuple from the private free list of its length; 0 if that is empty. */
// @ts-ignore: decorator
@inline
function takeKept(type: usize, length: u32): usize {
  if (length >= TUPLE_LISTS) return 0;
  const list = tupleList(length);
  const block = <usize>load<u32>(list);
  if (!block) return 0;
  ensureYoung(block);
  pull(list, block);
  zeroBytes(block + TUPLE_LENGTH, <usize>TUPLE_ITEMS - TUPLE_LENGTH + (length << 2));
  store<u32>(block, length, TUPLE_LENGTH);
  christen(block, load<u32>(type, TYPE_META));
  return block;
}
