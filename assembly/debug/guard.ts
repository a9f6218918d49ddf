/**
 * The debug core's malloc family: CPython's debug hooks (PYTHONMALLOC=debug) over the same pools, slabs and spans.
 *
 *   base                p−32     p−28   p−24       p−8          p−4              p        p+n     p+n+4
 *   ├ alignment padding ┤ prefix │ next │ previous │ size (BE) ┤ 'r' FD FD FD ┤ data … ┤ FD×4 ┤ serial (BE) ┤
 *
 *   prefix = p − base;   data is CD when fresh, DD when freed, 0 from calloc
 *
 * Freed blocks wait in a quarantine, filled with DD, until a megabyte has gathered; a write after free shows when one
 * leaves it or when verify() looks. A fault leaves the heap as it was: the block is neither freed nor moved.
 */
import {
  DAMAGE_FREED,
  DAMAGE_LEADING,
  DAMAGE_LETTER,
  DAMAGE_NONE,
  DAMAGE_TRAILING,
  DEBUG_BLOCK,
  DEBUG_BLOCK_SERIAL,
  DEBUG_DAMAGE,
  DEBUG_DEAD_BYTE,
  DEBUG_FRESH_BYTE,
  DEBUG_GUARD_BYTE,
  DEBUG_LETTER,
  DEBUG_LIVE,
  DEBUG_NEWEST,
  DEBUG_OLDEST,
  DEBUG_PREFIX,
  DEBUG_QUARANTINED,
  DEBUG_RAW_LETTER,
  DEBUG_SERIAL,
  DEBUG_SIZE,
  DEBUG_SUFFIX,
  BROKEN_GUARD,
  BROKEN_QUARANTINE,
  FAULT_ARGUMENT,
  FAULT_BAD_POINTER,
  FAULT_CORRUPT,
  FAULT_DOUBLE_FREE,
  FAULT_MEMORY,
  FAULT_NONE,
  FAULT_USE_AFTER_FREE,
  ARENA_PAGED,
  ARENA_TAIL,
  QUARANTINE_BYTES,
  STATE_DEBUG,
  STATE_FAULT,
  STATE_FAULT_ACTUAL,
  STATE_FAULT_ADDRESS,
  STATE_FAULT_EXPECTED,
} from "../layout";
import { setWord, word } from "../state";
import { arenaKind } from "../alloc/arenas";
import * as checks from "../alloc/checks";
import * as family from "../alloc/malloc";

// ---- the family ----

export function malloc(size: usize): usize {
  return checkedMalloc(size);
}

export function calloc(count: usize, size: usize): usize {
  return checkedCalloc(count, size);
}

export function realloc(pointer: usize, size: usize): usize {
  return checkedRealloc(pointer, size);
}

export function free(pointer: usize): void {
  checkedFree(pointer);
}

export function alignedAlloc(alignment: usize, size: usize): usize {
  return checkedAlignedAlloc(alignment, size);
}

export function usableSize(pointer: usize): usize {
  return checkedUsableSize(pointer);
}

export function checkedMalloc(size: usize): usize {
  return fresh(16, size, DEBUG_FRESH_BYTE);
}

export function checkedCalloc(count: usize, size: usize): usize {
  const product = <u64>count * <u64>size;
  if (product >> 32) return refuse(FAULT_ARGUMENT);
  return fresh(16, <usize>product, 0);
}

export function checkedAlignedAlloc(alignment: usize, size: usize): usize {
  if (!alignment || alignment & (alignment - 1) || alignment > 1 << 16) return refuse(FAULT_ARGUMENT);
  return fresh(alignment, size, DEBUG_FRESH_BYTE);
}

/** Shrinks in place; growing always moves, so that a stale pointer meets the quarantine. */
export function checkedRealloc(pointer: usize, size: usize): usize {
  if (!pointer) return checkedMalloc(size);
  if (family.poisoned()) return refuse(FAULT_CORRUPT);
  if (examine(pointer)) return 0;
  const old = sizeOf(pointer);
  if (size <= old) {
    memory.fill(pointer + size, <u8>DEBUG_DEAD_BYTE, old - size);
    setSize(pointer, size, serialAt(pointer + old + 4));
    return pointer;
  }
  const block = fresh(16, size, DEBUG_FRESH_BYTE);
  if (!block) return 0;
  memory.copy(block, pointer, old);
  bury(pointer);
  return block;
}

export function checkedFree(pointer: usize): u32 {
  if (!pointer) return FAULT_NONE;
  if (family.poisoned()) return family.fault(FAULT_CORRUPT, pointer);
  const wrong = examine(pointer);
  if (wrong) return wrong;
  bury(pointer);
  return quarantineFault();
}

export function checkedUsableSize(pointer: usize): usize {
  return examine(pointer) ? 0 : sizeOf(pointer);
}

export function check(pointer: usize): u32 {
  return examine(pointer);
}

/** 0, or the first broken guard of a live block or byte of a freed one. */
export function verify(): u32 {
  for (let block = <usize>debug(DEBUG_LIVE); block; block = load<u32>(block - 28)) {
    if (examine(block)) return BROKEN_GUARD;
  }
  for (let block = <usize>debug(DEBUG_OLDEST); block; block = load<u32>(block - 28)) {
    if (examineDead(block)) return BROKEN_QUARANTINE;
  }
  return 0;
}

/** The heap is emptied: no block is live or in quarantine. */
export function forget(): void {
  setDebug(DEBUG_LIVE, 0);
  setDebug(DEBUG_OLDEST, 0);
  setDebug(DEBUG_NEWEST, 0);
  setDebug(DEBUG_QUARANTINED, 0);
}

// ---- births ----

function fresh(alignment: usize, size: usize, fill: u32): usize {
  if (family.poisoned()) return refuse(FAULT_CORRUPT);
  if (size > 0xfff00000) return refuse(FAULT_MEMORY);
  const prefix = max<usize>(alignment, DEBUG_PREFIX);
  const total = prefix + size + DEBUG_SUFFIX;
  let base = family.alignedAlloc(max<usize>(alignment, 16), total);
  if (!base && debug(DEBUG_OLDEST)) {
    while (debug(DEBUG_OLDEST)) releaseOldest();
    base = family.alignedAlloc(max<usize>(alignment, 16), total);
  }
  if (!base) return refuse(FAULT_MEMORY);
  store<u32>(base, 0, 4);
  const pointer = base + prefix;
  const serial = debug(DEBUG_SERIAL) + 1;
  setDebug(DEBUG_SERIAL, serial);
  store<u32>(pointer - 32, <u32>prefix);
  store<u32>(pointer - 4, DEBUG_RAW_LETTER | (DEBUG_GUARD_BYTE * 0x01010100));
  memory.fill(pointer, <u8>fill, size);
  setSize(pointer, size, serial);
  linkLive(pointer);
  return pointer;
}

function setSize(pointer: usize, size: usize, serial: u32): void {
  store<u32>(pointer - 8, bswap<u32>(<u32>size));
  store<u32>(pointer + size, DEBUG_GUARD_BYTE * 0x01010101);
  store<u32>(pointer + size + 4, bswap<u32>(serial));
}

function sizeOf(pointer: usize): usize {
  return bswap<u32>(load<u32>(pointer - 8));
}

function serialAt(address: usize): u32 {
  return bswap<u32>(load<u32>(address));
}

// ---- examination ----

/** FAULT_NONE if the pointer is a live block with whole guards; else the fault, noted with where and what. */
function examine(pointer: usize): u32 {
  note(pointer, DAMAGE_NONE, 0, 0, 0);
  if (pointer < DEBUG_PREFIX || !isHeap(pointer) || !isHeap(pointer - DEBUG_PREFIX)) {
    return family.fault(FAULT_BAD_POINTER, pointer);
  }
  const letter = <u32>load<u8>(pointer - 4);
  setDebug(DEBUG_LETTER, letter);
  const prefix = <usize>load<u32>(pointer - 32);
  const proved = prefix <= pointer && prefix >= DEBUG_PREFIX && checks.check(pointer - prefix) == FAULT_NONE;
  if (!proved || !fits(pointer, prefix)) {
    return family.fault(letter == DEBUG_DEAD_BYTE ? FAULT_DOUBLE_FREE : FAULT_BAD_POINTER, pointer);
  }
  const size = sizeOf(pointer);
  setDebug(DEBUG_SIZE, <u32>size);
  setDebug(DEBUG_BLOCK_SERIAL, serialAt(pointer + size + 4));
  if (letter == DEBUG_DEAD_BYTE) return family.fault(FAULT_DOUBLE_FREE, pointer);
  if (letter != DEBUG_RAW_LETTER) return damaged(pointer, DAMAGE_LETTER, pointer - 4, DEBUG_RAW_LETTER);
  for (let at = pointer - 3; at < pointer; at++) {
    if (load<u8>(at) != <u8>DEBUG_GUARD_BYTE) return damaged(pointer, DAMAGE_LEADING, at, DEBUG_GUARD_BYTE);
  }
  for (let at = pointer + size; at < pointer + size + 4; at++) {
    if (load<u8>(at) != <u8>DEBUG_GUARD_BYTE) return damaged(pointer, DAMAGE_TRAILING, at, DEBUG_GUARD_BYTE);
  }
  return FAULT_NONE;
}

/** True in an arena of the heap: an alignment may push the data of a huge span into its second arena. */
function isHeap(address: usize): bool {
  const kind = arenaKind(address);
  return kind == ARENA_PAGED || kind == ARENA_TAIL;
}

/** The noted size lies inside the block that the allocator knows. */
function fits(pointer: usize, prefix: usize): bool {
  const usable = family.usableSize(pointer - prefix);
  return prefix + DEBUG_SUFFIX <= usable && sizeOf(pointer) <= usable - prefix - DEBUG_SUFFIX;
}

/** FAULT_NONE if every byte of a quarantined block still reads as dead. */
function examineDead(pointer: usize): u32 {
  const end = pointer + sizeOf(pointer) + 4;
  for (let at = pointer - 4; at < end; at++) {
    if (load<u8>(at) == <u8>DEBUG_DEAD_BYTE) continue;
    note(pointer, DAMAGE_FREED, at, DEBUG_DEAD_BYTE, load<u8>(at));
    setDebug(DEBUG_SIZE, <u32>sizeOf(pointer));
    setDebug(DEBUG_BLOCK_SERIAL, serialAt(end));
    setWord(STATE_FAULT, FAULT_USE_AFTER_FREE);
    return FAULT_USE_AFTER_FREE;
  }
  return FAULT_NONE;
}

function damaged(pointer: usize, damage: u32, at: usize, expected: u32): u32 {
  note(pointer, damage, at, expected, load<u8>(at));
  setWord(STATE_FAULT, FAULT_CORRUPT);
  return FAULT_CORRUPT;
}

function note(pointer: usize, damage: u32, at: usize, expected: u32, actual: u32): void {
  setDebug(DEBUG_BLOCK, <u32>pointer);
  setDebug(DEBUG_DAMAGE, damage);
  setWord(STATE_FAULT_ADDRESS, <u32>at);
  setWord(STATE_FAULT_EXPECTED, expected);
  setWord(STATE_FAULT_ACTUAL, actual);
}

function refuse(code: u32): usize {
  note(0, DAMAGE_NONE, 0, 0, 0);
  family.fault(code, 0);
  return 0;
}

// ---- quarantine ----

/** Fills a block with the dead byte and puts it in the quarantine. */
function bury(pointer: usize): void {
  unlinkLive(pointer);
  const size = sizeOf(pointer);
  memory.fill(pointer - 4, <u8>DEBUG_DEAD_BYTE, size + 8);
  store<u32>(pointer - 28, 0);
  const newest = <usize>debug(DEBUG_NEWEST);
  if (newest) store<u32>(newest - 28, <u32>pointer);
  else setDebug(DEBUG_OLDEST, <u32>pointer);
  setDebug(DEBUG_NEWEST, <u32>pointer);
  setDebug(DEBUG_QUARANTINED, debug(DEBUG_QUARANTINED) + <u32>size);
}

/** Shortens the quarantine to its limit; the fault of the first block found overwritten. */
function quarantineFault(): u32 {
  let wrong: u32 = FAULT_NONE;
  while (debug(DEBUG_QUARANTINED) > QUARANTINE_BYTES && debug(DEBUG_OLDEST) != debug(DEBUG_NEWEST)) {
    const found = releaseOldest();
    if (found) {
      wrong = found;
      break;
    }
  }
  return wrong;
}

function releaseOldest(): u32 {
  const pointer = <usize>debug(DEBUG_OLDEST);
  const found = examineDead(pointer);
  const next = load<u32>(pointer - 28);
  setDebug(DEBUG_OLDEST, next);
  if (!next) setDebug(DEBUG_NEWEST, 0);
  setDebug(DEBUG_QUARANTINED, debug(DEBUG_QUARANTINED) - <u32>sizeOf(pointer));
  family.free(pointer - load<u32>(pointer - 32));
  return found;
}

// ---- live blocks ----

function linkLive(pointer: usize): void {
  const next = <usize>debug(DEBUG_LIVE);
  store<u32>(pointer - 28, <u32>next);
  store<u32>(pointer - 24, 0);
  if (next) store<u32>(next - 24, <u32>pointer);
  setDebug(DEBUG_LIVE, <u32>pointer);
}

function unlinkLive(pointer: usize): void {
  const next = <usize>load<u32>(pointer - 28);
  const previous = <usize>load<u32>(pointer - 24);
  if (next) store<u32>(next - 24, <u32>previous);
  if (previous) store<u32>(previous - 28, <u32>next);
  else setDebug(DEBUG_LIVE, <u32>next);
}

// @ts-ignore: decorator
@inline
function debug(offset: u32): u32 {
  return word(STATE_DEBUG + offset);
}

// @ts-ignore: decorator
@inline
function setDebug(offset: u32, value: u32): void {
  setWord(STATE_DEBUG + offset, value);
}
