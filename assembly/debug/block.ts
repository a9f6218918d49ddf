/**
 * A guarded block: what stands before and behind its data (layout/debug.ts), and whether it is whole. A pointer is always
 * that of the data.
 *
 * The first fault is the one that is noted: it is what the others follow from.
 */
import * as layout from "../layout";
import { DebugHeader, DebugTrailer } from "../layout";
import { debug, state } from "../state";
import { arenaKind } from "../alloc/arenas";
import { check } from "../alloc/checks";
import * as family from "../alloc/malloc";

const HEADER_BYTES: usize = offsetof<DebugHeader>();
const TRAILER_BYTES: usize = offsetof<DebugTrailer>();
const GUARD_BYTES: usize = 4;
/** The domain's letter, and three guard bytes. */
const LETTER: u32 = layout.DEBUG_RAW_LETTER | (layout.DEBUG_GUARD_BYTE * 0x01010100);

// @ts-ignore: decorator
@inline
export function headerOf(pointer: usize): DebugHeader {
  return changetype<DebugHeader>(pointer - HEADER_BYTES);
}

// @ts-ignore: decorator
@inline
function trailerOf(pointer: usize): DebugTrailer {
  return changetype<DebugTrailer>(pointer + sizeOf(pointer));
}

export function sizeOf(pointer: usize): usize {
  return bswap<u32>(headerOf(pointer).sizeBE);
}

function serialOf(pointer: usize): u32 {
  return bswap<u32>(trailerOf(pointer).serialBE);
}

/** Address of the raw block. */
export function baseOf(pointer: usize): usize {
  return pointer - headerOf(pointer).prefix;
}

/** Bytes of the raw block. */
export function bytesOf(pointer: usize): usize {
  return family.usableSize(baseOf(pointer));
}

// ---- making ----

/** A block with a fresh serial number and data of `fill` bytes, at a multiple of `alignment`; 0 if out of memory. */
export function makeBlock(alignment: usize, size: usize, fill: u32): usize {
  const prefix = max(alignment, HEADER_BYTES);
  const base = family.alignedAlloc(max<usize>(alignment, 16), prefix + size + TRAILER_BYTES);
  if (!base) return 0;
  store<u32>(base, 0, 4);
  const pointer = base + prefix;
  const header = headerOf(pointer);
  header.prefix = <u32>prefix;
  header.letter = LETTER;
  memory.fill(pointer, <u8>fill, size);
  debug.serial += 1;
  setSize(pointer, size, debug.serial);
  return pointer;
}

/** Makes a block smaller in place. */
export function shrinkBlock(pointer: usize, size: usize): usize {
  const old = sizeOf(pointer);
  const serial = serialOf(pointer);
  memory.fill(pointer + size, <u8>layout.DEBUG_DEAD_BYTE, old - size);
  setSize(pointer, size, serial);
  return pointer;
}

/** Whether with `size` bytes the block would leave a quarter of its memory and a page unused. */
export function isWasteful(pointer: usize, size: usize): bool {
  const bytes = bytesOf(pointer);
  const unused = bytes - (<usize>headerOf(pointer).prefix + size + TRAILER_BYTES);
  return unused >= layout.PAGE_BYTES && unused >= bytes >>> 2;
}

function setSize(pointer: usize, size: usize, serial: u32): void {
  headerOf(pointer).sizeBE = bswap<u32>(<u32>size);
  trailerOf(pointer).guard = layout.DEBUG_GUARD_BYTE * 0x01010101;
  trailerOf(pointer).serialBE = bswap<u32>(serial);
}

/** Overwrites the letter, the data and the guards behind it with the dead byte. */
export function fillDead(pointer: usize): void {
  memory.fill(pointer - GUARD_BYTES, <u8>layout.DEBUG_DEAD_BYTE, sizeOf(pointer) + 2 * GUARD_BYTES);
}

// ---- examination ----

/** FAULT_NONE if the pointer is a live block with whole guards; else the fault, noted with where and what. */
export function examine(pointer: usize): u32 {
  if (!isProved(pointer)) return fault(layout.FAULT_BAD_POINTER, pointer);
  const letter = <u32>load<u8>(pointer - GUARD_BYTES);
  if (letter == layout.DEBUG_DEAD_BYTE) return fault(layout.FAULT_DOUBLE_FREE, pointer);
  if (letter != layout.DEBUG_RAW_LETTER) {
    return damaged(pointer, layout.DAMAGE_LETTER, pointer - GUARD_BYTES, layout.DEBUG_RAW_LETTER);
  }
  let at = firstOther(pointer - GUARD_BYTES + 1, pointer, layout.DEBUG_GUARD_BYTE);
  if (at) return damaged(pointer, layout.DAMAGE_LEADING, at, layout.DEBUG_GUARD_BYTE);
  const end = pointer + sizeOf(pointer);
  at = firstOther(end, end + GUARD_BYTES, layout.DEBUG_GUARD_BYTE);
  if (at) return damaged(pointer, layout.DAMAGE_TRAILING, at, layout.DEBUG_GUARD_BYTE);
  return isLinked(pointer) ? layout.FAULT_NONE : fault(layout.FAULT_CORRUPT, pointer);
}

/** Address of the first byte of a freed block that is not dead; 0 if all are. */
export function firstOverwritten(pointer: usize): usize {
  const end = pointer + sizeOf(pointer) + GUARD_BYTES;
  return firstOther(pointer - GUARD_BYTES, end, layout.DEBUG_DEAD_BYTE);
}

/** Address of the first byte in [start, end) that is another; 0 if there is none. */
function firstOther(start: usize, end: usize, byte: u32): usize {
  for (let at = start; at < end; at++) if (load<u8>(at) != <u8>byte) return at;
  return 0;
}

/** Whether the header leads to a block that the allocator knows, and the noted size lies inside of it. */
export function isProved(pointer: usize): bool {
  if (!hasHeader(pointer)) return false;
  const prefix = <usize>headerOf(pointer).prefix;
  if (prefix > pointer || prefix < HEADER_BYTES || check(pointer - prefix)) return false;
  const usable = family.usableSize(pointer - prefix);
  return prefix + TRAILER_BYTES <= usable && sizeOf(pointer) <= usable - prefix - TRAILER_BYTES;
}

/** Whether the words before `pointer` can be read and are the heap's. */
export function hasHeader(pointer: usize): bool {
  return pointer >= HEADER_BYTES && isHeap(pointer) && isHeap(pointer - HEADER_BYTES);
}

/** Whether in an arena of the heap: an alignment may push the data of a huge span into its second arena. */
function isHeap(address: usize): bool {
  const kind = arenaKind(address);
  return kind == layout.ARENA_PAGED || kind == layout.ARENA_TAIL;
}

// ---- the list of live blocks ----

export function linkLive(pointer: usize): void {
  const next = debug.live;
  headerOf(pointer).next = next;
  headerOf(pointer).previous = 0;
  if (next) headerOf(next).previous = <u32>pointer;
  debug.live = <u32>pointer;
  debug.liveCount += 1;
}

export function unlinkLive(pointer: usize): void {
  const next = headerOf(pointer).next;
  const previous = headerOf(pointer).previous;
  if (next) headerOf(next).previous = previous;
  if (previous) headerOf(previous).next = next;
  else debug.live = next;
  debug.liveCount -= 1;
}

/** Whether both neighbours in the list of live blocks know the block. */
function isLinked(pointer: usize): bool {
  const next = headerOf(pointer).next;
  const previous = headerOf(pointer).previous;
  if (next && (!hasHeader(next) || headerOf(next).previous != <u32>pointer)) return false;
  if (!previous) return debug.live == <u32>pointer;
  return hasHeader(previous) && headerOf(previous).next == <u32>pointer;
}

// ---- faults ----

function damaged(pointer: usize, damage: u32, at: usize, expected: u32): u32 {
  return note(layout.FAULT_CORRUPT, pointer, damage, at, expected);
}

/** Notes a fault of a pointer that is no block, or of a block whose header is not to be believed; returns its code. */
export function fault(code: u32, pointer: usize): u32 {
  return note(code, pointer, layout.DAMAGE_NONE, 0, 0);
}

/** Notes a fault, unless one waits to be reported; returns its code. */
export function note(code: u32, pointer: usize, damage: u32, at: usize, expected: u32): u32 {
  if (state.fault >= layout.FAULT_BAD_POINTER) return code;
  state.fault = code;
  state.faultAddress = <u32>at;
  state.faultExpected = expected;
  state.faultActual = damage ? <u32>load<u8>(at) : 0;
  debug.block = <u32>pointer;
  debug.damage = damage;
  debug.size = damage ? <u32>sizeOf(pointer) : 0;
  debug.blockSerial = damage ? serialOf(pointer) : 0;
  return code;
}
