/** What the commands print with `--json`: an array of these rows. */

import { writeFileSync } from "node:fs";

import { medianInterval, ratios, type Interval } from "./statistics.js";

export interface Ratio extends Interval {
  /** The contender that this one is compared with. */
  readonly to: string;
  /** One a round, each to the other's sample of the same round. */
  readonly samples: readonly number[];
}

export interface Row {
  /** Base name of the trace, or name of the micro workload. */
  readonly workload: string;
  readonly contender: string;
  readonly unit: string;
  /** Warm: one a round. */
  readonly samples: readonly number[];
  readonly median: number;
  /** Name and version of what ran. */
  readonly version: string;
  /** Warm, to the reference; absent where the reference did not run. */
  readonly ratio?: Ratio;
  /** First pass in a new process. */
  readonly cold?: { readonly samples: readonly number[]; readonly median: number; readonly ratio?: Ratio };
  /** Peak extent over peak live bytes. */
  readonly memory?: { readonly firstPass: number; readonly fifthPass: number };
}

/** The per-round ratios of two sample series with the interval of their median. */
export function ratioTo(to: string, samples: readonly number[], reference: readonly number[]): Ratio {
  const values = ratios(samples, reference);
  return { to, samples: values, ...medianInterval(values) };
}

export function find(rows: readonly Row[], workload: string, contender: string): Row | undefined {
  return rows.find((row) => row.workload === workload && row.contender === contender);
}

/** The names in the order of their first row. */
export function workloads(rows: readonly Row[]): string[] {
  return [...new Set(rows.map((row) => row.workload))];
}

export function contenders(rows: readonly Row[]): string[] {
  return [...new Set(rows.map((row) => row.contender))];
}

export function printJson(rows: readonly Row[]): void {
  // Synchronously: a pipe would otherwise lose what process.exit leaves unwritten.
  writeFileSync(1, `${JSON.stringify(rows, null, 1)}\n`);
}
