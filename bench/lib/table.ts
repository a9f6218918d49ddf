/** Tables for people. Plain text when the output is not a terminal. */

import Table from "cli-table3";

import { contenders, find, meanOfRatios, workloads, type Row } from "./results.js";
import { geometricMean, medianInterval, type Interval } from "./statistics.js";

export function fixed(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? "–" : value.toFixed(digits);
}

/** A median and its interval. */
export function withInterval(interval: Interval | undefined, digits = 2): string {
  if (interval === undefined) return "–";
  const [middle, low, high] = [interval.median, interval.low, interval.high].map((n) => fixed(n, digits));
  return `${middle} (${low}–${high})`;
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

export function ratioTable(rows: readonly Row[]): string {
  return grid(
    rows,
    ({ ratio }) => withInterval(ratio),
    (own) => withInterval(meanOfRatios(own.map(({ ratio }) => ratio?.samples ?? []))),
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
  const cell = (first: number, fifth: number): string => `${fixed(first, 2)} / ${fixed(fifth, 2)}`;
  return grid(
    withMemory,
    ({ memory }) => cell(memory!.firstPass, memory!.fifthPass),
    (own) =>
      cell(
        geometricMean(own.map(({ memory }) => memory!.firstPass)),
        geometricMean(own.map(({ memory }) => memory!.fifthPass)),
      ),
  );
}
