/**
 * The malloc family for callers that cannot be trusted. Raw blocks have no header, so only what the heap itself knows
 * can be proved: that the pointer lies in a pool or at a span's start, on a block boundary, below the carve mark, and
 * that it was not freed through here before. docs/checks.md has the table of what is and what is not detected.
 *
 * A free block has a mark (marks.ts), which a checked malloc clears. A block that has one when it is freed is looked for on
 * its pool's free lists, so a mark that user data happens to equal costs time and never a wrong verdict. On a list it was
 * freed before, or, as its mark tells, never handed out.
 */
import * as layout from "../layout";
import { FAULT_NONE, PAGE_BYTES, PageRecord, PageShape } from "../layout";
import { STATE, activeLists, currentPools, state } from "../state";
import { arenaKind } from "./arenas";
import { classBytes } from "./classes";
import * as family from "./malloc";
import { fault } from "./malloc";
import * as hardening from "./hardening";
import { linkOf, setLink } from "./links";
import { isMarked, isUntouched, markFreed, unmark } from "./marks";
import { pageRecord, pageRecordInline } from "./pages";
import { slotOf } from "./pools";
import { isRecent } from "./recent";

// @ts-ignore: decorator
@inline
export function checkedMalloc(size: usize): usize {
  const block = family.mallocInline(size);
  if (!block) return refuse(layout.FAULT_MEMORY);
  if (isDefined(TALLYHEAP_HARDENED) && state.zeroOnFree && size <= layout.MEDIUM_LIMIT) {
    // It is lost: somebody still writes to it.
    if (!hardening.isWiped(block, family.usableSize(block)))
      return family.refuse(layout.FAULT_CORRUPT, block);
  }
  unmark(block);
  return block;
}

// @ts-ignore: decorator
@inline
export function checkedCalloc(count: usize, size: usize): usize {
  if ((<u64>count * <u64>size) >> 32) return refuse(layout.FAULT_ARGUMENT);
  const block = family.calloc(count, size);
  if (!block) return refuse(layout.FAULT_MEMORY);
  unmark(block);
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
  const block = family.realloc(pointer, size);
  if (!block) return refuse(layout.FAULT_MEMORY);
  // A block that moved has its old second word, which is no mark.
  if (!pointer) unmark(block);
  return block;
}

export function checkedAlignedAlloc(alignment: usize, size: usize): usize {
  if (!alignment || alignment & (alignment - 1) || alignment > layout.MAX_ALIGNMENT)
    return refuse(layout.FAULT_ARGUMENT);
  const block = family.alignedAlloc(alignment, size);
  if (!block) return refuse(layout.FAULT_MEMORY);
  unmark(block);
  return block;
}

/** FAULT_NONE, or what is wrong; the block is untouched then. */
// @ts-ignore: decorator
@inline
export function checkedFree(pointer: usize): u32 {
  const record = pageRecordInline(pointer);
  const head = record.head;
  if (isUnmarkedBlock(pointer, record, head)) {
    markFreed(pointer);
    if (isDefined(TALLYHEAP_HARDENED)) hardening.wipe(pointer, classBytes(record.sizeClass));
    // The live count is signed: the lower half, and its upper bit in pools that have recent blocks.
    if (<i32>(head << 16) > 1 << 16) {
      setLink(pointer, record.freeList);
      record.freeList = <u32>pointer;
      // The whole word, as it is read: a load of four bytes waits for a store of two to leave the store buffer.
      record.head = head - 1;
      return FAULT_NONE;
    }
    return family.releaseSlow(pointer);
  }
  return checkedFreeSlow(pointer);
}

/** Null, a span, a block that happens to look marked, or a pointer that is wrong. */
function checkedFreeSlow(pointer: usize): u32 {
  if (!pointer) return FAULT_NONE;
  const wrong = checkSlow(pointer);
  if (wrong) return fault(wrong, pointer);
  markFreed(pointer);
  if (isDefined(TALLYHEAP_HARDENED)) hardening.wipe(pointer, family.usableSize(pointer));
  return family.releaseSlow(pointer);
}

export function checkedUsableSize(pointer: usize): usize {
  const wrong = check(pointer);
  if (!wrong) return family.usableSize(pointer);
  fault(wrong, pointer);
  return 0;
}

/** FAULT_NONE if the pointer is, as far as can be proved, the start of a live raw block. */
export function check(pointer: usize): u32 {
  const record = pageRecord(pointer);
  return isUnmarkedBlock(pointer, record, record.head) ? FAULT_NONE : checkSlow(pointer);
}

/**
 * Whether the pointer is a block boundary of a raw pool, below its carve mark, and the block carries no mark. `head` is
 * the second word of the record: live, class and state. With M = ⌈2³²/d⌉ one product tells the quotient (its upper
 * half) and whether d divides the offset (its lower half is below M; Lemire, Kaser, Kurz 2019).
 */
// @ts-ignore: decorator
@inline
function isUnmarkedBlock(pointer: usize, record: PageRecord, head: u32): bool {
  // Class and domain together: only DOMAIN_RAW leaves the class as it is.
  const c = (head >>> 16) & 0x3ff;
  // All blocks of a hardened pool are carved at once, and have a mark until they are handed out: of a pool of one page that
  // starts with a block nothing else has to be known, and its shape, which lies elsewhere, need not be read.
  if (isDefined(TALLYHEAP_HARDENED) && c - 1 < layout.SINGLE_PAGE_CLASSES) {
    const offset = (<u32>pointer) & (PAGE_BYTES - 1);
    const reciprocal = load<u32>(c << 2, STATE + layout.STATE_RECIPROCAL);
    const boundary = u32(offset * reciprocal < reciprocal);
    return (boundary & u32(offset + (c << 3) <= PAGE_BYTES) & u32(!isMarked(pointer))) != 0;
  }
  if (c - 1 >= layout.LAST_CLASS) return false;
  const shape = load<u64>(layout.entryInline(changetype<usize>(record), layout.SLOT_SHAPE));
  const first = (<u32>(shape >>> (offsetof<PageShape>("first") << 3))) & 0xffff;
  const offset = ((<u32>pointer) & (PAGE_BYTES - 1)) - first;
  const reciprocal = load<u32>(c << 2, STATE + layout.STATE_RECIPROCAL);
  const product = <u64>offset * <u64>reciprocal;
  // One branch for three conditions that all but always hold.
  const carved = u32(<u32>(product >>> 32) < ((<u32>shape) & 0xffff));
  const boundary = u32(<u32>product < reciprocal);
  return (carved & boundary & u32(!isMarked(pointer))) != 0;
}

/** The pointer is a span, carries a mark, or is wrong. */
function checkSlow(pointer: usize): u32 {
  if (arenaKind(pointer) != layout.ARENA_PAGED) return layout.FAULT_BAD_POINTER;
  const record = pageRecord(pointer);
  if (record.domain != layout.DOMAIN_RAW) return layout.FAULT_BAD_POINTER;
  if (record.sizeClass == layout.CLASS_SPAN) {
    if (pointer != record.page) return layout.FAULT_BAD_POINTER;
    if (!isDefined(TALLYHEAP_HARDENED)) return FAULT_NONE;
    const end = pointer + family.usableSize(pointer) + hardening.GUARD_BYTES;
    return hardening.hasGuard(end) ? FAULT_NONE : layout.FAULT_CORRUPT;
  }
  if (!record.isPool || !isCarvedBlock(pointer, record)) return layout.FAULT_BAD_POINTER;
  if (!isListed(record, pointer)) return FAULT_NONE;
  return isUntouched(pointer) ? layout.FAULT_BAD_POINTER : layout.FAULT_DOUBLE_FREE;
}

/** isUnmarkedBlock() without the mark, for the slow path. */
function isCarvedBlock(pointer: usize, record: PageRecord): bool {
  const bytes = classBytes(record.sizeClass);
  const offset = ((<u32>pointer) & (PAGE_BYTES - 1)) - record.shape.first;
  return offset % bytes == 0 && offset / bytes < record.shape.carved;
}

/** Whether the block is on its pool's free list or, for a current pool, on the active list. */
function isListed(record: PageRecord, pointer: usize): bool {
  if (isOn(record.freeList, pointer)) return true;
  if (record.hasFront && isRecent(record.sizeClass, pointer)) return true;
  const slot = slotOf(record);
  return currentPools[slot] == record && isOn(activeLists[slot], pointer);
}

/** Looks at no more blocks than a pool can have: a list that was overwritten may be a ring. */
function isOn(list: usize, pointer: usize): bool {
  const page = list;
  for (let left = PAGE_BYTES >>> 3; list && left; left--) {
    if (list == pointer) return true;
    // Outside of its page is nothing to be read.
    if (isDefined(TALLYHEAP_HARDENED) && (list ^ page) >>> layout.PAGE_SHIFT) return false;
    list = linkOf(list);
  }
  return false;
}

/** A poisoned heap refuses everything that leaves the fast path, whatever the request. */
function refuse(code: u32): usize {
  if (isDefined(TALLYHEAP_HARDENED) && state.fault == layout.FAULT_CORRUPT) return 0;
  fault(state.poison ? layout.FAULT_CORRUPT : code, 0);
  return 0;
}
