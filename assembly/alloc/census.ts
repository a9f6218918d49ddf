/** Counts what the fast paths do not: live and available blocks of every class, by a walk over all page records. */
import {
  ARENA_PAGED,
  ARENA_PAGES,
  ARENA_SHIFT,
  CENSUS_AVAILABLE,
  CENSUS_BYTES,
  CENSUS_LIVE,
  CENSUS_POOLS,
  CLASS_SLOTS,
  DOMAINS,
  PAGE_SHIFT,
  POOL_ACTIVE,
  POOL_FULL,
  RECORD_CLASS,
  RECORD_LIVE,
  RECORD_STATE,
  SHAPE_CAPACITY,
  SLOT_SHAPE,
  STATE_CENSUS,
  STATE_FIRST,
  STATE_FRONTIER,
} from "../layout";
import { STATE, word } from "../state";
import { kindOf } from "./arenas";
import { entryOf, recordOf } from "./pages";
import { activeLength, classSlot, isPool, poolDomain } from "./pools";

/** Fills the census table of the state block: pools, live blocks and available blocks of each domain and class. */
export function census(): void {
  memory.fill(STATE + STATE_CENSUS, 0, DOMAINS * CLASS_SLOTS * CENSUS_BYTES);
  const frontier = word(STATE_FRONTIER);
  for (let number = word(STATE_FIRST); number < frontier; number++) {
    if (kindOf(number) != ARENA_PAGED) continue;
    const arena = (<usize>number) << ARENA_SHIFT;
    for (let i: u32 = 0; i < ARENA_PAGES; i++) {
      const record = recordOf(arena + ((<usize>i) << PAGE_SHIFT));
      if (isPool(record)) countPool(record);
    }
  }
}

function countPool(record: usize): void {
  const c = <u32>load<u8>(record, RECORD_CLASS);
  const domain = poolDomain(record);
  const row = STATE + STATE_CENSUS + (domain * CLASS_SLOTS + c) * CENSUS_BYTES;
  const capacity = <u32>load<u16>(entryOf(record, SLOT_SHAPE), SHAPE_CAPACITY);
  const live = liveBlocks(record, domain, c, capacity);
  store<u32>(row, load<u32>(row, CENSUS_POOLS) + 1, CENSUS_POOLS);
  store<u32>(row, load<u32>(row, CENSUS_LIVE) + live, CENSUS_LIVE);
  store<u32>(row, load<u32>(row, CENSUS_AVAILABLE) + capacity - live, CENSUS_AVAILABLE);
}

/** Blocks of the pool that are handed out. */
function liveBlocks(record: usize, domain: u32, c: u32, capacity: u32): u32 {
  const state = (<u32>load<u8>(record, RECORD_STATE)) >>> 2;
  const live = <u32>load<u16>(record, RECORD_LIVE);
  if (state == POOL_FULL) return capacity;
  return state == POOL_ACTIVE ? live - activeLength(classSlot(domain, c), live) : live;
}
