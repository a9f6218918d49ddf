/**
 * Linear memory
 *
 *   0        4 KiB                                256 KiB                                               ≤ 4 GiB
 *   ├─ null ─┼─ state block ─ arena map ─ … ──────┼─ client arenas ─┼─ arena ─┼─ arena ─┼─ … ─┼ frontier … ┤
 *
 * Arena: 256 KiB, 256 KiB-aligned, 64 pages of 4 KiB. What is known of its pages stands in its page table (page-table.ts),
 * a page of this or of another arena. The arena map holds where: for an arena with pages the distance of its page
 * records from a sentinel of zeros in the state block, for any other a small code, which leads into the sentinel itself.
 * So free() needs no test of its own for foreign pointers: their record reads as zero.
 *
 *   record of the page that holds p  =  SENTINEL + map[p >>> 18] + ((p >>> 9) & RECORD_MASK)
 */

export const PAGE_SHIFT: u32 = 12;
export const PAGE_BYTES: u32 = 1 << PAGE_SHIFT;
export const ARENA_SHIFT: u32 = 18;
export const ARENA_BYTES: u32 = 1 << ARENA_SHIFT;
export const ARENA_PAGES: u32 = 1 << (ARENA_SHIFT - PAGE_SHIFT);
/** An arena in wasm's pages of 64 KiB. */
export const ARENA_WASM_PAGES: u32 = 1 << (ARENA_SHIFT - 16);
/** Entries of the arena map: the 4 GiB address space in arenas. */
export const MAP_ENTRIES: u32 = 1 << (32 - ARENA_SHIFT);
/** Arenas that may be used: the last one below 4 GiB is not, so that no address computation wraps. */
export const MAX_ARENAS: u32 = MAP_ENTRIES - 1;

// ---- entries of the arena map ----
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

/** Largest alignment of a block: C programs align buffers and heaps of their own by up to some MiB. */
export const MAX_ALIGNMENT: u32 = 1 << 26;

// ---- how far a request for pages may reach ----

/** Arenas that have pages in use. */
export const REACH_USED: u32 = 0;
/** Also arenas that are free, as far as the frontier was since what waits went back (State.drained); for huge spans. */
export const REACH_FREE: u32 = 1;
/** Also what lies beyond, growing the memory if need be. */
export const REACH_NEW: u32 = 2;

// ---- growth ----

/**
 * Memory grows to a multiple of what it is and a constant more, but at most fourfold and by no more than a cap:
 *
 *   memory' = memory + min(memory · (factor − 1) + floor, 3 · memory, cap)
 *
 * So it is never above factor · extent + floor. V8 charges each grow, not each byte: past 32 MiB every one may run a
 * full collection of the JavaScript heap, some 40 ms with 300,000 pairs of objects alive. Filling 160 MB passes that
 * size four times with these defaults, and six times with a floor of 1 MiB (bench:growth). What is grown is addresses:
 * pages that were never touched are not resident. The cap keeps a heap of 3 GiB from asking for what it cannot get; a
 * grow that fails is tried smaller.
 */
/** (factor − 1) · 256. */
export const GROWTH_FACTOR: u32 = 128;
export const GROWTH_FLOOR: u32 = 15;
export const GROWTH_CAP: u32 = 1024;
/**
 * A module that the core is linked into has its memory for itself, and is compared with C's allocators, which take what
 * they need to the page.
 */
export const LINKED_GROWTH_FACTOR: u32 = 32;
export const LINKED_GROWTH_FLOOR: u32 = 2;
/** An AssemblyScript program's memory doubles, with no floor, as under the compiler's own allocator. */
export const MANAGED_GROWTH_FACTOR: u32 = 256;

// ---- idle pools ----

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
