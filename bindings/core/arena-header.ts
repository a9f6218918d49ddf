import { HEADER_PAGES, SLOT_BYTES, SLOT_HEADER, STATE_SENTINEL, TABLE_BYTES } from "../generated/layout.js";
import type { Core } from "./core.js";

/** Address of an arena's header in its page table, by the arena's map entry; the equations of assembly/layout/index.ts. */
export function headerAt(core: Core, entry: number): number {
  const records = core.stateAddress(STATE_SENTINEL) + entry;
  const inTable = records % TABLE_BYTES;
  return records - inTable + ((inTable + SLOT_HEADER * SLOT_BYTES) % TABLE_BYTES);
}

/** The 64 bits that say which pages of the arena are free: lower half, upper half. */
export function freePages(core: Core, header: number): readonly [number, number] {
  return [core.linear.word(header + HEADER_PAGES), core.linear.word(header + HEADER_PAGES + 4)];
}
