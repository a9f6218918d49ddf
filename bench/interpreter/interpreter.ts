/**
 * `npm run -s bench:interpreter -- [options] [WORKLOAD…]`: loops of a bytecode machine in TypeScript, once over the heap with
 * tagged ints and a stack that is not counted, once over plain objects of JavaScript. The same code, the same dispatch.
 */

import { chosen, conditions, runBench, selected, type CommonOptions } from "../lib/options.js";
import { nodeCommand, withSessions, type Candidate } from "../lib/process.js";
import { find, makeRow, withRatios, type Row } from "../lib/results.js";
import { runRounds } from "../lib/rounds.js";
import { fixed, makeTable } from "../lib/table.js";
import { PROGRAMS } from "./code.js";

const BOXED = "boxed objects";

const worker = (contender: string) => nodeCommand("interpreter/interpreter-worker.js", [contender]);

const CONTENDERS: readonly Candidate[] = [
  { name: BOXED, command: worker("boxed") },
  { name: "tallyheap (checked)", command: worker("checked") },
  { name: "tallyheap (trusted)", command: worker("trusted") },
];

function table(rows: readonly Row[], names: readonly string[], workloads: readonly string[]): string {
  const body = workloads.map((workload) => [
    workload,
    ...names.map((name) => {
      const row = find(rows, workload, name);
      if (row === undefined) return "";
      if (name === BOXED || row.ratio === undefined) return fixed(row.median, 1);
      const { low, high } = row.ratio;
      return `${fixed(row.ratio.median, 2)} (${fixed(low, 2)}–${fixed(high, 2)})`;
    }),
  ]);
  const interval = names.map((name) => (name === BOXED ? `${name}, ns` : name));
  return makeTable(["", ...interval], body);
}

await runBench<CommonOptions>({
  name: "bench:interpreter",
  args: "[...workloads]",
  about: "Loops of a bytecode machine, over the heap and over objects of JavaScript",
  quick: "",
  run(words, options, plan) {
    const workloads = chosen(
      Object.keys(PROGRAMS).map((name) => ({ name })),
      words,
    );
    return withSessions(selected(CONTENDERS, options.only), async (present, absent) => {
      const ask = async ({ name }: { name: string }, { session }: (typeof present)[number]) =>
        Number(await session.ask(name));
      const cells = await runRounds(workloads, present, plan, ask, ask);
      const rows = withRatios(
        cells.map((cell) => makeRow(cell, "ns", cell.answers)),
        BOXED,
      );
      const names = present.map(({ name }) => name);
      const text = (): string =>
        [
          "ns an iteration; for the heap the ratio to objects of JavaScript in the same round (interval of the median)",
          table(
            rows,
            names,
            workloads.map(({ name }) => name),
          ),
          conditions(present, absent, plan),
        ].join("\n");
      return { rows, text };
    });
  },
});
