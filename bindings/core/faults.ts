import * as layout from "../generated/layout.js";
import type { Core } from "./core.js";
import { HeapError, hex, type HeapErrorCode, type HeapErrorDetails } from "./errors.js";
import { domainAt } from "./page-record.js";
import type { Ptr } from "./ptr.js";

/** Error codes of the core's fault codes. */
const CODES: Readonly<Record<number, HeapErrorCode>> = {
  [layout.FAULT_MEMORY]: "ERR_HEAP_OOM",
  [layout.FAULT_ARGUMENT]: "ERR_HEAP_ARGUMENT",
  [layout.FAULT_BAD_POINTER]: "ERR_HEAP_BAD_POINTER",
  [layout.FAULT_DOUBLE_FREE]: "ERR_HEAP_DOUBLE_FREE",
  [layout.FAULT_CORRUPT]: "ERR_HEAP_CORRUPT",
  [layout.FAULT_USE_AFTER_FREE]: "ERR_HEAP_USE_AFTER_FREE",
  [layout.FAULT_TYPE]: "ERR_HEAP_TYPE",
  [layout.FAULT_RANGE]: "ERR_HEAP_RANGE",
};

/** What verify() can find broken in a heap of bytes, as a sentence's predicate. */
const INVARIANTS: Readonly<Record<number, string>> = {
  [layout.BROKEN_POISON]: "an operation of the heap did not come to its end",
  [layout.BROKEN_NULL_PAGE]: "memory that must stay zero was written to",
  [layout.BROKEN_FREE_PAGE]: "a free page has a record",
  [layout.BROKEN_PAGE_TAKEN]: "a page in use is marked free",
  [layout.BROKEN_SPAN_LENGTH]: "a span does not have the length its record says",
  [layout.BROKEN_TAIL_ARENA]: "the arenas of a huge span do not follow each other",
  [layout.BROKEN_SHAPE]: "a pool does not have the shape of its size class",
  [layout.BROKEN_FREE_LIST]: "a free list leaves its pool, runs in a circle or repeats a block",
  [layout.BROKEN_LIVE_COUNT]: "a pool's live count differs from what its free lists leave",
  [layout.BROKEN_POOL_STATE]: "a pool's state contradicts its counts",
  [layout.BROKEN_AVAILABLE_LIST]: "the list of pools with free blocks is broken",
  [layout.BROKEN_SLAB_BUSY]: "a slab's count of busy pools, or the list of idle slabs, is wrong",
  [layout.BROKEN_ARENA_BIN]: "the tree of free pages contradicts itself, or offers an arena that has none",
  [layout.BROKEN_ARENA_RUN]: "a run of free arenas is not coalesced or not listed",
  [layout.BROKEN_ARENA_COUNT]: "the length of an arena's longest run of free pages is wrong",
  [layout.BROKEN_STATISTICS]: "the statistics differ from what the walk counted",
  [layout.BROKEN_RECENT]: "a block or span that waits for the next request is none, or waits twice",
  [layout.BROKEN_TABLE]: "an arena and its page table do not belong together",
  [layout.BROKEN_GUARD]: "the bytes around a block were overwritten",
  [layout.BROKEN_QUARANTINE]: "a freed block was written to, or the quarantine lost one",
};

/** What ERR_HEAP_DOUBLE_FREE means for an object, as a clause. */
export const OVERRELEASED = "more references were released than were taken";

/** The error for a fault that the core reported about `ptr`, without the heap having changed. */
export function faultError(core: Core, fault: number, operation: string, ptr: Ptr): HeapError {
  const code = CODES[fault] ?? "ERR_HEAP_CORRUPT";
  return new HeapError(code, `${operation}(${hex(ptr)}): ${faultReason(core, code, ptr)}`, {
    operation,
    ptr,
  });
}

/** What a code means for `ptr`, as a clause. */
export function faultReason(core: Core, code: HeapErrorCode, ptr: Ptr): string {
  if (code === "ERR_HEAP_DOUBLE_FREE") return "the block is already free";
  if (code === "ERR_HEAP_BAD_POINTER") return badPointerReason(core, ptr);
  if (code === "ERR_HEAP_CORRUPT") return "the heap's own data is damaged";
  return code;
}

/** Why `ptr` is no block, from what is known without one. */
export function badPointerReason(core: Core, ptr: Ptr, what = "block"): string {
  if (ptr === 0) return `null is no ${what}`;
  if (ptr < layout.PAGE_BYTES) return "the pointer lies in the null page";
  if (ptr % 8 !== 0) return "the pointer is not aligned to 8 bytes";
  const kind = core.arenaEntry(ptr >>> layout.ARENA_SHIFT);
  if (kind === layout.ARENA_STATE) return "the pointer lies in the heap's own state";
  if (kind === layout.ARENA_FOREIGN) return "the pointer lies in memory that belongs to another module";
  if (kind === layout.ARENA_FREE) return "nothing is allocated in that part of the memory";
  const domain = domainAt(core, ptr);
  if (what === "block" && domain !== layout.DOMAIN_RAW && domain !== undefined)
    return "the pointer is of an object, live or dead; objects are released with `decref`";
  if (what !== "block" && domain === layout.DOMAIN_RAW)
    return "the pointer is of a raw block, which has no count; release it with `free`";
  return `the pointer is not the start of a live ${what}`;
}

/** The statistics that verify() recounts. */
const STATISTICS: Readonly<Record<number, string>> = {
  [layout.STAT_POOL_PAGES]: "pages of pools",
  [layout.STAT_SLAB_PAGES]: "pages of slabs",
  [layout.STAT_SPAN_PAGES]: "pages of spans",
  [layout.STAT_SPANS]: "spans",
  [layout.STAT_TABLE_PAGES]: "page tables",
  [layout.STAT_ARENAS_PAGED]: "arenas with pages",
  [layout.STAT_ARENAS_TAIL]: "arenas inside of spans",
};

/** An invariant of bytes that verify() checks, in words. */
export function invariantName(broken: number): string {
  return INVARIANTS[broken] ?? `invariant ${broken}`;
}

/** The error for the first broken invariant that the core's verify() found. */
export function brokenError(core: Core, broken: number, invariant = invariantName(broken)): HeapError {
  const noted = core.state(layout.STATE_FAULT_ADDRESS);
  const expected = core.state(layout.STATE_FAULT_EXPECTED);
  const actual = core.state(layout.STATE_FAULT_ACTUAL);
  // The counter of a statistic is what it is noted by.
  const isStatistic = broken === layout.BROKEN_STATISTICS;
  const address = isStatistic ? core.stateAddress(layout.STATE_STATS + noted) : noted;
  const what = isStatistic
    ? `${invariant}: ${STATISTICS[noted] ?? "a count"}`
    : placed(invariant, broken, noted);
  const message = `the heap is damaged at ${hex(address)}: ${what} (expected ${expected}, found ${actual})`;
  const details: HeapErrorDetails = { invariant, invariantCode: broken, address, expected, actual };
  return new HeapError("ERR_HEAP_CORRUPT", message, { operation: "verify", ...details });
}

/** Which zeroes were written to: the null page's, or those that stand for the records of pages that are nobody's. */
function placed(invariant: string, broken: number, address: number): string {
  if (broken !== layout.BROKEN_NULL_PAGE) return invariant;
  return `${invariant}, ${address < layout.PAGE_BYTES ? "the null page" : "the sentinel of the page records"}`;
}
