/**
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
 *   slot c+4  ├ 64 slab words:   busy 2 │ candidate 1 │ 1 unused │ next candidate 4 ┤
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
/** Its part of the record's second word. */
export const RECORD_LIVE_MASK: u32 = 0xffff;
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
/** Bit i set = containers may have been born on page i since the last collection. */
export const HEADER_YOUNG: u32 = 40;
/** The same for containers of generation 1, for what a collection found to be trash, and for what it has to look at again. */
export const HEADER_MIDDLE: u32 = 48;
export const HEADER_TRASH: u32 = 56;
export const HEADER_RESCAN: u32 = 64;

export const SLOT_SLAB: u32 = 4;
/** First page of a slab: how many of its pools are not idle (idle: nothing live, not current). */
export const SLAB_BUSY: u32 = 0;
/** 1 while the slab is on the list of candidates for retirement, and the next one there. */
export const SLAB_CANDIDATE: u32 = 2;
export const SLAB_NEXT: u32 = 4;
/**
 * Idle pages that classes may keep: a batch of some thousand small blocks then comes and goes without taking and giving
 * pages (bench:micro, batch rows). More of them scatter what lives long: 64 pages cost 2 % of extent after five passes,
 * 128 cost sqlite 8 % (bench:replay).
 */
export const IDLE_PAGES: u32 = 32;
/**
 * A heap of up to 1 MiB keeps all of them until its pages are wanted elsewhere: it has no more than an arena or two to
 * give back (batch rows: a third less; extents of the traces: the same).
 */
export const IDLE_ARENAS: u32 = 4;

// ---- how far a request for pages may reach ----

/** Arenas that have pages in use. */
export const REACH_USED: u32 = 0;
/** Also arenas that were used before and are free; for huge spans. */
export const REACH_FREE: u32 = 1;
/** Also memory that was never used, growing it if need be. */
export const REACH_NEW: u32 = 2;

// ---- growth ----

/**
 * Memory grows eightfold, but by no less than 28 MiB and no more than 256 MiB at a time. V8 charges each grow, not each
 * byte: past 32 MiB every one may run a full collection of the JavaScript heap, some 40 ms with 300,000 pairs of objects
 * alive. So the first step of a small heap ends just below, and 160 MB in blocks of 16 bytes take two grows, of which one
 * does (bench:growth; a quarter less than with fourfold growth from 16 MiB, which takes three). What is grown is
 * addresses: pages that were never touched are not resident. The ceiling keeps a heap of 3 GiB from asking for what it
 * cannot get; a grow that fails is tried smaller.
 */
export const GROW_MIN_ARENAS: u32 = 112;
export const GROW_MAX_ARENAS: u32 = 1024;
