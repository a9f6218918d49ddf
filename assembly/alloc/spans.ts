/**
 * Spans: runs of whole pages for one request each, above 32 KiB or with an alignment above a page.
 *
 * Up to 60 pages lie inside one arena. A longer one begins in the *last* pages of an arena and runs on through whole
 * arenas behind it, so that every span starts in an arena with a page table and its remainder is not wasted:
 *
 *   ├ arena: table, pools, other spans … │ span: last t pages ┤├ whole arena ┤ … ├ whole arena ┤     t + 64·k pages
 *
 *   1 ≤ t ≤ 64, or ≤ 60 where the arena has to hold its own page table;   the first page's record holds class SPAN and the length in pages
 */
import {
  ARENA_PAGED,
  ARENA_PAGES,
  ARENA_SHIFT,
  ARENA_TAIL,
  CLASS_NONE,
  CLASS_SPAN,
  PAGE_BYTES,
  PAGE_SHIFT,
  REACH_FREE,
  REACH_NEW,
  RECORD_CLASS,
  RECORD_SPAN_PAGES,
  RECORD_STATE,
  STAT_ARENAS_TAIL,
  STAT_SPANS,
  STAT_SPAN_PAGES,
  TABLE_POSITIONS,
} from "../layout";
import { count } from "../state";
import {
  ensureReady,
  giveArenas,
  kindOf,
  likelyArenas,
  markArenas,
  takeArenas,
  takeArenasAt,
} from "./arenas";
import {
  arenaOf,
  givePages,
  hasTableHost,
  headerOf,
  noteArenas,
  prepareArena,
  recordOf,
  relist,
  runMask,
  takePagesAt,
} from "./pages";
import { obtainPages, settle, settleIfStirred } from "./pools";

const LONGEST: u32 = ARENA_PAGES - TABLE_POSITIONS;

/** Pages that hold `size` bytes; 0 if the sum wraps. */
export function pagesFor(size: usize): u32 {
  return (<u32>(size + (PAGE_BYTES - 1))) >>> PAGE_SHIFT;
}

/** A span of at least `length` pages that starts at a multiple of `alignment` pages (1 … 16); 0 if out of memory. */
export function takeSpan(length: u32, alignment: u32, domain: u32): usize {
  ensureReady();
  if (!length) return 0;
  if (length + alignment - 1 > LONGEST) {
    const appended = appendHuge(length, alignment, domain);
    if (appended) return appended;
    const huge = takeHuge(length, alignment, domain, REACH_FREE);
    if (huge) return huge;
    settle();
    return takeHuge(length, alignment, domain, REACH_NEW);
  }
  const span = obtainPages(length, alignment);
  if (span) noteSpan(span, length, domain);
  return span;
}

function noteSpan(span: usize, length: u32, domain: u32): void {
  const record = recordOf(span);
  store<u32>(record, length, RECORD_SPAN_PAGES);
  store<u8>(record, CLASS_SPAN, RECORD_CLASS);
  store<u8>(record, <u8>domain, RECORD_STATE);
  count(STAT_SPANS, 1);
  count(STAT_SPAN_PAGES, length);
}

export function giveSpan(span: usize): void {
  const record = recordOf(span);
  const length = load<u32>(record, RECORD_SPAN_PAGES);
  store<u64>(record, CLASS_NONE);
  count(STAT_SPANS, -1);
  count(STAT_SPAN_PAGES, -length);
  const tail = tailArenas(span, length);
  if (tail) giveTail(((<u32>span) >>> ARENA_SHIFT) + 1, tail);
  if (givePages(span, length - (tail << (ARENA_SHIFT - PAGE_SHIFT)))) settleIfStirred();
}

/** Makes a span `length` pages long without moving it; false if what lies behind it is taken. */
export function resizeSpan(span: usize, length: u32): bool {
  const old = load<u32>(recordOf(span), RECORD_SPAN_PAGES);
  if (!length) return false;
  return length <= old ? shrinkSpan(span, old, length) : growSpan(span, old, length);
}

// ---- resizing ----

function shrinkSpan(span: usize, old: u32, length: u32): bool {
  const oldTail = tailArenas(span, old);
  const first = ((<u32>span) >>> ARENA_SHIFT) + 1;
  if (oldTail) {
    // A tail arena has no page table: what is left of the last one stays with the span.
    const tail = tailArenas(span, length);
    if (tail == oldTail) return true;
    giveTail(first + tail, oldTail - tail);
    if (tail) length = firstPages(span) + (tail << (ARENA_SHIFT - PAGE_SHIFT));
  }
  const here = min(old, firstPages(span));
  if (length < here) givePages(span + ((<usize>length) << PAGE_SHIFT), here - length);
  setLength(span, old, length);
  return true;
}

function growSpan(span: usize, old: u32, length: u32): bool {
  const here = firstPages(span);
  if (length <= here) {
    if (!takePagesAt(span + ((<usize>old) << PAGE_SHIFT), length - old)) return false;
    setLength(span, old, length);
    return true;
  }
  const oldTail = tailArenas(span, old);
  const tail = tailArenas(span, length);
  const missing = old < here ? here - old : 0;
  if (missing && !takePagesAt(span + ((<usize>old) << PAGE_SHIFT), missing)) return false;
  if (tail > oldTail && !takeTail(((<u32>span) >>> ARENA_SHIFT) + 1 + oldTail, tail - oldTail)) {
    if (missing) givePages(span + ((<usize>old) << PAGE_SHIFT), missing);
    return false;
  }
  setLength(span, old, here + (tail << (ARENA_SHIFT - PAGE_SHIFT)));
  return true;
}

function setLength(span: usize, old: u32, length: u32): void {
  store<u32>(recordOf(span), length, RECORD_SPAN_PAGES);
  count(STAT_SPAN_PAGES, length - old);
}

/** Pages from the span's start to the end of its arena. */
function firstPages(span: usize): u32 {
  return ARENA_PAGES - ((<u32>(span - arenaOf(span))) >>> PAGE_SHIFT);
}

/** Whole arenas behind its first that a span of this length covers or begins to cover. */
export function tailArenas(span: usize, length: u32): u32 {
  const here = firstPages(span);
  return length <= here ? 0 : (length - here + (ARENA_PAGES - 1)) >>> (ARENA_SHIFT - PAGE_SHIFT);
}

// ---- spans over several arenas ----

/** `t` is what whole arenas leave over, rounded up to the alignment, if the first arena has so many pages to give. */
function takeHuge(length: u32, alignment: u32, domain: u32, reach: u32): usize {
  const rest = ((length - 1) & (ARENA_PAGES - 1)) + 1;
  let here = (rest + alignment - 1) & ~(alignment - 1);
  let tail = (length - rest) >>> (ARENA_SHIFT - PAGE_SHIFT);
  if (here > (hasTableHost() ? ARENA_PAGES : LONGEST)) {
    here = alignment;
    tail++;
  }
  const number = takeArenas(tail + 1, reach);
  if (!number) return 0;
  const arena = prepareArena((<usize>number) << ARENA_SHIFT);
  const first = ARENA_PAGES - here;
  const header = headerOf(arena);
  relist(arena, header, load<u64>(header) & ~runMask(first, here));
  if (tail) {
    markArenas(number + 1, tail, ARENA_TAIL);
    noteArenas(STAT_ARENAS_TAIL, tail);
  }
  const span = arena + ((<usize>first) << PAGE_SHIFT);
  noteSpan(span, here + (tail << (ARENA_SHIFT - PAGE_SHIFT)), domain);
  return span;
}

/** A huge span whose first pages fill the end of an arena that is in use already, if free arenas happen to follow it. */
function appendHuge(length: u32, alignment: u32, domain: u32): usize {
  const rest = ((length - 1) & (ARENA_PAGES - 1)) + 1;
  const here = (rest + alignment - 1) & ~(alignment - 1);
  const tail = (length - rest) >>> (ARENA_SHIFT - PAGE_SHIFT);
  const next = likelyArenas(tail);
  if (!tail || here > LONGEST || kindOf(next - 1) != ARENA_PAGED) return 0;
  const span = ((<usize>next) << ARENA_SHIFT) - ((<usize>here) << PAGE_SHIFT);
  if (!takePagesAt(span, here)) return 0;
  if (!takeTail(next, tail)) {
    givePages(span, here);
    return 0;
  }
  noteSpan(span, here + (tail << (ARENA_SHIFT - PAGE_SHIFT)), domain);
  return span;
}

function takeTail(first: u32, length: u32): bool {
  if (!takeArenasAt(first, length)) return false;
  markArenas(first, length, ARENA_TAIL);
  noteArenas(STAT_ARENAS_TAIL, length);
  return true;
}

function giveTail(first: u32, length: u32): void {
  noteArenas(STAT_ARENAS_TAIL, -(<i32>length));
  giveArenas(first, length);
}
