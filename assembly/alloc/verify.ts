/**
 * The validator of the bytes layer: walks every arena, page, list and count and returns the first broken invariant, or
 * 0. The codes and the address, expected and actual values are explained in bindings/core/faults.ts.
 */
import * as layout from "../layout";
import { PAGE_BYTES, PAGE_SHIFT, PageRecord, PageShape, Recount, Statistics } from "../layout";
import {
  STATE,
  activeBounds,
  activeLists,
  availablePools,
  currentPools,
  freeRuns,
  lastAvailable,
  nextRuns,
  previousRuns,
  recentBlocks,
  recentSpans,
  runLengths,
  state,
  statistic,
} from "../state";
import { arenaKind, kindOf, runList } from "./arenas";
import { classBytes, slabPages } from "./classes";
import { GUARD_BYTES, hasGuard, isWiped } from "./hardening";
import { linkOf } from "./links";
import { longestAt, longestBelow, longestOf, runsBelow } from "./lowest";
import { isMarked } from "./marks";
import { arenaHeader, longestRun, pageNumber, pageRecord, runMask } from "./pages";
import { blocksFrom, classSlot, isSmall } from "./pools";
import { WAITS, recentLimit, recentList } from "./recent";
import { tailArenas } from "./tails";

const recount = changetype<Recount>(STATE + layout.STATE_RECOUNT);

/** 0, or the number of the first broken invariant. */
export function verify(): u32 {
  if (state.poison) return broken(layout.BROKEN_POISON, 0, 0, state.poison);
  if (isDefined(TALLYHEAP_STANDALONE)) {
    const wrong = verifyZeros(0, PAGE_BYTES);
    if (wrong) return wrong;
  }
  let wrong = verifyZeros(STATE + layout.STATE_SENTINEL, layout.SENTINEL_BYTES);
  if (wrong || !state.ready) return wrong;
  const ordered =
    state.first <= state.frontier &&
    state.frontier <= state.drained &&
    state.drained <= state.virgin &&
    state.virgin <= max(state.end, state.first) &&
    state.end <= max(layout.MAX_ARENAS, state.first);
  if (!ordered) return broken(layout.BROKEN_ARENA_RUN, 0, state.end, state.virgin);
  memory.fill(changetype<usize>(recount), 0, offsetof<Recount>());
  wrong = verifyArenas();
  if (!wrong) wrong = verifyCounts();
  return wrong ? wrong : verifyLists();
}

/** Notes where and what; the caller returns the code. */
export function broken(code: u32, address: usize, expected: u32, actual: u32): u32 {
  state.faultAddress = <u32>address;
  state.faultExpected = expected;
  state.faultActual = actual;
  return code;
}

function verifyZeros(start: usize, bytes: usize): u32 {
  for (let at = start; at < start + bytes; at += 4) {
    if (load<u32>(at)) return broken(layout.BROKEN_NULL_PAGE, at, 0, load<u32>(at));
  }
  return 0;
}

// ---- arenas ----

function verifyArenas(): u32 {
  let wrong: u32 = 0;
  for (let number = state.first; number < state.frontier && !wrong; number++) {
    const kind = kindOf(number);
    if (kind == layout.ARENA_FREE) {
      wrong = verifyRun(number);
      number += <u32>runLengths[number] - 1;
    } else if (kind == layout.ARENA_TAIL) {
      recount.arenasTail += 1;
    } else if (kind == layout.ARENA_PAGED) {
      wrong = verifyPaged(number);
    }
  }
  return wrong;
}

/** A maximal run of free arenas whose length stands at both ends. */
function verifyRun(first: u32): u32 {
  const arena = (<usize>first) << layout.ARENA_SHIFT;
  const length = <u32>runLengths[first];
  const end = first + length;
  const atEnd = <u32>runLengths[end - 1];
  if (!length || end > state.frontier || atEnd != length) {
    return broken(layout.BROKEN_ARENA_RUN, arena, length, atEnd);
  }
  let free: u32 = 1;
  while (free < length && kindOf(first + free) == layout.ARENA_FREE) free++;
  // Coalesced: neither another run nor the frontier follows.
  if (free < length || end == state.frontier || kindOf(end) == layout.ARENA_FREE) {
    return broken(layout.BROKEN_ARENA_RUN, arena, length, free);
  }
  recount.runArenas += length;
  return 0;
}

function verifyPaged(number: u32): u32 {
  recount.arenasPaged += 1;
  const arena = (<usize>number) << layout.ARENA_SHIFT;
  const header = arenaHeader(arena);
  if (header.arena != <u32>arena || pageRecord(header.table).sizeClass != layout.CLASS_TABLE) {
    return broken(layout.BROKEN_TABLE, arena, <u32>arena, header.arena);
  }
  const free = header.freePages;
  if (free == header.emptyPages) return broken(layout.BROKEN_FREE_PAGE, arena, 0, layout.ARENA_PAGES - 1);
  const longest = longestRun(free);
  if (longestOf(number) != longest) {
    return broken(layout.BROKEN_ARENA_COUNT, arena, longest, longestOf(number));
  }
  recount.openArenas += u32(free != 0);
  const records = pageRecord(arena);
  for (let i: u32 = 0; i < layout.ARENA_PAGES;) {
    const record = records.at(i);
    const page = arena + ((<usize>i) << PAGE_SHIFT);
    if ((free >>> i) & 1) {
      if (record.head || record.freeList) return broken(layout.BROKEN_FREE_PAGE, page, 0, record.sizeClass);
      i++;
      continue;
    }
    const wrong = verifyTaken(record);
    if (wrong) return wrong;
    // Pages of one run are taken, inside one arena, and meet nothing else.
    const length = min(lengthOf(record), layout.ARENA_PAGES - i);
    if (free & runMask(i, length)) return broken(layout.BROKEN_PAGE_TAKEN, page, length, <u32>(free >>> i));
    i += length;
  }
  return 0;
}

/** The table, span or slab that starts on a page. */
function verifyTaken(record: PageRecord): u32 {
  const c = <u32>record.sizeClass;
  if (c == layout.CLASS_SPAN || c == layout.CLASS_RECENT) return verifySpan(record);
  if (record.isPool) return verifySlab(record);
  if (c != layout.CLASS_TABLE) return broken(layout.BROKEN_PAGE_TAKEN, record.page, 1, c);
  recount.tablePages += 1;
  return 0;
}

/** Pages of it. */
function lengthOf(record: PageRecord): u32 {
  if (record.isPool) return record.shape.pages;
  return record.sizeClass == layout.CLASS_TABLE ? 1 : record.spanPages;
}

function verifySpan(record: PageRecord): u32 {
  const span = record.page;
  const length = record.spanPages;
  if (!length) return broken(layout.BROKEN_SPAN_LENGTH, span, 1, length);
  const tail = tailArenas(span, length);
  const first = (<u32>span) >>> layout.ARENA_SHIFT;
  for (let number = first + 1; number <= first + tail; number++) {
    const kind = kindOf(number);
    if (kind != layout.ARENA_TAIL) {
      return broken(layout.BROKEN_TAIL_ARENA, number << layout.ARENA_SHIFT, layout.ARENA_TAIL, kind);
    }
  }
  const here = min(length, layout.ARENA_PAGES - pageNumber(span));
  for (let i: u32 = 1; i < here; i++) {
    if (record.at(i).sizeClass != layout.CLASS_NONE)
      return broken(layout.BROKEN_SPAN_LENGTH, span, length, i);
  }
  if (record.sizeClass == layout.CLASS_RECENT) {
    recount.recentPages += length;
    recount.spanTails += tail;
    return 0;
  }
  const end = span + ((<usize>length) << PAGE_SHIFT);
  if (isDefined(TALLYHEAP_HARDENED) && record.domain == layout.DOMAIN_RAW && !hasGuard(end))
    return broken(layout.BROKEN_GUARD, end - GUARD_BYTES, 0, 0);
  recount.spans += 1;
  recount.spanPages += length;
  recount.spanTails += tail;
  return 0;
}

/** The statistics and sums over all arenas are what the walk counted. */
function verifyCounts(): u32 {
  const inRuns = listedRunArenas();
  if (recount.runArenas != inRuns) return broken(layout.BROKEN_ARENA_RUN, 0, recount.runArenas, inRuns);
  if (recount.spanTails != recount.arenasTail) {
    return broken(layout.BROKEN_TAIL_ARENA, 0, recount.spanTails, recount.arenasTail);
  }
  if (recount.tablePages != recount.arenasPaged) {
    return broken(layout.BROKEN_TABLE, 0, recount.arenasPaged, recount.tablePages);
  }
  // The offset of a statistic stands for the address.
  for (let offset: u32 = 0; offset <= offsetof<Statistics>("arenasTail"); offset += 4) {
    const counted = load<u32>(changetype<usize>(recount) + offset);
    if (counted != statistic(offset)) {
      return broken(layout.BROKEN_STATISTICS, offset, counted, statistic(offset));
    }
  }
  for (let number = state.frontier; number < state.end; number++) {
    const kind = kindOf(number);
    if (kind != layout.ARENA_FREE) {
      return broken(layout.BROKEN_ARENA_RUN, number << layout.ARENA_SHIFT, layout.ARENA_FREE, kind);
    }
  }
  return 0;
}

/** Arenas in the lists of runs, or u32.MAX_VALUE if a list is broken. */
function listedRunArenas(): u32 {
  let arenas: u32 = 0;
  for (let list: u32 = 0; list < 64; list++) {
    let run = freeRuns.head(list);
    if (freeRuns.has(list) != (run != 0)) return u32.MAX_VALUE;
    let previous: u32 = 0;
    while (run) {
      if (previousRuns[run] != previous) return u32.MAX_VALUE;
      previous = run;
      if (runList(<u32>runLengths[run]) != list || arenas > layout.MAX_ARENAS) return u32.MAX_VALUE;
      arenas += <u32>runLengths[run];
      run = nextRuns[run];
    }
  }
  return arenas;
}

// ---- pools ----

function verifySlab(head: PageRecord): u32 {
  const c = <u32>head.sizeClass;
  const pages = <u32>head.shape.pages;
  if (pages != slabPages(c, 0) && pages != slabPages(c, 1)) {
    return broken(layout.BROKEN_SHAPE, head.page, slabPages(c, 1), pages);
  }
  const bytes = classBytes(c);
  let blocks = (pages << PAGE_SHIFT) / bytes;
  let first: u32 = 0;
  let busy: u32 = 0;
  for (let i: u32 = 0; i < pages; i++) {
    const record = head.at(i);
    const shape = record.shape;
    const capacity = blocksFrom(first, bytes, blocks);
    if (
      record.sizeClass != c ||
      shape.index != i ||
      shape.capacity != capacity ||
      shape.first != <u16>first
    ) {
      return broken(layout.BROKEN_SHAPE, record.page, capacity, shape.capacity);
    }
    blocks -= capacity;
    first += capacity * bytes - PAGE_BYTES;
    const wrong = verifyPool(record, shape, c);
    if (wrong) return wrong;
    busy += u32(record.poolState != layout.POOL_LISTED || record.live != 0);
  }
  const noted = <u32>head.slab.busy;
  if (noted != busy) return broken(layout.BROKEN_SLAB_BUSY, head.page, busy, noted);
  const countsAsSlab = head.slab.countsAsSlab;
  if (!countsAsSlab && !isSmall(c)) return broken(layout.BROKEN_SHAPE, head.page, 1, 0);
  if (countsAsSlab) recount.slabPages += pages;
  else recount.poolPages += pages;
  return 0;
}

/** Every block of the pool below the carve mark is live or on exactly one list, exactly once. */
function verifyPool(record: PageRecord, shape: PageShape, c: u32): u32 {
  const page = record.page;
  const carved = <u32>shape.carved;
  const capacity = <u32>shape.capacity;
  const pool = record.poolState;
  const slot = classSlot(record.domain, c);
  if (carved > capacity) return broken(layout.BROKEN_SHAPE, page, capacity, carved);
  if (pool == layout.POOL_LISTED && capacity) recount.listedPools += 1;
  memory.fill(STATE + layout.STATE_SCRATCH, 0, PAGE_BYTES >>> 6);
  const own = countBlocks(record.freeList, page + shape.first, c, carved, record.domain);
  if (own > carved) return broken(layout.BROKEN_FREE_LIST, page, carved, own);
  const isCurrent = currentPools[slot] == record;
  if (isCurrent != (pool == layout.POOL_ACTIVE)) {
    return broken(layout.BROKEN_POOL_STATE, page, layout.POOL_ACTIVE, pool);
  }
  if (isCurrent) {
    const active = countBlocks(activeLists[slot], page + shape.first, c, carved, record.domain);
    if (active > carved - own) return broken(layout.BROKEN_FREE_LIST, page, carved - own, active);
    if (active >= activeBounds[slot])
      return broken(layout.BROKEN_POOL_STATE, page, activeBounds[slot], active);
  }
  const hasFront = WAITS && record.domain == layout.DOMAIN_RAW && c > layout.SMALL_CLASSES;
  if (record.hasFront != hasFront)
    return broken(layout.BROKEN_LIVE_COUNT, page, u32(hasFront), record.liveWord);
  if (hasFront && !countRecent(page + shape.first, c, carved)) return layout.BROKEN_RECENT;
  const expected = pool == layout.POOL_FULL ? 1 : carved - own;
  if (record.live != expected) return broken(layout.BROKEN_LIVE_COUNT, page, expected, record.live);
  if (pool == layout.POOL_FULL && (own || carved != capacity)) {
    return broken(layout.BROKEN_POOL_STATE, page, capacity, carved - own);
  }
  return 0;
}

/** Recent blocks of the pool are blocks of it, and neither free in it nor met twice. */
function countRecent(first: usize, c: u32, carved: u32): bool {
  const recent = recentBlocks(c);
  for (let n = min(recent.count, recentLimit(c)); n; n--) {
    const block = recent.block(n);
    // Those of other pools are theirs to prove.
    if (block - first >= carved * classBytes(c)) continue;
    recount.recentBlocks += 1;
    if (countBlock(block, first, c, carved)) continue;
    broken(layout.BROKEN_RECENT, block, <u32>first, n);
    return false;
  }
  return true;
}

/** Every recent block was found in a pool, and every list of recent spans holds what the walk met. */
function verifyRecent(): u32 {
  let blocks: u32 = 0;
  for (let c = layout.SMALL_CLASSES + 1; c <= layout.LAST_CLASS; c++) blocks += recentBlocks(c).count;
  if (blocks != recount.recentBlocks) return broken(layout.BROKEN_RECENT, 0, recount.recentBlocks, blocks);
  let pages: u32 = 0;
  for (let list: u32 = 0; list < 64; list++) {
    let span = <usize>recentSpans.head(list);
    if (recentSpans.has(list) != (span != 0)) return broken(layout.BROKEN_RECENT, span, list, 0);
    while (span) {
      const record = pageRecord(span);
      const length = record.spanPages;
      if (
        record.sizeClass != layout.CLASS_RECENT ||
        recentList(length) != list ||
        pages > layout.RECENT_PAGES
      )
        return broken(layout.BROKEN_RECENT, span, list, length);
      pages += length;
      span = changetype<usize>(record.links.next);
    }
  }
  return pages == recount.recentPages && pages == state.recentPages
    ? 0
    : broken(layout.BROKEN_RECENT, 0, recount.recentPages, pages);
}

/**
 * Length of a free list of the pool whose blocks start at `first`, or u32.MAX_VALUE if a block is off the stride, uncarved
 * or met twice.
 */
function countBlocks(block: usize, first: usize, c: u32, carved: u32, domain: u32): u32 {
  let length: u32 = 0;
  while (block) {
    if (!countBlock(block, first, c, carved)) return u32.MAX_VALUE;
    length++;
    if (isDefined(TALLYHEAP_HARDENED) && !looksFree(block, classBytes(c), domain)) return u32.MAX_VALUE;
    block = linkOf(block);
  }
  return length;
}

/** Notes that a free block of the pool was met; false if it is off the stride, uncarved or met twice. */
function countBlock(block: usize, first: usize, c: u32, carved: u32): bool {
  const offset = <u32>(block - first);
  const index = offset / classBytes(c);
  if (block < first || index >= carved || index * classBytes(c) != offset) return false;
  const met = STATE + layout.STATE_SCRATCH + (index >>> 3);
  const bits = <u32>load<u8>(met);
  store<u8>(met, <u8>(bits | (1 << (index & 7))));
  return !((bits >>> (index & 7)) & 1);
}

/** Whether a free block has its mark, or no type, and is zero where the option says so. */
function looksFree(block: usize, bytes: u32, domain: u32): bool {
  const marked = domain == layout.DOMAIN_RAW ? isMarked(block) : load<u32>(block, 4) == 0;
  return marked && (domain != layout.DOMAIN_RAW || isWiped(block, bytes));
}

// ---- lists ----

function verifyLists(): u32 {
  for (let domain: u32 = 0; domain < layout.DOMAINS; domain++) {
    for (let c: u32 = 1; c <= layout.LAST_CLASS; c++) {
      const wrong = verifyAvailable(domain, c);
      if (wrong) return wrong;
    }
  }
  // Each listed pool was met once in the walk and once in a list.
  if (recount.listedPools) return broken(layout.BROKEN_AVAILABLE_LIST, 0, 0, recount.listedPools);
  const wrong = verifyTree();
  if (wrong) return wrong;
  const wrongIdle = verifyIdle();
  return wrongIdle ? wrongIdle : verifyRecent();
}

function verifyAvailable(domain: u32, c: u32): u32 {
  const slot = classSlot(domain, c);
  let record = availablePools[slot];
  let previous: PageRecord | null = null;
  while (record) {
    if (!isInTable(changetype<usize>(record))) {
      return broken(layout.BROKEN_AVAILABLE_LIST, changetype<usize>(record), c, 0);
    }
    const links = record.links;
    const fits =
      record.sizeClass == c &&
      record.domain == domain &&
      record.poolState == layout.POOL_LISTED &&
      links.previous == previous;
    recount.listedPools -= 1;
    if (!fits) return broken(layout.BROKEN_AVAILABLE_LIST, record.page, c, record.sizeClass);
    previous = record;
    record = links.next;
  }
  if (lastAvailable[slot] != previous) {
    return broken(layout.BROKEN_AVAILABLE_LIST, previous ? previous.page : 0, c, 0);
  }
  if (activeLists[slot] && !currentPools[slot]) {
    return broken(layout.BROKEN_POOL_STATE, activeLists[slot], layout.POOL_ACTIVE, 0);
  }
  return 0;
}

/** Whether what a list leads to can be read: page tables lie in arenas of the heap. */
function isInTable(address: usize): bool {
  return arenaKind(address) == layout.ARENA_PAGED;
}

/** The tree has a leaf for every arena with free pages and no other, and every node is the largest of its children. */
function verifyTree(): u32 {
  let leaves: u32 = 0;
  for (let node: u32 = 0; node < layout.RUN_PARENTS; node++) {
    const largest = longestBelow(node);
    if (longestAt(node) != largest) return broken(layout.BROKEN_ARENA_BIN, node, largest, longestAt(node));
    if (largest && node >= layout.RUN_LEAVES >>> 3) leaves += runsBelow(node);
  }
  const expected = recount.openArenas;
  return leaves == expected ? 0 : broken(layout.BROKEN_ARENA_BIN, 0, expected, leaves);
}

/** Candidates for retirement have as many pages as the state block says. */
function verifyIdle(): u32 {
  let pages: u32 = 0;
  let head = state.idleSlabs;
  while (head && pages < state.idlePages && head.slab.candidate) {
    pages += head.shape.pages;
    head = head.slab.next;
  }
  return head || pages != state.idlePages ? broken(layout.BROKEN_SLAB_BUSY, 0, state.idlePages, pages) : 0;
}
