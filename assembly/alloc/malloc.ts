/**
 * The malloc family: C's names and meanings over pools, slabs and spans. Raw bytes; nothing here knows of objects.
 *
 *   1 … 512 bytes (threshold)   pools, 8-byte blocks up to 8 bytes, else multiples of 16, 16-aligned
 *   … 32 KiB                    slabs, at most 12.5 % above the request
 *   above                       spans of whole pages
 *
 * Hits, read off the compiled code: malloc 2 loads, 1 store, 2 branches; free 3 loads, 3 stores, 1 branch. Slabs and spans
 * have hits of their own, one call away: what was freed last (recent.ts).
 */
import * as layout from "../layout";
import { MEDIUM_LIMIT, SMALL_LIMIT } from "../layout";
import { STATE, state } from "../state";
import { arenaKind, ensureReady } from "./arenas";
import { classBytes, mediumClass, rawBytes, rawClass } from "./classes";
import * as hardening from "./hardening";
import { pop, setLink } from "./links";
import { markFreed } from "./marks";
import { MappedRecord, pageRecord } from "./pages";
import * as pools from "./pools";
import { popRecent, popRecentSpan, pushRecent } from "./recent";
import { giveSpan, noteSpan, pagesFor, resizeSpan, takeSpan } from "./spans";
import { copyRaw, zeroRaw } from "./copy";

/** A new block of at least `size` bytes; for 0 a distinct one as for 1. 0 if out of memory. */
export function malloc(size: usize): usize {
  return mallocInline(size);
}

/** malloc for callers that want the fast path in their own code. */
// @ts-ignore: decorator
@inline
export function mallocInline(size: usize): usize {
  if (size - 1 < SMALL_LIMIT) {
    const head = rawBytes(size) >>> 1;
    if (isDefined(TALLYHEAP_HARDENED)) {
      const block = pop(STATE + layout.STATE_ACTIVE + head, layout.DOMAIN_RAW);
      if (block) return block;
    } else {
      const block = <usize>load<u32>(head, STATE + layout.STATE_ACTIVE);
      if (block) {
        store<u32>(head, load<u32>(block), STATE + layout.STATE_ACTIVE);
        return block;
      }
    }
  }
  return mallocSlow(size);
}

/** Releases a block; null is a no-op. A pointer that is provably no block is left alone and noted as a fault. */
export function free(pointer: usize): void {
  freeInline(pointer);
}

/** free for callers that want the fast path in their own code. */
// @ts-ignore: decorator
@inline
export function freeInline(pointer: usize): void {
  if (isDefined(TALLYHEAP_HARDENED)) beforeFree(pointer);
  pushFreed(pointer, MappedRecord.of(pointer));
}

// @ts-ignore: decorator
@inline
function pushFreed(pointer: usize, record: MappedRecord): void {
  const live = record.live;
  if (live > 1) {
    setLink(pointer, record.freeList);
    record.freeList = <u32>pointer;
    record.live = live - 1;
    return;
  }
  freeSlow(pointer);
}

/** A zeroed block of count · size bytes; 0 if out of memory or if the product does not fit 32 bits. */
export function calloc(count: usize, size: usize): usize {
  const product = <u64>count * <u64>size;
  if (product >> 32) return 0;
  const bytes = <usize>product;
  if (bytes <= MEDIUM_LIMIT) {
    const block = malloc(bytes);
    if (block) zeroRaw(block, bytes);
    return block;
  }
  ensureReady();
  const virgin = (<usize>state.virgin) << layout.ARENA_SHIFT;
  const block = mallocSlow(bytes);
  // What lies above the old virgin mark was never handed out and reads as zero.
  if (block && block < virgin) memory.fill(block, 0, min(bytes, virgin - block));
  return block;
}

/**
 * CPython's rules (§1.2 of docs/behaviour.md): null → malloc; size 0 shrinks and never frees; a block stays where it
 * is if the new size fits and is more than three quarters of it; on failure the result is 0 and the block is intact.
 */
export function realloc(pointer: usize, size: usize): usize {
  const record = MappedRecord.of(pointer);
  const c = record.kind & KIND_OF_BLOCKS;
  // Null has class 0.
  if (c - 1 >= SMALL_LIMIT >>> 3) return pointer ? reallocLarge(pointer, size) : malloc(size);
  const old = (<usize>c) << 3;
  const bytes = size + usize(size == 0);
  if (bytes <= old && (bytes << 2 > old * 3 || rawBytes(bytes) == old)) return pointer;
  const block = malloc(bytes);
  if (!block) return bytes <= old ? pointer : 0;
  copyRaw(block, pointer, min(old, bytes));
  if (isDefined(TALLYHEAP_HARDENED)) beforeFree(pointer);
  else markFreed(pointer);
  pushFreed(pointer, record);
  return block;
}

/** realloc of a slab's block or a span. */
function reallocLarge(pointer: usize, size: usize): usize {
  const old = usableSize(pointer);
  if (!old) return refuse(layout.FAULT_BAD_POINTER, pointer);
  size += usize(size == 0);
  if (old > MEDIUM_LIMIT && size > MEDIUM_LIMIT) {
    if (resizeSpanSafely(pointer, size)) return pointer;
  } else if (size <= old && (<u64>size) << 2 > <u64>old * 3) {
    // Of what would get a block of the same class all is more than three quarters: the classes are 12.5 % apart.
    return pointer;
  }
  const block = malloc(size);
  if (!block) return size <= old ? pointer : 0;
  memory.copy(block, pointer, min(old, size));
  markFreed(pointer);
  free(pointer);
  return block;
}

/** Hardened core: a block that is freed from within has its mark too, and is zeroed if the option says so. */
function beforeFree(pointer: usize): void {
  if (!pointer) return;
  markFreed(pointer);
  if (state.zeroOnFree) hardening.wipe(pointer, usableSize(pointer));
}

/** A block whose address is a multiple of `alignment`, a power of two up to 64 MiB; 0 if it is not, or out of memory. */
export function alignedAlloc(alignment: usize, size: usize): usize {
  if (!alignment || alignment & (alignment - 1) || alignment > layout.MAX_ALIGNMENT) return 0;
  if (size > 0xffff0000) return 0;
  // Blocks whose size is a multiple of a power of two up to a page are aligned to it. What is a multiple of `alignment` gets
  // a block that is: within a doubling the classes are the multiples of one power of two, which `alignment` divides, or
  // which divides `alignment`, and then the class is of just that size.
  const bytes = max(size, alignment);
  if (alignment <= 16) return malloc(alignment <= 8 && size <= 8 ? size : max(size, 16));
  if (bytes <= MEDIUM_LIMIT && alignment <= layout.PAGE_BYTES) {
    ensureReady();
    const fitting = (bytes + alignment - 1) & ~(alignment - 1);
    if (fitting <= MEDIUM_LIMIT) return takeBlock(layout.DOMAIN_RAW, rawClass(fitting));
  }
  return newSpan(max(size, 1), <u32>max<usize>(1, alignment >>> layout.PAGE_SHIFT));
}

/** Bytes the block really has; 0 if the pointer is in no pool, slab or span. Not proved to be a block's start. */
export function usableSize(pointer: usize): usize {
  if (arenaKind(pointer) != layout.ARENA_PAGED) return 0;
  const record = pageRecord(pointer);
  const c = <u32>record.sizeClass;
  if (c == layout.CLASS_SPAN) {
    const bytes = (<usize>record.spanPages) << layout.PAGE_SHIFT;
    return record.domain == layout.DOMAIN_RAW ? bytes - hardening.GUARD_BYTES : bytes;
  }
  return c <= layout.LAST_CLASS ? <usize>classBytes(c) : 0;
}

// ---- slow paths ----

/** Class and domain: the class alone for raw blocks and spans. */
const KIND_OF_BLOCKS: u32 = 0x3ff;

function mallocSlow(size: usize): usize {
  if (size - (SMALL_LIMIT + 1) < MEDIUM_LIMIT - SMALL_LIMIT) {
    const c = mediumClass(size);
    const block = popRecent(c);
    return block ? block : takeBlock(layout.DOMAIN_RAW, c);
  }
  if (size > MEDIUM_LIMIT) return newSpan(size, 1);
  ensureReady();
  return takeBlock(layout.DOMAIN_RAW, rawClass(size + usize(size == 0)));
}

/** A block of a class from its active list, or by refilling it; 0 if out of memory. */
export function takeBlock(domain: u32, c: u32): usize {
  let block = pop(STATE + layout.STATE_ACTIVE + pools.classSlot(domain, c), domain);
  if (block) return block;
  if (!enter()) return 0;
  block = pools.refill(domain, c);
  leave();
  return block;
}

function newSpan(size: usize, alignment: u32): usize {
  const pages = pagesOf(size);
  if (!enter()) return 0;
  let span = alignment == 1 ? popRecentSpan(pages) : 0;
  if (span) noteSpan(span, pageRecord(span).spanPages, layout.DOMAIN_RAW);
  else span = takeSpan(pages, alignment, layout.DOMAIN_RAW);
  leave();
  if (isDefined(TALLYHEAP_HARDENED) && span)
    hardening.writeGuard(span + usableSize(span) + hardening.GUARD_BYTES);
  return span;
}

function freeSlow(pointer: usize): void {
  if (pointer) releaseSlow(pointer);
}

/** Frees a block off the fast path. FAULT_NONE, or what is wrong with the pointer. */
export function releaseSlow(pointer: usize): u32 {
  const kind = MappedRecord.of(pointer).kind & KIND_OF_BLOCKS;
  const isSlab = kind - (layout.SMALL_CLASSES + 1) < layout.MEDIUM_CLASSES;
  return isSlab && pushRecent(kind, pointer) ? layout.FAULT_NONE : release(pointer);
}

function release(pointer: usize): u32 {
  if (arenaKind(pointer) != layout.ARENA_PAGED) return fault(layout.FAULT_BAD_POINTER, pointer);
  const record = pageRecord(pointer);
  const isPool = record.isPool;
  if (!isPool && (record.sizeClass != layout.CLASS_SPAN || pointer != record.page)) {
    return fault(layout.FAULT_BAD_POINTER, pointer);
  }
  if (!enter()) return fault(layout.FAULT_CORRUPT, pointer);
  let live: bool = true;
  if (isPool) live = pools.freeSlow(record, pointer);
  else giveSpan(pointer);
  leave();
  return live ? layout.FAULT_NONE : fault(layout.FAULT_DOUBLE_FREE, pointer);
}

function resizeSpanSafely(pointer: usize, size: usize): bool {
  if (!enter()) return false;
  const resized = resizeSpan(pointer, pagesOf(size));
  leave();
  if (isDefined(TALLYHEAP_HARDENED) && resized)
    hardening.writeGuard(pointer + usableSize(pointer) + hardening.GUARD_BYTES);
  return resized;
}

/** Pages of a span for `size` bytes; 0 if the sum wraps. */
function pagesOf(size: usize): u32 {
  return isDefined(TALLYHEAP_HARDENED) && size > u32.MAX_VALUE - hardening.GUARD_BYTES
    ? 0
    : pagesFor(size + hardening.GUARD_BYTES);
}

/** Notes a fault for whoever asks; returns its code. */
export function fault(code: u32, pointer: usize): u32 {
  state.fault = code;
  state.faultAddress = <u32>pointer;
  return code;
}

/** fault for callers whose result is a pointer: null. */
export function refuse(code: u32, pointer: usize): usize {
  fault(code, pointer);
  return 0;
}

/**
 * While a slow path rearranges the heap, the poison mark stands: a trap inside it leaves it, and from then on no slow
 * path is entered. False if that has happened.
 */
export function enter(): bool {
  if (state.poison) {
    fault(layout.FAULT_CORRUPT, 0);
    return false;
  }
  state.poison = 1;
  return true;
}

// @ts-ignore: decorator
@inline
export function leave(): void {
  state.poison = 0;
}

/** FAULT_CORRUPT if an earlier slow path did not come to its end. */
export function poisoned(): u32 {
  return state.poison ? layout.FAULT_CORRUPT : layout.FAULT_NONE;
}
