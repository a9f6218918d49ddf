/**
 * list: length, capacity and references, inside the list if it was made short (LIST_INSIDE), else in a raw block, which
 * grows in CPython's pattern (0, 4, 8, 16, 24, 32, 40, 52, 64 …).
 *
 * Every function either changes nothing and reports a fault, or does its work; references are released last, when the
 * list is in order again, because their death may run anything.
 */
import {
  FAULT_MEMORY,
  FAULT_NONE,
  FAULT_RANGE,
  LIST_BYTES,
  LIST_CAPACITY,
  LIST_INSIDE,
  LIST_ITEMS,
  LIST_LENGTH,
  TYPE_LIST,
} from "../../layout";
import { fault } from "../../alloc/malloc";
import { allocateBytes, allocateBytesListed, allocateListed, newFixed } from "../core/alloc";
import { giveBuffer, resizeBuffer, takeBuffer, takeZeroed } from "../core/buffers";
import { decref } from "../death/death";
import { descriptor, incref } from "../core/header";
import { bufferAt } from "../death/slots";

/** More references than memory can hold. */
const LENGTH_LIMIT: u32 = 0x3fe00000;

/** A new list of `length` nulls for the caller to fill; 0 if out of memory. */
export function newList(length: u32): usize {
  if (!length) return newFixed(descriptor(TYPE_LIST));
  if (length <= LIST_INSIDE) {
    const list = allocateBytes(descriptor(TYPE_LIST), length, insideBytes(length));
    if (list) openInside(list, length);
    return list;
  }
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

/** newList of a list with its items inside, if its active list has a block, else 0. */
export function newListListed(length: u32): usize {
  if (length > LIST_INSIDE) return 0;
  const type = descriptor(TYPE_LIST);
  if (!length) return allocateListed(type);
  const list = allocateBytesListed(type, length, insideBytes(length));
  if (list) openInside(list, length);
  return list;
}

// @ts-ignore: decorator
@inline
function insideBytes(length: u32): usize {
  return LIST_BYTES + ((<usize>length) << 2);
}

/** The items end where the block does: an even number would leave a word behind them. */
// @ts-ignore: decorator
@inline
function openInside(list: usize, length: u32): void {
  store<u32>(list, <u32>list + LIST_BYTES, LIST_ITEMS);
  store<u32>(list, length | 1, LIST_CAPACITY);
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
  giveBuffer(items);
  return FAULT_NONE;
}

/** Items inside stay where they are until they are released, and the list with them; new ones go elsewhere. */
function clear(list: usize): void {
  const items = <usize>load<u32>(list, LIST_ITEMS);
  const length = load<u32>(list, LIST_LENGTH);
  const buffer = bufferAt(list, LIST_ITEMS);
  store<u32>(list, 0, LIST_LENGTH);
  store<u32>(list, 0, LIST_ITEMS);
  store<u32>(list, 0, LIST_CAPACITY);
  if (!buffer) incref(list);
  releaseAll(items, length);
  if (buffer) giveBuffer(buffer);
  else decref(list);
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

/** Makes room for `length` items, or gives some of a raw block back when less than half is used. False if out of memory. */
function resize(list: usize, length: u32): bool {
  if (length > LENGTH_LIMIT) {
    fault(FAULT_MEMORY, 0);
    return false;
  }
  let capacity = (length + (length >>> 3) + 6) & ~3;
  const used = load<u32>(list, LIST_LENGTH);
  if (length > used && length - used > capacity - length) capacity = (length + 3) & ~3;
  if (!length) capacity = 0;
  const items = bufferAt(list, LIST_ITEMS);
  let moved: usize = 0;
  if (capacity) {
    moved = resizeBuffer(items, (<usize>capacity) << 2);
    if (!moved) return false;
    if (!items && used) memory.copy(moved, load<u32>(list, LIST_ITEMS), (<usize>used) << 2);
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
  if (left < load<u32>(list, LIST_CAPACITY) >>> 1 && bufferAt(list, LIST_ITEMS)) resize(list, left);
}

/** Releases references from the last to the first. */
function releaseAll(items: usize, length: u32): void {
  for (let i = length; i-- > 0;) {
    const item = <usize>load<u32>(items + ((<usize>i) << 2));
    if (item) decref(item);
  }
}
