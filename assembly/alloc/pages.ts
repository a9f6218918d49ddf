/**
 * Runs of pages inside arenas. The free pages of an arena are the bits of one 64-bit word, so neighbours coalesce by
 * being set, a run is found with shifts and counts, and nothing is ever searched that grows with the heap.
 *
 * A paged arena is listed twice: by its number of free pages (single pages come from the fullest arena, so that sparse
 * ones drain and go back whole; CPython's usable_arenas, here without the walk of bpo-37029) and by the length of its
 * longest free run (longer runs come from the arena whose longest run fits best).
 *
 *   count = popcount(pages);   0 in no list;   every page but an own table free → the arena goes back
 */
import {
  ARENA_BYTES,
  ARENA_PAGES,
  ARENA_SHIFT,
  CLASS_TABLE,
  HEADER_ARENA,
  HEADER_COUNT,
  HEADER_COUNT_NEXT,
  HEADER_LONGEST,
  HEADER_PAGES,
  HEADER_RUN_NEXT,
  PAGE_SHIFT,
  REACH_USED,
  RECORD_CLASS,
  RECORD_MASK,
  RECORD_SHIFT,
  SLOT_BYTES,
  SLOT_HEADER,
  STATE_COUNT_BINS,
  STATE_COUNT_BITS,
  STATE_RUN_BINS,
  STATE_SENTINEL,
  STAT_TABLE_PAGES,
  STATE_RUN_BITS,
  STAT_ARENAS_HIGH_WATER,
  STAT_ARENAS_PAGED,
  STAT_ARENAS_RECLAIMED,
  STAT_ARENAS_TAIL,
  STAT_ARENAS_TAKEN,
  STATE_STATS,
  TABLE_BYTES,
  TABLE_COLOURS,
  TABLE_POSITIONS,
} from "../layout";
import { STATE, count, setWord, statistic } from "../state";
import { giveArenas, mapEntry, markArenas, takeArenas } from "./arenas";

// ---- where things are ----

// @ts-ignore: decorator
@inline
export function arenaOf(address: usize): usize {
  return address & ~(<usize>ARENA_BYTES - 1);
}

/** Record of the page that holds `address`; in an arena without pages, a part of the sentinel. */
export function recordOf(address: usize): usize {
  return recordInline(address);
}

/** recordOf for the check of a pointer. */
// @ts-ignore: decorator
@inline
export function recordInline(address: usize): usize {
  return STATE + STATE_SENTINEL + mapEntry(address) + ((address >>> RECORD_SHIFT) & RECORD_MASK);
}

/** The page whose record this is. */
export function pageOf(record: usize): usize {
  const arena = <usize>load<u32>(headerAt(record), HEADER_ARENA);
  return arena + (((record >>> 3) & (ARENA_PAGES - 1)) << PAGE_SHIFT);
}

/** The entry of the same page in another slot of the page table. */
export function entryOf(record: usize, slot: u32): usize {
  return entryInline(record, slot);
}

/** entryOf for the one hot path that needs it, the check of a pointer. */
// @ts-ignore: decorator
@inline
export function entryInline(record: usize, slot: u32): usize {
  return (record & ~(<usize>TABLE_BYTES - 1)) + ((record + slot * SLOT_BYTES) & (TABLE_BYTES - 1));
}

/** The header of the arena that a record belongs to. */
function headerAt(record: usize): usize {
  return entryOf(record & ~(<usize>SLOT_BYTES - 1), SLOT_HEADER);
}

/** The arena's header. */
export function headerOf(arena: usize): usize {
  return entryOf(recordOf(arena), SLOT_HEADER);
}

/** The page that holds the arena's page table. */
export function tableOf(arena: usize): usize {
  return recordOf(arena) & ~(<usize>TABLE_BYTES - 1);
}

export function runMask(first: u32, length: u32): u64 {
  return (u64.MAX_VALUE >>> (64 - length)) << first;
}

// ---- taking and giving ----

/**
 * A run of `length` pages, 1 ≤ length ≤ 60, starting at a multiple of `alignment` pages; 0 when memory is out or lies beyond
 * the reach.
 */
export function takePages(length: u32, alignment: u32, reach: u32): usize {
  const sure = length + alignment - 1;
  let arena: usize;
  if (sure == 1) {
    const bits = load<u64>(STATE + STATE_COUNT_BITS);
    arena = bits ? <usize>load<u32>(STATE + STATE_COUNT_BINS + ((<u32>ctz(bits)) << 2)) : openArena(reach);
  } else {
    const bits = sure < ARENA_PAGES ? load<u64>(STATE + STATE_RUN_BITS) >>> sure : 0;
    arena = bits
      ? <usize>load<u32>(STATE + STATE_RUN_BINS + ((<u32>ctz(bits) + sure) << 2))
      : openArena(reach);
  }
  // Before giving up: a run that is not sure to hold an aligned one may hold it all the same.
  if (!arena && alignment > 1) arena = findAligned(length, alignment);
  if (!arena) return 0;
  const header = headerOf(arena);
  const pages = load<u64>(header, HEADER_PAGES);
  const first = bestRun(pages, length, alignment);
  relist(arena, header, pages & ~runMask(first, length));
  return arena + ((<usize>first) << PAGE_SHIFT);
}

/**
 * Gives a run of pages back. An arena left with nothing but its own page table goes back whole; if the table lay in
 * another arena, that page goes back too, and perhaps that arena with it, and so on. True if an arena went back.
 */
export function givePages(address: usize, length: u32): bool {
  let closed = false;
  while (true) {
    const arena = arenaOf(address);
    const header = headerOf(arena);
    const pages = load<u64>(header, HEADER_PAGES) | runMask((<u32>(address - arena)) >>> PAGE_SHIFT, length);
    if (pages != emptyArena(arena)) {
      relist(arena, header, pages);
      return closed;
    }
    address = tableOf(arena);
    closeArena(arena, header);
    if (arenaOf(address) == arena) return true;
    closed = true;
    length = 1;
    store<u64>(recordOf(address), 0);
  }
}

/** Takes the pages right behind a run, if they are free. */
export function takePagesAt(address: usize, length: u32): bool {
  const arena = arenaOf(address);
  const first = (<u32>(address - arena)) >>> PAGE_SHIFT;
  if (first + length > ARENA_PAGES) return false;
  const header = headerOf(arena);
  const pages = load<u64>(header, HEADER_PAGES);
  const mask = runMask(first, length);
  if ((pages & mask) != mask) return false;
  relist(arena, header, pages & ~mask);
  return true;
}

// ---- arenas with a page table ----

/** What the free pages of an arena are when nothing is in it: all, but for its page table if it holds that itself. */
export function emptyArena(arena: usize): u64 {
  const table = tableOf(arena);
  return arenaOf(table) == arena ? ~runMask((<u32>(table - arena)) >>> PAGE_SHIFT, 1) : u64.MAX_VALUE;
}

function openArena(reach: u32): usize {
  if (reach == REACH_USED) return 0;
  const number = takeArenas(1, reach);
  return number ? prepareArena((<usize>number) << ARENA_SHIFT) : 0;
}

/** True if some arena has a page to spare for the table of a new one. */
export function hasTableHost(): bool {
  return load<u64>(STATE + STATE_COUNT_BITS) != 0;
}

/**
 * Gives an arena that was just taken a page table. Its free pages are noted but not listed: the caller takes some and
 * lists the rest. The table goes to the fullest arena that has a page to spare, which leaves all 64 pages of the new
 * one (four spans of 64 KiB, not three); only where none has, to one of the first four pages of the arena itself.
 */
export function prepareArena(arena: usize): usize {
  const number = (<u32>arena) >>> ARENA_SHIFT;
  const bits = load<u64>(STATE + STATE_COUNT_BITS);
  let table: usize;
  if (bits) {
    const host = <usize>load<u32>(STATE + STATE_COUNT_BINS + ((<u32>ctz(bits)) << 2));
    const header = headerOf(host);
    const pages = load<u64>(header, HEADER_PAGES);
    const page = bestRun(pages, 1, 1);
    relist(host, header, pages & ~runMask(page, 1));
    table = host + ((<usize>page) << PAGE_SHIFT);
  } else {
    table = arena + ((<usize>((number / TABLE_COLOURS) % TABLE_POSITIONS)) << PAGE_SHIFT);
  }
  const records = table + (number % TABLE_COLOURS) * SLOT_BYTES;
  memory.fill(records, 0, SLOT_BYTES);
  markArenas(number, 1, <u32>(records - STATE - STATE_SENTINEL));
  store<u8>(recordOf(table), CLASS_TABLE, RECORD_CLASS);
  noteArenas(STAT_ARENAS_PAGED, 1);
  count(STAT_TABLE_PAGES, 1);
  const header = headerOf(arena);
  memory.fill(header, 0, SLOT_BYTES);
  store<u64>(header, emptyArena(arena), HEADER_PAGES);
  store<u32>(header, <u32>arena, HEADER_ARENA);
  return arena;
}

function closeArena(arena: usize, header: usize): void {
  relist(arena, header, 0);
  noteArenas(STAT_ARENAS_PAGED, -1);
  count(STAT_TABLE_PAGES, -1);
  giveArenas((<u32>arena) >>> ARENA_SHIFT, 1);
}

/** Keeps the arena statistics; `kind` is the counter of paged or of tail arenas. */
export function noteArenas(kind: u32, change: i32): void {
  count(kind, change);
  if (change < 0) {
    count(STAT_ARENAS_RECLAIMED, -change);
    return;
  }
  count(STAT_ARENAS_TAKEN, change);
  const now = statistic(STAT_ARENAS_PAGED) + statistic(STAT_ARENAS_TAIL);
  if (now > statistic(STAT_ARENAS_HIGH_WATER)) setWord(STATE_STATS + STAT_ARENAS_HIGH_WATER, now);
}

/** Stores the arena's free pages and moves it to the lists that fit them. */
export function relist(arena: usize, header: usize, pages: u64): void {
  store<u64>(header, pages, HEADER_PAGES);
  const oldCount = load<u32>(header, HEADER_COUNT);
  const newCount = <u32>popcnt(pages);
  if (oldCount != newCount) {
    if (oldCount) unlinkArena(arena, header, HEADER_COUNT_NEXT, STATE_COUNT_BINS, STATE_COUNT_BITS, oldCount);
    if (newCount) linkArena(arena, header, HEADER_COUNT_NEXT, STATE_COUNT_BINS, STATE_COUNT_BITS, newCount);
    store<u32>(header, newCount, HEADER_COUNT);
  }
  const oldRun = load<u32>(header, HEADER_LONGEST);
  const newRun = longestRun(pages);
  if (oldRun != newRun) {
    if (oldRun) unlinkArena(arena, header, HEADER_RUN_NEXT, STATE_RUN_BINS, STATE_RUN_BITS, oldRun);
    if (newRun) linkArena(arena, header, HEADER_RUN_NEXT, STATE_RUN_BINS, STATE_RUN_BITS, newRun);
    store<u32>(header, newRun, HEADER_LONGEST);
  }
}

/** `link` is the header's next link; its previous link follows it. */
function linkArena(arena: usize, header: usize, link: usize, bins: usize, bits: usize, bin: u32): void {
  const head = STATE + bins + (bin << 2);
  const next = load<u32>(head);
  store<u32>(header + link, next);
  store<u32>(header + link + 4, 0);
  if (next) store<u32>(headerOf(next) + link + 4, <u32>arena);
  store<u32>(head, <u32>arena);
  store<u64>(STATE + bits, load<u64>(STATE + bits) | ((<u64>1) << bin));
}

function unlinkArena(arena: usize, header: usize, link: usize, bins: usize, bits: usize, bin: u32): void {
  const next = load<u32>(header + link);
  const previous = load<u32>(header + link + 4);
  if (next) store<u32>(headerOf(next) + link + 4, previous);
  if (previous) {
    store<u32>(headerOf(previous) + link, next);
    return;
  }
  store<u32>(STATE + bins + (bin << 2), next);
  if (!next) store<u64>(STATE + bits, load<u64>(STATE + bits) & ~((<u64>1) << bin));
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

/** An arena with an aligned run, among those whose longest run is long enough; 0 if there is none. */
function findAligned(length: u32, alignment: u32): usize {
  for (let bin = length; bin < ARENA_PAGES; bin++) {
    let arena = <usize>load<u32>(STATE + STATE_RUN_BINS + (bin << 2));
    while (arena) {
      const header = headerOf(arena);
      if (bestRun(load<u64>(header, HEADER_PAGES), length, alignment) < ARENA_PAGES) return arena;
      arena = load<u32>(header, HEADER_RUN_NEXT);
    }
  }
  return 0;
}

/**
 * First page of the shortest run of at least `length` that has one aligned, lowest address among equals; ARENA_PAGES if
 * there is none.
 */
function bestRun(pages: u64, length: u32, alignment: u32): u32 {
  let best: u32 = ARENA_PAGES;
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
