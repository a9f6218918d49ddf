import * as layout from "../generated/layout.js";
import type { Views } from "../core/memory.js";
import { shapeAt } from "../core/page-record.js";
import { LAST_CLASS, classBytes } from "../core/size-classes.js";

/** The memory of a heap, live or read from an image: arrays over it, and the address of its state block. */
export interface HeapMemory {
  readonly views: Views;
  readonly state: number;
}

/** A page whose blocks are of one size class; those that start in it begin at `first` and lie `stride` bytes apart. */
export interface PoolPage {
  readonly page: number;
  readonly domain: number;
  readonly sizeClass: number;
  readonly stride: number;
  /** Address of the first block. */
  readonly first: number;
  /** Blocks that were ever handed out or listed, and those that start in the page. */
  readonly carved: number;
  readonly capacity: number;
  /** First of the blocks that were freed to the page, linked by their first words; the active list leads to the others. */
  readonly freeList: number;
  readonly isActive: boolean;
}

/** What a walk over the arenas meets. */
export interface PageVisitor {
  pool(pool: PoolPage): void;
  span(start: number, domain: number, bytes: number): void;
  /** A page that is a page table. */
  table(page: number): void;
}

/** A word of the state block. */
export function stateWord({ views, state }: HeapMemory, offset: number): number {
  return views.u32[(state + offset) >>> 2]!;
}

/** First address behind the arenas in use. */
export function endOfArenas(memory: HeapMemory): number {
  return stateWord(memory, layout.STATE_FRONTIER) * layout.ARENA_BYTES;
}

/** Visits every page in use, in address order; assembly/layout/page-table.ts draws what is read. */
export function walkPages(memory: HeapMemory, visitor: PageVisitor): void {
  const { u32 } = memory.views;
  const records = memory.state + layout.STATE_SENTINEL;
  const end = stateWord(memory, layout.STATE_FRONTIER);
  for (let number = stateWord(memory, layout.STATE_FIRST); number < end; number++) {
    const entry = stateWord(memory, layout.STATE_MAP + number * 4);
    if (entry < layout.ARENA_PAGED) continue;
    for (let i = 0; i < layout.ARENA_PAGES; i++) {
      const record = records + entry + i * 8;
      const head = u32[(record + layout.RECORD_LIVE) >>> 2]!;
      const sizeClass = (head >>> 16) & 0xff;
      if (sizeClass === layout.CLASS_NONE) continue;
      const page = number * layout.ARENA_BYTES + i * layout.PAGE_BYTES;
      const word = u32[record >>> 2]!;
      if (sizeClass <= LAST_CLASS) {
        visitor.pool(poolPage(memory.views, record, page, head, word));
      } else if (sizeClass === layout.CLASS_SPAN) {
        visitor.span(page, (head >>> 24) & 3, word * layout.PAGE_BYTES);
        // What follows in this arena belongs to the span; arenas that are all of it have no page table.
        i += word - 1;
      } else if (sizeClass === layout.CLASS_TABLE) {
        visitor.table(page);
      } else {
        // A span that nobody has: it waits for the next request.
        i += word - 1;
      }
    }
  }
}

function poolPage({ u16 }: Views, record: number, page: number, head: number, freeList: number): PoolPage {
  const shape = shapeAt(record);
  const sizeClass = (head >>> 16) & 0xff;
  return {
    page,
    domain: (head >>> 24) & 3,
    sizeClass,
    stride: classBytes(sizeClass),
    first: page + u16[(shape + layout.SHAPE_FIRST) >>> 1]!,
    carved: u16[(shape + layout.SHAPE_CARVED) >>> 1]!,
    capacity: u16[(shape + layout.SHAPE_CAPACITY) >>> 1]!,
    freeList,
    isActive: head >>> 26 === layout.POOL_ACTIVE,
  };
}

/** Calls `visit` with the numbers of the carved blocks of a pool that are free. A list that leaves the page ends there. */
export function eachFreeBlock(memory: HeapMemory, pool: PoolPage, visit: (index: number) => void): void {
  const { u32 } = memory.views;
  const { first, stride, carved, domain, sizeClass } = pool;
  const follow = (head: number): void => {
    let left = carved;
    for (let block = head; block >= first && block < first + carved * stride && left-- > 0;) {
      visit((block - first) / stride);
      block = u32[block >>> 2]!;
    }
  };
  follow(pool.freeList);
  if (pool.isActive)
    follow(stateWord(memory, layout.STATE_ACTIVE + (domain * layout.CLASS_SLOTS + sizeClass) * 4));
  if (domain !== layout.DOMAIN_RAW || sizeClass <= layout.SMALL_CLASSES) return;
  const recent = layout.STATE_RECENT_BASE + (sizeClass << layout.RECENT_SHIFT);
  for (let n = stateWord(memory, recent); n > 0; n--) {
    const index = (stateWord(memory, recent + n * 4) - first) / stride;
    if (index >= 0 && index < carved) visit(index);
  }
}
