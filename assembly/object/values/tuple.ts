/** tuple: a length and items, immutable once filled; the empty one is shared. */
import { TUPLE_ITEMS, TUPLE_LENGTH, TUPLE_LISTS, TYPE_TUPLE, Tuple, TypeDescriptor } from "../../layout";
import { objects } from "../../state";
import { zeroBytes } from "../../alloc/copy";
import { initHeader, newVarInstance, tryNewVarInstance } from "../core/alloc";
import { tupleList } from "../core/free-lists";
import { typeById } from "../core/header";
import { ensureYoung } from "../core/young-pages";

/** A new tuple of null items for the caller to fill; the shared empty one for length 0. */
export function newTuple(length: u32): usize {
  if (!length) return objects.emptyTuple;
  const type = typeById(TYPE_TUPLE);
  const cached = takeCached(type, length);
  return cached ? cached : newVarInstance(type, length);
}

/** newTuple if a list has a block at hand, else 0. */
export function tryTuple(length: u32): usize {
  if (!length) return 0;
  const type = typeById(TYPE_TUPLE);
  const cached = takeCached(type, length);
  return cached ? cached : tryNewVarInstance(type, length);
}

/** A tuple from the private free list of its length; 0 if that is empty. */
// @ts-ignore: decorator
@inline
function takeCached(type: TypeDescriptor, length: u32): usize {
  if (length >= TUPLE_LISTS) return 0;
  const list = tupleList(length);
  const block = list.first;
  if (!block) return 0;
  ensureYoung(block);
  list.pull(block);
  zeroBytes(block + TUPLE_LENGTH, TUPLE_ITEMS - TUPLE_LENGTH + (length << 2));
  changetype<Tuple>(block).length = length;
  initHeader(block, type.meta);
  return block;
}
