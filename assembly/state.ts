import * as layout from "./layout";
import {
  CollectorState,
  DebugState,
  ObjectState,
  PageRecord,
  SizedLists,
  SlotTable,
  State,
  Statistics,
  Table,
  ZeroCounts,
} from "./layout";

/**
 * The state block. All state of the heap that does not lie in arenas lies here: the core has no mutable wasm global,
 * so an image of the memory is an image of the heap. The address is a compile-time constant.
 */
export const STATE: usize = memory.data(
  isDefined(TALLYHEAP_LINKED) ? layout.STATE_OBJECT : layout.STATE_BYTES,
  64,
);

export const state = changetype<State>(STATE);
export const objects = changetype<ObjectState>(STATE + layout.STATE_OBJECT);
export const zeros = changetype<ZeroCounts>(STATE + layout.STATE_ZEROS);
export const collector = changetype<CollectorState>(STATE + layout.STATE_COLLECTOR);
export const statistics = changetype<Statistics>(STATE + layout.STATE_STATS);
export const debug = changetype<DebugState>(STATE + layout.STATE_DEBUG);

// Tables and lists; layout/state.ts and layout/object-state.ts say what they hold.

export const activeLists = changetype<SlotTable<u32>>(STATE + layout.STATE_ACTIVE);
export const currentPools = changetype<SlotTable<PageRecord | null>>(STATE + layout.STATE_CURRENT);
export const availablePools = changetype<SlotTable<PageRecord | null>>(STATE + layout.STATE_AVAILABLE);
export const lastAvailable = changetype<SlotTable<PageRecord | null>>(STATE + layout.STATE_AVAILABLE_LAST);
export const slabCounts = changetype<SlotTable<u32>>(STATE + layout.STATE_SLABS);
export const reciprocals = changetype<Table<u32>>(STATE + layout.STATE_RECIPROCAL);
export const arenaMap = changetype<Table<u32>>(STATE + layout.STATE_MAP);
export const runLengths = changetype<Table<u16>>(STATE + layout.STATE_RUN_LENGTH);
export const nextRuns = changetype<Table<u16>>(STATE + layout.STATE_ARENA_NEXT);
export const previousRuns = changetype<Table<u16>>(STATE + layout.STATE_ARENA_PREVIOUS);
export const smallInts = changetype<Table<usize>>(STATE + layout.STATE_SMALL_INTS);
export const chars = changetype<Table<usize>>(STATE + layout.STATE_CHARS);
export const arenasByCount = changetype<SizedLists>(STATE + layout.STATE_BY_COUNT);
export const arenasByRun = changetype<SizedLists>(STATE + layout.STATE_BY_RUN);
export const freeRuns = changetype<SizedLists>(STATE + layout.STATE_FREE_RUNS);

// @ts-ignore: decorator
@inline
export function statistic(offset: u32): u32 {
  return load<u32>(STATE + layout.STATE_STATS + offset);
}
