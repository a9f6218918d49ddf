/** Ratios, a group of bars a workload, or curves, as one page: the report of the command line (cli/) draws it. */

import { writeFileSync } from "node:fs";

import { reportHtml, type Curves, type Ratios } from "tallyheap-cli/report";

import { contenders, find, workloads, type Row } from "./results.js";

/** What the rows have of ratios, for the page. */
export function ratiosOf(rows: readonly Row[]): Ratios {
  const names = contenders(rows).filter((name) => rows.some((row) => row.contender === name && row.ratio));
  const columns = workloads(rows).filter((workload) =>
    names.some((name) => find(rows, workload, name)?.ratio !== undefined),
  );
  const reference = rows.find(({ ratio }) => ratio !== undefined)?.ratio?.to ?? "the reference";
  return {
    axis: `Time as a ratio to ${reference}: the median over rounds, and its interval. Shorter is faster.`,
    workloads: columns,
    contenders: names.map((name) => ({
      name,
      values: columns.map((workload) => {
        const ratio = find(rows, workload, name)?.ratio;
        return ratio ? { median: ratio.median, low: ratio.low, high: ratio.high } : null;
      }),
    })),
  };
}

/** What writes a chart to `file`. Throws at once for a name that is no page's. */
export function plotter(
  file: string,
): (
  rows: readonly Row[],
  title: string,
  facts: readonly (readonly [string, string])[],
  curves?: readonly Curves[],
) => void {
  if (!/\.html?$/i.test(file)) throw new Error(`--plot ${file}: the name must end in .html`);
  return (rows, title, facts, curves) => {
    const chart = curves === undefined ? { ratios: ratiosOf(rows) } : { curves };
    writeFileSync(file, reportHtml({ version: 1, title, facts, notes: [], ...chart }));
  };
}
