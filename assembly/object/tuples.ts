/** tuple: a length and items, immutable once filled; the empty one is shared. */
import { STATE_EMPTY_TUPLE, TUPLE_ITEMS, TUPLE_LENGTH, TUPLE_LISTS, TYPE_META, TYPE_TUPLE } from "../layout";
import { word } from "../state";
import { zeroBytes } from "../alloc/copy";
import { allocateItems, christen } from "./alloc";
import { pull, tupleList } from "./freelists";
import { descriptor } from "./header";
import { markYoung } from "./young";

/** A new tuple of null items for the caller to fill; the shared empty one for length 0. */
export function newTuple(length: u32): usize {
  if (!length) return word(STATE_EMPTY_TUPLE);
  const type = descriptor(TYPE_TUPLE);
  if (length < TUPLE_LISTS) {
    const list = tupleList(length);
    const block = <usize>load<u32>(list);
    if (block) {
      pull(list, block);
      zeroBytes(block + TUPLE_LENGTH, <usize>TUPLE_ITEMS - TUPLE_LENGTH + (length << 2));
      store<u32>(block, length, TUPLE_LENGTH);
      markYoung(block);
      christen(block, load<u32>(type, TYPE_META));
      return block;
    }
  }
  return allocateItems(type, length);
}
