/**
 * The state block: all state of the bytes layer that does not lie in arenas. Zero is a valid empty heap: the first slow
 * path initialises what must not be zero.
 */
import { ARENA_PAGED, ARENA_PAGES, CLASS_SLOTS, DOMAINS, MAP_ENTRIES, SLOT_BYTES } from "./arenas";

const CLASS_TABLE_BYTES: u32 = (DOMAINS * CLASS_SLOTS) << 2;

/** Head of the active list of each domain and class: blocks that malloc hands out next. */
export const STATE_ACTIVE: u32 = 0;
/** Page record of the pool that the active list was detached from. */
export const STATE_CURRENT: u32 = STATE_ACTIVE + CLASS_TABLE_BYTES;
/** First and last page record of the queue of pools with free blocks. */
export const STATE_AVAILABLE: u32 = STATE_CURRENT + CLASS_TABLE_BYTES;
export const STATE_AVAILABLE_LAST: u32 = STATE_AVAILABLE + CLASS_TABLE_BYTES;
/** Slabs that the class has, pools of one page among them. */
export const STATE_SLABS: u32 = STATE_AVAILABLE_LAST + CLASS_TABLE_BYTES;
/** ⌈2³² / class size⌉ for each class: divides an offset in a page without a division. */
export const STATE_RECIPROCAL: u32 = STATE_SLABS + CLASS_TABLE_BYTES;
/** Paged arenas by number of free pages, and by length of their longest free run; 0 in neither. */
export const STATE_COUNT_BINS: u32 = STATE_RECIPROCAL + (CLASS_SLOTS << 2);
export const STATE_RUN_BINS: u32 = STATE_COUNT_BINS + (ARENA_PAGES << 2);
/** Bit n set = bin n is not empty. */
export const STATE_COUNT_BITS: u32 = STATE_RUN_BINS + (ARENA_PAGES << 2);
export const STATE_RUN_BITS: u32 = STATE_COUNT_BITS + 8;
/** Runs of free arenas by length: exact below 32, two bins a doubling above. */
export const STATE_ARENA_BINS: u32 = STATE_RUN_BITS + 8;
export const STATE_ARENA_BITS: u32 = STATE_ARENA_BINS + (64 << 2);

export const STATE_WORDS: u32 = STATE_ARENA_BITS + 8;
/** 1 once initialised. */
export const STATE_READY: u32 = STATE_WORDS + 0;
/** Number of the first arena that is neither in use nor in a run: [frontier, end) is free. */
export const STATE_FRONTIER: u32 = STATE_WORDS + 4;
/** Arenas of the memory as it was after the last growth that this core did or noticed. */
export const STATE_END: u32 = STATE_WORDS + 8;
/** Memory from this arena on was never handed out and reads as zero. */
export const STATE_VIRGIN: u32 = STATE_WORDS + 12;
/** First arena of the heap. */
export const STATE_FIRST: u32 = STATE_WORDS + 16;
/** Hard limit of the memory, in wasm pages. */
export const STATE_LIMIT: u32 = STATE_WORDS + 20;
/** Largest request that pools serve: 256 or 512. */
export const STATE_THRESHOLD: u32 = STATE_WORDS + 24;
/** Pages that pools of small classes may take. */
export const STATE_POOL_LIMIT: u32 = STATE_WORDS + 28;
/** Wasm pages of the memory as last seen. */
export const STATE_MEMORY: u32 = STATE_WORDS + 32;
/** XORed with its address it marks a block that a checked free released. */
export const STATE_SECRET: u32 = STATE_WORDS + 36;
/** Not 0 while a slow path is at work: a trap inside one leaves it set and the heap refuses further work. */
export const STATE_POISON: u32 = STATE_WORDS + 40;
/** Debug core: the n-th growth from now fails; 0 = none. */
export const STATE_FAIL_GROWTH: u32 = STATE_WORDS + 44;

/** Slabs that are candidates for retirement, and their pages. */
export const STATE_IDLE: u32 = STATE_WORDS + 64;
export const STATE_IDLE_PAGES: u32 = STATE_WORDS + 68;
/** 1 if a pool became current since settle() ran last. */
export const STATE_STIRRED: u32 = STATE_WORDS + 72;
/** verify(): listed pools that the walk met and the lists did not yet. */
export const STATE_LISTED: u32 = STATE_WORDS + 76;

// What the last fault was about; see the FAULT_ and BROKEN_ codes.
export const STATE_FAULT: u32 = STATE_WORDS + 48;
export const STATE_FAULT_ADDRESS: u32 = STATE_WORDS + 52;
export const STATE_FAULT_EXPECTED: u32 = STATE_WORDS + 56;
export const STATE_FAULT_ACTUAL: u32 = STATE_WORDS + 60;

// Statistics, all u32, in units of pages, arenas, wasm pages or counts; constant-time, kept by the slow paths.
export const STATE_STATS: u32 = STATE_WORDS + 80;
export const STAT_POOL_PAGES: u32 = 0;
export const STAT_SLAB_PAGES: u32 = 4;
export const STAT_SPAN_PAGES: u32 = 8;
export const STAT_SPANS: u32 = 12;
export const STAT_TABLE_PAGES: u32 = 16;
export const STAT_ARENAS_PAGED: u32 = 20;
export const STAT_ARENAS_TAIL: u32 = 24;
export const STAT_ARENAS_TAKEN: u32 = 28;
export const STAT_ARENAS_RECLAIMED: u32 = 32;
export const STAT_ARENAS_HIGH_WATER: u32 = 36;
export const STAT_GROWS: u32 = 40;
export const STAT_GROWS_FAILED: u32 = 44;
export const STATS_BYTES: u32 = 64;

/** Filled by census(): per domain and class pools, blocks live, blocks available; u32 each. */
export const STATE_CENSUS: u32 = STATE_STATS + STATS_BYTES;
export const CENSUS_POOLS: u32 = 0;
export const CENSUS_LIVE: u32 = 4;
export const CENSUS_AVAILABLE: u32 = 8;
export const CENSUS_BYTES: u32 = 12;
/** One bit for each block of the page that verify() looks at. */
export const STATE_SCRATCH: u32 = STATE_CENSUS + DOMAINS * CLASS_SLOTS * CENSUS_BYTES;
/** The debug layer's words; see debug/guard.ts. */
export const STATE_DEBUG: u32 = STATE_SCRATCH + 64;
/** Serial number of the newest block. */
export const DEBUG_SERIAL: u32 = 0;
/** Newest live block; live blocks are doubly linked. */
export const DEBUG_LIVE: u32 = 4;
/** Quarantine of freed blocks, oldest first: ends of the list, bytes held, bytes it may hold. */
export const DEBUG_OLDEST: u32 = 8;
export const DEBUG_NEWEST: u32 = 12;
export const DEBUG_QUARANTINED: u32 = 16;
/** What the last fault was about: block, requested size, serial, and a DAMAGE_ code. */
export const DEBUG_BLOCK: u32 = 20;
export const DEBUG_SIZE: u32 = 24;
export const DEBUG_BLOCK_SERIAL: u32 = 28;
export const DEBUG_DAMAGE: u32 = 32;
/** Live blocks and blocks in quarantine, as many as their lists must have. */
export const DEBUG_LIVE_COUNT: u32 = 36;
export const DEBUG_DEAD_COUNT: u32 = 40;
/** Overwritten blocks at the front of the quarantine that nobody was told of yet. */
export const DEBUG_UNTOLD: u32 = 44;
export const DEBUG_BYTES: u32 = 64;

export const DAMAGE_NONE: u32 = 0;
/** A byte before the block was overwritten. */
export const DAMAGE_LEADING: u32 = 1;
/** A byte behind the block was overwritten. */
export const DAMAGE_TRAILING: u32 = 2;
/** A byte of a freed block was overwritten. */
export const DAMAGE_FREED: u32 = 3;
/** The word before the block names no domain. */
export const DAMAGE_LETTER: u32 = 4;

// Debug block: ├ prefix length │ next │ previous │ 12 unused ┤ size, big-endian │ letter FD FD FD ┤ data ┤ FD ×4 │ serial ┤
export const DEBUG_PREFIX: u32 = 32;
export const DEBUG_SUFFIX: u32 = 8;
export const DEBUG_GUARD_BYTE: u32 = 0xfd;
export const DEBUG_FRESH_BYTE: u32 = 0xcd;
export const DEBUG_DEAD_BYTE: u32 = 0xdd;
export const DEBUG_RAW_LETTER: u32 = 0x72;
/** Freed bytes held back before they are used again: enough for some thousand small blocks. */
export const QUARANTINE_BYTES: u32 = 1 << 20;

/** Zeros: the page records of arenas without any, reached through every code of the map. */
export const STATE_SENTINEL: u32 = STATE_DEBUG + DEBUG_BYTES;
export const SENTINEL_BYTES: u32 = SLOT_BYTES + ARENA_PAGED;
/** One word an arena: a code, or where its page records are. */
export const STATE_MAP: u32 = STATE_SENTINEL + SENTINEL_BYTES;
/** Runs of free arenas: length at the first and the last arena of a run, list links at the first. u16 each. */
export const STATE_RUN_LENGTH: u32 = STATE_MAP + (MAP_ENTRIES << 2);
export const STATE_ARENA_NEXT: u32 = STATE_RUN_LENGTH + (MAP_ENTRIES << 1);
export const STATE_ARENA_PREVIOUS: u32 = STATE_ARENA_NEXT + (MAP_ENTRIES << 1);
