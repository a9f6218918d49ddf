/**
 * Every constant, offset and bit of the heap, in one chain. The build compiles this file alone, reads the exported
 * constants and writes them to bindings/generated/layout.ts, so both languages share one source.
 *
 * Linear memory
 *
 *   0        4 KiB                                256 KiB                                               ≤ 4 GiB
 *   ├─ null ─┼─ state block ─ arena map ─ … ──────┼─ client arenas ─┼─ arena ─┼─ arena ─┼─ … ─┼ frontier … ┤
 *
 * Arena: 256 KiB, 256 KiB-aligned, 64 pages of 4 KiB. What is known of its pages stands in its page table, a page of
 * this or of another arena. The arena map holds where: for an arena with pages the distance of its page records from
 * a sentinel of zeros in the state block, for any other a small code, which leads into the sentinel itself. So free()
 * needs no test of its own for foreign pointers: their record reads as zero.
 *
 *   record of the page that holds p  =  SENTINEL + map[p >>> 18] + ((p >>> 9) & RECORD_MASK)
 *
 *   page table (4 KiB) of an arena of colour c = number mod 8: eight slots of 512 bytes, used from slot c on, cyclically
 *   (without colours the records of all arenas would compete for the same few sets of the cache)
 *
 *   slot c    ├ 64 page records: free list 4 │ live 2 │ class 1 │ state 1 ┤     read and written by malloc and free
 *   slot c+1  ├ 64 links:        next 4      │ previous 4              ┤     list of the class's available pools
 *   slot c+2  ├ 64 shapes:       carved 2 │ capacity 2 │ first 2 │ index 1 │ pages 1 ┤
 *   slot c+3  ├ arena header: free pages 8 │ list links 16 │ longest 4 │ count 4 │ arena 4 ┤
 *   slot c+4  ├ 64 slab words:   idle 2 │ candidate 1 │ 1 unused │ next candidate 4 ┤
 *   slot c+5 … c+7: unused by this layer
 */

// ---- sizes ----

export const WASM_PAGE_SHIFT: u32 = 16;
export const PAGE_SHIFT: u32 = 12;
export const PAGE_BYTES: u32 = 1 << PAGE_SHIFT;
export const ARENA_SHIFT: u32 = 18;
export const ARENA_BYTES: u32 = 1 << ARENA_SHIFT;
export const ARENA_PAGES: u32 = 1 << (ARENA_SHIFT - PAGE_SHIFT);
export const ARENA_WASM_PAGES: u32 = 1 << (ARENA_SHIFT - WASM_PAGE_SHIFT);
/** Entries of the arena map: the 4 GiB address space in arenas. */
export const MAP_ENTRIES: u32 = 1 << (32 - ARENA_SHIFT);
/** Arenas that may be used: the last one below 4 GiB is not, so that no address computation wraps. */
export const MAX_ARENAS: u32 = MAP_ENTRIES - 1;

// ---- size classes ----
// Class i ≤ 64 serves 8·i bytes. Above 512 there are eight classes a doubling up to 32 KiB, so no block of a class is
// more than 12.5 % larger than the request it serves:
//
//   class 65 + 8·d + m  serves  (9 + m) << (6 + d)  bytes,   0 ≤ d ≤ 5,  0 ≤ m ≤ 7

export const CLASS_NONE: u32 = 0;
export const SMALL_LIMIT: u32 = 512;
export const SMALL_CLASSES: u32 = SMALL_LIMIT >>> 3;
export const MEDIUM_LIMIT: u32 = 32768;
export const MEDIUM_CLASSES: u32 = 48;
export const LAST_CLASS: u32 = SMALL_CLASSES + MEDIUM_CLASSES;
/** Class byte of the first page of a span (a run of whole pages for one request). */
export const CLASS_SPAN: u32 = 255;
/** Class byte of a page that is a page table. */
export const CLASS_TABLE: u32 = 254;
/** Slots of the per-class tables, a power of two above LAST_CLASS. */
export const CLASS_SLOTS: u32 = 128;

/**
 * Slabs leave at most 1/4 of their pages unused at the end while their class has no other slab, at most 1/16 after
 * that: short runs for sizes that are rare, tight ones for sizes that are not.
 */
export const SLAB_LOOSE_SHIFT: u32 = 2;
export const SLAB_TIGHT_SHIFT: u32 = 4;
/** Classes up to 256 bytes leave little at a page's end and always have pools of one page. */
export const SINGLE_PAGE_CLASSES: u32 = 32;

export const DOMAIN_RAW: u32 = 0;
export const DOMAIN_OBJECT: u32 = 1;
export const DOMAIN_CONTAINER: u32 = 2;
export const DOMAINS: u32 = 3;

// ---- arena map ----

// Codes are multiples of a record's 8 bytes, so that the record they lead to lies in the sentinel.

export const ARENA_FREE: u32 = 0;
/** Second and later arenas of a span that is larger than an arena. */
export const ARENA_TAIL: u32 = 8;
/** Somebody else's: client arenas, and memory that another holder of it grew. */
export const ARENA_FOREIGN: u32 = 16;
/** Null page, state block, static data. */
export const ARENA_STATE: u32 = 24;
/** This and everything above: an arena with a page table. */
export const ARENA_PAGED: u32 = 32;

// ---- page table ----

export const RECORD_SHIFT: u32 = PAGE_SHIFT - 3;
export const RECORD_MASK: u32 = (ARENA_PAGES - 1) << 3;
export const TABLE_BYTES: u32 = PAGE_BYTES;
export const SLOT_BYTES: u32 = ARENA_PAGES << 3;
/** Slots that a page table may start at. */
export const TABLE_COLOURS: u32 = TABLE_BYTES / SLOT_BYTES;
/** Pages that can hold an arena's own page table: its first ones, so that a longer run is sure to fit behind them. */
export const TABLE_POSITIONS: u32 = 4;

export const RECORD_FREE: u32 = 0;
/** Pools: blocks live or on the active list; 1 in a full pool, so that the first free leaves the fast path. Else 0. */
export const RECORD_LIVE: u32 = 4;
export const RECORD_CLASS: u32 = 6;
/** Bits 0–1 domain, bits 2–3 pool state. */
export const RECORD_STATE: u32 = 7;
/** First page of a span: its pages, in place of a free list. */
export const RECORD_SPAN_PAGES: u32 = RECORD_FREE;

export const POOL_LISTED: u32 = 0;
export const POOL_ACTIVE: u32 = 1;
export const POOL_FULL: u32 = 2;

export const SLOT_LINKS: u32 = 1;
export const LINK_NEXT: u32 = 0;
export const LINK_PREVIOUS: u32 = 4;

export const SLOT_SHAPE: u32 = 2;
export const SHAPE_CARVED: u32 = 0;
export const SHAPE_CAPACITY: u32 = 2;
export const SHAPE_FIRST: u32 = 4;
export const SHAPE_INDEX: u32 = 6;
export const SHAPE_PAGES: u32 = 7;

export const SLOT_HEADER: u32 = 3;
/** Bit i set = page i is free. */
export const HEADER_PAGES: u32 = 0;
export const HEADER_COUNT_NEXT: u32 = 8;
export const HEADER_COUNT_PREVIOUS: u32 = 12;
export const HEADER_RUN_NEXT: u32 = 16;
export const HEADER_RUN_PREVIOUS: u32 = 20;
export const HEADER_LONGEST: u32 = 24;
export const HEADER_COUNT: u32 = 28;
/** The arena that the table describes. */
export const HEADER_ARENA: u32 = 32;

export const SLOT_SLAB: u32 = 4;
/** First page of a slab: how many of its pools are idle (nothing live, not current). */
export const SLAB_IDLE: u32 = 0;
/** 1 while the slab is on the list of candidates for retirement, and the next one there. */
export const SLAB_CANDIDATE: u32 = 2;
export const SLAB_NEXT: u32 = 4;
/**
 * Idle pages that classes may keep: a batch of some thousand small blocks then comes and goes without taking and giving
 * pages (bench:micro, batch rows). More of them scatter what lives long: 128 pages cost sqlite 8 % of extent after five
 * passes (bench:replay).
 */
export const IDLE_PAGES: u32 = 32;

// ---- state block ----
// Zero is a valid empty heap: the first slow path initialises what must not be zero.

const CLASS_TABLE_BYTES: u32 = (DOMAINS * CLASS_SLOTS) << 2;

/** Head of the active list of each domain and class: blocks that malloc hands out next. */
export const STATE_ACTIVE: u32 = 0;
/** Page record of the pool that the active list was detached from. */
export const STATE_CURRENT: u32 = STATE_ACTIVE + CLASS_TABLE_BYTES;
/** First and last page record of the queue of pools with free blocks. */
export const STATE_AVAILABLE: u32 = STATE_CURRENT + CLASS_TABLE_BYTES;
export const STATE_AVAILABLE_LAST: u32 = STATE_AVAILABLE + CLASS_TABLE_BYTES;
/** Slabs of several pages that the class has. */
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
export const DEBUG_LETTER: u32 = 36;
/** Live blocks and blocks in quarantine, as many as their lists must have. */
export const DEBUG_LIVE_COUNT: u32 = 40;
export const DEBUG_DEAD_COUNT: u32 = 44;
/** Overwritten blocks at the front of the quarantine that nobody was told of yet. */
export const DEBUG_UNTOLD: u32 = 48;
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
export const STATE_BYTES: u32 = STATE_ARENA_PREVIOUS + (MAP_ENTRIES << 1);

// ---- how far a request for pages may reach ----

/** Arenas that have pages in use. */
export const REACH_USED: u32 = 0;
/** Also arenas that were used before and are free; for huge spans. */
export const REACH_FREE: u32 = 1;
/** Also memory that was never used, growing it if need be. */
export const REACH_NEW: u32 = 2;

// ---- growth ----

/**
 * Memory doubles, but by no less than 4 MiB and no more than 256 MiB at a time. V8 charges each grow, not each byte:
 * past 32 MiB every one may run a full collection of the JavaScript heap (bench: npm run bench:growth). The floor
 * keeps start-up to one grow; the ceiling keeps a heap of 3 GiB from asking for what it cannot get.
 */
export const GROW_MIN_ARENAS: u32 = 16;
export const GROW_MAX_ARENAS: u32 = 1024;

// ---- faults ----

export const FAULT_NONE: u32 = 0;
export const FAULT_MEMORY: u32 = 1;
export const FAULT_ARGUMENT: u32 = 2;
export const FAULT_BAD_POINTER: u32 = 3;
export const FAULT_DOUBLE_FREE: u32 = 4;
export const FAULT_CORRUPT: u32 = 5;
export const FAULT_USE_AFTER_FREE: u32 = 6;

// ---- what verify() can find broken ----

export const BROKEN_POISON: u32 = 1;
export const BROKEN_NULL_PAGE: u32 = 2;
export const BROKEN_FREE_PAGE: u32 = 3;
export const BROKEN_PAGE_TAKEN: u32 = 4;
export const BROKEN_SPAN_LENGTH: u32 = 5;
export const BROKEN_TAIL_ARENA: u32 = 6;
export const BROKEN_SHAPE: u32 = 7;
export const BROKEN_FREE_LIST: u32 = 8;
export const BROKEN_LIVE_COUNT: u32 = 9;
export const BROKEN_POOL_STATE: u32 = 10;
export const BROKEN_AVAILABLE_LIST: u32 = 11;
export const BROKEN_SLAB_IDLE: u32 = 12;
export const BROKEN_ARENA_BIN: u32 = 13;
export const BROKEN_ARENA_RUN: u32 = 14;
export const BROKEN_ARENA_COUNT: u32 = 15;
export const BROKEN_STATISTICS: u32 = 16;
export const BROKEN_GUARD: u32 = 17;
export const BROKEN_QUARANTINE: u32 = 18;
export const BROKEN_TABLE: u32 = 19;
