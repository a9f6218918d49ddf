/** dict: the table of layout/dict.ts. A deleted entry has no key; the table is compacted when it is full. */
import * as layout from "../../layout";
import { Dict, DictEntry, ObjectHeader, entriesFor } from "../../layout";
import { fault } from "../../alloc/malloc";
import { newInstance, tryNewInstance } from "../core/alloc";
import { giveBuffer, takeBuffer, tryTakeBuffer } from "../core/buffers";
import { incref, isShared, isTagged, typeById } from "../core/header";
import { decref } from "../death/death";
import { hashKey, sameKey } from "./hash";

const DELETED: u32 = 1;
/** A header that stands for a tagged int's: nothing is counted. */
const IMMORTAL: u64 = ((<u64>layout.TYPE_INT) << 32) | layout.COUNT_IMMORTAL;
/** Slot of entry 0. */
const ENTRY_SLOT: u32 = 2;
/** Bytes of the smallest table: its slots are eight, of a byte each. */
const SMALLEST_BYTES: usize = ((layout.DICT_SMALLEST << 1) / 3) * layout.ENTRY_BYTES + layout.DICT_SMALLEST;
/** Slots of the largest index whose table an address space can hold. */
const SLOTS_LIMIT: u32 = 1 << 28;

export function newDict(): usize {
  return newInstance(typeById(layout.TYPE_DICT));
}

/**
 * newDict if a list has a block at hand, else 0. If the smallest table has room for `entries` entries and a block for it
 * is at hand, the dict has it.
 */
export function tryDict(entries: u32): usize {
  if (entries > entriesFor(layout.DICT_SMALLEST)) return 0;
  const pointer = tryNewInstance(typeById(layout.TYPE_DICT));
  if (!pointer || !entries) return pointer;
  const table = tryTakeBuffer(SMALLEST_BYTES);
  if (table) {
    store<u64>(table + SMALLEST_BYTES - layout.DICT_SMALLEST, 0);
    changetype<Dict>(pointer).table = table;
    changetype<Dict>(pointer).mask = layout.DICT_SMALLEST - 1;
  }
  return pointer;
}

/** The value of a key, borrowed; 0 if there is none. */
export function get(dict: Dict, key: usize): usize {
  const entry = find(dict, key, hashKey(key));
  return entry ? entry.value : 0;
}

/** Takes its own references. A key that is there already keeps its object, and the old value is released. */
export function set(dict: Dict, key: usize, value: usize): u32 {
  if (trySet(dict, key, value)) return layout.FAULT_NONE;
  const entry = find(dict, key, hashKey(key));
  if (entry) {
    const old = entry.value;
    incref(value);
    entry.value = value;
    decref(old);
    return layout.FAULT_NONE;
  }
  if (!rebuild(dict)) return layout.FAULT_MEMORY;
  trySet(dict, key, value);
  return layout.FAULT_NONE;
}

/**
 * The same if the table has room and nothing dies; false, with nothing changed, if not. What it calls comes before the
 * first store, so that no end of the stack can cut it short.
 */
export function trySet(dict: Dict, key: usize, value: usize): bool {
  const hash = hashKey(key);
  let entry = find(dict, key, hash);
  if (entry) {
    const old = entry.value;
    if (old == value) return true;
    const header = isTagged(old) ? IMMORTAL : changetype<ObjectHeader>(old).whole;
    if (!isShared(header)) return false;
    incref(value);
    entry.value = value;
    if (<i32>header < layout.COUNT_LIMIT) changetype<ObjectHeader>(old).count = <i32>header - 1;
    return true;
  }
  const index = dict.filled;
  if (index == dict.capacity) return false;
  entry = dict.entry(index);
  entry.hash = hash;
  entry.key = key;
  entry.value = value;
  place(dict.slots, dict.mask, hash, index);
  dict.filled = index + 1;
  dict.length = dict.length + 1;
  incref(key);
  incref(value);
  return true;
}

/** Takes a key out and releases it and its value; true if it was there. */
export function remove(dict: Dict, key: usize): bool {
  const hash = hashKey(key);
  const entry = find(dict, key, hash);
  if (!entry) return false;
  const mask = dict.mask;
  const indices = dict.slots;
  const number = <u32>(changetype<usize>(entry) - dict.table) / layout.ENTRY_BYTES + ENTRY_SLOT;
  let slot = hash & mask;
  while (readSlot(indices, mask, slot) != number) slot = (slot + 1) & mask;
  writeSlot(indices, mask, slot, DELETED);
  const old = entry.key;
  const value = entry.value;
  entry.key = 0;
  entry.value = 0;
  dict.length = dict.length - 1;
  if (number - ENTRY_SLOT == dict.first) skipDeleted(dict);
  decref(old);
  decref(value);
  return true;
}

/**
 * The first entry was deleted: moves `first` on to the next one that was not. So taking keys out from the front looks at
 * each entry once.
 */
function skipDeleted(dict: Dict): void {
  let first = dict.first;
  while (first < dict.filled && !dict.entry(first).key) first++;
  dict.first = first;
}

// ---- search ----

/** The entry of a key, or null. */
function find(dict: Dict, key: usize, hash: u32): DictEntry | null {
  if (!dict.length) return null;
  const mask = dict.mask;
  const indices = dict.slots;
  let slot = hash & mask;
  while (true) {
    const number = readSlot(indices, mask, slot);
    if (!number) return null;
    if (number != DELETED) {
      const entry = dict.entry(number - ENTRY_SLOT);
      if (entry.hash == hash && sameKey(entry.key, key)) return entry;
    }
    slot = (slot + 1) & mask;
  }
}

/** Whether a search for its hash comes by the entry. For the validator. */
export function isIndexed(dict: Dict, index: u32): bool {
  const mask = dict.mask;
  const start = dict.entry(index).hash & mask;
  let slot = start;
  do {
    const number = readSlot(dict.slots, mask, slot);
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

/** 0, 1, 2: slots of 1, 2, 4 bytes. */
// @ts-ignore: decorator
@inline
function slotShift(mask: u32): u32 {
  return u32(mask > layout.DICT_BYTE_MASK) + u32(mask > layout.DICT_SHORT_MASK);
}

// @ts-ignore: decorator
@inline
function readSlot(indices: usize, mask: u32, slot: u32): u32 {
  if (mask <= layout.DICT_BYTE_MASK) return load<u8>(indices + slot);
  return mask <= layout.DICT_SHORT_MASK ? load<u16>(indices + (slot << 1)) : load<u32>(indices + (slot << 2));
}

// @ts-ignore: decorator
@inline
function writeSlot(indices: usize, mask: u32, slot: u32, number: u32): void {
  if (mask <= layout.DICT_BYTE_MASK) store<u8>(indices + slot, <u8>number);
  else if (mask <= layout.DICT_SHORT_MASK) store<u16>(indices + (slot << 1), <u16>number);
  else store<u32>(indices + (slot << 2), number);
}

/** A new table with room for three times the live entries (CPython's growth), without the deleted ones. */
function rebuild(dict: Dict): bool {
  let slots = layout.DICT_SMALLEST;
  while (slots < dict.length * 3) slots <<= 1;
  if (slots > SLOTS_LIMIT) {
    fault(layout.FAULT_MEMORY, 0);
    return false;
  }
  const mask = slots - 1;
  const entryBytes = entriesFor(slots) * layout.ENTRY_BYTES;
  const slotBytes = slots << slotShift(mask);
  const table = takeBuffer(entryBytes + slotBytes);
  if (!table) return false;
  const indices = table + entryBytes;
  memory.fill(indices, 0, slotBytes);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < dict.filled; i++) {
    const from = dict.entry(i);
    if (!from.key) continue;
    const to = changetype<DictEntry>(table + kept * layout.ENTRY_BYTES);
    to.hash = from.hash;
    to.key = from.key;
    to.value = from.value;
    place(indices, mask, from.hash, kept);
    kept++;
  }
  giveBuffer(dict.table);
  dict.table = table;
  dict.filled = kept;
  dict.mask = mask;
  dict.moves = dict.moves + 1;
  dict.first = 0;
  return true;
}
