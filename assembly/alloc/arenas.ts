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
import * as layout from "../layout";
import {
  STATE,
  arenaMap,
  freeRuns,
  nextRuns,
  previousRuns,
  reciprocals,
  runLengths,
  state,
  statistics,
} from "../state";
import { classBytes } from "./classes";
import { announceGrowth } from "./host";

/** The map's word for the arena that holds `address`. */
// @ts-ignore: decorator
@inline
export function mapEntry(address: usize): u32 {
  return load<u32>((address >>> layout.ARENA_SHIFT) << 2, STATE + layout.STATE_MAP);
}

/** What an arena is: an ARENA_ code. */
export function kindOf(number: u32): u32 {
  return min(arenaMap[number], layout.ARENA_PAGED);
}

/** What the arena that holds `address` is. */
export function arenaKind(address: usize): u32 {
  return kindOf(<u32>(address >>> layout.ARENA_SHIFT));
}

export function markArenas(first: u32, length: u32, entry: u32): void {
  for (let number = first; number < first + length; number++) arenaMap[number] = entry;
}

/**
 * Takes `length` consecutive arenas; the number of the first, or 0 when memory is out, or what is left
 * of it lies beyond the reach. The caller marks the map.
 */
export function takeArenas(length: u32, reach: u32): u32 {
  const run = findRun(length);
  if (!run) return advanceFrontier(length, reach);
  takeFromRun(run, length);
  return run;
}

/** Takes exactly the arenas [first, first + length) if they are free and within reach. */
export function takeArenasAt(first: u32, length: u32, reach: u32): bool {
  if (first == state.frontier) {
    const taken = advanceFrontier(length, reach);
    // Growing may have found that somebody else grew the memory too, and moved the frontier behind it.
    if (taken && taken != first) giveArenas(taken, length);
    return taken == first;
  }
  if (first > state.frontier || kindOf(first) != layout.ARENA_FREE || <u32>runLengths[first] < length)
    return false;
  takeFromRun(first, length);
  return true;
}

/** Gives arenas back and marks them free. */
export function giveArenas(first: u32, length: u32): void {
  markArenas(first, length, layout.ARENA_FREE);
  if (first > state.first && kindOf(first - 1) == layout.ARENA_FREE) {
    const left = <u32>runLengths[first - 1];
    first -= left;
    length += left;
    unlinkRun(first);
  }
  const next = first + length;
  if (next == state.frontier) {
    state.frontier = first;
    return;
  }
  if (kindOf(next) == layout.ARENA_FREE) {
    length += <u32>runLengths[next];
    unlinkRun(next);
  }
  linkRun(first, length);
}

/** Where takeArenas() would take `length` arenas from: a run, or the frontier, whether or not it can advance so far. */
export function likelyArenas(length: u32): u32 {
  const run = findRun(length);
  return run ? run : state.frontier;
}

// ---- the frontier ----

/** Beyond where it was the frontier advances last of all: what waits and what is idle goes back first. */
function advanceFrontier(length: u32, reach: u32): u32 {
  let first = state.frontier;
  if (first + length > state.drained) {
    if (reach != layout.REACH_NEW || (state.end - first < length && !grow(length))) return 0;
    first = state.frontier;
    state.drained = first + length;
    state.virgin = max(state.virgin, first + length);
  }
  state.frontier = first + length;
  return first;
}

/** Makes [frontier, end) at least `length` arenas long. */
function grow(length: u32): bool {
  noticeForeignGrowth();
  const end = state.end;
  const free = end - state.frontier;
  if (free >= length) return true;
  const least = length - free;
  const ceiling = min<u32>(state.limit / layout.ARENA_WASM_PAGES, layout.MAX_ARENAS);
  if (end >= ceiling || least > ceiling - end) return refuse();
  const wanted = ((end * state.growthFactor) >>> 8) + state.growthFloor;
  let extra = min(max(least, min(min(wanted, 3 * end), state.growthCap)), ceiling - end);
  while (!growTo(end + extra)) {
    if (extra == least) return refuse();
    extra = max(least, extra >>> 1);
  }
  state.end = end + extra;
  statistics.grows += 1;
  return true;
}

function refuse(): bool {
  statistics.growsFailed += 1;
  return false;
}

function growTo(arenas: u32): bool {
  if (isDefined(TALLYHEAP_DEBUG)) {
    const left = state.failGrowth;
    if (left) {
      state.failGrowth = left - 1;
      if (left == 1) return false;
    }
  }
  const pages = arenas * layout.ARENA_WASM_PAGES - <u32>memory.size();
  if (memory.grow(<i32>pages) < 0) return false;
  state.memory = <u32>memory.size();
  announceGrowth();
  return true;
}

/**
 * Wasm pages that appeared without us belong to whoever grew the memory. Their arenas become foreign, what was free
 * before them an ordinary run, and the frontier starts behind them.
 */
function noticeForeignGrowth(): void {
  const now = <u32>memory.size();
  if (now == state.memory) return;
  const end = state.end;
  const frontier = state.frontier;
  const foreignEnd = min((now + (layout.ARENA_WASM_PAGES - 1)) / layout.ARENA_WASM_PAGES, layout.MAX_ARENAS);
  if (end > frontier) linkRun(frontier, end - frontier);
  // The arena that a partial one at the end would have become is foreign too: end is where whole arenas stopped.
  markArenas(end, foreignEnd - end, layout.ARENA_FOREIGN);
  state.frontier = foreignEnd;
  state.end = foreignEnd;
  state.virgin = foreignEnd;
  state.drained = foreignEnd;
  state.memory = now;
  announceGrowth();
}

/** A program that links the core from source gets a heap with the default limits at its first allocation. */
// @ts-ignore: decorator
@inline
export function ensureReady(): void {
  if (state.ready) return;
  initialize(layout.MAX_ARENAS * layout.ARENA_WASM_PAGES, layout.SMALL_LIMIT, u32.MAX_VALUE, 0);
}

/** Makes an empty heap of everything above the static data and the client's arenas. */
export function initialize(limit: u32, threshold: u32, poolLimit: u32, clientArenas: u32): void {
  const first = (<u32>__heap_base + (layout.ARENA_BYTES - 1)) >>> layout.ARENA_SHIFT;
  markArenas(0, first, layout.ARENA_STATE);
  markArenas(first, clientArenas, layout.ARENA_FOREIGN);
  const start = first + clientArenas;
  const pages = <u32>memory.size();
  state.first = start;
  state.frontier = start;
  state.virgin = start;
  state.drained = start;
  state.end = max(start, min(pages / layout.ARENA_WASM_PAGES, layout.MAX_ARENAS));
  state.memory = pages;
  state.limit = limit;
  state.threshold = threshold;
  if (!state.growthCap) {
    if (isDefined(TALLYHEAP_MANAGED)) {
      state.growthFactor = layout.MANAGED_GROWTH_FACTOR;
    } else {
      state.growthFactor = isDefined(TALLYHEAP_LINKED) ? layout.LINKED_GROWTH_FACTOR : layout.GROWTH_FACTOR;
      state.growthFloor = isDefined(TALLYHEAP_LINKED) ? layout.LINKED_GROWTH_FLOOR : layout.GROWTH_FLOOR;
    }
    state.growthCap = layout.GROWTH_CAP;
  }
  state.poolLimit = poolLimit;
  // Only the checks of pointers divide by them.
  if (!isDefined(TALLYHEAP_MANAGED))
    for (let c: u32 = 1; c <= layout.LAST_CLASS; c++) reciprocals[c] = 0xffffffff / classBytes(c) + 1;
  state.ready = 1;
}

// ---- runs ----

/** List of runs of a length: exact below 32 arenas, then two lists a doubling: 32 … 52. */
export function runList(length: u32): u32 {
  if (length < 32) return length;
  const top = 31 - clz(length);
  return 32 + ((top - 5) << 1) + ((length >>> (top - 1)) & 1);
}

/**
 * A run of at least `length` arenas, the best fit among lists. Exact lists hold only runs that fit. The wider ones hold
 * runs of 8 MiB and more, of which 4 GiB have 512 at the most; the first that fits is taken.
 */
function findRun(length: u32): u32 {
  const list = runList(length);
  let run = freeRuns.head(list);
  while (run && <u32>runLengths[run] < length) run = nextRuns[run];
  return run ? run : freeRuns.headFrom(list + 1);
}

/** Takes the first `length` arenas of a run that is long enough. */
function takeFromRun(run: u32, length: u32): void {
  const whole = <u32>runLengths[run];
  unlinkRun(run);
  if (whole > length) linkRun(run + length, whole - length);
}

function linkRun(first: u32, length: u32): void {
  runLengths[first] = <u16>length;
  runLengths[first + length - 1] = <u16>length;
  const list = runList(length);
  const next = freeRuns.head(list);
  nextRuns[first] = next;
  previousRuns[first] = 0;
  if (next) previousRuns[next] = first;
  freeRuns.setHead(list, first);
}

function unlinkRun(run: u32): void {
  const next = nextRuns[run];
  const previous = previousRuns[run];
  if (next) previousRuns[next] = previous;
  if (previous) nextRuns[previous] = next;
  else freeRuns.setHead(runList(runLengths[run]), next);
}
