/** Empties the heap at once: every block is gone, limits and options stay, memory is kept. */
import {
  ARENA_FOREIGN,
  ARENA_STATE,
  STATE_ACTIVE,
  STATE_FIRST,
  STATE_FRONTIER,
  STATE_IDLE,
  STATE_IDLE_PAGES,
  STATE_RECIPROCAL,
  STATE_COUNT_BINS,
  STATE_STATS,
  STATE_WORDS,
  STAT_GROWS,
} from "../layout";
import { STATE, setWord, word } from "../state";
import { giveArenas, kindOf, markArenas } from "./arenas";

export function reset(): void {
  memory.fill(STATE + STATE_ACTIVE, 0, STATE_RECIPROCAL - STATE_ACTIVE);
  memory.fill(STATE + STATE_COUNT_BINS, 0, STATE_WORDS - STATE_COUNT_BINS);
  memory.fill(STATE + STATE_STATS, 0, STAT_GROWS);
  setWord(STATE_IDLE, 0);
  setWord(STATE_IDLE_PAGES, 0);
  const frontier = word(STATE_FRONTIER);
  const first = word(STATE_FIRST);
  // Every arena but the foreign ones counts as in use, and is then given back from the top down: the runs between
  // foreign arenas coalesce, and the last one meets the frontier and draws it back.
  for (let number = first; number < frontier; number++) {
    if (kindOf(number) != ARENA_FOREIGN) markArenas(number, 1, ARENA_STATE);
  }
  for (let number = frontier; number-- > first;) {
    if (kindOf(number) == ARENA_STATE) giveArenas(number, 1);
  }
}
