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
import * as layout from "../layout";
import { ARENA_PAGES, ARENA_SHIFT, PAGE_SHIFT } from "../layout";
import { statistics } from "../state";
import { ensureReady, giveArenas, kindOf, likelyArenas, markArenas, takeArenas } from "./arenas";
import * as pages from "./pages";
import { pageRecord } from "./pages";
import { addPressure, relievePressure } from "./pressure";
import { obtainPages, retireIdlePools, retireIfShrunk } from "./pools";
import { pushRecentSpan } from "./recent";
import { firstPages, giveAll, giveTail, nextArena, noteTail, tailArenas, takeTail } from "./tails";

const LONGEST: u32 = ARENA_PAGES - layout.TABLE_POSITIONS;

/** Pages that hold `size` bytes; 0 if the sum wraps. */
export function pagesFor(size: usize): u32 {
  return (<u32>(size + (layout.PAGE_BYTES - 1))) >>> PAGE_SHIFT;
}

/** A span of at least `length` pages that starts at a multiple of `alignment` pages, a power of two; 0 if out of memory. */
export function takeSpan(length: u32, alignment: u32, domain: u32): usize {
  ensureReady();
  if (!length) return 0;
  if (alignment >= ARENA_PAGES) {
    retireIdlePools();
    if (!pages.hasTableHost()) return takeBesideHost(length, alignment, domain);
  }
  if (length + max(alignment, layout.TABLE_POSITIONS) > ARENA_PAGES) {
    const huge = placeHuge(length, alignment, domain, layout.REACH_FREE);
    if (huge) return huge;
    retireIdlePools();
    return placeHuge(length, alignment, domain, layout.REACH_NEW);
  }
  const span = obtainPages(length, alignment);
  return span ? noteSpan(span, length, domain) : 0;
}

/** Makes a run of pages a span; its address. */
export function noteSpan(span: usize, length: u32, domain: u32): usize {
  const record = pageRecord(span);
  record.spanPages = length;
  record.sizeClass = <u8>layout.CLASS_SPAN;
  record.setState(domain, 0);
  statistics.spans += 1;
  statistics.spanPages += length;
  addPressure(length << PAGE_SHIFT);
  return span;
}

/** Frees a span: a raw one waits for the next request, if it may. */
export function giveSpan(span: usize): void {
  const record = pageRecord(span);
  const length = record.spanPages;
  statistics.spans -= 1;
  statistics.spanPages -= length;
  relievePressure(length << PAGE_SHIFT);
  if (record.domain != layout.DOMAIN_RAW || !pushRecentSpan(span, record)) {
    record.clear();
    giveAll(span, length);
  }
  retireIfShrunk(length);
}

// ---- resizing ----

/** Makes a span `length` pages long without moving it; false if what lies behind it is taken. */
export function resizeSpan(span: usize, length: u32): bool {
  if (!length) return false;
  const record = pageRecord(span);
  const old = record.spanPages;
  const now = length <= old ? shrinkSpan(span, old, length) : growSpan(span, old, length);
  if (!now) return false;
  record.spanPages = now;
  statistics.spanPages += now - old;
  if (now > old) addPressure((now - old) << PAGE_SHIFT);
  else relievePressure((old - now) << PAGE_SHIFT);
  return true;
}

/** The length that the span has then. */
function shrinkSpan(span: usize, old: u32, length: u32): u32 {
  const oldTail = tailArenas(span, old);
  if (oldTail) {
    // A tail arena has no page table: what is left of the last one stays with the span.
    const tail = tailArenas(span, length);
    if (tail == oldTail) return old;
    giveTail(nextArena(span) + tail, oldTail - tail);
    if (tail) return firstPages(span) + tail * ARENA_PAGES;
  }
  const here = min(old, firstPages(span));
  if (length < here) pages.givePages(span + ((<usize>length) << PAGE_SHIFT), here - length);
  return length;
}

/** The length that the span has then, or 0. */
function growSpan(span: usize, old: u32, length: u32): u32 {
  const here = firstPages(span);
  const end = span + ((<usize>old) << PAGE_SHIFT);
  if (length <= here) return pages.takePagesAt(end, length - old) ? length : 0;
  const missing = old < here ? here - old : 0;
  if (missing && !pages.takePagesAt(end, missing)) return 0;
  const oldTail = tailArenas(span, old);
  const tail = tailArenas(span, length);
  if (tail > oldTail && !takeTail(nextArena(span) + oldTail, tail - oldTail, layout.REACH_NEW)) {
    if (missing) pages.givePages(end, missing);
    return 0;
  }
  return here + tail * ARENA_PAGES;
}

// ---- spans over several arenas ----

/** `t` is what whole arenas leave over, rounded up to the alignment, if the first arena has so many pages to give. */
function takeHuge(length: u32, alignment: u32, domain: u32, reach: u32): usize {
  let here = pagesHere(length, alignment);
  let tail = (length - 1) / ARENA_PAGES;
  if (here > (pages.hasTableHost() ? ARENA_PAGES : LONGEST)) {
    here = alignment;
    tail++;
  }
  const spare = (alignment - 1) / ARENA_PAGES;
  let number = takeArenas(tail + 1 + spare, reach);
  if (!number) return 0;
  if (spare) number = alignArenas(number, tail + 1, spare);
  const header = pages.prepareArena(number);
  const first = ARENA_PAGES - here;
  pages.relist(header, header.freePages & ~pages.runMask(first, here));
  if (tail) noteTail(number + 1, tail);
  const span = ((<usize>number) << ARENA_SHIFT) + ((<usize>first) << PAGE_SHIFT);
  return noteSpan(span, here + tail * ARENA_PAGES, domain);
}

/** A huge span, behind what is in use already or in arenas of its own. */
function placeHuge(length: u32, alignment: u32, domain: u32, reach: u32): usize {
  const appended = appendHuge(length, alignment, domain, reach);
  return appended ? appended : takeHuge(length, alignment, domain, reach);
}

/** A huge span whose first pages fill the end of an arena that is in use already, if free arenas happen to follow it. */
function appendHuge(length: u32, alignment: u32, domain: u32, reach: u32): usize {
  const here = pagesHere(length, alignment);
  const tail = (length - 1) / ARENA_PAGES;
  const next = likelyArenas(tail);
  if (!tail || here > LONGEST || kindOf(next - 1) != layout.ARENA_PAGED) return 0;
  const span = ((<usize>next) << ARENA_SHIFT) - ((<usize>here) << PAGE_SHIFT);
  if (!pages.takePagesAt(span, here)) return 0;
  if (!takeTail(next, tail, reach)) {
    pages.givePages(span, here);
    return 0;
  }
  return noteSpan(span, here + tail * ARENA_PAGES, domain);
}

/** From more arenas than needed, the ones that start at a multiple of `spare` + 1; the others are given back. */
function alignArenas(taken: u32, length: u32, spare: u32): u32 {
  const first = (taken + spare) & ~spare;
  const before = first - taken;
  markArenas(first, length, layout.ARENA_TAIL);
  if (before) giveArenas(taken, before);
  if (before < spare) giveArenas(first + length, spare - before);
  return first;
}

/** All pages of its first arena are the span's, so the table needs a page elsewhere: of an arena that is opened for it. */
function takeBesideHost(length: u32, alignment: u32, domain: u32): usize {
  const page = obtainPages(1, 1);
  if (!page) return 0;
  const span = takeSpan(length, alignment, domain);
  pages.givePages(page, 1);
  return span;
}

/** Pages of the first arena: what whole arenas leave over, rounded up to the alignment; at most all of them. */
function pagesHere(length: u32, alignment: u32): u32 {
  alignment = min(alignment, ARENA_PAGES);
  return (((length - 1) & (ARENA_PAGES - 1)) + alignment) & ~(alignment - 1);
}
