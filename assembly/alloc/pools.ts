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
 *   active   no (it is current)    true count    running dry → full; settle()
 *   full     no                    always 1      any free → listed, at the back
 *
 * A full pool shows 1 so that its first free leaves the fast path, as does the last free of every other pool: one
 * comparison serves both. An idle pool keeps its class until its page is wanted elsewhere or too many are idle, and
 * the current pool does not even become idle when its last block is freed: two delays, for batches and for pairs of
 * alloc and free. settle() ends both.
 *
 * Slab: a run of pages for blocks larger than 512 bytes, which may straddle pages. Each of its pages is a pool for the
 * blocks that *start* in it, with fast paths unchanged; the run goes back when all of its pools are idle.
 */
import {
  CLASS_NONE,
  CLASS_SLOTS,
  DOMAINS,
  DOMAIN_RAW,
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
  RECORD_STATE,
  SHAPE_CAPACITY,
  SHAPE_CARVED,
  SHAPE_FIRST,
  SHAPE_INDEX,
  SHAPE_PAGES,
  IDLE_ARENAS,
  IDLE_PAGES,
  REACH_NEW,
  REACH_USED,
  SLAB_BUSY,
  SLAB_CANDIDATE,
  SLAB_NEXT,
  SLOT_LINKS,
  SLOT_SHAPE,
  SLOT_SLAB,
  STATE_ACTIVE,
  STATE_AVAILABLE,
  STATE_AVAILABLE_LAST,
  STATE_CURRENT,
  STATE_IDLE,
  STATE_IDLE_PAGES,
  STATE_POOL_LIMIT,
  STATE_SECRET,
  STATE_STIRRED,
  STATE_SLABS,
  STATE_THRESHOLD,
  STAT_ARENAS_PAGED,
  STAT_POOL_PAGES,
  STAT_SLAB_PAGES,
} from "../layout";
import { STATE, count, setWord, statistic, word } from "../state";
import { ensureReady } from "./arenas";
import { classBytes, slabPages } from "./classes";
import { entryOf, givePages, pageOf, recordOf, takePages } from "./pages";

/**
 * Blocks carved at once. 64 took 5 % less of a replay than 32 and as much as a whole page (bench:replay); an OS page is
 * touched as a whole anyway, but a walk looks at carved blocks only.
 */
const CARVE_BLOCKS: u32 = 64;

/** Offset of a domain's and class's entry in the per-class tables. */
// @ts-ignore: decorator
@inline
export function classSlot(domain: u32, c: u32): usize {
  return ((domain * CLASS_SLOTS) << 2) + (c << 2);
}

/** Slow path of every pool allocation: refills the active list of an exhausted class. A block, or 0: out of memory. */
export function refill(domain: u32, c: u32): usize {
  const slot = classSlot(domain, c);
  let record = <usize>load<u32>(STATE + STATE_CURRENT + slot);
  while (true) {
    if (record) {
      const block = detach(record, slot, domain, c);
      if (block) return block;
      store<u16>(record, 1, RECORD_LIVE);
      setPoolState(record, domain, POOL_FULL);
      store<u32>(STATE + STATE_CURRENT + slot, 0);
    }
    // A listed pool has a free or an uncarved block, so the second round ends here.
    record = load<u32>(STATE + STATE_AVAILABLE + slot);
    if (!record) record = openPools(domain, c, slot);
    if (!record) return 0;
    makeCurrent(record, slot, domain);
  }
}

/** Moves the pool's free blocks, or newly carved ones, to the active list and takes the first. 0 if it has none. */
function detach(record: usize, slot: usize, domain: u32, c: u32): usize {
  const shape = entryOf(record, SLOT_SHAPE);
  const carved = <u32>load<u16>(shape, SHAPE_CARVED);
  const block = <usize>load<u32>(record, RECORD_FREE);
  if (block) {
    store<u32>(record, 0, RECORD_FREE);
    store<u16>(record, <u16>carved, RECORD_LIVE);
    store<u32>(STATE + STATE_ACTIVE + slot, load<u32>(block));
    return block;
  }
  const capacity = <u32>load<u16>(shape, SHAPE_CAPACITY);
  if (carved == capacity) return 0;
  const batch = min(capacity - carved, CARVE_BLOCKS);
  store<u16>(shape, <u16>(carved + batch), SHAPE_CARVED);
  store<u16>(record, load<u16>(record, RECORD_LIVE) + <u16>batch, RECORD_LIVE);
  const bytes = classBytes(c);
  const first = pageOf(record) + load<u16>(shape, SHAPE_FIRST) + carved * bytes;
  store<u32>(STATE + STATE_ACTIVE + slot, <u32>thread(first, bytes, batch, domain));
  return first;
}

/**
 * Links a run of blocks; returns the second, for the first is handed out. The second word of a free block of objects is
 * 0, which is how a walk tells it from an object; that of a raw one is its mark (alloc/checks.ts).
 */
function thread(first: usize, bytes: u32, batch: u32, domain: u32): usize {
  const secret = word(STATE_SECRET);
  let block = first + batch * bytes;
  let next: usize = 0;
  do {
    block -= bytes;
    const mark = domain == DOMAIN_RAW ? (<u32>block) ^ secret : 0;
    store<u64>(block, ((<u64>mark) << 32) | (<u64>next));
    next = block;
  } while (block != first);
  return load<u32>(first);
}

function makeCurrent(record: usize, slot: usize, domain: u32): void {
  setWord(STATE_STIRRED, 1);
  unlinkPool(record, slot);
  setPoolState(record, domain, POOL_ACTIVE);
  store<u32>(STATE + STATE_CURRENT + slot, <u32>record);
  if (load<u16>(record, RECORD_LIVE) == 0) changeBusy(record, entryOf(record, SLOT_SHAPE), 1);
}

// ---- freeing ----

/**
 * Slow path of free, for a block of any pool; the fast one leaves it those whose record shows 0 or 1 live: the pool was
 * full, or this is its last block. Returns false if nothing was live: the block was freed before.
 */
export function freeRare(record: usize, block: usize): bool {
  const state = (<u32>load<u8>(record, RECORD_STATE)) >>> 2;
  let live = <u32>load<u16>(record, RECORD_LIVE);
  if (!live) return false;
  store<u32>(block, load<u32>(record, RECORD_FREE));
  store<u32>(record, <u32>block, RECORD_FREE);
  if (state == POOL_FULL) {
    live = load<u16>(entryOf(record, SLOT_SHAPE), SHAPE_CAPACITY);
    setPoolState(record, poolDomain(record), POOL_LISTED);
    linkPool(record, classSlot(poolDomain(record), load<u8>(record, RECORD_CLASS)));
  }
  store<u16>(record, live - 1, RECORD_LIVE);
  if (live == 1 && state != POOL_ACTIVE) becomeIdle(record);
  return true;
}

/** Frees `blocks` blocks of a pool that are linked from `first` to `last`. The caller has entered the slow paths. */
export function freeLinked(record: usize, first: usize, last: usize, blocks: u32): void {
  const second = <usize>load<u32>(first);
  const third = blocks > 2 ? <usize>load<u32>(second) : 0;
  // The first one makes a full pool a listed one, and the second, which goes last, may make it an idle one.
  freeRare(record, first);
  if (third) {
    store<u32>(last, load<u32>(record, RECORD_FREE));
    store<u32>(record, <u32>third, RECORD_FREE);
    store<u16>(record, <u16>(<u32>load<u16>(record, RECORD_LIVE) - (blocks - 2)), RECORD_LIVE);
  }
  if (blocks > 1) freeRare(record, second);
}

/**
 * A listed pool has become empty. Once all pools of its slab are (a single page is a slab of one), the slab is a
 * candidate for retirement. It stays in use by its class until retireIdle() looks at it: a batch of blocks that comes
 * and goes would otherwise take and give pages all the time.
 */
function becomeIdle(record: usize): void {
  const shape = entryOf(record, SLOT_SHAPE);
  const slab = changeBusy(record, shape, -1);
  // Pools are busy, or the slab is a candidate already.
  if (load<u32>(slab)) return;
  const head = record - ((<usize>load<u8>(shape, SHAPE_INDEX)) << 3);
  store<u8>(slab, 1, SLAB_CANDIDATE);
  store<u32>(slab, word(STATE_IDLE), SLAB_NEXT);
  setWord(STATE_IDLE, <u32>head);
  const idle = word(STATE_IDLE_PAGES) + load<u8>(shape, SHAPE_PAGES);
  setWord(STATE_IDLE_PAGES, idle);
  // Arenas go back: the heap is shrinking, and idle current pools should not pin what is left of it.
  if (idle > IDLE_PAGES && statistic(STAT_ARENAS_PAGED) > IDLE_ARENAS && retireIdle()) settleIfStirred();
}

/**
 * Gives back the pages of all candidates that are still idle; a candidate that was used again is one no more. True if
 * an arena went back with them.
 */
function retireIdle(): bool {
  let closed = false;
  let head = <usize>word(STATE_IDLE);
  setWord(STATE_IDLE, 0);
  setWord(STATE_IDLE_PAGES, 0);
  while (head) {
    const slab = entryOf(head, SLOT_SLAB);
    const next = <usize>load<u32>(slab, SLAB_NEXT);
    store<u8>(slab, 0, SLAB_CANDIDATE);
    if (!load<u16>(slab, SLAB_BUSY) && closeSlab(head)) closed = true;
    head = next;
  }
  return closed;
}

function closeSlab(head: usize): bool {
  const pages = <u32>load<u8>(entryOf(head, SLOT_SHAPE), SHAPE_PAGES);
  const slot = classSlot(poolDomain(head), load<u8>(head, RECORD_CLASS));
  const start = pageOf(head);
  for (let i: u32 = 0; i < pages; i++) {
    const record = head + ((<usize>i) << 3);
    if (load<u16>(entryOf(record, SLOT_SHAPE), SHAPE_CAPACITY)) unlinkPool(record, slot);
    count(pageCounter(load<u8>(record, RECORD_CLASS)), -1);
    store<u64>(record, 0);
  }
  changeSlabs(slot, -1);
  return givePages(start, pages);
}

/** Keeps the number of slabs of a class, and returns it. */
function changeSlabs(slot: usize, change: i32): u32 {
  const slabs = load<u32>(STATE + STATE_SLABS + slot) + change;
  store<u32>(STATE + STATE_SLABS + slot, slabs);
  return slabs;
}

/** Keeps the number of a slab's pools that are not idle; returns its slab word. */
function changeBusy(record: usize, shape: usize, change: i32): usize {
  const slab = entryOf(record - ((<usize>load<u8>(shape, SHAPE_INDEX)) << 3), SLOT_SLAB);
  store<u16>(slab, load<u16>(slab, SLAB_BUSY) + <u16>change, SLAB_BUSY);
  return slab;
}

// ---- new pools ----

/** Takes pages for the class and lists their pools, lowest first. The record of the first, or 0: out of memory. */
function openPools(domain: u32, c: u32, slot: usize): usize {
  ensureReady();
  if (poolsExhausted(c)) {
    settleIfStirred();
    if (poolsExhausted(c)) return 0;
  }
  const pages = slabPages(c, load<u32>(STATE + STATE_SLABS + slot));
  const start = obtainPages(pages, 1);
  if (!start) return 0;
  changeSlabs(slot, 1);
  count(pageCounter(c), pages);
  const head = recordOf(start);
  const bytes = classBytes(c);
  let blocks = (pages << PAGE_SHIFT) / bytes;
  let first: u32 = 0;
  for (let i: u32 = 0; i < pages; i++) {
    const record = head + ((<usize>i) << 3);
    const shape = entryOf(record, SLOT_SHAPE);
    const capacity = blocksFrom(first, bytes, blocks);
    store<u16>(shape, 0, SHAPE_CARVED);
    store<u16>(shape, <u16>capacity, SHAPE_CAPACITY);
    store<u16>(shape, <u16>first, SHAPE_FIRST);
    store<u8>(shape, <u8>i, SHAPE_INDEX);
    store<u8>(shape, <u8>pages, SHAPE_PAGES);
    store<u32>(record, 0, RECORD_FREE);
    store<u16>(record, 0, RECORD_LIVE);
    store<u8>(record, <u8>c, RECORD_CLASS);
    setPoolState(record, domain, POOL_LISTED);
    if (capacity) linkPool(record, slot);
    blocks -= capacity;
    first += capacity * bytes - PAGE_BYTES;
  }
  store<u64>(entryOf(head, SLOT_SLAB), 0);
  return head;
}

/** Blocks that start in a page whose first one starts at `first`, of those that the slab still has room for. */
export function blocksFrom(first: u32, bytes: u32, blocks: u32): u32 {
  return min((PAGE_BYTES - 1 + bytes - first) / bytes, blocks);
}

/** True if the class is a small one and pools hold as many pages as they may (option poolBytes). */
export function poolsExhausted(c: u32): bool {
  return pageCounter(c) == STAT_POOL_PAGES && statistic(STAT_POOL_PAGES) >= word(STATE_POOL_LIMIT);
}

/** Classes above the threshold count as slabs: what pools do not serve is spans. */
function pageCounter(c: u32): u32 {
  return c << 3 <= word(STATE_THRESHOLD) ? STAT_POOL_PAGES : STAT_SLAB_PAGES;
}

/**
 * Pages for a pool or a span, from as near as possible: arenas in use, those that retiring idle pools makes room in,
 * and a free or a new arena only after every idle pool was retired, current ones too.
 */
export function obtainPages(length: u32, alignment: u32): usize {
  let pages = takePages(length, alignment, REACH_USED);
  if (pages) return pages;
  retireIdle();
  pages = takePages(length, alignment, REACH_USED);
  if (pages) return pages;
  settleIfStirred();
  return takePages(length, alignment, REACH_NEW);
}

// ---- settling ----

/**
 * Retires every idle pool, and every current pool that holds nothing live: ends the delayed retirement. Runs before the heap extends into
 * memory it never used, and when statistics, verification or a trim want the heap as small as it is. Cost: the number of classes.
 */
export function settle(): void {
  for (let slot: usize = 0; slot < <usize>((DOMAINS * CLASS_SLOTS) << 2); slot += 4) {
    const record = <usize>load<u32>(STATE + STATE_CURRENT + slot);
    if (!record) continue;
    const live = <u32>load<u16>(record, RECORD_LIVE);
    if (activeLength(slot, live) == live) uncarve(record, slot);
  }
  retireIdle();
  setWord(STATE_STIRRED, 0);
}

/** settle(), unless no pool became current since it ran last: spans that come and go pay nothing. */
export function settleIfStirred(): void {
  if (word(STATE_STIRRED)) settle();
}

/**
 * Length of the active list of a class with a current pool, counted up to `limit` + 1. A list that leaves the pool was
 * overwritten; it counts as longer than the limit.
 */
export function activeLength(slot: usize, limit: u32): u32 {
  const page = pageOf(load<u32>(STATE + STATE_CURRENT + slot));
  let length: u32 = 0;
  let block = <usize>load<u32>(STATE + STATE_ACTIVE + slot);
  while (block && length <= limit) {
    length++;
    if (block - page >= PAGE_BYTES) return limit + 1;
    block = load<u32>(block);
  }
  return length;
}

/** Turns a current pool without live blocks back into an untouched one and retires it. */
function uncarve(record: usize, slot: usize): void {
  store<u32>(STATE + STATE_ACTIVE + slot, 0);
  store<u32>(STATE + STATE_CURRENT + slot, 0);
  store<u32>(record, 0, RECORD_FREE);
  store<u16>(record, 0, RECORD_LIVE);
  store<u16>(entryOf(record, SLOT_SHAPE), 0, SHAPE_CARVED);
  setPoolState(record, poolDomain(record), POOL_LISTED);
  linkPool(record, slot);
  becomeIdle(record);
}

// ---- records and lists ----

// @ts-ignore: decorator
@inline
export function poolDomain(record: usize): u32 {
  return load<u8>(record, RECORD_STATE) & 3;
}

// @ts-ignore: decorator
@inline
function setPoolState(record: usize, domain: u32, state: u32): void {
  store<u8>(record, <u8>(domain | (state << 2)), RECORD_STATE);
}

/**
 * Appends the pool to its class's queue. First in, first out: the pool that is made current next is the one that had
 * the longest time to gather free blocks, or to drain. (Put in front, a pool that was full a moment ago would serve one
 * block and be full again: on the lua trace a quarter more visits to the slow path.)
 */
function linkPool(record: usize, slot: usize): void {
  const links = entryOf(record, SLOT_LINKS);
  const last = <usize>load<u32>(STATE + STATE_AVAILABLE_LAST + slot);
  store<u32>(links, 0, LINK_NEXT);
  store<u32>(links, <u32>last, LINK_PREVIOUS);
  if (last) store<u32>(entryOf(last, SLOT_LINKS), <u32>record, LINK_NEXT);
  else store<u32>(STATE + STATE_AVAILABLE + slot, <u32>record);
  store<u32>(STATE + STATE_AVAILABLE_LAST + slot, <u32>record);
}

function unlinkPool(record: usize, slot: usize): void {
  const links = entryOf(record, SLOT_LINKS);
  const next = <usize>load<u32>(links, LINK_NEXT);
  const previous = <usize>load<u32>(links, LINK_PREVIOUS);
  if (next) store<u32>(entryOf(next, SLOT_LINKS), <u32>previous, LINK_PREVIOUS);
  else store<u32>(STATE + STATE_AVAILABLE_LAST + slot, <u32>previous);
  if (previous) store<u32>(entryOf(previous, SLOT_LINKS), <u32>next, LINK_NEXT);
  else store<u32>(STATE + STATE_AVAILABLE + slot, <u32>next);
}

/** True if the record belongs to a pool or slab page in which blocks start. */
// @ts-ignore: decorator
@inline
export function isPool(record: usize): bool {
  const c = <u32>load<u8>(record, RECORD_CLASS);
  return c != CLASS_NONE && c <= LAST_CLASS;
}
