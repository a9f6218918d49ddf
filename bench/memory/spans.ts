/**
 * `npm run -s bench:spans -- [options]`: does a large allocation cost more where ten times as many free spans lie
 * about? Prints, for each heap, the time with 400 and with 4,000 free spans and the ratio of the two.
 */

import { assemble } from "../lib/contenders.js";
import { sample, workloadNamed } from "../lib/micro.js";
import { conditions, runBench, select, type CommonOptions } from "../lib/options.js";
import { find, makeRow, ratioTo, type Row } from "../lib/results.js";
import { runRounds } from "../lib/rounds.js";
import { fixed, makeTable, withInterval } from "../lib/table.js";

const SAMPLES = { iterations: 5, warmup: 2 };
const FEW = workloadNamed("large, 400 free spans");
const MANY = workloadNamed("large, 4000 free spans");

await runBench<CommonOptions>({
  name: "bench:spans",
  about: "The cost of a large allocation against the number of free spans",
  quick: "",
  async run(_, options, plan) {
    const { contenders, absent } = select(
      await assemble(),
      options.only,
      ({ micro, isFloor }) => micro !== undefined && !isFloor,
    );
    const cells = await runRounds([FEW, MANY], contenders, plan, (workload, contender) =>
      sample(contender, workload, SAMPLES),
    );
    const measured = cells.map((cell) =>
      makeRow(
        cell,
        cell.workload.unit,
        cell.answers.map(({ warm }) => warm),
      ),
    );
    const rows = measured.map((row): Row => {
      if (row.workload === FEW.name) return row;
      const few = find(measured, FEW.name, row.contender)!;
      return { ...row, ratio: ratioTo(FEW.name, row.samples, few.samples) };
    });
    const body = contenders.map(({ name }) => {
      const [few, many] = [FEW, MANY].map((workload) => find(rows, workload.name, name));
      return [name, fixed(few?.median, 0), fixed(many?.median, 0), withInterval(many?.ratio)];
    });
    const text = (): string =>
      [
        "malloc and free of 40 to 200 KB between free spans of 33 to 64 KB, ns a pair",
        makeTable(["", "400 spans", "4,000 spans", "ratio"], body),
        conditions(contenders, absent, plan),
      ].join("\n");
    return { rows, text };
  },
});
