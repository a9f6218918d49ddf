/**
 * The malloc family for callers that cannot be trusted. Raw blocks have no header, so only what the heap itself knows
 * can be proved: that the pointer lies in a pool or at a span's start, on a block boundary, below the carve mark, and
 * that it was not freed through here before. docs/checks.md has the table of what is and what is not detected.
 *
 * Double free: carving, a checked free and a moving realloc write the block's address, XORed with a secret, into its
 * second word; a checked malloc clears it. A block that still carries its mark when it is freed is looked for on its pool's free lists, so a
 * mark that user data happens to equal costs time and never a wrong verdict.
 */
import {
  ARENA_PAGED,
  CLASS_SPAN,
  DOMAIN_RAW,
  FAULT_ARGUMENT,
  FAULT_BAD_POINTER,
  FAULT_CORRUPT,
  FAULT_DOUBLE_FREE,
  FAULT_MEMORY,
  FAULT_NONE,
  LAST_CLASS,
  PAGE_BYTES,
  RECORD_CLASS,
  RECORD_FREE,
  RECORD_LIVE,
  RECORD_LIVE_MASK,
  SHAPE_CARVED,
  SHAPE_FIRST,
  SLOT_SHAPE,
  STATE_ACTIVE,
  STATE_CURRENT,
  STATE_POISON,
  STATE_RECIPROCAL,
} from "../layout";
import { STATE, word } from "../state";
import { arenaKind } from "./arenas";
import { classBytes } from "./classes";
import {
  alignedAlloc,
  calloc,
  fault,
  mallocInline,
  marked,
  realloc,
  releaseRare,
  usableSize,
} from "./malloc";
import { entryInline, entryOf, pageOf, recordInline, recordOf } from "./pages";
import { classSlot, isPool, poolDomain } from "./pools";

// @ts-ignore: decorator
@inline
export function checkedMalloc(size: usize): usize {
  const block = mallocInline(size);
  if (!block) return refuse(FAULT_MEMORY);
  store<u32>(block, 0, 4);
  return block;
}

// @ts-ignore: decorator
@inline
export function checkedCalloc(count: usize, size: usize): usize {
  if ((<u64>count * <u64>size) >> 32) return refuse(FAULT_ARGUMENT);
  const block = calloc(count, size);
  if (!block) return refuse(FAULT_MEMORY);
  store<u32>(block, 0, 4);
  return block;
}

// @ts-ignore: decorator
@inline
export function checkedRealloc(pointer: usize, size: usize): usize {
  if (pointer) {
    const wrong = check(pointer);
    if (wrong) {
      fault(wrong, pointer);
      return 0;
    }
  }
  const block = realloc(pointer, size);
  if (!block) return refuse(FAULT_MEMORY);
  // A block that moved has its old second word, which is no mark.
  if (!pointer) store<u32>(block, 0, 4);
  return block;
}

export function checkedAlignedAlloc(alignment: usize, size: usize): usize {
  if (!alignment || alignment & (alignment - 1) || alignment > 1 << 16) return refuse(FAULT_ARGUMENT);
  const block = alignedAlloc(alignment, size);
  if (!block) return refuse(FAULT_MEMORY);
  store<u32>(block, 0, 4);
  return block;
}

/** FAULT_NONE, or what is wrong; the block is untouched then. */
// @ts-ignore: decorator
@inline
export function checkedFree(pointer: usize): u32 {
  const record = recordInline(pointer);
  const head = load<u32>(record, RECORD_LIVE);
  if (isUnmarkedBlock(pointer, record, head)) {
    store<u32>(pointer, marked(pointer), 4);
    if ((head & RECORD_LIVE_MASK) > 1) {
      store<u32>(pointer, load<u32>(record, RECORD_FREE));
      store<u32>(record, <u32>pointer, RECORD_FREE);
      store<u16>(record, <u16>(head - 1), RECORD_LIVE);
      return FAULT_NONE;
    }
    return releaseRare(pointer);
  }
  return checkedFreeSlow(pointer);
}

/** Null, a span, a block that happens to look marked, or a pointer that is wrong. */
function checkedFreeSlow(pointer: usize): u32 {
  if (!pointer) return FAULT_NONE;
  const wrong = checkSlow(pointer);
  if (wrong) return fault(wrong, pointer);
  store<u32>(pointer, marked(pointer), 4);
  return releaseRare(pointer);
}

export function checkedUsableSize(pointer: usize): usize {
  const wrong = check(pointer);
  if (!wrong) return usableSize(pointer);
  fault(wrong, pointer);
  return 0;
}

/** FAULT_NONE if the pointer is, as far as can be proved, the start of a live raw block. */
export function check(pointer: usize): u32 {
  const record = recordOf(pointer);
  return isUnmarkedBlock(pointer, record, load<u32>(record, RECORD_LIVE)) ? FAULT_NONE : checkSlow(pointer);
}

/**
 * True if the pointer is a block boundary of a raw pool, below its carve mark, and the block carries no mark. `head` is
 * the second word of the record: live, class and state. With M = ⌈2³²/d⌉ one product tells the quotient (its upper
 * half) and whether d divides the offset (its lower half is below M; Lemire, Kaser, Kurz 2019).
 */
// @ts-ignore: decorator
@inline
function isUnmarkedBlock(pointer: usize, record: usize, head: u32): bool {
  // Class and domain together: only DOMAIN_RAW leaves the class as it is.
  const c = (head >>> 16) & 0x3ff;
  if (c - 1 >= LAST_CLASS) return false;
  const shape = load<u64>(entryInline(record, SLOT_SHAPE));
  const offset = ((<u32>pointer) & (PAGE_BYTES - 1)) - ((<u32>(shape >>> (SHAPE_FIRST << 3))) & 0xffff);
  const reciprocal = load<u32>(STATE + STATE_RECIPROCAL + (c << 2));
  const product = <u64>offset * <u64>reciprocal;
  // One branch for three conditions that all but always hold.
  const carved = u32(<u32>(product >>> 32) < ((<u32>shape) & 0xffff));
  const boundary = u32(<u32>product < reciprocal);
  return (carved & boundary & u32(load<u32>(pointer, 4) != marked(pointer))) != 0;
}

/** The pointer is a span, carries a mark, or is wrong. */
function checkSlow(pointer: usize): u32 {
  if (arenaKind(pointer) != ARENA_PAGED) return FAULT_BAD_POINTER;
  const record = recordOf(pointer);
  if (<u32>load<u8>(record, RECORD_CLASS) == CLASS_SPAN) {
    return pointer == pageOf(record) && poolDomain(record) == DOMAIN_RAW ? FAULT_NONE : FAULT_BAD_POINTER;
  }
  if (!isCarvedBlock(pointer, record)) return FAULT_BAD_POINTER;
  return isListed(record, pointer) ? FAULT_DOUBLE_FREE : FAULT_NONE;
}

/** isUnmarkedBlock() without the mark, for the slow path. */
function isCarvedBlock(pointer: usize, record: usize): bool {
  if (!isPool(record) || poolDomain(record) != DOMAIN_RAW) return false;
  const shape = entryOf(record, SLOT_SHAPE);
  const bytes = classBytes(load<u8>(record, RECORD_CLASS));
  const offset = ((<u32>pointer) & (PAGE_BYTES - 1)) - load<u16>(shape, SHAPE_FIRST);
  return offset % bytes == 0 && offset / bytes < <u32>load<u16>(shape, SHAPE_CARVED);
}

/** True if the block is on its pool's free list or, for a current pool, on the active list. */
function isListed(record: usize, pointer: usize): bool {
  if (isOn(load<u32>(record, RECORD_FREE), pointer)) return true;
  const slot = classSlot(poolDomain(record), load<u8>(record, RECORD_CLASS));
  return (
    load<u32>(STATE + STATE_CURRENT + slot) == <u32>record &&
    isOn(load<u32>(STATE + STATE_ACTIVE + slot), pointer)
  );
}

/** Looks at no more blocks than a pool can have: a list that was overwritten may be a ring. */
function isOn(list: usize, pointer: usize): bool {
  for (let left = PAGE_BYTES >>> 3; list && left; left--) {
    if (list == pointer) return true;
    list = load<u32>(list);
  }
  return false;
}

/** A poisoned heap refuses everything that leaves the fast path, whatever the request. */
function refuse(code: u32): usize {
  fault(word(STATE_POISON) ? FAULT_CORRUPT : code, 0);
  return 0;
}
