import {
  DICT_BYTE_MASK,
  DICT_MASK,
  DICT_SHORT_MASK,
  DICT_TABLE,
  ENTRY_BYTES,
  ENTRY_HASH,
  ENTRY_KEY,
  STR_HASH,
} from "../../generated/layout.js";
import type { Ptr } from "../../core/ptr.js";
import type { ObjectMemory } from "../access/object-memory.js";

// Offsets in words.
const TABLE = DICT_TABLE >>> 2;
const MASK = DICT_MASK >>> 2;
const BYTES = DICT_BYTE_MASK;
const SHORTS = DICT_SHORT_MASK;
const ENTRY = ENTRY_BYTES >>> 2;
const HASH = ENTRY_HASH >>> 2;
const KEY = ENTRY_KEY >>> 2;
const KNOWN_HASH = STR_HASH >>> 2;

/** There is no such key. */
export const ABSENT = 0;
/** Only the core can tell. */
export const UNKNOWN = -1;

/**
 * Index of the first word of the entry of a str, or ABSENT, or UNKNOWN: what `find` of assembly/object/values/dict.ts does, on
 * the cached words, for the keys that interpreters look up most: strs that were hashed before and are the very objects
 * that the dict holds, as interned ones are. That took a third off a look-up (bench:objects). It gained nothing for ints,
 * whose hash has to be computed, nor for stores, whose checks and counts take longer than the call.
 */
export function searchDict(memory: ObjectMemory, words: Int32Array, dict: Ptr, key: Ptr): number {
  const hash = words[(key >>> 2) + KNOWN_HASH]!;
  if (hash === 0) return UNKNOWN;
  const table = words[(dict >>> 2) + TABLE]! >>> 2;
  if (table === 0) return ABSENT;
  const mask = words[(dict >>> 2) + MASK]!;
  const slots = table + ((((mask + 1) << 1) / 3) >>> 0) * ENTRY;
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const number = mask <= BYTES ? memory.u8[slots * 4 + slot] : readSlot(memory, mask, slots, slot);
    if (number === 0) return ABSENT;
    // Beyond the memory: the dict is damaged.
    if (number === undefined) return UNKNOWN;
    const entry = table + (number - 2) * ENTRY;
    // 1: an entry was deleted.
    if (number > 1 && words[entry + HASH] === hash)
      return words[entry + KEY]! >>> 0 === key ? entry : UNKNOWN;
  }
}

/** Number of an entry + 2; a slot is as wide as the largest needs. Shifted left, `slots` would be negative from 2 GiB on. */
function readSlot(memory: ObjectMemory, mask: number, slots: number, slot: number): number | undefined {
  return mask <= SHORTS ? memory.u16[slots * 2 + slot] : memory.u32[slots + slot];
}
