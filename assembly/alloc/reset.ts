/** Empties the heap at once: every block is gone, limits and options stay, memory is kept. */
import {
  ARENA_FOREIGN,
  ARENA_STATE,
  STATE_ACTIVE,
  STATE_FIRST,
  STATE_FRONTIER,
  STATE_MAP,
  STATE_RECIPROCAL,
  STATE_COUNT_BINS,
  STATE_STATS,
  STATE_WORDS,
  STAT_GROWS,
} from "../layout";
import { STATE, word } from "../state";
import { giveArenas } from "./arenas";

export function reset(): void {
  memory.fill(STATE + STATE_ACTIVE, 0, STATE_RECIPROCAL - STATE_ACTIVE);
  memory.fill(STATE + STATE_COUNT_BINS, 0, STATE_WORDS - STATE_COUNT_BINS);
  memory.fill(STATE + STATE_STATS, 0, STAT_GROWS);
  const frontier = word(STATE_FRONTIER);
  // Foreign arenas stay where they are; the runs between them become free from the top down, so that the last one
  // meets the frontier and draws it back.
  for (let number = frontier; number-- > word(STATE_FIRST); ) {
    const kind = <u32>load<u8>(STATE + STATE_MAP + number);
    if (kind == ARENA_FOREIGN || kind == ARENA_STATE) continue;
    store<u8>(STATE + STATE_MAP + number, ARENA_STATE);
  }
  for (let number = frontier; number-- > word(STATE_FIRST); ) {
    if (<u32>load<u8>(STATE + STATE_MAP + number) == ARENA_STATE) giveArenas(number, 1);
  }
}
