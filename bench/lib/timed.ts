/** Workloads by name, as the processes of bench:objects answer for them. */

import { processorNs } from "./clock.js";

/** A workload, run once: ns a unit. */
export type Workloads = Record<string, () => number>;

/** Times `body` and divides. */
export function timed(units: number, body: () => void): number {
  const start = processorNs();
  body();
  return (processorNs() - start) / units;
}
