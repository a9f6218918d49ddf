/** `npm run -s bench:micro -- [options] [WORKLOAD…]`: small workloads whose loops run inside wasm or C. */

import { assemble } from "../lib/contenders.js";
import { sample, WORKLOADS } from "../lib/micro.js";
import { chosen, conditions, runBench, select, type CommonOptions } from "../lib/options.js";
import { makeColdRow, withRatios } from "../lib/results.js";
import { runRounds } from "../lib/rounds.js";
import { coldTable, ratioTable, timesTable } from "../lib/table.js";

const FULL = { iterations: 7, warmup: 3 };
const QUICK = { iterations: 3, warmup: 2 };
/** A sample of this many units takes a second or so. */
const LONG = 1_000_000;
const LONG_PLAN = { iterations: 2, warmup: 1 };

/** Those that bench:spans compares are not among them. */
const USUAL = WORKLOADS.filter(({ name }) => !name.startsWith("large"));

await runBench<CommonOptions>({
  name: "bench:micro",
  args: "[...workloads]",
  about: "Small workloads on every heap that is present; a part of a name selects",
  quick: " and fewer samples: an impression, no measurement",
  plot: true,
  async run(names, options, plan) {
    const workloads = chosen(WORKLOADS, names, USUAL);
    const { contenders, reference, absent } = select(
      await assemble(),
      options.only,
      ({ micro }) => micro !== undefined,
    );
    const cells = await runRounds(workloads, contenders, plan, (workload, contender) =>
      sample(contender, workload, workload.units > LONG ? LONG_PLAN : options.quick ? QUICK : FULL),
    );
    const rows = withRatios(
      cells.map((cell) => makeColdRow(cell, cell.workload.unit)),
      reference,
    );
    const legend = workloads.map(({ name, unit, about }) => `${name}: ${about}; ${unit.replace("/", " a ")}`);
    const text = (): string =>
      [
        `Warm: ns a unit, median and half the width of its interval\n${timesTable(rows)}`,
        `Warm: ratio to ${reference}, median over rounds and its interval\n${ratioTable(rows)}`,
        `First sample in a new process: ratio to ${reference}\n${coldTable(rows)}`,
        legend.join("\n"),
        conditions(contenders, absent, plan),
      ].join("\n\n");
    return { rows, text, title: `Micro workloads, ratio to ${reference}` };
  },
});
