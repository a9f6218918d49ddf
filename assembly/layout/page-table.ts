/**
 * The page table of an arena: one page for 64. Eight slots of 512 bytes, used from slot c = arena number mod 8 on,
 * cyclically (without these colours the records of all arenas would compete for the same few sets of the cache):
 *
 *   slot c    ├ 64 page records: free list 4 │ live 15 bits, front 1 │ class 1 │ state 1 ┤     read and written by malloc and free
 *   slot c+1  ├ 64 links:        next 4      │ previous 4              ┤     list of the class's available pools
 *   slot c+2  ├ 64 shapes:       carved 2 │ capacity 2 │ first 2 │ index 1 │ pages 1 ┤
 *   slot c+3  ├ arena header ┤
 *   slot c+4  ├ 64 slab words:   busy 2 │ candidate 1 │ counted 1 │ next candidate 4 ┤
 *   slot c+5 … c+7: unused
 *
 * A page's entries have the same place in their slots, so one leads to the others by the slot's distance, modulo the table.
 */
import { ARENA_PAGES, PAGE_BYTES, PAGE_SHIFT } from "./arenas";
import { CLASS_NONE, LAST_CLASS } from "./size-classes";

export const RECORD_SHIFT: u32 = PAGE_SHIFT - 3;
export const RECORD_MASK: u32 = (ARENA_PAGES - 1) << 3;
export const TABLE_BYTES: u32 = PAGE_BYTES;
export const SLOT_BYTES: u32 = ARENA_PAGES << 3;
/** Slots that a page table may start at. */
export const TABLE_COLOURS: u32 = TABLE_BYTES / SLOT_BYTES;
/** Pages that can hold an arena's own page table: its first ones, so that a longer run is sure to fit behind them. */
export const TABLE_POSITIONS: u32 = 4;

export const SLOT_LINKS: u32 = 1;
export const SLOT_SHAPE: u32 = 2;
export const SLOT_HEADER: u32 = 3;
export const SLOT_SLAB: u32 = 4;

/** Bits of the live word: blocks, and whether the pool has a front (recent.ts). */
export const LIVE_MASK: u32 = 0x7fff;
export const RECORD_FRONT: u32 = 0x8000;

export const POOL_LISTED: u32 = 0;
export const POOL_ACTIVE: u32 = 1;
export const POOL_FULL: u32 = 2;

/** Entry of the same page in another slot, or the arena header for the first page's record. */
// @ts-ignore: decorator
@inline
export function entryInline(record: usize, slot: u32): usize {
  return (record & ~(<usize>TABLE_BYTES - 1)) + ((record + slot * SLOT_BYTES) & (TABLE_BYTES - 1));
}

/** entryInline() as a call, which is shorter; for everything but the check of a pointer. */
export function entryOf(record: usize, slot: u32): usize {
  return entryInline(record, slot);
}

/** What malloc and free know of a page. */
@unmanaged
@final
export class PageRecord {
  /** Pools: blocks that were freed and are not on the active list. First page of a span: its pages. */
  freeList: u32;
  /** See `live` and `hasFront`. */
  liveWord: u16;
  sizeClass: u8;
  /** Bits 0–1 domain, bits 2–3 POOL_ state. */
  state: u8;

  /** First page of a span: its pages, in place of a free list. */
  @inline
  get spanPages(): u32 {
    return this.freeList;
  }

  // @ts-ignore: decorator
  @inline
  set spanPages(pages: u32) {
    this.freeList = pages;
  }

  /** Pools: blocks live or on the active list; 1 in a full pool, so that the first free leaves the fast path. Else 0. */
  @inline
  get live(): u32 {
    return this.liveWord & LIVE_MASK;
  }

  // @ts-ignore: decorator
  @inline
  set live(blocks: u32) {
    this.liveWord = <u16>((this.liveWord & RECORD_FRONT) | blocks);
  }

  /**
   * Whether freed blocks of the pool go to the recent ones of the class first. It is the sign of the live count: so every free
   * leaves the fast path, which asks for a count above 1.
   */
  @inline
  get hasFront(): bool {
    return (this.liveWord & RECORD_FRONT) != 0;
  }

  /** Live, class and state in one word. */
  @inline
  get head(): u32 {
    return load<u32>(changetype<usize>(this), offsetof<PageRecord>("liveWord"));
  }

  // @ts-ignore: decorator
  @inline
  set head(word: u32) {
    store<u32>(changetype<usize>(this), word, offsetof<PageRecord>("liveWord"));
  }

  /** DOMAIN_ of a pool or span. */
  @inline
  get domain(): u32 {
    return this.state & 3;
  }

  /** POOL_ state of a pool. */
  @inline
  get poolState(): u32 {
    return this.state >>> 2;
  }

  /** Domain and pool state. */
  @inline
  setState(domain: u32, pool: u32): void {
    this.state = <u8>(domain | (pool << 2));
  }

  /** Whether the page belongs to a pool or slab and blocks start in it. */
  @inline
  get isPool(): bool {
    const c = <u32>this.sizeClass;
    return c != CLASS_NONE && c <= LAST_CLASS;
  }

  /** The page is free: nothing is known of it. */
  @inline
  clear(): void {
    store<u64>(changetype<usize>(this), 0);
  }

  /** Record of the n-th page behind this one, of the same arena. */
  @inline
  at(n: u32): PageRecord {
    return changetype<PageRecord>(changetype<usize>(this) + ((<usize>n) << 3));
  }

  /** Neighbours of an available pool. */
  @inline
  get links(): Links {
    return changetype<Links>(entryOf(changetype<usize>(this), SLOT_LINKS));
  }

  /** Blocks of a pool. */
  @inline
  get shape(): PageShape {
    return changetype<PageShape>(entryOf(changetype<usize>(this), SLOT_SHAPE));
  }

  /** Slab word of the page, of which only that of a slab's first page counts. */
  @inline
  get slab(): SlabWord {
    return changetype<SlabWord>(entryOf(changetype<usize>(this), SLOT_SLAB));
  }

  /** Address of the page. */
  get page(): usize {
    const self = changetype<usize>(this);
    const header = changetype<ArenaHeader>(entryOf(self & ~(<usize>SLOT_BYTES - 1), SLOT_HEADER));
    return <usize>header.arena + (((self >>> 3) & (ARENA_PAGES - 1)) << PAGE_SHIFT);
  }
}

/** Neighbours of an available pool. */
@unmanaged
@final
export class Links {
  next: PageRecord | null;
  previous: PageRecord | null;
}

/**
 * How a pool's page is divided into blocks of its class.
 *
 *   carved ≤ capacity;   block i < carved starts at page + first + i · class bytes
 */
@unmanaged
@final
export class PageShape {
  /** Blocks that were ever handed out or put on a list. */
  carved: u16;
  /** Blocks that start in the page. */
  capacity: u16;
  /** Offset in the page of the first of them. */
  first: u16;
  /** The page's number in its slab. */
  index: u8;
  /** Pages of the slab. */
  pages: u8;
}

/** What is known of a slab as a whole; at its first page. */
@unmanaged
@final
export class SlabWord {
  /** Pools of the slab that are not idle (idle: nothing live, not current). */
  busy: u16;
  /** 1 while the slab is on the list of candidates for retirement. */
  candidate: u8;
  /** 1 if its pages count as a slab's: its class is no small one, or pools were at their cap (option poolBytes). */
  countsAsSlab: u8;
  /** Record of the next candidate. */
  next: PageRecord | null;
}

/**
 * What is known of an arena as a whole.
 *
 *   ├ free pages 8 │ arena 4 │ 4 unused │ young 8 │ middle 8 │ trash 8 │ rescan 8 ┤
 */
@unmanaged
@final
export class ArenaHeader {
  /** Bit i set = page i is free. */
  freePages: u64;
  /** Address of the arena that the table describes. */
  arena: u32;
  /** Bit i set = containers may have been made on page i since the last collection. */
  young: u64;
  /** The same for containers of generation 1, for what a collection found to be trash, and for what it has to look at again. */
  middle: u64;
  trash: u64;
  rescan: u64;

  /** One of the four sets of pages above, by its number. */
  @inline
  pageSet(index: u32): u64 {
    return load<u64>(changetype<usize>(this) + (index << 3), offsetof<ArenaHeader>("young"));
  }


  @inline
  setPageSet(index: u32, pages: u64): void {
    store<u64>(changetype<usize>(this) + (index << 3), pages, offsetof<ArenaHeader>("young"));
  }

  /** The page that holds the table. */
  @inline
  get table(): usize {
    return changetype<usize>(this) & ~(<usize>TABLE_BYTES - 1);
  }

  /** Free pages of the arena when nothing is in it: all, but for its page table if it holds that itself. */
  get emptyPages(): u64 {
    const page = (<u32>this.table - this.arena) >>> PAGE_SHIFT;
    return page < ARENA_PAGES ? ~((<u64>1) << page) : u64.MAX_VALUE;
  }
}

// What the bindings read of these.

export const RECORD_FREE: u32 = offsetof<PageRecord>("freeList");
export const RECORD_LIVE: u32 = offsetof<PageRecord>("liveWord");
export const RECORD_CLASS: u32 = offsetof<PageRecord>("sizeClass");
export const RECORD_STATE: u32 = offsetof<PageRecord>("state");
export const RECORD_SPAN_PAGES: u32 = RECORD_FREE;
export const LINK_PREVIOUS: u32 = offsetof<Links>("previous");
export const SHAPE_CARVED: u32 = offsetof<PageShape>("carved");
export const SHAPE_CAPACITY: u32 = offsetof<PageShape>("capacity");
export const SHAPE_FIRST: u32 = offsetof<PageShape>("first");
export const SHAPE_INDEX: u32 = offsetof<PageShape>("index");
export const SLAB_BUSY: u32 = offsetof<SlabWord>("busy");
export const HEADER_PAGES: u32 = offsetof<ArenaHeader>("freePages");
export const HEADER_ARENA: u32 = offsetof<ArenaHeader>("arena");
