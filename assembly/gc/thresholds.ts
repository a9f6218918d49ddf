/** The numbers that start a collection: what allocations compare with, from the thresholds and the switch. */
import { PAGE_SHIFT, PRESSURE_MIN_BYTES } from "../layout";
import { collector, objects, statistics } from "../state";

/** Whether a collection is due before the next container is made. */
// @ts-ignore: decorator
@inline
export function isDue(): bool {
  return objects.youngCount >= collector.trigger || objects.bufferBytes >= collector.pressure;
}

/** Derives what allocations compare with, after thresholds or the switch were changed. */
export function retune(): void {
  const on = collector.enabled != 0 && collector.threshold0 != 0;
  collector.trigger = on ? collector.threshold0 : u32.MAX_VALUE;
  const pages = statistics.poolPages + statistics.slabPages + statistics.spanPages;
  const bytes = max<u32>(pages << (PAGE_SHIFT - 1), PRESSURE_MIN_BYTES);
  collector.pressure = on ? bytes : u32.MAX_VALUE;
}
