/** The zero-count table; layout/zero-counts.ts. Who lets its objects die is death/death.ts. */
import { FAULT_DOUBLE_FREE, FAULT_NONE, COUNT_LIMIT, ZERO_ROOM } from "../../layout";
import { objects, zeros } from "../../state";
import { fault } from "../../alloc/malloc";
import { resizeBuffer } from "./buffers";
import { countOf, isTagged, metaOf, setCount } from "./header";

/** Whether a death has to wait: references that nobody counts may lead to the object. */
// @ts-ignore: decorator
@inline
export function defersDeath(): bool {
  return zeros.deferring != 0 && zeros.exact != objects.nesting + 1;
}

/** From now on deaths wait. False if out of memory. */
export function startDeferring(): bool {
  if (!ensureZeros(0)) return false;
  zeros.deferring = 1;
  objects.hosted = 1;
  return true;
}

/**
 * Room for so many entries at once, for those of a whole pass over stacks and roots, and for what is deferred meanwhile.
 * A death has three points where host code may have changed all stacks. False if out of memory.
 */
export function ensureZeros(entries: u32): bool {
  const capacity = (entries << 2) + (ZERO_ROOM << 1);
  if (capacity > zeros.capacity && !grow(capacity)) return false;
  setLimit();
  return true;
}

/** After a reclaim: how many entries make the next one due. */
export function setLimit(): void {
  const length = zeros.length;
  zeros.limit = min(length + max(length, ZERO_ROOM), zeros.capacity);
}

/** Hands a reference to the table; false if there is no memory for an entry, and the reference is the caller's still. */
export function addZero(object: usize): bool {
  const length = zeros.length;
  if (length == zeros.capacity && !grow(length << 1)) return false;
  store<u32>(zeros.table + (length << 2), <u32>object);
  zeros.length = length + 1;
  return true;
}

/** Takes the oldest entry, and with it the reference; 0 if there is none. */
export function takeZero(): usize {
  const first = zeros.first;
  if (first == zeros.length) return 0;
  const object = load<u32>(zeros.table + (first << 2));
  zeros.first = first + 1;
  if (first + 1 == zeros.length) {
    zeros.first = 0;
    zeros.length = 0;
  }
  return object;
}

/** Releases a reference without a death: with the last one the object goes to the table. */
export function uncount(object: usize): void {
  if (isTagged(object)) return;
  const count = countOf(object);
  if (count > 1) {
    if (count < COUNT_LIMIT) setCount(object, count - 1);
  } else addZero(object);
}

/**
 * Drops the entries of objects that have another reference, so that what is left stands there once and would die. An
 * object with more entries than references was released too often: FAULT_DOUBLE_FREE. While nothing else is counted.
 */
export function settleZeros(): u32 {
  const table = zeros.table;
  const end = zeros.length;
  let wrong = FAULT_NONE;
  let kept: u32 = 0;
  for (let i = zeros.first; i < end; i++) {
    const object = <usize>load<u32>(table + (i << 2));
    const count = countOf(object);
    if (count >= COUNT_LIMIT) continue;
    if (count < 1 || !metaOf(object)) {
      wrong = fault(FAULT_DOUBLE_FREE, object);
      continue;
    }
    setCount(object, count - 1);
    if (count == 1) store<u32>(table + (kept++ << 2), <u32>object);
  }
  // An entry that was kept and came to more references by none: it is one of those that stayed at zero.
  for (let i: u32 = 0; i < kept; i++) setCount(load<u32>(table + (i << 2)), 1);
  zeros.first = 0;
  zeros.length = kept;
  return wrong;
}

function grow(capacity: u32): bool {
  const table = resizeBuffer(zeros.table, capacity << 2);
  if (!table) return false;
  zeros.table = table;
  zeros.capacity = capacity;
  return true;
}
