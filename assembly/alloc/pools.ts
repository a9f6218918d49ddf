/**
 * Pools: pages carved into blocks of one size class, of one domain.
 *
 * malloc does not look into a pool at all. It pops the *active list* of its class: blocks that were detached from one
 * pool, the class's current one, and that this pool counts as live. free pushes a block on the list of the pool it
 * came from. When the active list runs dry, the slow path detaches what was freed to the current pool meanwhile, or
 * carves more of it, or makes another pool current. (The detached list is rpmalloc's; the separate free list whose
 * exhaustion gives a regular visit to the slow path is mimalloc's.)
 *
 *   live   = blocks handed out + blocks on the active list (current pool only)
 *   carved = live + blocks on the pool's own free list
 *
 *   state    in the class's list   live          leaves by
 *   listed   yes                   true count    becoming current; at 0 it is idle, and may be retired
 *   active   no (it is current)    true count    running dry → full; retireIdlePools()
 *   full     no                    always 1      any free → listed, at the back
 *
 * A full pool shows 1 so that its first free leaves the fast path, as does the last free of every other pool: one
 * comparison serves both. An idle pool keeps its class until its page is wanted elsewhere or too many are idle, and
 * the current pool does not even become idle when its last block is freed: two delays, for batches and for pairs of
 * alloc and free. retireIdlePools() ends both.
 *
 * Raw blocks of slab classes wait in front of the pools when they are freed (recent.ts). They count as live here.
 *
 * Slab: a run of pages for blocks larger than 512 bytes, which may straddle pages. Each of its pages is a pool for the
 * blocks that *start* in it, with fast paths unchanged; the run goes back when all of its pools are idle.
 */
import * as layout from "../layout";
import { PageRecord, PageShape, SlabWord } from "../layout";
import {
  STATE,
  activeBounds,
  activeLists,
  availablePools,
  currentPools,
  lastAvailable,
  recentBlocks,
  slabCounts,
  state,
  statistics,
} from "../state";
import { ensureReady } from "./arenas";
import { classBytes, slabPages } from "./classes";
import { linkTurned } from "./hardening";
import { linkOf, pop, popProved, setLink } from "./links";
import { carvedMark } from "./marks";
import { givePages, pageRecord, takePages } from "./pages";
import { WAITS, releaseRecentSpans } from "./recent";

/**
 * Blocks carved at once. 64 took 5 % less of a replay than 32 and as much as a whole page (bench:replay); an OS page is
 * touched as a whole anyway, but a walk looks at carved blocks only.
 */
const CARVE_BLOCKS: u32 = 64;

/** Offset of a domain and class in the tables of the state block. */
// @ts-ignore: decorator
@inline
export function classSlot(domain: u32, c: u32): usize {
  return ((domain * layout.CLASS_SLOTS) << 2) + (c << 2);
}

export function slotOf(record: PageRecord): usize {
  return classSlot(record.domain, record.sizeClass);
}

/** Slow path of every pool allocation: refills the active list of an exhausted class. A block, or 0: out of memory. */
export function refill(domain: u32, c: u32): usize {
  const slot = classSlot(domain, c);
  let record = currentPools[slot];
  while (true) {
    if (record) {
      const block = detach(record, slot, domain, c);
      if (block) return block;
      record.live = 1;
      record.setState(domain, layout.POOL_FULL);
      currentPools[slot] = null;
    }
    // A listed pool has a free or an uncarved block, so the second round ends here.
    record = availablePools[slot];
    if (!record) record = openPools(domain, c, slot);
    if (!record) return 0;
    makeCurrent(record, slot, domain);
  }
}

/** Moves the pool's free blocks, or newly carved ones, to the active list and takes the first. 0 if it has none. */
function detach(record: PageRecord, slot: usize, domain: u32, c: u32): usize {
  const shape = record.shape;
  const carved = <u32>shape.carved;
  const block = <usize>record.freeList;
  if (block) {
    activeBounds[slot] = carved - record.live;
    record.freeList = 0;
    record.live = shape.carved;
    if (!isDefined(TALLYHEAP_HARDENED)) {
      activeLists[slot] = load<u32>(block);
      return block;
    }
    const popped = popProved(STATE + layout.STATE_ACTIVE + slot, block, domain);
    if (popped) return popped;
  }
  const batch = min(
    shape.capacity - carved,
    isDefined(TALLYHEAP_HARDENED) ? layout.PAGE_BYTES : CARVE_BLOCKS,
  );
  if (!batch) return 0;
  activeBounds[slot] = batch;
  shape.carved = <u16>(carved + batch);
  record.live = record.live + batch;
  const bytes = classBytes(c);
  const first = record.page + shape.first + carved * bytes;
  if (isDefined(TALLYHEAP_HARDENED)) return carveTurned(slot, first, bytes, batch, domain);
  activeLists[slot] = <u32>linkBlocks(first, bytes, batch, domain);
  return first;
}

/**
 * Links a run of blocks; returns the second, for the first is handed out. The second word of a free block of objects is
 * 0, which is how a walk tells it from an object; that of a raw one is its mark (alloc/checks.ts). Below a managed
 * runtime it is the other way round: raw blocks are not checked, and an object's second word may be 0 (rt/object.ts).
 */
function linkBlocks(first: usize, bytes: u32, batch: u32, domain: u32): usize {
  const isMarked = isDefined(TALLYHEAP_MANAGED) != (domain == layout.DOMAIN_RAW);
  let block = first + batch * bytes;
  let next: usize = 0;
  do {
    block -= bytes;
    const mark = isMarked ? carvedMark(block) : 0;
    store<u64>(block, ((<u64>mark) << 32) | (<u64>next));
    next = block;
  } while (block != first);
  return load<u32>(first);
}

/** The hardened core's linkBlocks(): in a random order. The block that is handed out. */
function carveTurned(slot: usize, first: usize, bytes: u32, batch: u32, domain: u32): usize {
  if (state.zeroOnFree) memory.fill(first, 0, batch * bytes);
  for (let i: u32 = 0; i < batch; i++) {
    const block = first + i * bytes;
    store<u32>(block, domain == layout.DOMAIN_RAW ? carvedMark(block) : 0, 4);
  }
  activeLists[slot] = <u32>linkTurned(first, bytes, batch);
  return pop(STATE + layout.STATE_ACTIVE + slot, domain);
}

function makeCurrent(record: PageRecord, slot: usize, domain: u32): void {
  state.poolsChanged = 1;
  unlinkPool(record, slot);
  record.setState(domain, layout.POOL_ACTIVE);
  currentPools[slot] = record;
  if (record.live == 0) changeBusy(record, record.shape, 1);
}

// ---- freeing ----

/**
 * Frees a block of any pool, recent ones aside. The fast path leaves it those whose record shows 0 or 1 live: the pool was
 * full, or this is its last block. Returns false if nothing was live: the block was freed before.
 */
export function freeSlow(record: PageRecord, block: usize): bool {
  const pool = record.poolState;
  let live = <u32>record.live;
  if (!live) return false;
  setLink(block, record.freeList);
  record.freeList = <u32>block;
  if (pool == layout.POOL_FULL) {
    live = record.shape.capacity;
    record.setState(record.domain, layout.POOL_LISTED);
    linkPool(record, slotOf(record));
  }
  record.live = live - 1;
  if (live == 1 && pool != layout.POOL_ACTIVE) becomeIdle(record);
  return true;
}

/** Frees `blocks` blocks of a pool that are linked from `first` to `last`. The caller has entered the slow paths. */
export function freeList(record: PageRecord, first: usize, last: usize, blocks: u32): void {
  const second = <usize>load<u32>(first);
  const third = blocks > 2 ? load<u32>(second) : 0;
  // The first one makes a full pool a listed one, and the second, which goes last, may make it an idle one.
  freeSlow(record, first);
  if (third) {
    store<u32>(last, record.freeList);
    record.freeList = third;
    record.live = record.live - (blocks - 2);
  }
  if (blocks > 1) freeSlow(record, second);
}

/**
 * What a sweep has left of a pool: its free blocks, linked, and how many live. The caller has freed some; if it has left
 * none and the pool is not current, nothing is carved.
 */
export function setSwept(record: PageRecord, free: usize, live: u32): void {
  const pool = record.poolState;
  if (pool == layout.POOL_FULL) {
    if (live == record.shape.capacity) return;
    record.setState(record.domain, layout.POOL_LISTED);
    linkPool(record, slotOf(record));
  }
  record.freeList = <u32>free;
  record.live = live;
  if (!live && pool != layout.POOL_ACTIVE) becomeIdle(record);
}

/**
 * A listed pool has become empty. Once all pools of its slab are (a single page is a slab of one), the slab is a
 * candidate for retirement. It stays in use by its class until retireIdleSlabs() looks at it: a batch of blocks that
 * comes and goes would otherwise take and give pages all the time.
 */
function becomeIdle(record: PageRecord): void {
  const shape = record.shape;
  const slab = changeBusy(record, shape, -1);
  if (slab.busy || slab.candidate) return;
  slab.candidate = 1;
  slab.next = state.idleSlabs;
  state.idleSlabs = slabHead(record, shape);
  state.idlePages += shape.pages;
  if (state.idlePages <= layout.IDLE_PAGES || statistics.arenasPaged <= layout.IDLE_ARENAS) return;
  const pages = pagesInUse();
  retireIdleSlabs();
  retireIfShrunk(pages - pagesInUse());
}

/** Gives back the pages of all candidates that are still idle; a candidate that was used again is one no more. */
function retireIdleSlabs(): void {
  let head = state.idleSlabs;
  state.idleSlabs = null;
  state.idlePages = 0;
  while (head) {
    const slab = head.slab;
    slab.candidate = 0;
    if (!slab.busy) closeSlab(head);
    head = slab.next;
  }
}

function closeSlab(head: PageRecord): void {
  const pages = <u32>head.shape.pages;
  const slot = slotOf(head);
  const start = head.page;
  countPages(head.slab.countsAsSlab, -pages);
  for (let i: u32 = 0; i < pages; i++) {
    const record = head.at(i);
    if (record.shape.capacity) unlinkPool(record, slot);
    record.clear();
  }
  slabCounts[slot] -= 1;
  givePages(start, pages);
}

/** Keeps the number of a slab's pools that are not idle; returns its slab word. */
function changeBusy(record: PageRecord, shape: PageShape, change: i32): SlabWord {
  const slab = slabHead(record, shape).slab;
  slab.busy += <u16>change;
  return slab;
}

/** Record of the first page of a pool's slab. */
// @ts-ignore: decorator
@inline
function slabHead(record: PageRecord, shape: PageShape): PageRecord {
  return record.at(-(<u32>shape.index));
}

// ---- new pools ----

/** Takes pages for the class and lists their pools, lowest first. The record of the first, or null: out of memory. */
function openPools(domain: u32, c: u32, slot: usize): PageRecord | null {
  ensureReady();
  const countsAsSlab = u32(!isSmall(c) || poolsExhausted());
  const pages = slabPages(c, slabCounts[slot]);
  const start = obtainPages(pages, 1);
  if (!start) return null;
  slabCounts[slot] += 1;
  countPages(countsAsSlab, pages);
  const head = pageRecord(start);
  head.slab.countsAsSlab = <u8>countsAsSlab;
  const front = WAITS && domain == layout.DOMAIN_RAW && c > layout.SMALL_CLASSES ? layout.RECORD_FRONT : 0;
  const bytes = classBytes(c);
  let blocks = (pages << layout.PAGE_SHIFT) / bytes;
  let first: u32 = 0;
  for (let i: u32 = 0; i < pages; i++) {
    const record = head.at(i);
    const shape = record.shape;
    const capacity = blocksFrom(first, bytes, blocks);
    shape.carved = 0;
    shape.capacity = <u16>capacity;
    shape.first = <u16>first;
    shape.index = <u8>i;
    shape.pages = <u8>pages;
    record.freeList = 0;
    record.liveWord = <u16>front;
    record.sizeClass = <u8>c;
    record.setState(domain, layout.POOL_LISTED);
    if (capacity) linkPool(record, slot);
    blocks -= capacity;
    first += capacity * bytes - layout.PAGE_BYTES;
  }
  head.slab.busy = 0;
  head.slab.candidate = 0;
  return head;
}

/** Blocks that start in a page whose first one starts at `first`, of those that the slab still has room for. */
export function blocksFrom(first: u32, bytes: u32, blocks: u32): u32 {
  return min((layout.PAGE_BYTES - 1 + bytes - first) / bytes, blocks);
}

/** Classes above the threshold are slabs. */
export function isSmall(c: u32): bool {
  return c << 3 <= state.threshold;
}

/** Whether pools hold as many pages as they may. What small classes take beyond that counts as slabs. */
function poolsExhausted(): bool {
  if (statistics.poolPages < state.poolLimit) return false;
  retireIfChanged();
  return statistics.poolPages >= state.poolLimit;
}

function countPages(countsAsSlab: u32, change: i32): void {
  if (countsAsSlab) statistics.slabPages += change;
  else statistics.poolPages += change;
}

/**
 * Pages for a pool or a span, from as near as possible: arenas in use, those that recent blocks, recent spans and idle pools
 * make room in, and a free or a new arena only after every idle pool was retired, current ones too.
 */
export function obtainPages(length: u32, alignment: u32): usize {
  let pages = takePages(length, alignment, layout.REACH_USED);
  if (pages) return pages;
  releaseRecent();
  retireIdleSlabs();
  pages = takePages(length, alignment, layout.REACH_USED);
  if (pages) return pages;
  retireIfChanged();
  return takePages(length, alignment, layout.REACH_NEW);
}

// ---- retirement ----

/** Gives back what waits for the next request: blocks to their pools, spans to their arenas. */
function releaseRecent(): void {
  if (!WAITS) return;
  for (let c = layout.SMALL_CLASSES + 1; c <= layout.LAST_CLASS; c++) {
    const recent = recentBlocks(c);
    // One at a time: a pool that becomes idle may bring us here again.
    for (let n = recent.count; n; n = recent.count) {
      recent.count = n - 1;
      const block = recent.block(n);
      freeSlow(pageRecord(block), block);
    }
  }
  releaseRecentSpans();
}

/**
 * Gives back what waits, retires every idle pool, and every current pool that holds nothing live: ends the delayed
 * retirement. Runs before the heap extends further than it did since then, when it has shrunk, and when verification or a trim
 * want it as small as it is. Cost: the number of classes, and of what waits.
 */
export function retireIdlePools(): void {
  releaseRecent();
  for (let slot: usize = 0; slot < classSlot(layout.DOMAINS, 0); slot += 4) {
    const record = currentPools[slot];
    if (record && isUnused(record, slot)) uncarve(record, slot);
  }
  retireIdleSlabs();
  state.poolsChanged = 0;
  state.pagesAtPeak = pagesInUse();
  state.drained = state.frontier;
}

/** retireIdlePools(), unless no pool became current since it ran last: spans that come and go pay nothing. */
export function retireIfChanged(): void {
  if (state.poolsChanged) retireIdlePools();
}

/**
 * retireIdlePools(), once an eighth of the pages that were in use since then is given back, and an arena's worth of them: what
 * waits and what is idle should not pin arenas among what is no more. `given` pages went just now. (Asked only when an arena
 * went back whole, as what waits prevents, the traces extended to 1.30 times what lives after five passes, and not 1.20.)
 */
export function retireIfShrunk(given: u32): void {
  const now = pagesInUse();
  const peak = max(state.pagesAtPeak, now + given);
  state.pagesAtPeak = peak;
  if (now + max(layout.ARENA_PAGES, peak >>> 3) < peak) retireIdlePools();
}

function pagesInUse(): u32 {
  return statistics.poolPages + statistics.slabPages + statistics.spanPages;
}

/** Whether all blocks of a current pool are free. Its list is counted only where it may hold all that count as live. */
function isUnused(record: PageRecord, slot: usize): bool {
  const live = record.live;
  if (live >= activeBounds[slot]) return false;
  const length = activeLength(slot, live);
  activeBounds[slot] = length + 1;
  return length == live;
}

/**
 * Length of the active list of a class with a current pool, counted up to `limit` + 1. A list that leaves the pool was
 * overwritten; it counts as longer than the limit.
 */
export function activeLength(slot: usize, limit: u32): u32 {
  const page = currentPools[slot]!.page;
  let length: u32 = 0;
  let block = <usize>activeLists[slot];
  while (block && length <= limit) {
    length++;
    if (block - page >= layout.PAGE_BYTES) return limit + 1;
    block = linkOf(block);
  }
  return length;
}

/** Turns a current pool without live blocks back into an untouched one and retires it. */
function uncarve(record: PageRecord, slot: usize): void {
  activeLists[slot] = 0;
  currentPools[slot] = null;
  record.freeList = 0;
  record.live = 0;
  record.shape.carved = 0;
  record.setState(record.domain, layout.POOL_LISTED);
  linkPool(record, slot);
  becomeIdle(record);
}

// ---- the queue of available pools ----

/**
 * Appends the pool to its class's queue. First in, first out: the pool that is made current next is the one that had
 * the longest time to gather free blocks, or to drain. (Put in front, a pool that was full a moment ago would serve one
 * block and be full again: on the lua trace a quarter more visits to the slow path.)
 */
function linkPool(record: PageRecord, slot: usize): void {
  const links = record.links;
  const last = lastAvailable[slot];
  links.next = null;
  links.previous = last;
  if (last) last.links.next = record;
  else availablePools[slot] = record;
  lastAvailable[slot] = record;
}

function unlinkPool(record: PageRecord, slot: usize): void {
  const links = record.links;
  const next = links.next;
  const previous = links.previous;
  if (next) next.links.previous = previous;
  else lastAvailable[slot] = previous;
  if (previous) previous.links.next = next;
  else availablePools[slot] = next;
}
