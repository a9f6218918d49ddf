/**
 * When to collect. Three generations: a container is made in 0 and grows one older with each collection it survives.
 *
 *   count 0   allocations − deallocations of containers, never below 0 (CPython counts so); a collection of 0 makes it 0
 *   count 1   collections of 0 since the last one of 1;   count 2   collections of 1 since the last one of 2
 *
 * An allocation of a container that would lift count 0 above its threshold collects first: the oldest generation whose
 * count is above its threshold; all of them only if a quarter as many objects as the last full collection left have
 * grown old since, so that a growing heap is not walked again and again (CPython bpo-4074).
 *
 * Besides, bytes: buffers of lists and dicts, blocks that objects own, everything above 32 KiB, and what objects own outside
 * of the heap, as far as it was taken since the last full collection (alloc/pressure.ts). From PRESSURE_MIN_BYTES or half
 * of what is in use on, the next allocation of a container makes a full collection.
 */
import * as layout from "../layout";
import { collector, objects, state, statistics } from "../state";
import { addPressure, relievePressure } from "../alloc/pressure";

/** Whether a collection is due before the next container is made. */
// @ts-ignore: decorator
@inline
export function isDue(): bool {
  return objects.youngCount >= collector.trigger || state.takenBytes >= collector.pressure;
}

/** Derives what allocations compare with, after thresholds or the switch were changed. */
export function retune(): void {
  const on = collector.enabled != 0 && collector.threshold0 != 0;
  collector.trigger = on ? collector.threshold0 : u32.MAX_VALUE;
  const pages = statistics.poolPages + statistics.slabPages + statistics.spanPages;
  const half = (<f64>pages * layout.PAGE_BYTES + objects.externalBytes) / 2;
  const bytes = min<f64>(max<f64>(half, layout.PRESSURE_MIN_BYTES), u32.MAX_VALUE);
  collector.pressure = on ? <u32>bytes : u32.MAX_VALUE;
}

/** An object owns so many bytes outside of the heap more, or fewer: a whole number. */
export function adjustExternalBytes(delta: f64): void {
  objects.externalBytes = max<f64>(objects.externalBytes + delta, 0);
  if (delta > 0) addPressure(<u32>min<f64>(delta, u32.MAX_VALUE));
  else relievePressure(<u32>min<f64>(-delta, u32.MAX_VALUE));
}

/** The generation to collect when a collection is due. */
export function dueGeneration(): u32 {
  if (state.takenBytes >= collector.pressure) return 2;
  if (collector.count2 > collector.threshold2 && collector.pending >= collector.total >>> 2) return 2;
  return u32(collector.count1 > collector.threshold1);
}
