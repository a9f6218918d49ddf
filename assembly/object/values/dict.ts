/**
 * dict: CPython's compact table. Entries stand in the order of insertion; a sparse index of 1, 2 or 4 bytes a slot
 * leads from a hash to an entry. A deleted entry has no key; the table is compacted when it is full.
 *
 *   table ├ entry: hash │ key │ value ┤ × capacity ├ index: slot × (mask + 1) ┤        capacity = 2/3 of the slots
 *   slot    0 empty │ 1 deleted │ entry + 2
 *
 *   length ≤ filled ≤ capacity
 *   first ≤ filled, and entries [0, first) are deleted. A deletion moves `first` on behind all that are, so taking keys
 *   out from the front looks at each entry once.
 */
import {
  COUNT_LIMIT,
  DICT_BYTE_MASK,
  DICT_FILLED,
  DICT_FIRST,
  DICT_LENGTH,
  DICT_MASK,
  DICT_MOVES,
  DICT_SHORT_MASK,
  DICT_SMALLEST,
  DICT_TABLE,
  ENTRY_BYTES,
  ENTRY_HASH,
  ENTRY_KEY,
  ENTRY_VALUE,
  FAULT_MEMORY,
  FAULT_NONE,
  TYPE_DICT,
} from "../../layout";
import { fault } from "../../alloc/malloc";
import { allocateListed, newFixed } from "../core/alloc";
import { giveBuffer, takeBuffer, takeBufferListed } from "../core/buffers";
import { decref } from "../death/death";
import { hashKey, sameKey } from "./hash";
import { descriptor, incref, isShared } from "../core/header";

const DELETED: u32 = 1;
/** Slot of entry 0. */
const ENTRY_SLOT: u32 = 2;
/** Bytes of the smallest table: its slots are eight, of a byte each. */
const SMALLEST_BYTES: usize = <usize>((DICT_SMALLEST << 1) / 3) * ENTRY_BYTES + DICT_SMALLEST;
/** Slots of the largest index whose table an address space can hold. */
const SLOTS_LIMIT: u32 = 1 << 28;

export function newDict(): usize {
  return newFixed(descriptor(TYPE_DICT));
}

/** newDict with room for `entries` entries, if both have blocks at hand and the smallest table will do; else 0. */
export function newDictListed(entries: u32): usize {
  if (entries > entriesFor(DICT_SMALLEST)) return 0;
  const dict = allocateListed(descriptor(TYPE_DICT));
  if (!dict || !entries) return dict;
  const table = takeBufferListed(SMALLEST_BYTES);
  if (table) {
    store<u64>(table + SMALLEST_BYTES - DICT_SMALLEST, 0);
    store<u32>(dict, <u32>table, DICT_TABLE);
    store<u32>(dict, DICT_SMALLEST - 1, DICT_MASK);
  }
  return dict;
}

/** The value of a key, borrowed; 0 if there is none. */
export function get(dict: usize, key: usize): usize {
  const entry = find(dict, key, hashKey(key));
  return entry ? <usize>load<u32>(entry, ENTRY_VALUE) : 0;
}

/** Takes its own references. A key that is there already keeps its object, and the old value is released. */
export function set(dict: usize, key: usize, value: usize): u32 {
  if (setQuickly(dict, key, value)) return FAULT_NONE;
  const entry = find(dict, key, hashKey(key));
  if (entry) {
    const old = <usize>load<u32>(entry, ENTRY_VALUE);
    incref(value);
    store<u32>(entry, <u32>value, ENTRY_VALUE);
    decref(old);
    return FAULT_NONE;
  }
  if (!rebuild(dict)) return FAULT_MEMORY;
  setQuickly(dict, key, value);
  return FAULT_NONE;
}

/**
 * The same if the table has room and nothing dies; false, with nothing changed, if not. What it calls comes before the
 * first store, so that no end of the stack can cut it short.
 */
export function setQuickly(dict: usize, key: usize, value: usize): bool {
  const hash = hashKey(key);
  let entry = find(dict, key, hash);
  if (entry) {
    const old = <usize>load<u32>(entry, ENTRY_VALUE);
    if (old == value) return true;
    const header = load<u64>(old);
    if (!isShared(header)) return false;
    incref(value);
    store<u32>(entry, <u32>value, ENTRY_VALUE);
    if (<i32>header < COUNT_LIMIT) store<i32>(old, <i32>header - 1);
    return true;
  }
  const index = load<u32>(dict, DICT_FILLED);
  if (index == capacityOf(dict)) return false;
  entry = entryAt(dict, index);
  store<u32>(entry, hash, ENTRY_HASH);
  store<u32>(entry, <u32>key, ENTRY_KEY);
  store<u32>(entry, <u32>value, ENTRY_VALUE);
  place(indexOf(dict), load<u32>(dict, DICT_MASK), hash, index);
  store<u32>(dict, index + 1, DICT_FILLED);
  store<u32>(dict, load<u32>(dict, DICT_LENGTH) + 1, DICT_LENGTH);
  incref(key);
  incref(value);
  return true;
}

/** Takes a key out and releases it and its value; true if it was there. */
export function remove(dict: usize, key: usize): bool {
  const hash = hashKey(key);
  const entry = find(dict, key, hash);
  if (!entry) return false;
  const mask = load<u32>(dict, DICT_MASK);
  const indices = indexOf(dict);
  const number = <u32>(entry - load<u32>(dict, DICT_TABLE)) / ENTRY_BYTES + ENTRY_SLOT;
  let slot = hash & mask;
  while (readSlot(indices, mask, slot) != number) slot = (slot + 1) & mask;
  writeSlot(indices, mask, slot, DELETED);
  const old = <usize>load<u32>(entry, ENTRY_KEY);
  const value = <usize>load<u32>(entry, ENTRY_VALUE);
  store<u32>(entry, 0, ENTRY_KEY);
  store<u32>(entry, 0, ENTRY_VALUE);
  store<u32>(dict, load<u32>(dict, DICT_LENGTH) - 1, DICT_LENGTH);
  if (number - ENTRY_SLOT == load<u32>(dict, DICT_FIRST)) skipDeleted(dict);
  decref(old);
  decref(value);
  return true;
}

/** The first entry was deleted: moves `first` on to the next one that was not. */
function skipDeleted(dict: usize): void {
  const filled = load<u32>(dict, DICT_FILLED);
  let first = load<u32>(dict, DICT_FIRST);
  while (first < filled && !load<u32>(entryAt(dict, first), ENTRY_KEY)) first++;
  store<u32>(dict, first, DICT_FIRST);
}

// ---- search ----

/** The entry of a key, or 0. */
function find(dict: usize, key: usize, hash: u32): usize {
  if (!load<u32>(dict, DICT_LENGTH)) return 0;
  const mask = load<u32>(dict, DICT_MASK);
  const indices = indexOf(dict);
  let slot = hash & mask;
  while (true) {
    const number = readSlot(indices, mask, slot);
    if (!number) return 0;
    if (number != DELETED) {
      const entry = entryAt(dict, number - ENTRY_SLOT);
      if (load<u32>(entry, ENTRY_HASH) == hash && sameKey(load<u32>(entry, ENTRY_KEY), key)) return entry;
    }
    slot = (slot + 1) & mask;
  }
}

/** Does a search for its hash come by the entry? For the validator. */
export function isIndexed(dict: usize, index: u32): bool {
  const mask = load<u32>(dict, DICT_MASK);
  const start = load<u32>(entryAt(dict, index), ENTRY_HASH) & mask;
  let slot = start;
  do {
    const number = readSlot(indexOf(dict), mask, slot);
    if (number == index + ENTRY_SLOT) return true;
    if (!number) return false;
    slot = (slot + 1) & mask;
  } while (slot != start);
  return false;
}

/** Notes an entry in the first free slot of its hash. */
// @ts-ignore: decorator
@inline
function place(indices: usize, mask: u32, hash: u32, index: u32): void {
  let slot = hash & mask;
  while (readSlot(indices, mask, slot) > DELETED) slot = (slot + 1) & mask;
  writeSlot(indices, mask, slot, index + ENTRY_SLOT);
}

// ---- the table ----

// @ts-ignore: decorator
@inline
function entryAt(dict: usize, index: u32): usize {
  return <usize>load<u32>(dict, DICT_TABLE) + <usize>index * ENTRY_BYTES;
}

/** Entries that a table with `slots` slots has room for. */
// @ts-ignore: decorator
@inline
export function entriesFor(slots: u32): u32 {
  return (slots << 1) / 3;
}

/** Entries that the dict's table has room for; 0 if it has none. */
// @ts-ignore: decorator
@inline
export function capacityOf(dict: usize): u32 {
  return load<u32>(dict, DICT_TABLE) ? entriesFor(load<u32>(dict, DICT_MASK) + 1) : 0;
}

// @ts-ignore: decorator
@inline
function indexOf(dict: usize): usize {
  return entryAt(dict, entriesFor(load<u32>(dict, DICT_MASK) + 1));
}

/** 0, 1, 2: slots of 1, 2, 4 bytes. */
// @ts-ignore: decorator
@inline
function slotShift(mask: u32): u32 {
  return u32(mask > DICT_BYTE_MASK) + u32(mask > DICT_SHORT_MASK);
}

// @ts-ignore: decorator
@inline
function readSlot(indices: usize, mask: u32, slot: u32): u32 {
  if (mask <= DICT_BYTE_MASK) return load<u8>(indices + slot);
  return mask <= DICT_SHORT_MASK ? load<u16>(indices + (slot << 1)) : load<u32>(indices + (slot << 2));
}

// @ts-ignore: decorator
@inline
function writeSlot(indices: usize, mask: u32, slot: u32, number: u32): void {
  if (mask <= DICT_BYTE_MASK) store<u8>(indices + slot, <u8>number);
  else if (mask <= DICT_SHORT_MASK) store<u16>(indices + (slot << 1), <u16>number);
  else store<u32>(indices + (slot << 2), number);
}

/** A new table with room for three times the live entries (CPython's growth), without the deleted ones. */
function rebuild(dict: usize): bool {
  const length = load<u32>(dict, DICT_LENGTH);
  let slots = DICT_SMALLEST;
  while (slots < length * 3) slots <<= 1;
  if (slots > SLOTS_LIMIT) {
    fault(FAULT_MEMORY, 0);
    return false;
  }
  const capacity = entriesFor(slots);
  const mask = slots - 1;
  const table = takeBuffer(<usize>capacity * ENTRY_BYTES + ((<usize>slots) << slotShift(mask)));
  if (!table) return false;
  const indices = table + <usize>capacity * ENTRY_BYTES;
  memory.fill(indices, 0, (<usize>slots) << slotShift(mask));
  const old = <usize>load<u32>(dict, DICT_TABLE);
  const filled = load<u32>(dict, DICT_FILLED);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < filled; i++) {
    const from = old + <usize>i * ENTRY_BYTES;
    if (!load<u32>(from, ENTRY_KEY)) continue;
    const to = table + <usize>kept * ENTRY_BYTES;
    store<u64>(to, load<u64>(from));
    store<u32>(to, load<u32>(from, ENTRY_VALUE), ENTRY_VALUE);
    place(indices, mask, load<u32>(from, ENTRY_HASH), kept);
    kept++;
  }
  giveBuffer(old);
  store<u32>(dict, <u32>table, DICT_TABLE);
  store<u32>(dict, kept, DICT_FILLED);
  store<u32>(dict, mask, DICT_MASK);
  store<u32>(dict, load<u32>(dict, DICT_MOVES) + 1, DICT_MOVES);
  store<u32>(dict, 0, DICT_FIRST);
  return true;
}
