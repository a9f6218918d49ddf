/**
 * The validator of the bytes layer: walks every arena, page, list and count and returns the first broken invariant, or
 * 0. The codes and the address, expected and actual values are explained in bindings/verify.ts.
 */
import {
  ARENA_FREE,
  ARENA_PAGED,
  ARENA_PAGES,
  ARENA_SHIFT,
  ARENA_TAIL,
  BROKEN_ARENA_BIN,
  BROKEN_ARENA_COUNT,
  BROKEN_ARENA_RUN,
  BROKEN_AVAILABLE_LIST,
  BROKEN_FREE_LIST,
  BROKEN_FREE_PAGE,
  BROKEN_LIVE_COUNT,
  BROKEN_NULL_PAGE,
  BROKEN_PAGE_TAKEN,
  BROKEN_POISON,
  BROKEN_POOL_STATE,
  BROKEN_SHAPE,
  BROKEN_SLAB_BUSY,
  BROKEN_SPAN_LENGTH,
  BROKEN_STATISTICS,
  BROKEN_TABLE,
  BROKEN_TAIL_ARENA,
  CLASS_NONE,
  CLASS_SPAN,
  DOMAINS,
  HEADER_COUNT,
  HEADER_COUNT_NEXT,
  HEADER_LONGEST,
  HEADER_PAGES,
  HEADER_RUN_NEXT,
  LAST_CLASS,
  LINK_NEXT,
  LINK_PREVIOUS,
  PAGE_BYTES,
  PAGE_SHIFT,
  POOL_ACTIVE,
  POOL_FULL,
  POOL_LISTED,
  RECORD_CLASS,
  RECORD_FREE,
  RECORD_LIVE,
  RECORD_SPAN_PAGES,
  RECORD_STATE,
  SHAPE_CAPACITY,
  SHAPE_CARVED,
  SHAPE_FIRST,
  SHAPE_INDEX,
  SHAPE_PAGES,
  SLAB_BUSY,
  SLOT_LINKS,
  SLOT_SHAPE,
  SLOT_SLAB,
  STATE_ACTIVE,
  STATE_ARENA_BINS,
  STATE_ARENA_BITS,
  STATE_AVAILABLE,
  STATE_AVAILABLE_LAST,
  STATE_LISTED,
  STATE_VIRGIN,
  MAX_ARENAS,
  STATE_COUNT_BINS,
  STATE_COUNT_BITS,
  STATE_CURRENT,
  STATE_END,
  STATE_FAULT_ACTUAL,
  STATE_FAULT_ADDRESS,
  STATE_FAULT_EXPECTED,
  STATE_FIRST,
  STATE_FRONTIER,
  STATE_SENTINEL,
  SENTINEL_BYTES,
  STAT_TABLE_PAGES,
  CLASS_TABLE,
  HEADER_ARENA,
  STATE_POISON,
  STATE_READY,
  STATE_RUN_BINS,
  STATE_RUN_BITS,
  STATE_SCRATCH,
  STATE_THRESHOLD,
  STAT_ARENAS_PAGED,
  STAT_ARENAS_TAIL,
  STAT_POOL_PAGES,
  STAT_SLAB_PAGES,
  STAT_SPANS,
  STAT_SPAN_PAGES,
} from "../layout";
import { STATE, setWord, statistic, word } from "../state";
import { kindOf, nextRun, runBin, runLength } from "./arenas";
import { classBytes, slabPages } from "./classes";
import { emptyArena, entryOf, headerOf, longestRun, pageOf, recordOf, runMask, tableOf } from "./pages";
import { blocksFrom, classSlot, isPool, poolDomain } from "./pools";
import { tailArenas } from "./spans";

/** 0, or the number of the first broken invariant. */
export function verify(): u32 {
  if (word(STATE_POISON)) return broken(BROKEN_POISON, 0, 0, word(STATE_POISON));
  if (isDefined(TALLYHEAP_STANDALONE)) {
    for (let at: usize = 0; at < PAGE_BYTES; at += 8) {
      if (load<u64>(at)) return broken(BROKEN_NULL_PAGE, at, 0, load<u32>(at));
    }
  }
  for (let at: usize = 0; at < SENTINEL_BYTES; at += 8) {
    if (load<u64>(STATE + STATE_SENTINEL + at))
      return broken(BROKEN_NULL_PAGE, STATE + STATE_SENTINEL + at, 0, 1);
  }
  if (!word(STATE_READY)) return 0;
  const end = word(STATE_END);
  const ordered =
    word(STATE_FIRST) <= word(STATE_FRONTIER) &&
    word(STATE_FRONTIER) <= word(STATE_VIRGIN) &&
    word(STATE_VIRGIN) <= max(end, word(STATE_FIRST)) &&
    end <= max(MAX_ARENAS, word(STATE_FIRST));
  if (!ordered) return broken(BROKEN_ARENA_RUN, 0, end, word(STATE_VIRGIN));
  setWord(STATE_LISTED, 0);
  const wrong = verifyArenas();
  return wrong ? wrong : verifyLists();
}

/** Notes where and what; the caller returns the code. */
export function broken(code: u32, address: usize, expected: u32, actual: u32): u32 {
  setWord(STATE_FAULT_ADDRESS, <u32>address);
  setWord(STATE_FAULT_EXPECTED, expected);
  setWord(STATE_FAULT_ACTUAL, actual);
  return code;
}

// ---- arenas ----

function verifyArenas(): u32 {
  let paged: u32 = 0;
  let tail: u32 = 0;
  let spans: u32 = 0;
  let spanPages: u32 = 0;
  let spanTails: u32 = 0;
  let poolPages: u32 = 0;
  let slabPages: u32 = 0;
  let runArenas: u32 = 0;
  let tables: u32 = 0;
  const frontier = word(STATE_FRONTIER);
  for (let number = word(STATE_FIRST); number < frontier; number++) {
    const kind = kindOf(number);
    const arena = (<usize>number) << ARENA_SHIFT;
    if (kind == ARENA_FREE) {
      const length = runLength(number);
      if (!length || number + length > frontier || runLength(number + length - 1) != length) {
        return broken(BROKEN_ARENA_RUN, arena, length, runLength(number + length - 1));
      }
      for (let i: u32 = 0; i < length; i++) {
        if (kindOf(number + i) != ARENA_FREE) return broken(BROKEN_ARENA_RUN, arena, length, i);
      }
      // Coalesced: neither another run nor the frontier follows.
      if (number + length == frontier || kindOf(number + length) == ARENA_FREE) {
        return broken(BROKEN_ARENA_RUN, arena, length, length + 1);
      }
      runArenas += length;
      number += length - 1;
    } else if (kind == ARENA_TAIL) {
      tail++;
    } else if (kind == ARENA_PAGED) {
      paged++;
      const header = headerOf(arena);
      const pages = load<u64>(header, HEADER_PAGES);
      const table = recordOf(tableOf(arena));
      if (
        load<u32>(header, HEADER_ARENA) != <u32>arena ||
        <u32>load<u8>(table, RECORD_CLASS) != CLASS_TABLE
      ) {
        return broken(BROKEN_TABLE, arena, <u32>arena, load<u32>(header, HEADER_ARENA));
      }
      if (pages == emptyArena(arena)) return broken(BROKEN_FREE_PAGE, arena, 0, ARENA_PAGES - 1);
      if (load<u32>(header, HEADER_COUNT) != <u32>popcnt(pages)) {
        return broken(BROKEN_ARENA_COUNT, arena, <u32>popcnt(pages), load<u32>(header, HEADER_COUNT));
      }
      if (load<u32>(header, HEADER_LONGEST) != longestRun(pages)) {
        return broken(BROKEN_ARENA_COUNT, arena, longestRun(pages), load<u32>(header, HEADER_LONGEST));
      }
      for (let i: u32 = 0; i < ARENA_PAGES;) {
        const record = recordOf(arena + ((<usize>i) << PAGE_SHIFT));
        const c = <u32>load<u8>(record, RECORD_CLASS);
        let length: u32 = 1;
        if ((pages >>> i) & 1) {
          if (load<u64>(record)) return broken(BROKEN_FREE_PAGE, pageOf(record), 0, c);
        } else if (c == CLASS_TABLE) {
          tables++;
        } else if (c == CLASS_SPAN) {
          length = load<u32>(record, RECORD_SPAN_PAGES);
          const wrong = verifySpan(record, length, number);
          if (wrong) return wrong;
          spans++;
          spanPages += length;
          spanTails += tailArenas(pageOf(record), length);
          length = min(length, ARENA_PAGES - i);
        } else if (isPool(record)) {
          const shape = entryOf(record, SLOT_SHAPE);
          length = load<u8>(shape, SHAPE_PAGES);
          const wrong = verifySlab(record, c, length);
          if (wrong) return wrong;
          if (c << 3 <= word(STATE_THRESHOLD)) poolPages += length;
          else slabPages += length;
        } else {
          return broken(BROKEN_PAGE_TAKEN, pageOf(record), 1, c);
        }
        // Pages of one run are taken, inside one arena, and meet nothing else.
        const mask = length == 64 ? u64.MAX_VALUE : runMask(i, length);
        if (length > 1 && pages & mask)
          return broken(BROKEN_PAGE_TAKEN, pageOf(record), length, <u32>(pages >>> i));
        i += length;
      }
    }
  }
  if (runArenas != listedRunArenas()) return broken(BROKEN_ARENA_RUN, 0, runArenas, listedRunArenas());
  if (spanTails != tail) return broken(BROKEN_TAIL_ARENA, 0, spanTails, tail);
  if (tables != paged) return broken(BROKEN_TABLE, 0, paged, tables);
  const wrong =
    counted(STAT_ARENAS_PAGED, paged) |
    counted(STAT_ARENAS_TAIL, tail) |
    counted(STAT_TABLE_PAGES, tables) |
    counted(STAT_SPANS, spans) |
    counted(STAT_SPAN_PAGES, spanPages) |
    counted(STAT_POOL_PAGES, poolPages) |
    counted(STAT_SLAB_PAGES, slabPages);
  if (wrong) return wrong;
  for (let number = frontier; number < word(STATE_END); number++) {
    const kind = kindOf(number);
    if (kind != ARENA_FREE) return broken(BROKEN_ARENA_RUN, (<usize>number) << ARENA_SHIFT, ARENA_FREE, kind);
  }
  return 0;
}

/** A statistic is what the walk counted; its offset stands for the address. */
function counted(offset: u32, expected: u32): u32 {
  return statistic(offset) == expected ? 0 : broken(BROKEN_STATISTICS, offset, expected, statistic(offset));
}

function listedRunArenas(): u32 {
  let arenas: u32 = 0;
  for (let bin: u32 = 0; bin < 64; bin++) {
    let run = load<u32>(STATE + STATE_ARENA_BINS + (bin << 2));
    if (((<u32>(load<u64>(STATE + STATE_ARENA_BITS) >>> bin)) & 1) != u32(run != 0)) return u32.MAX_VALUE;
    while (run) {
      if (runBin(runLength(run)) != bin || arenas > MAX_ARENAS) return u32.MAX_VALUE;
      arenas += runLength(run);
      run = nextRun(run);
    }
  }
  return arenas;
}

function verifySpan(record: usize, length: u32, number: u32): u32 {
  const span = pageOf(record);
  const tail = tailArenas(span, length);
  if (!length) return broken(BROKEN_SPAN_LENGTH, span, 1, length);
  for (let i: u32 = 1; i <= tail; i++) {
    const kind = kindOf(number + i);
    if (kind != ARENA_TAIL)
      return broken(BROKEN_TAIL_ARENA, (<usize>number + i) << ARENA_SHIFT, ARENA_TAIL, kind);
  }
  const here = min(length, ARENA_PAGES - (((<u32>span) >>> PAGE_SHIFT) & (ARENA_PAGES - 1)));
  for (let i: u32 = 1; i < here; i++) {
    const c = <u32>load<u8>(record + ((<usize>i) << 3), RECORD_CLASS);
    if (c != CLASS_NONE) return broken(BROKEN_SPAN_LENGTH, span, length, i);
  }
  return 0;
}

// ---- pools ----

function verifySlab(head: usize, c: u32, pages: u32): u32 {
  if (pages != slabPages(c, 0) && pages != slabPages(c, 1)) {
    return broken(BROKEN_SHAPE, pageOf(head), slabPages(c, 1), pages);
  }
  const bytes = classBytes(c);
  let blocks = (pages << PAGE_SHIFT) / bytes;
  let first: u32 = 0;
  let busy: u32 = 0;
  for (let i: u32 = 0; i < pages; i++) {
    const record = head + ((<usize>i) << 3);
    const shape = entryOf(record, SLOT_SHAPE);
    if (<u32>load<u8>(record, RECORD_CLASS) != c || <u32>load<u8>(shape, SHAPE_INDEX) != i) {
      return broken(BROKEN_SHAPE, pageOf(record), i, load<u8>(shape, SHAPE_INDEX));
    }
    const capacity = blocksFrom(first, bytes, blocks);
    if (<u32>load<u16>(shape, SHAPE_CAPACITY) != capacity || load<u16>(shape, SHAPE_FIRST) != <u16>first) {
      return broken(BROKEN_SHAPE, pageOf(record), capacity, load<u16>(shape, SHAPE_CAPACITY));
    }
    blocks -= capacity;
    first += capacity * bytes - PAGE_BYTES;
    const wrong = verifyPool(record, shape, c);
    if (wrong) return wrong;
    const state = (<u32>load<u8>(record, RECORD_STATE)) >>> 2;
    busy += u32(state != POOL_LISTED || load<u16>(record, RECORD_LIVE) != 0);
  }
  const noted = <u32>load<u16>(entryOf(head, SLOT_SLAB), SLAB_BUSY);
  if (noted != busy) return broken(BROKEN_SLAB_BUSY, pageOf(head), busy, noted);
  return 0;
}

/** Every block of the pool below the carve mark is live or on exactly one list, exactly once. */
function verifyPool(record: usize, shape: usize, c: u32): u32 {
  const carved = <u32>load<u16>(shape, SHAPE_CARVED);
  const capacity = <u32>load<u16>(shape, SHAPE_CAPACITY);
  const live = <u32>load<u16>(record, RECORD_LIVE);
  const state = (<u32>load<u8>(record, RECORD_STATE)) >>> 2;
  const domain = poolDomain(record);
  const slot = classSlot(domain, c);
  if (carved > capacity) return broken(BROKEN_SHAPE, pageOf(record), capacity, carved);
  if (state == POOL_LISTED && capacity) setWord(STATE_LISTED, word(STATE_LISTED) + 1);
  memory.fill(STATE + STATE_SCRATCH, 0, 64);
  const own = countBlocks(load<u32>(record, RECORD_FREE), record, shape, c, carved);
  if (own > carved) return broken(BROKEN_FREE_LIST, pageOf(record), carved, own);
  const current = load<u32>(STATE + STATE_CURRENT + slot) == <u32>record;
  if (current != (state == POOL_ACTIVE)) return broken(BROKEN_POOL_STATE, pageOf(record), POOL_ACTIVE, state);
  if (current) {
    const active = countBlocks(load<u32>(STATE + STATE_ACTIVE + slot), record, shape, c, carved);
    if (active > carved - own) return broken(BROKEN_FREE_LIST, pageOf(record), carved - own, active);
  }
  const expected = state == POOL_FULL ? 1 : carved - own;
  if (live != expected) return broken(BROKEN_LIVE_COUNT, pageOf(record), expected, live);
  if (state == POOL_FULL && (own || carved != capacity)) {
    return broken(BROKEN_POOL_STATE, pageOf(record), capacity, carved - own);
  }
  return 0;
}

/** Length of a free list of the pool, or u32.MAX_VALUE if a block is off the stride, uncarved or met twice. */
function countBlocks(block: usize, record: usize, shape: usize, c: u32, carved: u32): u32 {
  const first = pageOf(record) + load<u16>(shape, SHAPE_FIRST);
  let length: u32 = 0;
  while (block) {
    const offset = <u32>(block - first);
    const index = offset / classBytes(c);
    if (block < first || index >= carved || index * classBytes(c) != offset) return u32.MAX_VALUE;
    const bit = STATE + STATE_SCRATCH + (index >>> 3);
    if ((load<u8>(bit) >>> (index & 7)) & 1) return u32.MAX_VALUE;
    store<u8>(bit, <u8>((<u32>load<u8>(bit)) | (1 << (index & 7))));
    length++;
    block = load<u32>(block);
  }
  return length;
}

// ---- lists ----

function verifyLists(): u32 {
  for (let domain: u32 = 0; domain < DOMAINS; domain++) {
    for (let c: u32 = 1; c <= LAST_CLASS; c++) {
      const wrong = verifyAvailable(domain, c);
      if (wrong) return wrong;
    }
  }
  // Each listed pool was met once in the walk and once in a list.
  if (word(STATE_LISTED)) return broken(BROKEN_AVAILABLE_LIST, 0, 0, word(STATE_LISTED));
  const wrong = verifyBins(STATE_COUNT_BINS, STATE_COUNT_BITS, HEADER_COUNT, HEADER_COUNT_NEXT);
  return wrong ? wrong : verifyBins(STATE_RUN_BINS, STATE_RUN_BITS, HEADER_LONGEST, HEADER_RUN_NEXT);
}

function verifyAvailable(domain: u32, c: u32): u32 {
  const slot = classSlot(domain, c);
  let record = <usize>load<u32>(STATE + STATE_AVAILABLE + slot);
  let previous: usize = 0;
  while (record) {
    const links = entryOf(record, SLOT_LINKS);
    const fits =
      <u32>load<u8>(record, RECORD_CLASS) == c &&
      <u32>load<u8>(record, RECORD_STATE) == (domain | (POOL_LISTED << 2)) &&
      <usize>load<u32>(links, LINK_PREVIOUS) == previous;
    setWord(STATE_LISTED, word(STATE_LISTED) - 1);
    if (!fits) return broken(BROKEN_AVAILABLE_LIST, pageOf(record), c, load<u8>(record, RECORD_CLASS));
    previous = record;
    record = load<u32>(links, LINK_NEXT);
  }
  if (<usize>load<u32>(STATE + STATE_AVAILABLE_LAST + slot) != previous) {
    return broken(BROKEN_AVAILABLE_LIST, pageOf(previous), c, 0);
  }
  if (load<u32>(STATE + STATE_ACTIVE + slot) && !load<u32>(STATE + STATE_CURRENT + slot)) {
    return broken(BROKEN_POOL_STATE, load<u32>(STATE + STATE_ACTIVE + slot), POOL_ACTIVE, 0);
  }
  return 0;
}

/** Every arena with free pages stands in the bin its header names, and a bin's bit says whether it holds any. */
function verifyBins(bins: usize, bits: usize, key: usize, link: usize): u32 {
  let listed: u32 = 0;
  for (let bin: u32 = 0; bin < ARENA_PAGES; bin++) {
    let arena = <usize>load<u32>(STATE + bins + (bin << 2));
    const bit = (<u32>(load<u64>(STATE + bits) >>> bin)) & 1;
    if (bit != u32(arena != 0)) return broken(BROKEN_ARENA_BIN, arena, u32(arena != 0), bit);
    let previous: usize = 0;
    while (arena) {
      const header = headerOf(arena);
      if (load<u32>(header + key) != bin || load<u32>(header + link + 4) != <u32>previous) {
        return broken(BROKEN_ARENA_BIN, arena, bin, load<u32>(header + key));
      }
      listed++;
      previous = arena;
      arena = load<u32>(header + link);
    }
  }
  let expected: u32 = 0;
  for (let number = word(STATE_FIRST); number < word(STATE_FRONTIER); number++) {
    if (kindOf(number) != ARENA_PAGED) continue;
    expected += u32(load<u64>(headerOf((<usize>number) << ARENA_SHIFT), HEADER_PAGES) != 0);
  }
  return listed == expected ? 0 : broken(BROKEN_ARENA_BIN, 0, expected, listed);
}
