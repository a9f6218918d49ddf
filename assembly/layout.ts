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
/** Bit i set = containers may have been born on page i since the last collection. */
export const HEADER_YOUNG: u32 = 40;
/** The same for containers of generation 1, for what a collection found to be trash, and for what it has to look at again. */
export const HEADER_MIDDLE: u32 = 48;
export const HEADER_TRASH: u32 = 56;
export const HEADER_RESCAN: u32 = 64;

export const SLOT_SLAB: u32 = 4;
/** First page of a slab: how many of its pools are idle (nothing live, not current). */
export const SLAB_IDLE: u32 = 0;
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

// ---- objects: header ----
//
//   0         4                          8
//   ├─ count ─┼─ meta ───────────────────┼─ fields …
//
//   count   1 … 2^30−1 mortal;  bit 30 set, sign clear: immortal;  0 and negative: never in a live object
//   meta    type 16 │ generation 2 │ colour 2 │ tracked │ dying │ finalized │ weak-referenced │ flags 8
//           0 = the block is free or waits on a private free list; word 0 is its link then
//   dying   the count word is the address of the slot that held the object (0 for the first one to die), and that slot
//           keeps the object's parent; on the deferred list it is the next object of that list

export const OBJECT_COUNT: u32 = 0;
export const OBJECT_META: u32 = 4;
export const OBJECT_FIELDS: u32 = 8;

export const COUNT_LIMIT: i32 = 1 << 30;
export const COUNT_IMMORTAL: i32 = 3 << 29;

export const META_TYPE: u32 = 0xffff;
/** Generation in unary, so that "up to generation g" is a bit that is not set: none 0, the first 1, both 2. */
export const META_OLDER: u32 = 1 << 16;
export const META_OLDEST: u32 = 1 << 17;
/** Of a collection: not reached yet, and known as trash; see gc/colour.ts. */
export const META_WHITE: u32 = 1 << 18;
export const META_TRASH: u32 = 1 << 19;
/** The collector knows the object. */
export const META_TRACKED: u32 = 1 << 20;
/** Its death is under way: it owns nothing that may be handed out again. */
export const META_DYING: u32 = 1 << 21;
/** The finalizer of this container has run. */
export const META_FINALIZED: u32 = 1 << 22;
/** The list of its weak references is not empty. */
export const META_WEAK: u32 = 1 << 23;
/** The host wants to hear of its death (heap.finalize); set and cleared by the host, cleared by death. */
export const META_HOST: u32 = 1 << 24;
/** str: two bytes a code unit. */
export const META_WIDE: u32 = 1 << 25;
/** Containers, in the same bit: freeze() set it aside. */
export const META_FROZEN: u32 = 1 << 25;
/** str: it stands in the table of interned strings. */
export const META_INTERNED: u32 = 1 << 26;
/** Its type has a finalizer; a weak reference: it has a callback. */
export const META_FINALIZER: u32 = 1 << 27;
/** It owns nothing: death is the release of its block. */
export const META_LEAF: u32 = 1 << 28;
/** Its finalizer is running. */
export const META_RITES: u32 = 1 << 29;
/** tuple: a collection found that nothing in it can be part of a cycle. */
export const META_LOOSE: u32 = 1 << 30;
/** DEBUG_SAVEALL kept it: it waits for the host to put it into its list of garbage. */
export const META_SAVED: u32 = 1 << 31;
/** What a death has to attend to before the fields. */
export const META_HOOKS: u32 = META_WEAK | META_HOST | META_INTERNED | META_FINALIZER | META_RITES;

// ---- objects: types ----
//
//   descriptor: a raw block, never moved; the type table (a raw block) holds its address at 4 · id
//   ├ flags │ size │ item bytes │ items │ length │ weak │ refs │ base ┤
//   ├ free head │ free count │ free cap │ meta │ active │ class │ owned │ chain ┤ scan │ 4 unused ┤ refs × u32 ┤ size/4 × u16 ┤
//
//   refs    offsets of the reference slots, in the order in which death releases them
//   chain   for the word at offset o of an instance: offset of the slot that is released after the one at o, 0 = none;
//           for o = 0 that of the first one

export const TYPE_FLAGS: u32 = 0;
/** Bytes of an instance without items, header included; a multiple of 4. */
export const TYPE_SIZE: u32 = 4;
/** Bytes of an item; 0 = no items. */
export const TYPE_ITEM_BYTES: u32 = 8;
/** Offset of the first item; with TYPE_BUFFER offset of the word that points to it. */
export const TYPE_ITEMS: u32 = 12;
/** Offset of the word that holds the number of items; of a dict's, the number of entries written. */
export const TYPE_LENGTH: u32 = 16;
/** Offset of the head of the list of weak references; 0 = the type has none. */
export const TYPE_WEAK: u32 = 20;
/** Number of reference slots. */
export const TYPE_REFS: u32 = 24;
/** Id of the base type; 0 = none. */
export const TYPE_BASE: u32 = 28;
/** Private free list: first block, length, largest length (0: none; u32.MAX_VALUE: no limit). */
export const TYPE_FREE_HEAD: u32 = 32;
export const TYPE_FREE_COUNT: u32 = 36;
export const TYPE_FREE_CAP: u32 = 40;
/** Meta word of a new instance. */
export const TYPE_META: u32 = 44;
/** Address of the head of the active list that instances without items come from; 0 if they need a span. */
export const TYPE_ACTIVE: u32 = 48;
/** Size class of an instance without items; 0 if it needs a span. */
export const TYPE_CLASS: u32 = 52;
/** Bytes of `refs` if instances own nothing but what their reference slots hold; else u32.MAX_VALUE. */
export const TYPE_OWNED: u32 = 56;
/** Address of the chain. */
export const TYPE_CHAIN: u32 = 60;
/**
 * Where a walk finds the references of an instance, in one word: ├ y 16 │ x 14 │ SCAN_ 2 ┤, x and y in bytes.
 *
 *   SCAN_FIELDS   [object + x, + y)                                    one run of fields; most types
 *   SCAN_ITEMS    [object + x, + 4 · length), length at object + y     tuple
 *   SCAN_BUFFER   the same behind the pointer at object + x            list
 *   SCAN_PIECES   anything else, as the offsets and flags say          dict
 */
export const TYPE_SCAN: u32 = 64;
export const SCAN_PIECES: u32 = 0;
export const SCAN_FIELDS: u32 = 1;
export const SCAN_ITEMS: u32 = 2;
export const SCAN_BUFFER: u32 = 3;
export const SCAN_KIND: u32 = 3;
export const SCAN_X: u32 = 0xfffc;
export const SCAN_Y_SHIFT: u32 = 16;
export const TYPE_OFFSETS: u32 = 72;
/** Largest size of a type: an offset fits 16 bits. */
export const TYPE_SIZE_LIMIT: u32 = 65536;

/** Instances can be part of cycles: they live in container pools and are tracked. */
export const FLAG_CONTAINER: u32 = 1;
/** Instances have a finalizer. */
export const FLAG_FINALIZER: u32 = 2;
/** The items are references. */
export const FLAG_ITEMS_REF: u32 = 4;
/** The items lie in a raw block of their own. */
export const FLAG_BUFFER: u32 = 8;
/** The items are a dict's entries: hash, key, value; 12 bytes each. */
export const FLAG_ENTRIES: u32 = 16;
/** The type is weakref. */
export const FLAG_WEAKREF: u32 = 32;
/** What instances own is a row of items and nothing else; found when the type is defined. */
export const FLAG_ROW: u32 = 64;
/** All reference slots are among the first two words: if those are 0, an instance owns nothing. Found likewise. */
export const FLAG_PAIR: u32 = 128;

export const TYPE_NONE: u32 = 1;
export const TYPE_BOOL: u32 = 2;
export const TYPE_INT: u32 = 3;
export const TYPE_FLOAT: u32 = 4;
export const TYPE_STR: u32 = 5;
export const TYPE_BYTES: u32 = 6;
export const TYPE_TUPLE: u32 = 7;
export const TYPE_LIST: u32 = 8;
export const TYPE_DICT: u32 = 9;
export const TYPE_WEAKREF: u32 = 10;
/** Types of the host have ids from here on. */
export const TYPE_FIRST: u32 = 16;
/** Ids end here. */
export const TYPE_LIMIT: u32 = 65536;

// ---- objects: built-in layouts ----
//
//   int, bool  ├ header 8 │ value i64 ┤                       float      ├ header 8 │ value f64 ┤
//   str        ├ header 8 │ length │ hash │ code units … ┤    bytes      ├ header 8 │ length │ bytes … ┤
//   tuple      ├ header 8 │ length │ items … ┤                list       ├ header 8 │ length │ items │ capacity ┤
//   dict       ├ header 8 │ length │ table │ filled │ mask │ moves ┤
//   weakref    ├ header 8 │ referent │ callback │ previous │ next ┤

export const VALUE: u32 = 8;

/** Code units; bytes of bytes. */
export const STR_LENGTH: u32 = 8;
/** 0 = not computed yet. */
export const STR_HASH: u32 = 12;
export const STR_DATA: u32 = 16;
export const STR_BYTES: u32 = 16;

export const BYTES_LENGTH: u32 = 8;
export const BYTES_DATA: u32 = 12;

export const TUPLE_LENGTH: u32 = 8;
export const TUPLE_ITEMS: u32 = 12;

export const LIST_LENGTH: u32 = 8;
/** Address of a raw block of `capacity` references; 0 while the capacity is 0. */
export const LIST_ITEMS: u32 = 12;
export const LIST_CAPACITY: u32 = 16;
export const LIST_BYTES: u32 = 20;

/** Entries that are not deleted. */
export const DICT_LENGTH: u32 = 8;
/** Address of a raw block: entries, then the index; 0 while nothing was ever inserted. */
export const DICT_TABLE: u32 = 12;
/** Entries written, the deleted ones included. */
export const DICT_FILLED: u32 = 16;
/** Slots of the index − 1. The table has room for two thirds as many entries. */
export const DICT_MASK: u32 = 20;
/** Changes whenever entries change their places. */
export const DICT_MOVES: u32 = 24;
export const DICT_BYTES: u32 = 28;
/** Entry: hash, key, value; key and value are 0 in a deleted one. */
export const ENTRY_HASH: u32 = 0;
export const ENTRY_KEY: u32 = 4;
export const ENTRY_VALUE: u32 = 8;
export const ENTRY_BYTES: u32 = 12;
export const DICT_SMALLEST: u32 = 8;

/** What it refers to, not counted; 0 = dead. */
export const WEAKREF_REFERENT: u32 = 8;
/** The host's number of the callback; 0 = none. */
export const WEAKREF_CALLBACK: u32 = 12;
export const WEAKREF_PREVIOUS: u32 = 16;
/** Next reference to the same object; next one in the queue while callbacks are pending. */
export const WEAKREF_NEXT: u32 = 20;
export const WEAKREF_BYTES: u32 = 24;

/** Small ints are shared: −5 … 256, as in CPython before 3.15. */
export const SMALL_INT_FIRST: i32 = -5;
export const SMALL_INTS: u32 = 262;
/** Tuples of 1 … 20 items have a private free list for each length. */
export const TUPLE_LISTS: u32 = 21;

// CPython's caps of private free lists (docs/behaviour.md §4).
export const INT_CAP: u32 = 100;
export const FLOAT_CAP: u32 = 100;
export const TUPLE_CAP: u32 = 2000;
export const LIST_CAP: u32 = 80;
export const DICT_CAP: u32 = 80;

/** Finalizers and callbacks may be nested this deep; a death below that is deferred (CPython's trashcan). */
export const NESTING_LIMIT: u32 = 50;

// ---- objects: state ----

export const STATE_OBJECT: u32 = STATE_ARENA_PREVIOUS + (MAP_ENTRIES << 1);
/** Address of the type table; 0 until the object layer has started. */
export const STATE_TYPES: u32 = STATE_OBJECT + 0;
/** One past the highest id in use. */
export const STATE_TYPE_COUNT: u32 = STATE_OBJECT + 4;
export const STATE_TYPE_CAPACITY: u32 = STATE_OBJECT + 8;
/** Finalizers and callbacks of the host that are running. */
export const STATE_NESTING: u32 = STATE_OBJECT + 12;
/** Objects whose death waits for the outermost one, linked through their count words. */
export const STATE_DEFERRED: u32 = STATE_OBJECT + 16;
export const STATE_DRAINING: u32 = STATE_OBJECT + 20;
/** 1 while a death rearranges objects, 2 for good after a trap in one: objects are no longer released then. */
export const STATE_CRITICAL: u32 = STATE_OBJECT + 24;
/** Raw blocks that belong to objects and types, not to the host. */
export const STATE_INTERNAL_BLOCKS: u32 = STATE_OBJECT + 28;
/** Bytes of buffers of lists and dicts taken since the last collection (the collector clears it). */
export const STATE_BUFFER_BYTES: u32 = STATE_OBJECT + 32;
/** Table of interned strings: address, slots − 1, strings, strings and tombstones. */
export const STATE_INTERN: u32 = STATE_OBJECT + 36;
export const STATE_INTERN_MASK: u32 = STATE_OBJECT + 40;
export const STATE_INTERN_LIVE: u32 = STATE_OBJECT + 44;
export const STATE_INTERN_FILLED: u32 = STATE_OBJECT + 48;
/** Count of generation 0: +1 for a container's birth, −1 for its death, never below 0. */
export const STATE_YOUNG_COUNT: u32 = STATE_OBJECT + 52;
export const STATE_NONE: u32 = STATE_OBJECT + 56;
export const STATE_FALSE: u32 = STATE_OBJECT + 60;
export const STATE_TRUE: u32 = STATE_OBJECT + 64;
export const STATE_EMPTY_STR: u32 = STATE_OBJECT + 68;
export const STATE_EMPTY_BYTES: u32 = STATE_OBJECT + 72;
export const STATE_EMPTY_TUPLE: u32 = STATE_OBJECT + 76;
/** 1 once a death may call the host: a type with a finalizer or a weak reference with a callback was made. */
export const STATE_HOSTED: u32 = STATE_OBJECT + 80;
/** Addresses of the shared ints, and of the strings of one Latin-1 character (0 until first used). */
export const STATE_SMALL_INTS: u32 = STATE_OBJECT + 88;
export const STATE_CHARS: u32 = STATE_SMALL_INTS + (SMALL_INTS << 2);
/** Private free lists of tuples by length: first block, length of the list. */
export const STATE_TUPLE_LISTS: u32 = STATE_CHARS + (256 << 2);
/** Bytes of a table with a bit for each arena. */
export const ARENA_BIT_BYTES: u32 = MAP_ENTRIES >>> 3;
/** One bit an arena: some HEADER_YOUNG bit may be set in it. */
export const STATE_YOUNG_ARENAS: u32 = STATE_TUPLE_LISTS + (TUPLE_LISTS << 3);
/** The same for HEADER_MIDDLE, HEADER_TRASH, HEADER_RESCAN. */
export const STATE_MIDDLE_ARENAS: u32 = STATE_YOUNG_ARENAS + ARENA_BIT_BYTES;
export const STATE_TRASH_ARENAS: u32 = STATE_MIDDLE_ARENAS + ARENA_BIT_BYTES;
export const STATE_RESCAN_ARENAS: u32 = STATE_TRASH_ARENAS + ARENA_BIT_BYTES;

// ---- collector: state ----

export const STATE_COLLECTOR: u32 = STATE_RESCAN_ARENAS + ARENA_BIT_BYTES;
/** 1 while a collection is under way. */
export const STATE_COLLECTING: u32 = STATE_COLLECTOR + 0;
/** 1 if collections may start by themselves. */
export const STATE_GC_ENABLED: u32 = STATE_COLLECTOR + 4;
/** Three words. */
export const STATE_GC_THRESHOLDS: u32 = STATE_COLLECTOR + 8;
/** Collections of generation 0 since the last one of generation 1, and of 1 since the last one of 2. */
export const STATE_GC_COUNT1: u32 = STATE_COLLECTOR + 20;
export const STATE_GC_COUNT2: u32 = STATE_COLLECTOR + 24;
/** Count of generation 0, and bytes of buffers, from which on an allocation of a container collects first. */
export const STATE_GC_TRIGGER: u32 = STATE_COLLECTOR + 28;
export const STATE_GC_PRESSURE: u32 = STATE_COLLECTOR + 32;
/** Survivors of the last full collection, and of those of generation 1 since. */
export const STATE_GC_TOTAL: u32 = STATE_COLLECTOR + 36;
export const STATE_GC_PENDING: u32 = STATE_COLLECTOR + 40;
/** The DEBUG_ flags. */
export const STATE_GC_DEBUG: u32 = STATE_COLLECTOR + 44;
/** What the last collection looked at, and what it found. */
export const STATE_GC_CANDIDATES: u32 = STATE_COLLECTOR + 48;
export const STATE_GC_COLLECTED: u32 = STATE_COLLECTOR + 52;
/** Objects that trash alone held and that have more to do at death than release a block, linked by their count words. */
export const STATE_GC_ORPHANS: u32 = STATE_COLLECTOR + 56;
/** Some tuple has META_LOOSE. */
export const STATE_GC_LOOSE: u32 = STATE_COLLECTOR + 60;
/** Entries of the mark stack that may be used; 0 = all. */
export const STATE_GC_STACK_LIMIT: u32 = STATE_COLLECTOR + 64;
/** Host code has run since the trash was found. */
export const STATE_GC_HOST: u32 = STATE_COLLECTOR + 68;
/** Objects that the mark phase reached. */
export const STATE_GC_REACHED: u32 = STATE_COLLECTOR + 72;
/** An object with more references than its count says; 0 = none was found. */
export const STATE_GC_DAMAGED: u32 = STATE_COLLECTOR + 84;
/** End of the part of the mark stack that may be used. */
export const STATE_GC_STACK_END: u32 = STATE_COLLECTOR + 80;
/** All bits that any object that the collection looked at has in its meta word. */
export const STATE_GC_METAS: u32 = STATE_COLLECTOR + 76;
/** Flags of STATE_GC_DEBUG, with CPython's values: tell the host of all trash; keep it instead of releasing it. */
export const DEBUG_COLLECTABLE: u32 = 2;
export const DEBUG_SAVEALL: u32 = 32;
/** What the host hears of a collection: its start, its end, an object that is trash. */
export const COLLECTION_START: u32 = 0;
export const COLLECTION_STOP: u32 = 1;
export const COLLECTION_TRASH: u32 = 2;
/** The mark stack: reached objects whose references were not followed yet. */
export const STATE_MARK_STACK: u32 = STATE_COLLECTOR + 88;
export const MARK_STACK_ENTRIES: u32 = 4096;
export const STATE_OBJECT_END: u32 = STATE_MARK_STACK + (MARK_STACK_ENTRIES << 2);

export const STATE_BYTES: u32 = STATE_OBJECT_END;

/**
 * Bytes of buffers and large objects that may be taken between two full collections: at least so many, and at least
 * half of what the heap had in use after the last one. Few large objects in cycles cannot fill the memory then.
 */
export const PRESSURE_MIN_BYTES: u32 = 1 << 24;

// ---- how far a request for pages may reach ----

/** Arenas that have pages in use. */
export const REACH_USED: u32 = 0;
/** Also arenas that were used before and are free; for huge spans. */
export const REACH_FREE: u32 = 1;
/** Also memory that was never used, growing it if need be. */
export const REACH_NEW: u32 = 2;

// ---- growth ----

/**
 * Memory quadruples, but by no less than 16 MiB and no more than 256 MiB at a time. V8 charges each grow, not each
 * byte: past 32 MiB every one may run a full collection of the JavaScript heap, some 40 ms with 300,000 pairs of objects
 * alive. 160 MB in blocks of 16 bytes take three grows, of which up to two do (bench:growth; a quarter less than with
 * doubling from 4 MiB, which takes five). What is grown is addresses: pages that were never touched are not resident.
 * The ceiling keeps a heap of 3 GiB from asking for what it cannot get.
 */
export const GROW_MIN_ARENAS: u32 = 64;
export const GROW_MAX_ARENAS: u32 = 1024;

// ---- faults ----

export const FAULT_NONE: u32 = 0;
export const FAULT_MEMORY: u32 = 1;
export const FAULT_ARGUMENT: u32 = 2;
export const FAULT_BAD_POINTER: u32 = 3;
export const FAULT_DOUBLE_FREE: u32 = 4;
export const FAULT_CORRUPT: u32 = 5;
export const FAULT_USE_AFTER_FREE: u32 = 6;
/** The object is of another type than the operation wants. */
export const FAULT_TYPE: u32 = 7;
/** An index is outside of its bounds. */
export const FAULT_RANGE: u32 = 8;

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
export const BROKEN_CRITICAL: u32 = 20;
export const BROKEN_TYPE: u32 = 21;
export const BROKEN_COUNT: u32 = 22;
export const BROKEN_REFERENCE: u32 = 23;
export const BROKEN_WEAK_LIST: u32 = 24;
export const BROKEN_CONTAINER: u32 = 25;
export const BROKEN_PRIVATE_LIST: u32 = 26;
export const BROKEN_INTERN: u32 = 27;
export const BROKEN_COLLECTION: u32 = 28;
