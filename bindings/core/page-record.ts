import * as layout from "../generated/layout.js";
import type { Core } from "./core.js";
import { LAST_CLASS, classBytes } from "./size-classes.js";

/** What the record of a page says (assembly/layout/page-table.ts). */
export interface PageRecord {
  /** Address of the record. */
  readonly address: number;
  readonly sizeClass: number;
  readonly domain: number;
}

/** The record of the page that holds an address; undefined in arenas without pages. */
export function pageRecord(core: Core, address: number): PageRecord | undefined {
  const entry = core.arenaEntry(address >>> layout.ARENA_SHIFT);
  if (entry < layout.ARENA_PAGED) return undefined;
  const records = core.stateAddress(layout.STATE_SENTINEL) + entry;
  const record = records + ((address >>> layout.RECORD_SHIFT) & layout.RECORD_MASK);
  const head = core.linear.word(record + layout.RECORD_LIVE);
  return { address: record, sizeClass: (head >>> 16) & 0xff, domain: (head >>> 24) & 3 };
}

/** Address of the shape of the page that has the record at an address: in another slot of the same page table. */
export function shapeAt(record: number): number {
  const inTable = record % layout.TABLE_BYTES;
  return record - inTable + ((inTable + layout.SLOT_SHAPE * layout.SLOT_BYTES) % layout.TABLE_BYTES);
}

/** The DOMAIN_ of the blocks that a page holds; undefined if no blocks start there. */
export function domainAt(core: Core, address: number): number | undefined {
  const record = pageRecord(core, address);
  const holds =
    record &&
    record.sizeClass !== layout.CLASS_NONE &&
    (record.sizeClass <= LAST_CLASS || record.sizeClass === layout.CLASS_SPAN);
  return holds ? record.domain : undefined;
}

/**
 * Where the block ends that an address lies in, as far as the page of the address tells: in the first page of a span,
 * and among the blocks that a pool has carved. Undefined elsewhere.
 */
export function blockEnd(core: Core, address: number): number | undefined {
  const record = pageRecord(core, address);
  if (record === undefined) return undefined;
  const inPage = address & (layout.PAGE_BYTES - 1);
  if (record.sizeClass === layout.CLASS_SPAN) return address - inPage + spanBytes(core, record);
  if (record.sizeClass === layout.CLASS_NONE || record.sizeClass > LAST_CLASS) return undefined;
  const { u16 } = core.linear.views;
  const shape = shapeAt(record.address);
  const behindFirst = inPage - u16[(shape + layout.SHAPE_FIRST) >>> 1]!;
  const bytes = classBytes(record.sizeClass);
  if (behindFirst >= bytes * u16[(shape + layout.SHAPE_CARVED) >>> 1]!) return undefined;
  // Before the first block of the page lies the end of one that starts in a page before.
  return behindFirst < 0 ? address - behindFirst : address + bytes - (behindFirst % bytes);
}

/** Bytes of the blocks of a page with blocks. */
export function blockBytes(core: Core, record: PageRecord): number {
  return record.sizeClass === layout.CLASS_SPAN ? spanBytes(core, record) : classBytes(record.sizeClass);
}

function spanBytes(core: Core, { address }: PageRecord): number {
  return core.linear.word(address + layout.RECORD_SPAN_PAGES) * layout.PAGE_BYTES;
}
