import * as layout from "../generated/layout.js";
import { freePages, headerAt } from "./arena-header.js";
import type { Core } from "./core.js";

/**
 * Calls `visit` with each run of pages that hold anything, in address order: pages of arenas that are not free, the
 * arenas inside of huge spans, and what is not zero of the state block and of client arenas. All else reads as zero in a
 * heap that was just made. Nothing of the core may change meanwhile.
 */
export function eachUsedRun(core: Core, visit: (page: number, pages: number) => void): void {
  let first = 0;
  let end = 0;
  const add = (page: number): void => {
    if (page !== end) {
      if (end > first) visit(first, end - first);
      first = page;
    }
    end = page + 1;
  };
  const { u32 } = core.linear.views;
  const arenas = core.state(layout.STATE_FRONTIER);
  for (let index = 0; index < arenas; index++) {
    const entry = core.arenaEntry(index);
    if (entry === layout.ARENA_FREE) continue;
    const isUsed = usedPages(core, entry, index * layout.ARENA_BYTES, u32);
    for (let i = 0; i < layout.ARENA_PAGES; i++) if (isUsed(i)) add(index * layout.ARENA_PAGES + i);
  }
  if (end > first) visit(first, end - first);
}

/** Says of each page of an arena whether it is used. */
function usedPages(core: Core, entry: number, arena: number, u32: Uint32Array): (page: number) => boolean {
  if (entry >= layout.ARENA_PAGED) {
    const free = freePages(core, headerAt(core, entry));
    return (page) => ((free[page < 32 ? 0 : 1] >>> (page & 31)) & 1) === 0;
  }
  if (entry !== layout.ARENA_STATE && entry !== layout.ARENA_FOREIGN) return () => true;
  return (page) => {
    const first = (arena + page * layout.PAGE_BYTES) >>> 2;
    return u32.subarray(first, first + layout.PAGE_BYTES / 4).some((word) => word !== 0);
  };
}
