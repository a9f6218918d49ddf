/**
 * Private free lists: blocks of dead objects that a type keeps for itself, as CPython's types do. The pool counts them
 * as live and their meta word is 0. Tuples have one list for each length from 1 to 20.
 *
 *   TYPE_FREE_COUNT ≤ TYPE_FREE_CAP, unless the cap was lowered;   u32.MAX_VALUE: what CPython 2's ints did
 */
import {
  STATE_TUPLE_LISTS,
  STATE_TYPE_COUNT,
  TUPLE_LENGTH,
  TUPLE_LISTS,
  TYPE_CLASS,
  TYPE_FREE_CAP,
  TYPE_FREE_COUNT,
  TYPE_FREE_HEAD,
  TYPE_TUPLE,
} from "../../layout";
import { STATE, word } from "../../state";
import { free } from "../../alloc/malloc";
import { descriptor } from "./header";

/** Puts a dead object's block on its list; false if there is none, or no room. */
// @ts-ignore: decorator
@inline
export function cacheBlock(object: usize, type: usize): bool {
  const cached = load<u32>(type, TYPE_FREE_COUNT);
  const cap = load<u32>(type, TYPE_FREE_CAP);
  if (cached >= cap) return false;
  if (!load<u32>(type, TYPE_CLASS)) return cacheTuple(object, cap);
  push(type + TYPE_FREE_HEAD, object, cached);
  return true;
}

// @ts-ignore: decorator
@inline
function cacheTuple(object: usize, cap: u32): bool {
  const length = load<u32>(object, TUPLE_LENGTH);
  if (length >= TUPLE_LISTS) return false;
  const list = tupleList(length);
  const cached = load<u32>(list, 4);
  if (cached >= cap) return false;
  push(list, object, cached);
  return true;
}

/** Puts a block in front of a list: its link, and a meta word of 0. */
// @ts-ignore: decorator
@inline
function push(list: usize, object: usize, cached: u32): void {
  store<u64>(object, load<u32>(list));
  store<u32>(list, <u32>object);
  store<u32>(list, cached + 1, 4);
}

/** Takes the first block off its list. */
// @ts-ignore: decorator
@inline
export function pull(list: usize, first: usize): void {
  store<u32>(list, load<u32>(first));
  store<u32>(list, load<u32>(list, 4) - 1, 4);
}

/** Address of the list of tuples of a length: first block, number of blocks. */
// @ts-ignore: decorator
@inline
export function tupleList(length: u32): usize {
  return STATE + STATE_TUPLE_LISTS + ((<usize>length) << 3);
}

/** Gives the blocks of one type's list back to their pools, or of all types' with 0. The number of blocks. */
export function clearFreeLists(id: u32): u32 {
  let given: u32 = 0;
  const count = word(STATE_TYPE_COUNT);
  const end = id ? min(id + 1, count) : count;
  for (let i = max<u32>(id, 1); i < end; i++) {
    const type = descriptor(i);
    if (!type) continue;
    given += clearList(type + TYPE_FREE_HEAD);
    if (i != TYPE_TUPLE) continue;
    for (let length: u32 = 1; length < TUPLE_LISTS; length++) given += clearList(tupleList(length));
  }
  return given;
}

/** Empties a list: its first block, its length. */
function clearList(list: usize): u32 {
  const cached = load<u32>(list, 4);
  let block = <usize>load<u32>(list);
  store<u64>(list, 0);
  while (block) {
    const next = <usize>load<u32>(block);
    free(block);
    block = next;
  }
  return cached;
}
