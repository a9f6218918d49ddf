/**
 * Whole arenas: which are free, and where new ones come from.
 *
 * Free arenas are either beyond the frontier, where nothing was handed out, or in runs: maximal sequences of free
 * arenas below it, listed by length. Runs are served first and the frontier moves only when none fits, so the heap
 * stays low. Runs are coalesced at once:
 *
 *   the arenas next to a run are in use;   length is written at a run's first and last arena
 *   taken + in runs + (end − frontier) = end − first
 */
import {
  ARENA_FOREIGN,
  ARENA_FREE,
  ARENA_PAGED,
  ARENA_SHIFT,
  ARENA_STATE,
  ARENA_WASM_PAGES,
  GROW_MAX_ARENAS,
  GROW_MIN_ARENAS,
  LAST_CLASS,
  MAX_ARENAS,
  REACH_NEW,
  SMALL_LIMIT,
  STATE_ARENA_BINS,
  STATE_ARENA_BITS,
  STATE_ARENA_NEXT,
  STATE_ARENA_PREVIOUS,
  STATE_END,
  STATE_FAIL_GROWTH,
  STATE_FIRST,
  STATE_FRONTIER,
  STATE_LIMIT,
  STATE_MAP,
  STATE_MEMORY,
  STATE_POOL_LIMIT,
  STATE_READY,
  STATE_RECIPROCAL,
  STATE_RUN_LENGTH,
  STATE_THRESHOLD,
  STATE_VIRGIN,
  STAT_GROWS,
  STAT_GROWS_FAILED,
} from "../layout";
import { STATE, count, setWord, word } from "../state";
import { classBytes } from "./classes";
import { announceGrowth } from "./host";

/** The map's word for the arena that holds `address`. */
// @ts-ignore: decorator
@inline
export function mapEntry(address: usize): u32 {
  return load<u32>((address >>> ARENA_SHIFT) << 2, STATE + STATE_MAP);
}

/** What an arena is: a code of layout.ts. */
export function kindOf(number: u32): u32 {
  return min(load<u32>((<usize>number) << 2, STATE + STATE_MAP), ARENA_PAGED);
}

/** What the arena that holds `address` is. */
export function arenaKind(address: usize): u32 {
  return kindOf(<u32>(address >>> ARENA_SHIFT));
}

export function markArenas(first: u32, length: u32, entry: u32): void {
  for (let number = first; number < first + length; number++) {
    store<u32>((<usize>number) << 2, entry, STATE + STATE_MAP);
  }
}

/**
 * Takes `length` consecutive arenas; the number of the first, or 0 when memory is out, or what is left
 * of it lies beyond the reach. The caller marks the map.
 */
export function takeArenas(length: u32, reach: u32): u32 {
  const run = findRun(length);
  if (run) {
    const whole = runLength(run);
    unlinkRun(run, whole);
    if (whole > length) linkRun(run + length, whole - length);
    return run;
  }
  return advanceFrontier(length, reach);
}

/** Takes exactly the arenas [first, first + length) if they are free; for spans that grow in place. */
export function takeArenasAt(first: u32, length: u32): bool {
  if (first == word(STATE_FRONTIER)) {
    const taken = advanceFrontier(length, REACH_NEW);
    // Growing may have found that somebody else grew the memory too, and moved the frontier behind it.
    if (taken && taken != first) giveArenas(taken, length);
    return taken == first;
  }
  if (first > word(STATE_FRONTIER) || kindOf(first) != ARENA_FREE) return false;
  const whole = runLength(first);
  if (whole < length) return false;
  unlinkRun(first, whole);
  if (whole > length) linkRun(first + length, whole - length);
  return true;
}

/** Gives arenas back and marks them free. */
export function giveArenas(first: u32, length: u32): void {
  markArenas(first, length, ARENA_FREE);
  if (first > word(STATE_FIRST) && kindOf(first - 1) == ARENA_FREE) {
    const left = runLength(first - 1);
    first -= left;
    length += left;
    unlinkRun(first, left);
  }
  const next = first + length;
  if (next == word(STATE_FRONTIER)) {
    setWord(STATE_FRONTIER, first);
    return;
  }
  if (kindOf(next) == ARENA_FREE) {
    const right = runLength(next);
    unlinkRun(next, right);
    length += right;
  }
  linkRun(first, length);
}

/** Where takeArenas() would take `length` arenas from: a run, or the frontier, whether or not it can advance so far. */
export function likelyArenas(length: u32): u32 {
  const run = findRun(length);
  return run ? run : word(STATE_FRONTIER);
}

// ---- the frontier ----

/** Memory that was never used is taken last of all: there may be idle pools to retire first. */
function advanceFrontier(length: u32, reach: u32): u32 {
  let first = word(STATE_FRONTIER);
  if (first + length > word(STATE_VIRGIN)) {
    if (reach != REACH_NEW || (word(STATE_END) - first < length && !grow(length))) return 0;
    first = word(STATE_FRONTIER);
    setWord(STATE_VIRGIN, first + length);
  }
  setWord(STATE_FRONTIER, first + length);
  return first;
}

/** Makes [frontier, end) at least `length` arenas long. */
function grow(length: u32): bool {
  noticeForeignGrowth();
  const end = word(STATE_END);
  const frontier = word(STATE_FRONTIER);
  if (end - frontier >= length) return true;
  const least = length - (end - frontier);
  const ceiling = min<u32>(word(STATE_LIMIT) / ARENA_WASM_PAGES, MAX_ARENAS);
  if (end >= ceiling || least > ceiling - end) return refuse();
  let extra = max(least, min(max(7 * end, GROW_MIN_ARENAS), GROW_MAX_ARENAS));
  extra = min(extra, ceiling - end);
  while (!growTo(end + extra)) {
    if (extra == least) return refuse();
    extra = max(least, extra >>> 1);
  }
  setWord(STATE_END, end + extra);
  count(STAT_GROWS, 1);
  return true;
}

function refuse(): bool {
  count(STAT_GROWS_FAILED, 1);
  return false;
}

function growTo(arenas: u32): bool {
  if (isDefined(TALLYHEAP_DEBUG)) {
    const left = word(STATE_FAIL_GROWTH);
    if (left) {
      setWord(STATE_FAIL_GROWTH, left - 1);
      if (left == 1) return false;
    }
  }
  const pages = arenas * ARENA_WASM_PAGES - <u32>memory.size();
  if (memory.grow(<i32>pages) < 0) return false;
  setWord(STATE_MEMORY, <u32>memory.size());
  announceGrowth();
  return true;
}

/**
 * Wasm pages that appeared without us belong to whoever grew the memory. Their arenas become foreign, what was free
 * before them an ordinary run, and the frontier starts behind them.
 */
function noticeForeignGrowth(): void {
  const now = <u32>memory.size();
  const known = word(STATE_MEMORY);
  if (now == known) return;
  const end = word(STATE_END);
  const frontier = word(STATE_FRONTIER);
  const foreignEnd = min((now + (ARENA_WASM_PAGES - 1)) / ARENA_WASM_PAGES, MAX_ARENAS);
  if (end > frontier) linkRun(frontier, end - frontier);
  // The arena that a partial one at the end would have become is foreign too: end is where whole arenas stopped.
  markArenas(end, foreignEnd - end, ARENA_FOREIGN);
  setWord(STATE_FRONTIER, foreignEnd);
  setWord(STATE_END, foreignEnd);
  setWord(STATE_VIRGIN, foreignEnd);
  setWord(STATE_MEMORY, now);
  announceGrowth();
}

/** A program that links the core from source gets a heap with the default limits at its first allocation. */
// @ts-ignore: decorator
@inline
export function ensureReady(): void {
  if (!word(STATE_READY)) initialize(MAX_ARENAS * ARENA_WASM_PAGES, SMALL_LIMIT, u32.MAX_VALUE, 0);
}

/** Makes an empty heap of everything above the static data and the client's arenas. */
export function initialize(limit: u32, threshold: u32, poolLimit: u32, clientArenas: u32): void {
  const first = (<u32>__heap_base + ((1 << ARENA_SHIFT) - 1)) >>> ARENA_SHIFT;
  markArenas(0, first, ARENA_STATE);
  markArenas(first, clientArenas, ARENA_FOREIGN);
  const start = first + clientArenas;
  const pages = <u32>memory.size();
  const end = max(start, min(pages / ARENA_WASM_PAGES, MAX_ARENAS));
  setWord(STATE_FIRST, start);
  setWord(STATE_FRONTIER, start);
  setWord(STATE_VIRGIN, start);
  setWord(STATE_END, end);
  setWord(STATE_MEMORY, pages);
  setWord(STATE_LIMIT, limit);
  setWord(STATE_THRESHOLD, threshold);
  setWord(STATE_POOL_LIMIT, poolLimit);
  for (let c: u32 = 1; c <= LAST_CLASS; c++) {
    store<u32>(STATE + STATE_RECIPROCAL + (c << 2), <u32>(0xffffffff / classBytes(c)) + 1);
  }
  setWord(STATE_READY, 1);
}

// ---- runs ----

// @ts-ignore: decorator
@inline
export function runLength(arena: u32): u32 {
  return load<u16>(STATE + STATE_RUN_LENGTH + (arena << 1));
}

/** Exact below 32 arenas, then two bins a doubling: 32 … 52. */
export function runBin(length: u32): u32 {
  if (length < 32) return length;
  const top = 31 - clz(length);
  return 32 + ((top - 5) << 1) + ((length >>> (top - 1)) & 1);
}

// @ts-ignore: decorator
@inline
export function nextRun(run: u32): u32 {
  return load<u16>(STATE + STATE_ARENA_NEXT + (run << 1));
}

/**
 * A run of at least `length` arenas, the best fit among bins. Exact bins hold only runs that fit. The wider ones hold
 * runs of 8 MiB and more, of which 4 GiB have 512 at the most; the first that fits is taken.
 */
function findRun(length: u32): u32 {
  const bits = load<u64>(STATE + STATE_ARENA_BITS);
  const bin = runBin(length);
  let run = load<u32>(STATE + STATE_ARENA_BINS + (bin << 2));
  while (run && runLength(run) < length) run = nextRun(run);
  if (run) return run;
  const larger = (bits >>> bin) & ~1;
  return larger ? load<u32>(STATE + STATE_ARENA_BINS + ((<u32>ctz(larger) + bin) << 2)) : 0;
}

function linkRun(first: u32, length: u32): void {
  store<u16>(STATE + STATE_RUN_LENGTH + (first << 1), <u16>length);
  store<u16>(STATE + STATE_RUN_LENGTH + ((first + length - 1) << 1), <u16>length);
  const bin = runBin(length);
  const head = STATE + STATE_ARENA_BINS + (bin << 2);
  const next = load<u32>(head);
  store<u16>(STATE + STATE_ARENA_NEXT + (first << 1), <u16>next);
  store<u16>(STATE + STATE_ARENA_PREVIOUS + (first << 1), 0);
  if (next) store<u16>(STATE + STATE_ARENA_PREVIOUS + (next << 1), <u16>first);
  store<u32>(head, first);
  store<u64>(STATE + STATE_ARENA_BITS, load<u64>(STATE + STATE_ARENA_BITS) | ((<u64>1) << bin));
}

function unlinkRun(first: u32, length: u32): void {
  const bin = runBin(length);
  const next = nextRun(first);
  const previous = <u32>load<u16>(STATE + STATE_ARENA_PREVIOUS + (first << 1));
  if (next) store<u16>(STATE + STATE_ARENA_PREVIOUS + (next << 1), <u16>previous);
  if (previous) {
    store<u16>(STATE + STATE_ARENA_NEXT + (previous << 1), <u16>next);
    return;
  }
  store<u32>(STATE + STATE_ARENA_BINS + (bin << 2), next);
  if (!next) {
    store<u64>(STATE + STATE_ARENA_BITS, load<u64>(STATE + STATE_ARENA_BITS) & ~((<u64>1) << bin));
  }
}
