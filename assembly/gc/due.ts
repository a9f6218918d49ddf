/** Before a container is made: collects what is due, in one go or by a slice. */
import { collector, objects } from "../state";
import { collect } from "./collect";
import { step } from "./step/step";
import { dueGeneration, isDue } from "./thresholds";

// @ts-ignore: decorator
@inline
export function collectIfDue(): void {
  if (isDue()) collectDue();
}

/** Collects the generation that is due. */
export function collectDue(): void {
  if (!collector.enabled) return;
  const generation = dueGeneration();
  const units = collector.sliceUnits;
  if (!units || (generation < 2 && !collector.tables)) {
    collect(generation);
    return;
  }
  if (objects.youngCount >= collector.trigger) collect(min<u32>(generation, 1));
  // Garbage must not pile up: when a quarter of what lived has been added meanwhile, the run comes to its end now.
  step(collector.pending > collector.total >>> 2 && collector.tables ? u32.MAX_VALUE >>> 1 : units, false);
}
