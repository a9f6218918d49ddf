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
 * Besides, bytes: buffers of lists and dicts and objects above 32 KiB that were taken since the last full collection.
 * From PRESSURE_MIN_BYTES or half of the heap on, the next allocation of a container makes a full collection.
 */
import { collector, objects } from "../state";
import { collect } from "./collect";

/** Collects the generation that is due. */
export function collectDue(): void {
  if (collector.collecting || !collector.enabled) return;
  if (objects.bufferBytes >= collector.pressure) {
    collect(2);
    return;
  }
  const pending = collector.pending;
  if (collector.count2 > collector.threshold2 && pending >= collector.total >>> 2) collect(2);
  else if (collector.count1 > collector.threshold1) collect(1);
  else collect(0);
}
