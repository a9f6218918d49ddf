/**
 * list: grows in CPython's pattern (0, 4, 8, 16, 24, 32, 40, 52, 64 …); layout/list.ts says where the items are.
 *
 * Every function either changes nothing and reports a fault, or does its work; references are released last, when the
 * list is in order again, because their death may run anything.
 */
import {
  FAULT_MEMORY,
  FAULT_NONE,
  FAULT_RANGE,
  LIST_BYTES,
  LIST_INSIDE,
  List,
  TYPE_LIST,
} from "../../layout";
import { fault, refuse } from "../../alloc/malloc";
import { newInstance, newSizedInstance, tryNewInstance, tryNewSizedInstance } from "../core/alloc";
import { giveBuffer, resizeBuffer, takeBuffer, takeZeroed } from "../core/buffers";
import { incref, typeById } from "../core/header";
import { decref } from "../death/death";

/** More references than memory can hold. */
const LENGTH_LIMIT: u32 = 0x3fe00000;

/** A new list of `length` nulls for the caller to fill; 0 if out of memory. */
export function newList(length: u32): usize {
  const type = typeById(TYPE_LIST);
  if (!length) return newInstance(type);
  if (length <= LIST_INSIDE)
    return openInside(newSizedInstance(type, length, LIST_BYTES + (length << 2)), length);
  if (length > LENGTH_LIMIT) return refuse(FAULT_MEMORY, 0);
  const items = takeZeroed(length << 2);
  if (!items) return 0;
  const pointer = newInstance(type);
  if (!pointer) {
    giveBuffer(items);
    return 0;
  }
  const list = changetype<List>(pointer);
  list.length = length;
  list.items = items;
  list.capacity = length;
  return pointer;
}

/** newList of a list with its items inside, if its active list has a block, else 0. */
export function tryList(length: u32): usize {
  if (length > LIST_INSIDE) return 0;
  const type = typeById(TYPE_LIST);
  if (!length) return tryNewInstance(type);
  return openInside(tryNewSizedInstance(type, length, LIST_BYTES + (length << 2)), length);
}

/** The items end where the block does: an even number would leave a word behind them. */
// @ts-ignore: decorator
@inline
function openInside(pointer: usize, length: u32): usize {
  if (pointer) {
    changetype<List>(pointer).items = pointer + LIST_BYTES;
    changetype<List>(pointer).capacity = length | 1;
  }
  return pointer;
}

/** Takes its own reference to `value`. */
export function append(list: List, value: usize): u32 {
  const length = list.length;
  if (length == list.capacity && !resize(list, length + 1)) return FAULT_MEMORY;
  store<usize>(list.at(length), value);
  list.length = length + 1;
  incref(value);
  return FAULT_NONE;
}

export function insert(list: List, index: u32, value: usize): u32 {
  const length = list.length;
  if (index > length) return fault(FAULT_RANGE, changetype<usize>(list));
  if (length == list.capacity && !resize(list, length + 1)) return FAULT_MEMORY;
  const place = list.at(index);
  memory.copy(place + 4, place, (length - index) << 2);
  store<usize>(place, value);
  list.length = length + 1;
  incref(value);
  return FAULT_NONE;
}

/** Makes room for `capacity` items in all. */
export function reserve(list: List, capacity: u32): u32 {
  return capacity <= list.capacity || resize(list, capacity) ? FAULT_NONE : FAULT_MEMORY;
}

/** Takes an item out; the caller owns it. */
export function pop(list: List, index: u32): usize {
  if (index >= list.length) return refuse(FAULT_RANGE, changetype<usize>(list));
  const item = load<usize>(list.at(index));
  cut(list, index, index + 1);
  return item;
}

/** Releases the items [from, to), the last one first. */
export function remove(list: List, from: u32, to: u32): u32 {
  const length = list.length;
  if (from > to || to > length) return fault(FAULT_RANGE, changetype<usize>(list));
  const removed = to - from;
  if (!removed) return FAULT_NONE;
  if (removed == length) {
    clear(list);
    return FAULT_NONE;
  }
  if (removed == 1) {
    const item = pop(list, from);
    if (item) decref(item);
    return FAULT_NONE;
  }
  const items = takeBuffer(removed << 2);
  if (!items) return FAULT_MEMORY;
  memory.copy(items, list.at(from), removed << 2);
  cut(list, from, to);
  releaseAll(items, removed);
  giveBuffer(items);
  return FAULT_NONE;
}

/** Items inside stay where they are until they are released, and the list with them; new ones go elsewhere. */
function clear(list: List): void {
  const items = list.items;
  const length = list.length;
  const buffer = list.buffer;
  list.length = 0;
  list.items = 0;
  list.capacity = 0;
  if (!buffer) incref(changetype<usize>(list));
  releaseAll(items, length);
  if (buffer) giveBuffer(buffer);
  else decref(changetype<usize>(list));
}

/** A new list of the items [from, to), with references of its own. */
export function slice(list: List, from: u32, to: u32): usize {
  if (from > to || to > list.length) return refuse(FAULT_RANGE, changetype<usize>(list));
  const pointer = newList(to - from);
  if (!pointer) return 0;
  const part = changetype<List>(pointer);
  for (let i = from; i < to; i++) {
    const item = load<usize>(list.at(i));
    store<usize>(part.at(i - from), item);
    if (item) incref(item);
  }
  return pointer;
}

// ---- the items ----

/** Makes room for `length` items, or gives some of a raw block back when less than half is used. False if out of memory. */
function resize(list: List, length: u32): bool {
  if (length > LENGTH_LIMIT) {
    fault(FAULT_MEMORY, 0);
    return false;
  }
  let capacity = (length + (length >>> 3) + 6) & ~3;
  const used = list.length;
  if (length > used && length - used > capacity - length) capacity = (length + 3) & ~3;
  if (!length) capacity = 0;
  const buffer = list.buffer;
  let moved: usize = 0;
  if (capacity) {
    moved = resizeBuffer(buffer, capacity << 2);
    if (!moved) return false;
    if (!buffer && used) memory.copy(moved, list.items, used << 2);
  } else giveBuffer(buffer);
  list.items = moved;
  list.capacity = capacity;
  return true;
}

/** Closes the gap [from, to), whose references belong to the caller already. */
function cut(list: List, from: u32, to: u32): void {
  const length = list.length;
  memory.copy(list.at(from), list.at(to), (length - to) << 2);
  const left = length - (to - from);
  list.length = left;
  // This cannot fail: for less than a block has, realloc gives the block itself if there is no memory.
  if (left < list.capacity >>> 1 && list.buffer) resize(list, left);
}

/** Releases references from the last to the first. */
function releaseAll(items: usize, length: u32): void {
  for (let i = length; i-- > 0;) {
    const item = load<usize>(items + (i << 2));
    if (item) decref(item);
  }
}
