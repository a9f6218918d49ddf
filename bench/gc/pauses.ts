/** `npm run -s bench:pauses`: what a program waits for a collection in slices, and what the slices cost in all. */

import { nodeVersion } from "../lib/node.js";
import { conditions, runBench, selected, type CommonOptions } from "../lib/options.js";
import { nodeCommand, runLines } from "../lib/process.js";
import { makeRow } from "../lib/results.js";
import { runRounds } from "../lib/rounds.js";
import { median } from "../lib/statistics.js";
import { makeTable } from "../lib/table.js";
import type { Pauses } from "./pauses-worker.js";

const ROUNDS = 5;
const HEAP = { name: "tallyheap", version: nodeVersion };

/** The value below which so many of a hundred lie. */
function percentile(values: readonly number[], hundredths: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil((hundredths / 100) * sorted.length) - 1]!;
}

const FACTS: readonly (readonly [name: string, unit: string, of: (pauses: Pauses) => number])[] = [
  ["one full collection", "ms", ({ full }) => full],
  ["one full collection, a fifth replaced", "ms", ({ fullWithGarbage }) => fullWithGarbage],
  ["slice, median", "ms", ({ slices }) => median(slices)],
  ["slice, 99 of 100", "ms", ({ slices }) => percentile(slices, 99)],
  ["slice, longest", "ms", ({ slices }) => Math.max(...slices)],
  ["slices of a run", "slices", ({ slices, runs }) => slices.length / runs.length],
  [
    "all slices of a run / one full collection, a fifth replaced",
    "ratio",
    ({ runs, fullWithGarbage }) => median(runs) / fullWithGarbage,
  ],
  ["most garbage / live objects", "ratio", ({ garbage }) => garbage],
];

await runBench<CommonOptions>({
  name: "bench:pauses",
  about: "Collect a million live objects in slices of 1 ms while a fifth of them is replaced",
  rounds: ROUNDS,
  async run(_, options, plan) {
    const workload = { name: "1,000,000 objects, budget 1 ms" };
    const [cell] = await runRounds([workload], selected([HEAP], options.only), plan, async () => {
      const [line = "{}"] = await runLines(nodeCommand("gc/pauses-worker.js", []));
      return JSON.parse(line) as Pauses;
    });
    const { contender, answers } = cell!;
    const rows = FACTS.map(([name, unit, of]) =>
      makeRow({ workload: { name }, contender }, unit, answers.map(of)),
    );
    const text = (): string => {
      const body = rows.map(({ workload, unit, median: value }) => [workload, value.toFixed(2), unit]);
      return `${makeTable([workload.name, "", ""], body)}\n${conditions([contender], [], plan)}`;
    };
    return { rows, text };
  },
});
