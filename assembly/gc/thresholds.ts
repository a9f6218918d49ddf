/**
 * When to collect. Three generations: a container is born into 0 and grows one older with each collection it survives.
 *
 *   count 0   births − deaths of containers, never below 0 (CPython counts so); a collection of 0 makes it 0
 *   count 1   collections of 0 since the last one of 1;   count 2   collections of 1 since the last one of 2
 *
 * An allocation of a container that would lift count 0 above its threshold collects first: the oldest generation whose
 * count is above its threshold; all of them only if a quarter as many objects as the last full collection left have
 * grown old since, so that a growing heap is not walked again and again (CPython bpo-4074).
 *
 * Besides, bytes: buffers of lists and dicts and objects above 32 KiB that were taken since the last full collection.
 * From PRESSURE_MIN_BYTES or half of the heap on, the next birth of a container makes a full collection.
 */
import {
  PAGE_SHIFT,
  PRESSURE_MIN_BYTES,
  STATE_BUFFER_BYTES,
  STATE_GC_COUNT1,
  STATE_GC_COUNT2,
  STATE_GC_ENABLED,
  STATE_GC_PENDING,
  STATE_GC_PRESSURE,
  STATE_GC_THRESHOLDS,
  STATE_GC_TOTAL,
  STATE_GC_TRIGGER,
  STATE_YOUNG_COUNT,
  STAT_POOL_PAGES,
  STAT_SLAB_PAGES,
  STAT_SPAN_PAGES,
} from "../layout";
import { setWord, statistic, word } from "../state";

/** Derives what allocations compare with, after thresholds or the switch were changed. */
export function retune(): void {
  const on = word(STATE_GC_ENABLED) != 0 && word(STATE_GC_THRESHOLDS) != 0;
  setWord(STATE_GC_TRIGGER, on ? word(STATE_GC_THRESHOLDS) : u32.MAX_VALUE);
  const pages = statistic(STAT_POOL_PAGES) + statistic(STAT_SLAB_PAGES) + statistic(STAT_SPAN_PAGES);
  const bytes = max<u32>(pages << (PAGE_SHIFT - 1), PRESSURE_MIN_BYTES);
  setWord(STATE_GC_PRESSURE, on ? bytes : u32.MAX_VALUE);
}

/** Whether a collection is due before the next container is born. */
// @ts-ignore: decorator
@inline
export function isDue(): bool {
  return (
    word(STATE_YOUNG_COUNT) >= word(STATE_GC_TRIGGER) || word(STATE_BUFFER_BYTES) >= word(STATE_GC_PRESSURE)
  );
}

/** The generation to collect when a collection is due. */
export function dueGeneration(): u32 {
  if (word(STATE_BUFFER_BYTES) >= word(STATE_GC_PRESSURE)) return 2;
  const pending = word(STATE_GC_PENDING);
  if (word(STATE_GC_COUNT2) > word(STATE_GC_THRESHOLDS + 8) && pending >= word(STATE_GC_TOTAL) >>> 2)
    return 2;
  return u32(word(STATE_GC_COUNT1) > word(STATE_GC_THRESHOLDS + 4));
}
