/**
 * Private free lists: blocks of dead objects that a type keeps for itself, as CPython's types do; layout/free-list.ts.
 * The pool counts them as live. Tuples have one list for each length from 1 to 20.
 *
 *   freeCount ≤ freeCap, unless the cap was lowered;   u32.MAX_VALUE: what CPython 2's ints did
 */
import { FreeList, STATE_TUPLE_LISTS, TUPLE_LISTS, TYPE_TUPLE, Tuple, TypeDescriptor } from "../../layout";
import { STATE, objects } from "../../state";
import { free } from "../../alloc/malloc";
import { typeById } from "./header";

/** Puts a dead object's block on its list; false if there is none, or no room. */
// @ts-ignore: decorator
@inline
export function cacheBlock(object: usize, type: TypeDescriptor): bool {
  // A list that leads from type to type would have to be proved as well.
  if (isDefined(TALLYHEAP_HARDENED)) return false;
  const cached = type.freeCount;
  const cap = type.freeCap;
  if (cached >= cap) return false;
  if (!type.sizeClass) return cacheTuple(object, cap);
  type.freeList.push(object, cached);
  return true;
}

// @ts-ignore: decorator
@inline
function cacheTuple(object: usize, cap: u32): bool {
  const length = changetype<Tuple>(object).length;
  if (length >= TUPLE_LISTS) return false;
  const list = tupleList(length);
  const cached = list.count;
  if (cached >= cap) return false;
  list.push(object, cached);
  return true;
}

/** The list of tuples of a length. */
// @ts-ignore: decorator
@inline
export function tupleList(length: u32): FreeList {
  return changetype<FreeList>(STATE + STATE_TUPLE_LISTS + length * offsetof<FreeList>());
}

/** Gives the blocks of one type's list back to their pools, or of all types' with 0. The number of blocks. */
export function clearFreeLists(id: u32): u32 {
  let given: u32 = 0;
  const count = objects.typeCount;
  const end = id ? min(id + 1, count) : count;
  for (let i = max<u32>(id, 1); i < end; i++) {
    const type = typeById(i);
    if (!type) continue;
    given += clearList(type.freeList);
    if (i != TYPE_TUPLE) continue;
    for (let length: u32 = 1; length < TUPLE_LISTS; length++) given += clearList(tupleList(length));
  }
  return given;
}

/** Empties a list; the number of its blocks. */
function clearList(list: FreeList): u32 {
  const cached = list.count;
  let block = list.first;
  list.first = 0;
  list.count = 0;
  while (block) {
    const next = load<usize>(block);
    free(block);
    block = next;
  }
  return cached;
}
