/** `npm run -s bench:scale -- [options]`: what operations cost as the heap grows, from 10³ to 10⁷ objects and to 3.9 GB. */

import type { Curves } from "tallyheap-cli/report";

import { nodeVersion } from "../lib/node.js";
import { conditions, runBench, type CommonOptions } from "../lib/options.js";
import { nodeCommand, runLines } from "../lib/process.js";
import { makeRow, type Row } from "../lib/results.js";
import { runRounds } from "../lib/rounds.js";
import { median } from "../lib/statistics.js";
import { makeTable } from "../lib/table.js";
import type { Scaled } from "./scale-worker.js";

const ROUNDS = 3;
const HEAP = { name: "tallyheap", version: nodeVersion };
const MIB = 2 ** 20;

/** Live bytes of the largest: with what lies between them, and what replacing scatters, the memory is 3.9 GB. */
const FULL = 3_350 * MIB;

interface Size {
  readonly kind: "objects" | "blocks";
  readonly size: number;
  readonly name: string;
}

const objects = [3, 4, 5, 6, 7].map((power): Size => ({
  kind: "objects",
  size: 10 ** power,
  name: `10^${power} objects`,
}));
const blocks = [1, 4, 16, 64, 256, 1024, FULL / MIB].map((mib): Size => ({
  kind: "blocks",
  size: mib * MIB,
  name: `${mib} MiB live`,
}));

/** For an impression: the largest of each take most of the time. */
const smaller = (sizes: readonly Size[]): readonly Size[] => sizes.slice(0, -1);

await runBench<CommonOptions>({
  name: "bench:scale",
  about: "The cost of operations against the size of the heap",
  rounds: ROUNDS,
  quick: ", without the largest heaps",
  plot: true,
  async run(_, options, plan) {
    const kinds = options.quick ? [smaller(objects), smaller(blocks)] : [objects, blocks];
    const cells = await runRounds(
      kinds.flat(),
      [HEAP],
      options.quick ? { ...plan, rounds: 1 } : plan,
      async ({ kind, size }) => {
        const [line = "{}"] = await runLines(nodeCommand("memory/scale-worker.js", [kind, size]));
        return JSON.parse(line) as Scaled;
      },
    );
    const rows: Row[] = [];
    const tables: string[] = [];
    const curves: Curves[] = [];
    for (const sizes of kinds) {
      const own = sizes.map((size) => cells.find(({ workload }) => workload === size)!);
      const names = Object.keys(own[0]!.answers[0]!);
      const lines: { name: string; values: number[] }[] = [];
      const body = names.map((name) => {
        const points = own.map(({ workload, answers }) => {
          const samples = answers.map((answer) => answer[name]!);
          const unit = name.includes("ns") ? "ns" : name.includes("bytes") ? "bytes" : "ratio";
          rows.push(
            makeRow({ workload: { name: `${workload.name}: ${name}` }, contender: HEAP }, unit, samples),
          );
          return median(samples);
        });
        lines.push({ name, values: points });
        return [name, ...points.map((value) => value.toFixed(value < 10 ? 2 : 1))];
      });
      const [title, xLabel] =
        sizes === kinds[0] ? ["by objects alive", "objects"] : ["by bytes alive", "bytes"];
      curves.push({ title, xLabel, x: sizes.map(({ size }) => size), lines });
      tables.push(makeTable(["", ...sizes.map(({ name }) => name)], body));
    }
    const text = (): string => [...tables, conditions([HEAP], [], plan)].join("\n\n");
    return { rows, text, curves };
  },
});
