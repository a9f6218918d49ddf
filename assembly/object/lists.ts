/**
 * list: length, capacity and a raw block of references, grown in CPython's pattern (0, 4, 8, 16, 24, 32, 40, 52, 64 …).
 *
 * Every function either changes nothing and reports a fault, or does its work; references are released last, when the
 * list is in order again, because their death may run anything.
 */
import {
  FAULT_MEMORY,
  FAULT_NONE,
  FAULT_RANGE,
  LIST_CAPACITY,
  LIST_ITEMS,
  LIST_LENGTH,
  TYPE_LIST,
  TYPE_META,
} from "../layout";
import { fault } from "../alloc/malloc";
import { newFixed, takeListed } from "./alloc";
import { giveBuffer, peek, resizeBuffer, takeBuffer, takePeeked, takeZeroed } from "./buffers";
import { decref } from "./death";
import { descriptor, incref } from "./header";

/** Most items of a list that is made without a call: as many as are zeroed in a loop. */
const QUICK_ITEMS: u32 = 32;
/** More references than memory can hold. */
const LENGTH_LIMIT: u32 = 0x3fe00000;

/** A new list of `length` nulls for the caller to fill; 0 if out of memory. */
export function newList(length: u32): usize {
  if (!length) return newFixed(descriptor(TYPE_LIST));
  if (length > LENGTH_LIMIT) {
    fault(FAULT_MEMORY, 0);
    return 0;
  }
  const items = takeZeroed((<usize>length) << 2);
  if (!items) return 0;
  const list = newFixed(descriptor(TYPE_LIST));
  if (!list) {
    giveBuffer(items);
    return 0;
  }
  store<u32>(list, length, LIST_LENGTH);
  store<u32>(list, <u32>items, LIST_ITEMS);
  store<u32>(list, length, LIST_CAPACITY);
  return list;
}

/** newList if lists of blocks have both at hand, else 0. */
export function newListListed(length: u32): usize {
  const bytes = (<usize>length) << 2;
  let items: usize = 0;
  if (length) {
    if (length > QUICK_ITEMS) return 0;
    items = peek(bytes);
    if (!items) return 0;
  }
  const type = descriptor(TYPE_LIST);
  const list = takeListed(type, load<u32>(type, TYPE_META));
  if (!list) return 0;
  if (items) takePeeked(items, bytes);
  store<u32>(list, length, LIST_LENGTH);
  store<u32>(list, <u32>items, LIST_ITEMS);
  store<u32>(list, length, LIST_CAPACITY);
  return list;
}

/** Takes its own reference to `value`. */
export function append(list: usize, value: usize): u32 {
  const length = load<u32>(list, LIST_LENGTH);
  if (length == load<u32>(list, LIST_CAPACITY) && !resize(list, length + 1)) return FAULT_MEMORY;
  store<u32>(itemAt(list, length), <u32>value);
  store<u32>(list, length + 1, LIST_LENGTH);
  incref(value);
  return FAULT_NONE;
}

export function insert(list: usize, index: u32, value: usize): u32 {
  const length = load<u32>(list, LIST_LENGTH);
  if (index > length) return fault(FAULT_RANGE, list);
  if (length == load<u32>(list, LIST_CAPACITY) && !resize(list, length + 1)) return FAULT_MEMORY;
  const place = itemAt(list, index);
  memory.copy(place + 4, place, (<usize>(length - index)) << 2);
  store<u32>(place, <u32>value);
  store<u32>(list, length + 1, LIST_LENGTH);
  incref(value);
  return FAULT_NONE;
}

/** Takes an item out; the caller owns it. */
export function pop(list: usize, index: u32): usize {
  if (index >= load<u32>(list, LIST_LENGTH)) {
    fault(FAULT_RANGE, list);
    return 0;
  }
  const item = <usize>load<u32>(itemAt(list, index));
  cut(list, index, index + 1);
  return item;
}

/** Releases the items [from, to), the last one first. */
export function remove(list: usize, from: u32, to: u32): u32 {
  const length = load<u32>(list, LIST_LENGTH);
  if (from > to || to > length) return fault(FAULT_RANGE, list);
  const removed = to - from;
  if (removed == length) {
    clear(list);
    return FAULT_NONE;
  }
  if (removed <= 1) {
    if (removed) {
      const item = pop(list, from);
      if (item) decref(item);
    }
    return FAULT_NONE;
  }
  const items = takeBuffer((<usize>removed) << 2);
  if (!items) return FAULT_MEMORY;
  memory.copy(items, itemAt(list, from), (<usize>removed) << 2);
  cut(list, from, to);
  releaseAll(items, removed);
  return FAULT_NONE;
}

function clear(list: usize): void {
  const items = <usize>load<u32>(list, LIST_ITEMS);
  const length = load<u32>(list, LIST_LENGTH);
  store<u32>(list, 0, LIST_LENGTH);
  store<u32>(list, 0, LIST_ITEMS);
  store<u32>(list, 0, LIST_CAPACITY);
  releaseAll(items, length);
}

/** A new list of the items [from, to), with references of its own. */
export function slice(list: usize, from: u32, to: u32): usize {
  if (from > to || to > load<u32>(list, LIST_LENGTH)) {
    fault(FAULT_RANGE, list);
    return 0;
  }
  const part = newList(to - from);
  if (!part) return 0;
  for (let i = from; i < to; i++) {
    const item = <usize>load<u32>(itemAt(list, i));
    store<u32>(itemAt(part, i - from), <u32>item);
    if (item) incref(item);
  }
  return part;
}

// ---- the buffer ----

// @ts-ignore: decorator
@inline
function itemAt(list: usize, index: u32): usize {
  return <usize>load<u32>(list, LIST_ITEMS) + ((<usize>index) << 2);
}

/** Makes room for `length` items, or gives some back when less than half is used. False if out of memory. */
function resize(list: usize, length: u32): bool {
  if (length > LENGTH_LIMIT) {
    fault(FAULT_MEMORY, 0);
    return false;
  }
  let capacity = (length + (length >>> 3) + 6) & ~3;
  const used = load<u32>(list, LIST_LENGTH);
  if (length > used && length - used > capacity - length) capacity = (length + 3) & ~3;
  if (!length) capacity = 0;
  const items = <usize>load<u32>(list, LIST_ITEMS);
  let moved: usize = 0;
  if (capacity) {
    moved = resizeBuffer(items, (<usize>capacity) << 2);
    if (!moved) return false;
  } else giveBuffer(items);
  store<u32>(list, <u32>moved, LIST_ITEMS);
  store<u32>(list, capacity, LIST_CAPACITY);
  return true;
}

/** Closes the gap [from, to), whose references belong to the caller already. */
function cut(list: usize, from: u32, to: u32): void {
  const length = load<u32>(list, LIST_LENGTH);
  memory.copy(itemAt(list, from), itemAt(list, to), (<usize>(length - to)) << 2);
  const left = length - (to - from);
  store<u32>(list, left, LIST_LENGTH);
  // This cannot fail: for less than a block has, realloc gives the block itself if there is no memory.
  if (left < load<u32>(list, LIST_CAPACITY) >>> 1) resize(list, left);
}

/** Releases references from the last to the first, then the block that holds them. */
function releaseAll(items: usize, length: u32): void {
  for (let i = length; i-- > 0;) {
    const item = <usize>load<u32>(items + ((<usize>i) << 2));
    if (item) decref(item);
  }
  giveBuffer(items);
}
