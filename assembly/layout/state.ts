/**
 * The state block: all state of the bytes layer that does not lie in arenas. Zero is a valid empty heap: the first slow
 * path initialises what must not be zero.
 *
 *   ├ words ┤ statistics ┤ pools of each domain and class ┤ lists of arenas and spans ┤ recent ┤ reciprocals ┤ census ┤ recount ┤ scratch ┤
 *   ├ debug words ┤ sentinel ┤ arena map ┤ free runs: length, next, previous ┤ tree of free pages ┤ object layer … ┤
 *
 * Classes describe what has a fixed place; what is indexed is a Table or has entries that are classes (../state.ts).
 */
import { ARENA_PAGED, MAP_ENTRIES, PAGE_BYTES } from "./arenas";
import { DebugState } from "./debug";
import { PageRecord, SLOT_BYTES } from "./page-table";
import { RECENT_SHIFT } from "./recent";
import { RUN_NODES } from "./run-tree";
import { CLASS_SLOTS, DOMAINS, MEDIUM_CLASSES, SMALL_CLASSES } from "./size-classes";

/**
 * The single words.
 *
 *   first ≤ frontier ≤ drained ≤ virgin ≤ end ≤ MAX_ARENAS      (numbers of arenas)
 */
@unmanaged
@final
export class State {
  /** 1 once initialised. */
  ready: u32;
  /** The first arena that is neither in use nor in a run: [frontier, end) is free. */
  frontier: u32;
  /** Arenas of the memory as it was after the last growth that this core did or noticed. */
  end: u32;
  /** Memory from this arena on was never handed out and reads as zero. */
  virgin: u32;
  /** The highest that the frontier was since what waits went back last: before it passes that, it all goes back again. */
  drained: u32;
  /** First arena of the heap. */
  first: u32;
  /** Hard limit of the memory, in wasm pages. */
  limit: u32;
  /** Largest request that pools serve: 256 or 512. */
  threshold: u32;
  /** Pages that pools of small classes may take. */
  poolLimit: u32;
  /** Wasm pages of the memory as last seen. */
  memory: u32;
  /** XORed with its address it marks a block that a checked free released. */
  secret: u32;
  /** Not 0 while a slow path is at work: a trap inside one leaves it set and the heap refuses further work. */
  poison: u32;
  /** Debug core: the n-th growth from now fails; 0 = none. */
  failGrowth: u32;
  /** What the last fault was about; see the FAULT_ and BROKEN_ codes. */
  fault: u32;
  faultAddress: u32;
  faultExpected: u32;
  faultActual: u32;
  /** Record of the first slab that is a candidate for retirement, and pages of all of them. */
  idleSlabs: PageRecord | null;
  idlePages: u32;
  /** 1 if a pool became current since idle pools were retired last. */
  poolsChanged: u32;
  /** How memory grows: (factor − 1) · 256, and in arenas the floor and the cap; a cap of 0 stands for the defaults. */
  growthFactor: u32;
  growthFloor: u32;
  growthCap: u32;
  /** Bytes that press for a collection; see alloc/pressure.ts. */
  takenBytes: u32;
  /** The most pages in use that a release of pages has met since idle pools were retired last. */
  pagesAtPeak: u32;
  /** Pages of the spans that wait for the next request; see recent.ts. */
  recentPages: u32;
  /** What hashes of dict keys depend on, random or from the option hashSeed; a reset leaves it. See object/values/hash.ts. */
  hashKey0: u64;
  hashKey1: u64;
  mixHigh: u64;
  mixLow: u64;
  mixSum: u64;
  /** Hardened core: what links are encoded with, the state of its random numbers, and 1 if freed blocks are zeroed. */
  linkSecret: u32;
  random: u32;
  zeroOnFree: u32;
  unused: u32;
}

/** In pages, arenas or counts; constant-time, kept by the slow paths. */
@unmanaged
export class Statistics {
  poolPages: u32;
  slabPages: u32;
  spanPages: u32;
  spans: u32;
  tablePages: u32;
  arenasPaged: u32;
  arenasTail: u32;
  arenasTaken: u32;
  arenasReclaimed: u32;
  arenasHighWater: u32;
  grows: u32;
  growsFailed: u32;
}

export const STATE_LINK_SECRET: u32 = offsetof<State>("linkSecret");
export const STATE_RANDOM: u32 = offsetof<State>("random");
export const STATE_ZERO_ON_FREE: u32 = offsetof<State>("zeroOnFree");
export const STATE_HASH_KEY: u32 = offsetof<State>("hashKey0");
export const STATE_GROWTH_FACTOR: u32 = offsetof<State>("growthFactor");
export const STATE_GROWTH_FLOOR: u32 = offsetof<State>("growthFloor");
export const STATE_GROWTH_CAP: u32 = offsetof<State>("growthCap");
export const STATE_STATS: u32 = offsetof<State>();

// Tables by domain and class, at DOMAIN_ · CLASS_SLOTS + class. They lie side by side, and not an entry's words together,
// so that the heads of the active lists, which malloc reads, lie sixteen to a cache line.
const CLASS_TABLE_BYTES: u32 = (DOMAINS * CLASS_SLOTS) << 2;
/** First block of the active list, which malloc hands out next. */
export const STATE_ACTIVE: u32 = STATE_STATS + offsetof<Statistics>();
/** Page record of the pool that the active list was detached from. */
export const STATE_CURRENT: u32 = STATE_ACTIVE + CLASS_TABLE_BYTES;
/** First and last page record of the queue of pools with free blocks. */
export const STATE_AVAILABLE: u32 = STATE_CURRENT + CLASS_TABLE_BYTES;
export const STATE_AVAILABLE_LAST: u32 = STATE_AVAILABLE + CLASS_TABLE_BYTES;
/** Slabs that the class has, pools of one page among them. */
export const STATE_SLABS: u32 = STATE_AVAILABLE_LAST + CLASS_TABLE_BYTES;
/** More than the active list has blocks: what its last refill put there and handed out, or less if it was counted since. */
export const STATE_ACTIVE_BOUNDS: u32 = STATE_SLABS + CLASS_TABLE_BYTES;

/**
 * Lists by size: bit n set = list n is not empty; list 0 is always empty.
 *
 *   ├ bits 8 │ 64 heads × 4 ┤
 */
@unmanaged
@final
export class SizedLists {
  bits: u64;

  /** Whether list n is not empty. */
  @inline
  has(n: u32): bool {
    return ((this.bits >>> n) & 1) != 0;
  }

  /** What list n begins with; 0 if it is empty. */
  @inline
  head(n: u32): u32 {
    return load<u32>(changetype<usize>(this) + ((<usize>n) << 2), offsetof<SizedLists>());
  }
  setHead(n: u32, head: u32): void {
    store<u32>(changetype<usize>(this) + ((<usize>n) << 2), head, offsetof<SizedLists>());
    const bit = (<u64>1) << n;
    this.bits = head ? this.bits | bit : this.bits & ~bit;
  }
  /** Head of the first list from `n` < 64 on that is not empty; 0 if all are. */
  @inline
  headFrom(n: u32): u32 {
    const bits = this.bits >>> n;
    return bits ? this.head(<u32>ctz(bits) + n) : 0;
  }
}

const SIZED_LISTS_BYTES: u32 = offsetof<SizedLists>() + (64 << 2);
/** Runs of free arenas by length: exact below 32, two lists a doubling above. */
export const STATE_FREE_RUNS: u32 = STATE_ACTIVE_BOUNDS + CLASS_TABLE_BYTES;
/** First spans that wait, by length in pages. */
export const STATE_RECENT_SPANS: u32 = STATE_FREE_RUNS + SIZED_LISTS_BYTES;
/** RecentBlocks of each slab class, on lines of the cache: the state block is aligned to them. */
export const STATE_RECENT: u32 =
  (STATE_RECENT_SPANS + SIZED_LISTS_BYTES + ((1 << RECENT_SHIFT) - 1)) & ~((1 << RECENT_SHIFT) - 1);
/** Where class 0 would have them. */
export const STATE_RECENT_BASE: u32 = STATE_RECENT - ((SMALL_CLASSES + 1) << RECENT_SHIFT);
/** ⌈2³² / class size⌉ for each class: divides an offset in a page without a division. A reset clears what lies before it. */
export const STATE_RECIPROCAL: u32 = STATE_RECENT + (MEDIUM_CLASSES << RECENT_SHIFT);

/** Filled by census() for each domain and class. */
@unmanaged
@final
export class CensusEntry {
  pools: u32;
  /** Blocks that are handed out, and those that could be without another pool. */
  live: u32;
  available: u32;
}

/** Census records by domain and class. */
export const STATE_CENSUS: u32 = STATE_RECIPROCAL + (CLASS_SLOTS << 2);
export const CENSUS_BYTES: u32 = offsetof<CensusEntry>();

/** What verify() counts in its walk: the statistics up to `arenasTail` anew, and more. */
@unmanaged
@final
export class Recount extends Statistics {
  /** Arenas in runs, and tail arenas that spans say they have. */
  runArenas: u32;
  spanTails: u32;
  /** Listed pools that the walk met and the lists did not yet. */
  listedPools: u32;
  /** Arenas with free pages, and pages of candidates for retirement. */
  openArenas: u32;
  idlePages: u32;
  /** Recent blocks that pools were found to have, and pages of recent spans. */
  recentBlocks: u32;
  recentPages: u32;
  unused: u32;
}

export const STATE_RECOUNT: u32 = STATE_CENSUS + DOMAINS * CLASS_SLOTS * CENSUS_BYTES;
/** One bit for each block of the page that verify() looks at. */
export const STATE_SCRATCH: u32 = STATE_RECOUNT + offsetof<Recount>();
export const STATE_DEBUG: u32 = STATE_SCRATCH + (PAGE_BYTES >>> 6);
/** Zeros: the page records of arenas without any, reached through every code of the map. */
export const STATE_SENTINEL: u32 = STATE_DEBUG + offsetof<DebugState>();
export const SENTINEL_BYTES: u32 = SLOT_BYTES + ARENA_PAGED;
/** One word an arena: a code, or where its page records are. */
export const STATE_MAP: u32 = STATE_SENTINEL + SENTINEL_BYTES;
/** Runs of free arenas: length at the first and the last arena of a run, list links for the first. u16 each. */
export const STATE_RUN_LENGTH: u32 = STATE_MAP + (MAP_ENTRIES << 2);
export const STATE_ARENA_NEXT: u32 = STATE_RUN_LENGTH + (MAP_ENTRIES << 1);
export const STATE_ARENA_PREVIOUS: u32 = STATE_ARENA_NEXT + MAP_ENTRIES;
/** See run-tree.ts; the root. */
export const STATE_RUN_TREE: u32 = STATE_ARENA_PREVIOUS + MAP_ENTRIES + 7;
/** Where the object layer's state begins. */
export const STATE_RUN_TREE_END: u32 = (STATE_RUN_TREE + RUN_NODES + 7) & ~7;

// Offsets that the bindings read.

export const STATE_FRONTIER: u32 = offsetof<State>("frontier");
export const STATE_END: u32 = offsetof<State>("end");
export const STATE_VIRGIN: u32 = offsetof<State>("virgin");
export const STATE_FIRST: u32 = offsetof<State>("first");
export const STATE_LIMIT: u32 = offsetof<State>("limit");
export const STATE_THRESHOLD: u32 = offsetof<State>("threshold");
export const STATE_MEMORY: u32 = offsetof<State>("memory");
export const STATE_POISON: u32 = offsetof<State>("poison");
export const STATE_FAIL_GROWTH: u32 = offsetof<State>("failGrowth");
export const STATE_FAULT: u32 = offsetof<State>("fault");
export const STATE_FAULT_ADDRESS: u32 = offsetof<State>("faultAddress");
export const STATE_FAULT_EXPECTED: u32 = offsetof<State>("faultExpected");
export const STATE_FAULT_ACTUAL: u32 = offsetof<State>("faultActual");
export const STATE_RECENT_PAGES: u32 = offsetof<State>("recentPages");
export const STATE_IDLE_PAGES: u32 = offsetof<State>("idlePages");

export const STAT_POOL_PAGES: u32 = offsetof<Statistics>("poolPages");
export const STAT_SLAB_PAGES: u32 = offsetof<Statistics>("slabPages");
export const STAT_SPAN_PAGES: u32 = offsetof<Statistics>("spanPages");
export const STAT_SPANS: u32 = offsetof<Statistics>("spans");
export const STAT_TABLE_PAGES: u32 = offsetof<Statistics>("tablePages");
export const STAT_ARENAS_PAGED: u32 = offsetof<Statistics>("arenasPaged");
export const STAT_ARENAS_TAIL: u32 = offsetof<Statistics>("arenasTail");
export const STAT_ARENAS_TAKEN: u32 = offsetof<Statistics>("arenasTaken");
export const STAT_ARENAS_RECLAIMED: u32 = offsetof<Statistics>("arenasReclaimed");
export const STAT_ARENAS_HIGH_WATER: u32 = offsetof<Statistics>("arenasHighWater");
export const STAT_GROWS: u32 = offsetof<Statistics>("grows");
export const STAT_GROWS_FAILED: u32 = offsetof<Statistics>("growsFailed");

export const CENSUS_POOLS: u32 = offsetof<CensusEntry>("pools");
export const CENSUS_LIVE: u32 = offsetof<CensusEntry>("live");
export const CENSUS_AVAILABLE: u32 = offsetof<CensusEntry>("available");
