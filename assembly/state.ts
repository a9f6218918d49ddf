import * as layout from "./layout";
import {
  CollectorState,
  DebugState,
  ObjectState,
  PageRecord,
  RecentBlocks,
  RunTable,
  SizedLists,
  SlotTable,
  State,
  Statistics,
  Table,
  ZeroCounts,
} from "./layout";

/**
 * The state block. All state of the heap that does not lie in arenas lies here: the core has no mutable wasm global,
 * so an image of the memory is an image of the heap. The address is a compile-time constant, lazy as is all that is
 * reckoned from it: a program that is compiled with the heap as its runtime has no state block before it needs one.
 */
// @ts-ignore: decorator
@lazy
export const STATE: usize = memory.data(
  isDefined(TALLYHEAP_LINKED) ? layout.STATE_OBJECT : layout.STATE_BYTES,
  64,
);

// @ts-ignore: decorator
@lazy
export const state = changetype<State>(STATE);
// @ts-ignore: decorator
@lazy
export const objects = changetype<ObjectState>(STATE + layout.STATE_OBJECT);
// @ts-ignore: decorator
@lazy
export const zeros = changetype<ZeroCounts>(STATE + layout.STATE_ZEROS);
// @ts-ignore: decorator
@lazy
export const collector = changetype<CollectorState>(STATE + layout.STATE_COLLECTOR);
// @ts-ignore: decorator
@lazy
export const statistics = changetype<Statistics>(STATE + layout.STATE_STATS);
// @ts-ignore: decorator
@lazy
export const debug = changetype<DebugState>(STATE + layout.STATE_DEBUG);

// Tables and lists; layout/state.ts and layout/object-state.ts say what they hold.

// @ts-ignore: decorator
@lazy
export const activeLists = changetype<SlotTable<u32>>(STATE + layout.STATE_ACTIVE);
// @ts-ignore: decorator
@lazy
export const activeBounds = changetype<SlotTable<u32>>(STATE + layout.STATE_ACTIVE_BOUNDS);
// @ts-ignore: decorator
@lazy
export const currentPools = changetype<SlotTable<PageRecord | null>>(STATE + layout.STATE_CURRENT);
// @ts-ignore: decorator
@lazy
export const availablePools = changetype<SlotTable<PageRecord | null>>(STATE + layout.STATE_AVAILABLE);
// @ts-ignore: decorator
@lazy
export const lastAvailable = changetype<SlotTable<PageRecord | null>>(STATE + layout.STATE_AVAILABLE_LAST);
// @ts-ignore: decorator
@lazy
export const slabCounts = changetype<SlotTable<u32>>(STATE + layout.STATE_SLABS);
// @ts-ignore: decorator
@lazy
export const reciprocals = changetype<Table<u32>>(STATE + layout.STATE_RECIPROCAL);
// @ts-ignore: decorator
@lazy
export const arenaMap = changetype<Table<u32>>(STATE + layout.STATE_MAP);
// @ts-ignore: decorator
@lazy
export const runLengths = changetype<Table<u16>>(STATE + layout.STATE_RUN_LENGTH);
// @ts-ignore: decorator
@lazy
export const nextRuns = changetype<RunTable>(STATE + layout.STATE_ARENA_NEXT);
// @ts-ignore: decorator
@lazy
export const previousRuns = changetype<RunTable>(STATE + layout.STATE_ARENA_PREVIOUS);
// @ts-ignore: decorator
@lazy
export const smallInts = changetype<Table<usize>>(STATE + layout.STATE_SMALL_INTS);
// @ts-ignore: decorator
@lazy
export const chars = changetype<Table<usize>>(STATE + layout.STATE_CHARS);
// @ts-ignore: decorator
@lazy
export const freeRuns = changetype<SizedLists>(STATE + layout.STATE_FREE_RUNS);

// @ts-ignore: decorator
@lazy
export const recentSpans = changetype<SizedLists>(STATE + layout.STATE_RECENT_SPANS);

/** Blocks of a slab class that were freed last. */
// @ts-ignore: decorator
@inline
export function recentBlocks(c: u32): RecentBlocks {
  return changetype<RecentBlocks>(STATE + layout.STATE_RECENT_BASE + ((<usize>c) << layout.RECENT_SHIFT));
}

// @ts-ignore: decorator
@inline
export function statistic(offset: u32): u32 {
  return load<u32>(STATE + layout.STATE_STATS + offset);
}
