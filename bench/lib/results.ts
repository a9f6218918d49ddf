/** What the commands print with `--json`: an array of these rows. */

import type { Cell, Named } from "./rounds.js";
import { geometricMean, median, medianInterval, ratios, type Interval } from "./statistics.js";

export interface Ratio extends Interval {
  /** The contender that this one is compared with. */
  readonly to: string;
  /** One a round, each to the other's sample of the same round. */
  readonly samples: readonly number[];
}

export interface Row {
  /** Base name of the trace or graph, or name of the workload. */
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

/** Who was measured, and as which version of itself. */
export interface Versioned extends Named {
  readonly version: string;
}

/** The row of a cell's samples, without ratios. */
export function makeRow(
  { workload, contender }: Pick<Cell<Named, Versioned, unknown>, "workload" | "contender">,
  unit: string,
  samples: readonly number[],
): Row {
  const { name, version } = contender;
  return { workload: workload.name, contender: name, unit, samples, median: median(samples), version };
}

/** A row with the first samples of new processes besides. */
export function makeColdRow(
  cell: Cell<Named, Versioned, { readonly warm: number; readonly cold: number }>,
  unit: string,
): Row {
  const cold = cell.answers.map((answer) => answer.cold);
  const warm = cell.answers.map((answer) => answer.warm);
  return { ...makeRow(cell, unit, warm), cold: { samples: cold, median: median(cold) } };
}

/** The per-round ratios of two sample series with the interval of their median. */
export function ratioTo(to: string, samples: readonly number[], reference: readonly number[]): Ratio {
  const values = ratios(samples, reference);
  return { to, samples: values, ...medianInterval(values) };
}

/** The rows with their ratios to the reference's of the same workload, where there is one. */
export function withRatios<R extends Row>(rows: readonly R[], reference: string): R[] {
  return rows.map((row) => {
    const other = find(rows, row.workload, reference);
    if (other === undefined) return row;
    const cold = row.cold &&
      other.cold && { ...row.cold, ratio: ratioTo(reference, row.cold.samples, other.cold.samples) };
    return { ...row, ratio: ratioTo(reference, row.samples, other.samples), ...(cold && { cold }) };
  });
}

/** Geometric mean over workloads of each round's ratios; the median of the rounds. Undefined without rounds. */
export function meanOfRatios(perWorkload: readonly (readonly number[])[]): Interval | undefined {
  const rounds = Math.min(...perWorkload.map((samples) => samples.length));
  if (perWorkload.length === 0 || rounds === 0) return undefined;
  return medianInterval(
    Array.from({ length: rounds }, (_, round) =>
      geometricMean(perWorkload.map((samples) => samples[round]!)),
    ),
  );
}

export function find<R extends Row>(rows: readonly R[], workload: string, contender: string): R | undefined {
  return rows.find((row) => row.workload === workload && row.contender === contender);
}

/** The names in the order of their first row. */
export function workloads(rows: readonly Row[]): string[] {
  return [...new Set(rows.map((row) => row.workload))];
}

export function contenders(rows: readonly Row[]): string[] {
  return [...new Set(rows.map((row) => row.contender))];
}
