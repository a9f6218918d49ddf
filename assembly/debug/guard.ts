/**
 * The debug core's malloc family: CPython's debug hooks (PYTHONMALLOC=debug) over the same pools, slabs and spans.
 *
 *   base                p−32     p−28   p−24       p−8          p−4              p        p+n     p+n+4
 *   ├ alignment padding ┤ prefix │ next │ previous │ size (BE) ┤ 'r' FD FD FD ┤ data … ┤ FD×4 ┤ serial (BE) ┤
 *
 *   prefix = p − base;   data is CD when fresh, DD when freed, 0 from calloc
 *
 * Freed blocks wait in a quarantine, filled with DD, until a megabyte of memory has gathered; a write after free shows
 * when one leaves it or when verify() looks. A fault leaves the heap as it was: the block is neither freed nor moved.
 *
 * A fault of one of C's functions, which cannot tell, stays in the state block until the next call through a Heap
 * throws it. The first one counts: it is what the others follow from.
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
  DEBUG_DEAD_COUNT,
  DEBUG_LIVE,
  DEBUG_LIVE_COUNT,
  DEBUG_NEWEST,
  DEBUG_OLDEST,
  DEBUG_PREFIX,
  DEBUG_QUARANTINED,
  DEBUG_RAW_LETTER,
  DEBUG_SERIAL,
  DEBUG_SIZE,
  DEBUG_SUFFIX,
  DEBUG_UNTOLD,
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
  PAGE_BYTES,
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

/** A little smaller stays in place; growing always moves, so that a stale pointer meets the quarantine. */
export function checkedRealloc(pointer: usize, size: usize): usize {
  if (!pointer) return checkedMalloc(size);
  if (family.poisoned()) return refuse(FAULT_CORRUPT);
  if (examine(pointer)) return 0;
  // Before anything moves, for an overwritten block in there makes the call fail.
  if (quarantineFault()) return 0;
  const old = sizeOf(pointer);
  if (size <= old && !isWasteful(pointer, size)) return shrunk(pointer, size);
  const before = word(STATE_FAULT);
  const block = fresh(16, size, DEBUG_FRESH_BYTE);
  if (!block) {
    if (size > old) return 0;
    // No memory to move to is no fault of a block that can stay.
    setWord(STATE_FAULT, before);
    return shrunk(pointer, size);
  }
  memory.copy(block, pointer, min(old, size));
  bury(pointer);
  return block;
}

export function checkedFree(pointer: usize): u32 {
  if (!pointer) return FAULT_NONE;
  if (family.poisoned()) return fault(FAULT_CORRUPT, pointer);
  const wrong = examine(pointer);
  if (wrong) return wrong;
  bury(pointer);
  return quarantineFault();
}

export function checkedUsableSize(pointer: usize): usize {
  return examine(pointer) ? 0 : sizeOf(pointer);
}

/** A question, no fault: nothing is left to be reported. */
export function check(pointer: usize): u32 {
  const before = word(STATE_FAULT);
  const wrong = examine(pointer);
  setWord(STATE_FAULT, before);
  return wrong;
}

/** 0, or the first broken guard of a live block or byte of a freed one. */
export function verify(): u32 {
  const before = word(STATE_FAULT);
  const wrong = verifyLive() ? BROKEN_GUARD : verifyDead() ? BROKEN_QUARANTINE : 0;
  setWord(STATE_FAULT, before);
  return wrong;
}

/** The heap is emptied: no block is live or in quarantine. */
export function forget(): void {
  setDebug(DEBUG_LIVE, 0);
  setDebug(DEBUG_LIVE_COUNT, 0);
  setWord(STATE_FAULT, FAULT_NONE);
  abandonQuarantine();
}

// ---- births ----

function fresh(alignment: usize, size: usize, fill: u32): usize {
  if (family.poisoned()) return refuse(FAULT_CORRUPT);
  if (size > 0xfff00000) return refuse(FAULT_MEMORY);
  const prefix = max<usize>(alignment, DEBUG_PREFIX);
  const total = prefix + size + DEBUG_SUFFIX;
  let base = family.alignedAlloc(max<usize>(alignment, 16), total);
  if (!base && debug(DEBUG_OLDEST)) {
    releaseQuarantine();
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

function shrunk(pointer: usize, size: usize): usize {
  const old = sizeOf(pointer);
  const serial = serialOf(pointer);
  memory.fill(pointer + size, <u8>DEBUG_DEAD_BYTE, old - size);
  setSize(pointer, size, serial);
  return pointer;
}

/** With `size` bytes the block would leave a quarter of its memory and a page unused. */
function isWasteful(pointer: usize, size: usize): bool {
  const bytes = bytesOf(pointer);
  const needed = <usize>load<u32>(pointer - 32) + size + DEBUG_SUFFIX;
  return bytes - needed >= PAGE_BYTES && bytes - needed >= bytes >>> 2;
}

function sizeOf(pointer: usize): usize {
  return bswap<u32>(load<u32>(pointer - 8));
}

function serialOf(pointer: usize): u32 {
  return bswap<u32>(load<u32>(pointer + sizeOf(pointer) + 4));
}

/** Memory that the block takes, prefix and guards included. */
function bytesOf(pointer: usize): usize {
  return family.usableSize(pointer - load<u32>(pointer - 32));
}

// ---- examination ----

/** FAULT_NONE if the pointer is a live block with whole guards; else the fault, noted with where and what. */
function examine(pointer: usize): u32 {
  if (!isProved(pointer)) return fault(FAULT_BAD_POINTER, pointer);
  const letter = <u32>load<u8>(pointer - 4);
  if (letter == DEBUG_DEAD_BYTE) return fault(FAULT_DOUBLE_FREE, pointer);
  if (letter != DEBUG_RAW_LETTER) return damaged(pointer, DAMAGE_LETTER, pointer - 4, DEBUG_RAW_LETTER);
  for (let at = pointer - 3; at < pointer; at++) {
    if (load<u8>(at) != <u8>DEBUG_GUARD_BYTE) return damaged(pointer, DAMAGE_LEADING, at, DEBUG_GUARD_BYTE);
  }
  const tail = pointer + sizeOf(pointer);
  for (let at = tail; at < tail + 4; at++) {
    if (load<u8>(at) != <u8>DEBUG_GUARD_BYTE) return damaged(pointer, DAMAGE_TRAILING, at, DEBUG_GUARD_BYTE);
  }
  return isLinked(pointer) ? FAULT_NONE : fault(FAULT_CORRUPT, pointer);
}

/** The header leads to a block that the allocator knows, and the noted size lies inside of it. */
function isProved(pointer: usize): bool {
  if (!hasHeader(pointer)) return false;
  const prefix = <usize>load<u32>(pointer - 32);
  if (prefix > pointer || prefix < DEBUG_PREFIX || checks.check(pointer - prefix)) return false;
  const usable = family.usableSize(pointer - prefix);
  return prefix + DEBUG_SUFFIX <= usable && sizeOf(pointer) <= usable - prefix - DEBUG_SUFFIX;
}

/** The words before `pointer` can be read and are the heap's. */
function hasHeader(pointer: usize): bool {
  return pointer >= DEBUG_PREFIX && isHeap(pointer) && isHeap(pointer - DEBUG_PREFIX);
}

/** True in an arena of the heap: an alignment may push the data of a huge span into its second arena. */
function isHeap(address: usize): bool {
  const kind = arenaKind(address);
  return kind == ARENA_PAGED || kind == ARENA_TAIL;
}

/** Both neighbours in the list of live blocks know the block. */
function isLinked(pointer: usize): bool {
  const next = <usize>load<u32>(pointer - 28);
  const previous = <usize>load<u32>(pointer - 24);
  if (next && (!hasHeader(next) || load<u32>(next - 24) != <u32>pointer)) return false;
  if (!previous) return debug(DEBUG_LIVE) == <u32>pointer;
  return hasHeader(previous) && load<u32>(previous - 28) == <u32>pointer;
}

/** Looks at every live block; one that its list has lost shows in the count. */
function verifyLive(): u32 {
  let block = <usize>debug(DEBUG_LIVE);
  let last = block;
  let left = debug(DEBUG_LIVE_COUNT);
  for (; block && left; left--) {
    // A link that leads nowhere is the fault of the block it stands in.
    if (!hasHeader(block)) return fault(FAULT_CORRUPT, last);
    const wrong = examine(block);
    if (wrong) return wrong;
    last = block;
    block = load<u32>(block - 28);
  }
  return block || left ? fault(FAULT_CORRUPT, last) : FAULT_NONE;
}

function verifyDead(): u32 {
  let block = <usize>debug(DEBUG_OLDEST);
  let last = block;
  let left = debug(DEBUG_DEAD_COUNT);
  for (; block && left; left--) {
    if (!hasHeader(block)) return fault(FAULT_USE_AFTER_FREE, last);
    const wrong = examineDead(block);
    if (wrong) return wrong;
    last = block;
    block = load<u32>(block - 28);
  }
  return block || left ? fault(FAULT_USE_AFTER_FREE, last) : FAULT_NONE;
}

/** FAULT_NONE if the header of a quarantined block is whole and every byte still reads as dead. */
function examineDead(pointer: usize): u32 {
  if (!isBuried(pointer)) return fault(FAULT_USE_AFTER_FREE, pointer);
  const at = firstOverwritten(pointer);
  return at ? note(FAULT_USE_AFTER_FREE, pointer, DAMAGE_FREED, at, DEBUG_DEAD_BYTE) : FAULT_NONE;
}

/** The header of a block in quarantine can be relied on. */
function isBuried(pointer: usize): bool {
  if (!isProved(pointer)) return false;
  const next = <usize>load<u32>(pointer - 28);
  const isNewest = debug(DEBUG_NEWEST) == <u32>pointer;
  return next ? !isNewest && hasHeader(next) : isNewest;
}

/** Address of the first byte of a freed block that is not dead; 0 if all are. */
function firstOverwritten(pointer: usize): usize {
  const end = pointer + sizeOf(pointer) + 4;
  for (let at = pointer - 4; at < end; at++) {
    if (load<u8>(at) != <u8>DEBUG_DEAD_BYTE) return at;
  }
  return 0;
}

function damaged(pointer: usize, damage: u32, at: usize, expected: u32): u32 {
  return note(FAULT_CORRUPT, pointer, damage, at, expected);
}

/** Notes a fault of a pointer that is no block, or of a block whose header is not to be believed; returns its code. */
function fault(code: u32, pointer: usize): u32 {
  return note(code, pointer, DAMAGE_NONE, 0, 0);
}

/** Notes a fault, unless one waits to be reported; returns its code. */
function note(code: u32, pointer: usize, damage: u32, at: usize, expected: u32): u32 {
  if (word(STATE_FAULT) >= FAULT_BAD_POINTER) return code;
  setWord(STATE_FAULT, code);
  setWord(STATE_FAULT_ADDRESS, <u32>at);
  setWord(STATE_FAULT_EXPECTED, expected);
  setWord(STATE_FAULT_ACTUAL, damage ? <u32>load<u8>(at) : 0);
  setDebug(DEBUG_BLOCK, <u32>pointer);
  setDebug(DEBUG_DAMAGE, damage);
  setDebug(DEBUG_SIZE, damage ? <u32>sizeOf(pointer) : 0);
  setDebug(DEBUG_BLOCK_SERIAL, damage ? serialOf(pointer) : 0);
  return code;
}

function refuse(code: u32): usize {
  fault(code, 0);
  return 0;
}

// ---- quarantine ----

/** Fills a block with the dead byte and puts it in the quarantine. */
function bury(pointer: usize): void {
  unlinkLive(pointer);
  memory.fill(pointer - 4, <u8>DEBUG_DEAD_BYTE, sizeOf(pointer) + 8);
  store<u32>(pointer - 28, 0);
  enqueue(pointer);
}

function enqueue(pointer: usize): void {
  const newest = <usize>debug(DEBUG_NEWEST);
  if (newest) store<u32>(newest - 28, <u32>pointer);
  else setDebug(DEBUG_OLDEST, <u32>pointer);
  setDebug(DEBUG_NEWEST, <u32>pointer);
  setDebug(DEBUG_DEAD_COUNT, debug(DEBUG_DEAD_COUNT) + 1);
  // What the block holds back, not what was asked for: a thousand blocks of nothing are no small matter.
  setDebug(DEBUG_QUARANTINED, debug(DEBUG_QUARANTINED) + <u32>bytesOf(pointer));
}

/** Shortens the quarantine to its limit; the fault of the first block found overwritten. */
function quarantineFault(): u32 {
  while (
    debug(DEBUG_UNTOLD) ||
    (debug(DEBUG_QUARANTINED) > QUARANTINE_BYTES && debug(DEBUG_OLDEST) != debug(DEBUG_NEWEST))
  ) {
    const found = releaseOldest();
    if (found) return found;
  }
  return FAULT_NONE;
}

function releaseOldest(): u32 {
  const pointer = <usize>debug(DEBUG_OLDEST);
  const found = examineDead(pointer);
  if (!isBuried(pointer)) {
    // Where the others are is lost with its link; their memory stays as it is until reset().
    abandonQuarantine();
    return found;
  }
  const next = load<u32>(pointer - 28);
  setDebug(DEBUG_OLDEST, next);
  if (!next) setDebug(DEBUG_NEWEST, 0);
  setDebug(DEBUG_DEAD_COUNT, debug(DEBUG_DEAD_COUNT) - 1);
  setDebug(DEBUG_QUARANTINED, debug(DEBUG_QUARANTINED) - <u32>bytesOf(pointer));
  if (debug(DEBUG_UNTOLD)) setDebug(DEBUG_UNTOLD, debug(DEBUG_UNTOLD) - 1);
  family.free(pointer - load<u32>(pointer - 32));
  return found;
}

/**
 * Memory is short: empties the quarantine but for what was overwritten, which the next free() or realloc() tells of.
 * True if any block went.
 */
export function releaseQuarantine(): bool {
  const before = debug(DEBUG_DEAD_COUNT);
  let kept: usize = 0;
  let untold: u32 = 0;
  let block = <usize>debug(DEBUG_OLDEST);
  while (block && isBuried(block)) {
    const next = <usize>load<u32>(block - 28);
    if (firstOverwritten(block)) {
      kept = block;
      untold++;
    } else {
      if (kept) store<u32>(kept - 28, <u32>next);
      else setDebug(DEBUG_OLDEST, <u32>next);
      if (!next) setDebug(DEBUG_NEWEST, <u32>kept);
      setDebug(DEBUG_DEAD_COUNT, debug(DEBUG_DEAD_COUNT) - 1);
      setDebug(DEBUG_QUARANTINED, debug(DEBUG_QUARANTINED) - <u32>bytesOf(block));
      family.free(block - load<u32>(block - 32));
    }
    block = next;
  }
  setDebug(DEBUG_UNTOLD, untold + u32(block != 0));
  return debug(DEBUG_DEAD_COUNT) < before;
}

function abandonQuarantine(): void {
  setDebug(DEBUG_OLDEST, 0);
  setDebug(DEBUG_NEWEST, 0);
  setDebug(DEBUG_DEAD_COUNT, 0);
  setDebug(DEBUG_QUARANTINED, 0);
  setDebug(DEBUG_UNTOLD, 0);
}

// ---- live blocks ----

function linkLive(pointer: usize): void {
  const next = <usize>debug(DEBUG_LIVE);
  store<u32>(pointer - 28, <u32>next);
  store<u32>(pointer - 24, 0);
  if (next) store<u32>(next - 24, <u32>pointer);
  setDebug(DEBUG_LIVE, <u32>pointer);
  setDebug(DEBUG_LIVE_COUNT, debug(DEBUG_LIVE_COUNT) + 1);
}

function unlinkLive(pointer: usize): void {
  const next = <usize>load<u32>(pointer - 28);
  const previous = <usize>load<u32>(pointer - 24);
  if (next) store<u32>(next - 24, <u32>previous);
  if (previous) store<u32>(previous - 28, <u32>next);
  else setDebug(DEBUG_LIVE, <u32>next);
  setDebug(DEBUG_LIVE_COUNT, debug(DEBUG_LIVE_COUNT) - 1);
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
