/** Counts what the fast paths do not: live and available blocks of every class, by a walk over all page records. */
import * as layout from "../layout";
import { CensusEntry, PageRecord } from "../layout";
import { STATE, recentBlocks, state } from "../state";
import { kindOf } from "./arenas";
import { pageRecord } from "./pages";
import { activeLength, slotOf } from "./pools";

/** Fills the census table of the state block: pools, live blocks and available blocks of each domain and class. */
export function census(): void {
  const entries = layout.DOMAINS * layout.CLASS_SLOTS;
  memory.fill(STATE + layout.STATE_CENSUS, 0, entries * layout.CENSUS_BYTES);
  for (let number = state.first; number < state.frontier; number++) {
    if (kindOf(number) != layout.ARENA_PAGED) continue;
    const records = pageRecord((<usize>number) << layout.ARENA_SHIFT);
    for (let i: u32 = 0; i < layout.ARENA_PAGES; i++) {
      if (records.at(i).isPool) countPool(records.at(i));
    }
  }
  // Raw ones, whose domain is the first of the table.
  for (let c = layout.SMALL_CLASSES + 1; c <= layout.LAST_CLASS; c++) {
    const entry = entryOf(c);
    const count = recentBlocks(c).count;
    entry.live -= count;
    entry.available += count;
  }
}

function entryOf(index: u32): CensusEntry {
  return changetype<CensusEntry>(STATE + layout.STATE_CENSUS + index * layout.CENSUS_BYTES);
}

function countPool(record: PageRecord): void {
  const entry = entryOf(record.domain * layout.CLASS_SLOTS + record.sizeClass);
  const live = liveBlocks(record);
  entry.pools += 1;
  entry.live += live;
  entry.available += record.shape.capacity - live;
}

/** Blocks of the pool that are handed out. */
function liveBlocks(record: PageRecord): u32 {
  if (record.poolState == layout.POOL_FULL) return record.shape.capacity;
  if (record.poolState != layout.POOL_ACTIVE) return record.live;
  return record.live - activeLength(slotOf(record), record.live);
}
