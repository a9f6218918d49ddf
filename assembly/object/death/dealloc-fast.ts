/**
 * Deaths that need no walk: of objects that nobody watches and that own, through a few slots, nothing but leaves and what
 * others own too. Their slots are released one by one; whatever comes next finds an object that owns what its slots say.
 */
import {
  COUNT_LIMIT,
  DICT_FILLED,
  DICT_FIRST,
  DICT_LENGTH,
  DICT_TABLE,
  ENTRY_BYTES,
  ENTRY_HASH,
  ENTRY_KEY,
  ENTRY_VALUE,
  FLAG_BUFFER,
  FLAG_CONTAINER,
  FLAG_ENTRIES,
  FLAG_PAIR,
  FLAG_ITEM_ARRAY,
  FLAG_WEAKREF,
  LIST_CAPACITY,
  LIST_LENGTH,
  META_HOOKS,
  META_LEAF,
  META_TRACKED,
  OBJECT_FIELDS,
  STATE_NONE,
  TYPE_FLAGS,
  TYPE_ITEMS,
  TYPE_LENGTH,
  TYPE_OFFSETS,
  TYPE_OWNED,
  TypeDescriptor,
} from "../../layout";
import { word } from "../../state";
import { discard, oneYoungLess } from "../core/alloc";
import { giveBlock, tryGiveBlock, giveBlockSlow } from "../core/blocks";
import { giveBufferInline, tryGiveBuffer } from "../core/buffers";
import { cacheBlock, cacheFixed } from "../core/free-lists";
import { describe, isShared, metaOf, typeByMeta } from "../core/header";
import { bufferAt, itemsOf } from "./slots";
import { unlinkWeakref } from "./weak";
/**
 * Most items of a row that may die without the walk ("list of 2" of bench:objects). Not tuned: longer rows only look at
 * their first items twice where the walk has to be begun after all.
 */
const SHORT_ROW: usize = 16;

/**
 * The death of an object that nobody watches, that has at most two reference slots or a short row of items and owns
 * nothing through them but leaves and what others own too; false if it is another one, or not the last reference. A slot
 * is cleared when it is released, so whatever comes next finds an object that owns what its slots say. `alone`: false
 * also if anything had to be called, so that nothing can end it half-way.
 */
// @ts-ignore: decorator
@inline
export function dieAtOnce(object: usize, alone: bool): bool {
  const meta = metaOf(object);
  if ((load<u32>(object) ^ 1) | (meta & META_HOOKS)) return false;
  const type = describe(meta);
  const owned = load<u32>(type, TYPE_OWNED);
  if (owned) {
    if (owned > 8) return alone ? dieOfMany(object, type) : dieInRow(object, type);
    if (!(load<u32>(type, TYPE_FLAGS) & FLAG_PAIR) || load<u64>(object, OBJECT_FIELDS)) {
      if (!vacate(object + load<u32>(type, TYPE_OFFSETS), alone)) return false;
      if (owned == 8 && !vacate(object + load<u32>(type, TYPE_OFFSETS + 4), alone)) return false;
    }
  }
  if (!cacheFixed(object, changetype<TypeDescriptor>(type)) && !tryGiveBlock(object)) {
    if (alone) return false;
    giveBlockSlow(object);
  }
  if (meta & META_TRACKED) oneYoungLess();
  return true;
}

/** The same alone of what has more slots: a record of a few fields, a list or tuple of a few items, a small dict. */
// @ts-ignore: decorator
@inline
function dieOfMany(object: usize, type: usize): bool {
  const flags = load<u32>(type, TYPE_FLAGS);
  if (flags & FLAG_ITEM_ARRAY) {
    if (!vacateRow(object, type, flags, true)) return false;
  } else if (flags & FLAG_ENTRIES) {
    if (!vacateEntries(object)) return false;
  } else {
    const owned = <usize>load<u32>(type, TYPE_OWNED);
    if (owned > SHORT_ROW << 2) return false;
    for (let offset = type, end = type + owned; offset < end; offset += 4) {
      if (!vacate(object + load<u32>(offset, TYPE_OFFSETS), true)) return false;
    }
  }
  if (flags & FLAG_BUFFER) {
    const buffer = bufferAt(object, load<u32>(type, TYPE_ITEMS));
    if (buffer) {
      if (!tryGiveBuffer(buffer)) return false;
      // An empty list: length, items, capacity; an empty dict: length, table, filled.
      store<u64>(object, 0, LIST_LENGTH);
      store<u32>(object, 0, LIST_CAPACITY);
    }
  }
  if (!cacheBlock(object, changetype<TypeDescriptor>(type)) && !tryGiveBlock(object)) return false;
  // Also of a tuple that is tracked no more: it was counted at its birth.
  if (flags & FLAG_CONTAINER) oneYoungLess();
  return true;
}

/** The same for a list or tuple of a few items. */
function dieInRow(object: usize, type: usize): bool {
  const flags = load<u32>(type, TYPE_FLAGS);
  if (!(flags & FLAG_ITEM_ARRAY) || !vacateRow(object, type, flags, false)) return false;
  close(object, type, flags);
  // Also of a tuple that is tracked no more: it was counted at its birth.
  if (flags & FLAG_CONTAINER) oneYoungLess();
  return true;
}

/** Releases what a short row holds, as far as that can be; false if anything is left. */
// @ts-ignore: decorator
@inline
function vacateRow(object: usize, type: usize, flags: u32, alone: bool): bool {
  const length = <usize>load<u32>(object + load<u32>(type, TYPE_LENGTH));
  if (length > SHORT_ROW) return false;
  const items = itemsOf(object, type, flags);
  for (let slot = items + (length << 2); slot > items;) {
    slot -= 4;
    if (!vacate(slot, alone)) return false;
  }
  return true;
}

/**
 * Releases the keys and values of a small dict alone, as far as that can be; false if anything is left. The end of the
 * stack may keep it from going on, so what is left is a dict in order: a value whose key has gone is that of None.
 */
// @ts-ignore: decorator
@inline
function vacateEntries(dict: usize): bool {
  const filled = <usize>load<u32>(dict, DICT_FILLED);
  if (filled > SHORT_ROW >> 1) return false;
  // Whatever is left, no entry before number 0 is.
  store<u32>(dict, 0, DICT_FIRST);
  let entry = <usize>load<u32>(dict, DICT_TABLE);
  for (const end = entry + filled * ENTRY_BYTES; entry < end; entry += ENTRY_BYTES) {
    if (!load<u32>(entry, ENTRY_KEY)) continue;
    if (!vacate(entry + ENTRY_KEY, true)) return false;
    if (!vacate(entry + ENTRY_VALUE, true)) {
      store<u32>(entry, word(STATE_NONE), ENTRY_KEY);
      return false;
    }
    // No key has this hash: searches pass by.
    store<u32>(entry, 0, ENTRY_HASH);
    store<u32>(dict, load<u32>(dict, DICT_LENGTH) - 1, DICT_LENGTH);
  }
  return true;
}

/** Releases what a slot holds if something else owns it too; false if not. */
// @ts-ignore: decorator
@inline
function vacate(slot: usize, alone: bool): bool {
  const child = <usize>load<u32>(slot);
  if (!child) return true;
  const header = load<u64>(child);
  if (!isShared(header)) return alone ? vacateLeaf(slot, child, header) : vacateLast(slot, child);
  if (<i32>header < COUNT_LIMIT) store<i32>(child, <i32>header - 1);
  store<u32>(slot, 0);
  return true;
}

/** Releases the last reference to a leaf if its block can go without a call; false if not. */
// @ts-ignore: decorator
@inline
function vacateLeaf(slot: usize, leaf: usize, header: u64): bool {
  const meta = <u32>(header >>> 32);
  if (<u32>header != 1 || (meta & (META_LEAF | META_HOOKS | META_TRACKED)) != META_LEAF) return false;
  if (!cacheBlock(leaf, typeByMeta(meta)) && !tryGiveBlock(leaf)) return false;
  store<u32>(slot, 0);
  return true;
}

function vacateLast(slot: usize, child: usize): bool {
  const meta = metaOf(child);
  if (load<u32>(child) != 1 || (meta & (META_LEAF | META_HOOKS)) != META_LEAF) return false;
  store<u32>(slot, 0);
  discard(child, typeByMeta(meta));
  return true;
}

/** All slots are released: the memory goes. */
// @ts-ignore: decorator
@inline
export function close(object: usize, type: usize, flags: u32): void {
  if (flags & FLAG_BUFFER) {
    const buffer = bufferAt(object, load<u32>(type, TYPE_ITEMS));
    if (buffer) giveBufferInline(buffer);
  } else if (flags & FLAG_WEAKREF) unlinkWeakref(object);
  if (!cacheBlock(object, changetype<TypeDescriptor>(type))) giveBlock(object);
}
