/**
 * Runs of pages inside arenas. The free pages of an arena are the bits of one 64-bit word, so neighbours coalesce by
 * being set, and a run is found with shifts and counts. Only an aligned run is looked for in one arena after the other.
 *
 * Pages come from the lowest arena that has so long a run (lowest.ts), so that what lies high drains and the heap gets
 * shorter. (From the fullest arena, as CPython's usable_arenas has it, and longer runs from where they fit best, the heap
 * extended to 1.28 times what lives on the traces after five passes, and not 1.20.)
 *
 *   every page but an own table free → the arena goes back
 */
import * as layout from "../layout";
import { ArenaHeader, PageRecord } from "../layout";
import { STATE, state, statistics } from "../state";
import { randomBit } from "./hardening";
import { giveArenas, mapEntry, markArenas, takeArenas } from "./arenas";
import { longestOf, lowestWith, noteLongest } from "./lowest";

// ---- where things are ----

// @ts-ignore: decorator
@inline
export function arenaOf(address: usize): usize {
  return address & ~(<usize>layout.ARENA_BYTES - 1);
}

/** Number of a page in its arena. */
// @ts-ignore: decorator
@inline
export function pageNumber(address: usize): u32 {
  return (<u32>(address >>> layout.PAGE_SHIFT)) & (layout.ARENA_PAGES - 1);
}

/** Record of the page that holds `address`; in an arena without pages, a part of the sentinel. */
export function pageRecord(address: usize): PageRecord {
  return pageRecordInline(address);
}

/** pageRecord() for the check of a pointer. */
// @ts-ignore: decorator
@inline
export function pageRecordInline(address: usize): PageRecord {
  return changetype<PageRecord>(STATE + layout.STATE_SENTINEL + recordDistance(address));
}

/** Header of the arena that holds `address`. */
export function arenaHeader(address: usize): ArenaHeader {
  const record = changetype<usize>(pageRecord(arenaOf(address)));
  return changetype<ArenaHeader>(layout.entryOf(record, layout.SLOT_HEADER));
}

/** Header of the lowest arena that has `length` free pages in a row. */
function lowestHeader(length: u32): ArenaHeader | null {
  const number = lowestWith(length);
  return number ? arenaHeader((<usize>number) << layout.ARENA_SHIFT) : null;
}

export function runMask(first: u32, length: u32): u64 {
  return (u64.MAX_VALUE >>> (64 - length)) << first;
}

// @ts-ignore: decorator
@inline
function recordDistance(address: usize): usize {
  return <usize>mapEntry(address) + ((address >>> layout.RECORD_SHIFT) & layout.RECORD_MASK);
}

/**
 * A page record by its distance from the sentinel, as the arena map has it: the address of the sentinel is the immediate
 * offset of each load and store of malloc's and free's fast paths.
 */
@unmanaged
@final
export class MappedRecord {
  /** Record of the page that holds `address`. */
  @inline
  static of(address: usize): MappedRecord {
    return changetype<MappedRecord>(recordDistance(address));
  }

  /** See PageRecord; below 0 where freed blocks do not go to the pool at once. */
  @inline
  get live(): i32 {
    return load<i16>(changetype<usize>(this), STATE + layout.STATE_SENTINEL + layout.RECORD_LIVE);
  }

  // @ts-ignore: decorator
  @inline
  set live(blocks: i32) {
    store<u16>(changetype<usize>(this), blocks, STATE + layout.STATE_SENTINEL + layout.RECORD_LIVE);
  }

  /** Class, domain and state in one number: that of the class alone for a raw pool. */
  @inline
  get kind(): u32 {
    return load<u16>(changetype<usize>(this), STATE + layout.STATE_SENTINEL + layout.RECORD_CLASS);
  }

  /** See PageRecord. */
  @inline
  get freeList(): u32 {
    return load<u32>(changetype<usize>(this), STATE + layout.STATE_SENTINEL + layout.RECORD_FREE);
  }

  // @ts-ignore: decorator
  @inline
  set freeList(block: u32) {
    store<u32>(changetype<usize>(this), block, STATE + layout.STATE_SENTINEL + layout.RECORD_FREE);
  }
}

// ---- taking and giving ----

/**
 * A run of `length` pages, 1 ≤ length ≤ 60, starting at a multiple of `alignment` pages; 0 when memory is out or lies beyond
 * the reach.
 */
export function takePages(length: u32, alignment: u32, reach: u32): usize {
  // So many free pages in a row are sure to hold an aligned run.
  let header = lowestHeader(length + alignment - 1);
  if (!header) header = openArena(reach);
  // Before giving up: fewer may hold one all the same.
  if (!header && alignment > 1) header = findAligned(length, alignment);
  return header ? takeRun(header, length, alignment) : 0;
}

function takeRun(header: ArenaHeader, length: u32, alignment: u32): usize {
  const pages = header.freePages;
  // Where the first pool of an arena lies is the hardened core's secret.
  const first =
    isDefined(TALLYHEAP_HARDENED) && length == 1 && alignment == 1 && pages == header.emptyPages
      ? randomBit(pages)
      : bestRun(pages, length, alignment);
  relist(header, pages & ~runMask(first, length));
  return <usize>header.arena + ((<usize>first) << layout.PAGE_SHIFT);
}

/**
 * Gives a run of pages back. An arena left with nothing but its own page table goes back whole; if the table lay in
 * another arena, that page goes back too, and perhaps that arena with it, and so on.
 */
export function givePages(address: usize, length: u32): void {
  while (true) {
    const header = arenaHeader(address);
    const pages = header.freePages | runMask(pageNumber(address), length);
    if (pages != header.emptyPages) {
      relist(header, pages);
      return;
    }
    address = header.table;
    closeArena(header);
    if (arenaOf(address) == <usize>header.arena) return;
    length = 1;
    pageRecord(address).clear();
  }
}

/** Takes the pages right behind a run, if they are free. */
export function takePagesAt(address: usize, length: u32): bool {
  const first = pageNumber(address);
  if (first + length > layout.ARENA_PAGES) return false;
  const header = arenaHeader(address);
  const mask = runMask(first, length);
  if ((header.freePages & mask) != mask) return false;
  relist(header, header.freePages & ~mask);
  return true;
}

// ---- arenas with a page table ----

function openArena(reach: u32): ArenaHeader | null {
  if (reach == layout.REACH_USED) return null;
  const number = takeArenas(1, reach);
  return number ? prepareArena(number) : null;
}

/** Whether some arena has a page to spare for the table of a new one. */
export function hasTableHost(): bool {
  return lowestWith(1) != 0;
}

/**
 * Gives an arena that was just taken a page table. Its free pages are noted but not listed: the caller takes some and
 * lists the rest. The table goes to the lowest arena that has a page to spare, which leaves all 64 pages of the new
 * one (four spans of 64 KiB, not three); only where none has, to one of the first four pages of the arena itself.
 */
export function prepareArena(number: u32): ArenaHeader {
  const arena = (<usize>number) << layout.ARENA_SHIFT;
  const host = lowestHeader(1);
  const table = host
    ? takeRun(host, 1, 1)
    : arena + ((<usize>((number / layout.TABLE_COLOURS) % layout.TABLE_POSITIONS)) << layout.PAGE_SHIFT);
  const records = table + (number % layout.TABLE_COLOURS) * layout.SLOT_BYTES;
  memory.fill(records, 0, layout.SLOT_BYTES);
  markArenas(number, 1, <u32>(records - STATE - layout.STATE_SENTINEL));
  pageRecord(table).sizeClass = <u8>layout.CLASS_TABLE;
  statistics.tablePages += 1;
  statistics.arenasPaged += 1;
  noteTaken(1);
  const header = arenaHeader(arena);
  memory.fill(changetype<usize>(header), 0, layout.SLOT_BYTES);
  header.arena = <u32>arena;
  header.freePages = header.emptyPages;
  return header;
}

function closeArena(header: ArenaHeader): void {
  relist(header, 0);
  statistics.tablePages -= 1;
  statistics.arenasPaged -= 1;
  statistics.arenasReclaimed += 1;
  giveArenas(header.arena >>> layout.ARENA_SHIFT, 1);
}

export function arenasInUse(): u32 {
  return statistics.arenasPaged + statistics.arenasTail;
}

/** Keeps the statistics when arenas were taken that are among the paged or tail ones already. */
export function noteTaken(arenas: u32): void {
  statistics.arenasTaken += arenas;
  const now = arenasInUse();
  if (now > statistics.arenasHighWater) statistics.arenasHighWater = now;
}

/** Stores the arena's free pages, and how long a run they have. */
export function relist(header: ArenaHeader, pages: u64): void {
  header.freePages = pages;
  noteLongest(header.arena >>> layout.ARENA_SHIFT, longestRun(pages));
}

/** An arena with an aligned run, among those whose longest run is long enough. */
function findAligned(length: u32, alignment: u32): ArenaHeader | null {
  for (let number = state.first; number < state.frontier; number++) {
    if (longestOf(number) < length) continue;
    const header = arenaHeader((<usize>number) << layout.ARENA_SHIFT);
    if (bestRun(header.freePages, length, alignment) < layout.ARENA_PAGES) return header;
  }
  return null;
}

// ---- runs of set bits ----

/** Length of the longest run of ones: doubling finds the power of two, halving adds the rest. */
export function longestRun(bits: u64): u32 {
  if (!bits) return 0;
  let length: u32 = 1;
  let step: u32 = 1;
  for (;;) {
    const longer = bits & (bits >>> step);
    if (!longer) break;
    bits = longer;
    length += step;
    step = length;
  }
  // Here bits marks the starts of runs of `length`, and no run has `length + step`.
  for (step >>>= 1; step; step >>>= 1) {
    const longer = bits & (bits >>> step);
    if (longer) {
      bits = longer;
      length += step;
    }
  }
  return length;
}

/**
 * First page of the shortest run of at least `length` that has one aligned, lowest address among equals; ARENA_PAGES if
 * there is none.
 */
function bestRun(pages: u64, length: u32, alignment: u32): u32 {
  let best: u32 = layout.ARENA_PAGES;
  let bestLength: u32 = u32.MAX_VALUE;
  let base: u32 = 0;
  while (pages) {
    const skip = <u32>ctz(pages);
    pages >>>= skip;
    base += skip;
    const run = ~pages ? <u32>ctz(~pages) : 64;
    const first = (base + alignment - 1) & ~(alignment - 1);
    if (first - base + length <= run && run < bestLength) {
      best = first;
      bestLength = run;
    }
    if (run == 64) break;
    pages >>>= run;
    base += run;
  }
  return best;
}
