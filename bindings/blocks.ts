import {
  ARENA_SHIFT,
  RECORD_LIVE_MASK,
  RECORD_MASK,
  RECORD_SHIFT,
  STATE_MAP,
  STATE_SENTINEL,
} from "./generated/layout.js";
import type { Core } from "./core.js";

// Imported constants are read from memory at every use, a module's own are part of the code.
const TO_ARENA = ARENA_SHIFT;
const TO_RECORD = RECORD_SHIFT;
const IN_RECORDS = RECORD_MASK;
const LIVE = RECORD_LIVE_MASK;

/** Where a hit of `free` looks: indexes of words. */
export interface Places {
  readonly map: number;
  readonly sentinel: number;
}

export function placesOf(core: Core): Places {
  return { map: core.stateAddress(STATE_MAP) >>> 2, sentinel: core.stateAddress(STATE_SENTINEL) >>> 2 };
}

/**
 * What a hit of free does in the core (`freeInline` of assembly/alloc/malloc.ts): pushes the block on its pool's list,
 * unless the pool was full or is about to be empty; false then, with nothing changed. Words of a memory that somebody
 * else grew read as `undefined`, which is no hit.
 */
export function pushBlock(words: Uint32Array, map: number, sentinel: number, block: number): boolean {
  const entry = words[map + (block >>> TO_ARENA)]! + ((block >>> TO_RECORD) & IN_RECORDS);
  const record = sentinel + (entry >>> 2);
  // The first word is the pool's list, the second the number of its live blocks, below what the pool is.
  const second = words[record + 1]! | 0;
  if ((second & LIVE) <= 1) return false;
  words[block >>> 2] = words[record]!;
  words[record] = block;
  words[record + 1] = second - 1;
  return true;
}
