/** Empties the heap at once: every block is gone, limits and options stay, memory is kept. */
import * as layout from "../layout";
import { Statistics } from "../layout";
import { STATE, state } from "../state";
import { giveArenas, kindOf, markArenas } from "./arenas";

export function reset(): void {
  memory.fill(STATE + layout.STATE_ACTIVE, 0, layout.STATE_RECIPROCAL - layout.STATE_ACTIVE);
  memory.fill(STATE + layout.STATE_RUN_TREE, 0, layout.RUN_NODES);
  // All but the counts of grown memory.
  memory.fill(STATE + layout.STATE_STATS, 0, offsetof<Statistics>("grows"));
  state.idleSlabs = null;
  state.idlePages = 0;
  state.recentPages = 0;
  state.pagesAtPeak = 0;
  state.takenBytes = 0;
  const frontier = state.frontier;
  const first = state.first;
  // Every arena but the foreign ones counts as in use, and is then given back from the top down: the runs between
  // foreign arenas coalesce, and the last one meets the frontier and draws it back.
  for (let number = first; number < frontier; number++) {
    if (kindOf(number) != layout.ARENA_FOREIGN) markArenas(number, 1, layout.ARENA_STATE);
  }
  for (let number = frontier; number-- > first;) {
    if (kindOf(number) == layout.ARENA_STATE) giveArenas(number, 1);
  }
  state.drained = state.frontier;
}
