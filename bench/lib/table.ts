/** Tables for people. Plain text when the output is not a terminal. */

import Table from "cli-table3";

import { contenders, find, workloads, type Row } from "./results.js";
import { geometricMean, medianInterval } from "./statistics.js";

export function fixed(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? "–" : value.toFixed(digits);
}

export function makeTable(head: readonly string[], body: readonly (readonly string[])[]): string {
  const style = { head: [], border: [], compact: true };
  const colAligns = head.map((_, column) => (column === 0 ? "left" : "right") as "left" | "right");
  const table = new Table({ head: [...head], style, colAligns });
  table.push(...body.map((cells) => [...cells]));
  return table.toString();
}

/** Contenders by workloads; a column for the geometric mean where it means something. */
function grid(
  rows: readonly Row[],
  cell: (row: Row) => string,
  mean?: (rows: readonly Row[]) => string,
): string {
  const columns = workloads(rows);
  const body = contenders(rows).map((contender) => {
    const own = columns.map((workload) => find(rows, workload, contender));
    const present = own.filter((row): row is Row => row !== undefined);
    return [contender, ...own.map((row) => (row ? cell(row) : "–")), ...(mean ? [mean(present)] : [])];
  });
  return makeTable(["", ...columns, ...(mean ? ["geo. mean"] : [])], body);
}

export function timesTable(rows: readonly Row[]): string {
  return grid(rows, (row) => {
    const { low, high } = medianInterval(row.samples);
    return `${fixed(row.median, 1)} ±${fixed((high - low) / 2, 1)}`;
  });
}

/** Geometric mean over workloads of each round's ratios, and then the median of the rounds with its interval. */
export function meanRatio(rows: readonly Row[]): string {
  const perRow = rows.map((row) => row.ratio?.samples ?? []);
  const rounds = Math.min(...perRow.map((samples) => samples.length));
  if (!(rounds > 0) || rounds === Infinity) return "–";
  const means = Array.from({ length: rounds }, (_, round) =>
    geometricMean(perRow.map((samples) => samples[round]!)),
  );
  const { median, low, high } = medianInterval(means);
  return `${fixed(median, 2)} (${fixed(low, 2)}–${fixed(high, 2)})`;
}

export function ratioTable(rows: readonly Row[]): string {
  return grid(
    rows,
    ({ ratio }) =>
      ratio ? `${fixed(ratio.median, 2)} (${fixed(ratio.low, 2)}–${fixed(ratio.high, 2)})` : "–",
    meanRatio,
  );
}

export function coldTable(rows: readonly Row[]): string {
  const ratio = (row: Row): number => row.cold?.ratio?.median ?? NaN;
  return grid(
    rows,
    (row) => fixed(ratio(row), 2),
    (own) => fixed(geometricMean(own.map(ratio)), 2),
  );
}

export function memoryTable(rows: readonly Row[]): string {
  const withMemory = rows.filter((row) => row.memory !== undefined);
  return grid(
    withMemory,
    ({ memory }) => `${fixed(memory?.firstPass, 2)} / ${fixed(memory?.fifthPass, 2)}`,
    (own) =>
      `${fixed(geometricMean(own.map((row) => row.memory!.firstPass)), 2)} / ${fixed(geometricMean(own.map((row) => row.memory!.fifthPass)), 2)}`,
  );
}
