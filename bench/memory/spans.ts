/**
 * `npm run -s bench:spans -- [options]`: does a large allocation cost more where ten times as many free spans lie
 * about? Prints, for each heap, the time with 400 and with 4,000 free spans and the ratio of the two.
 */

import { cac } from "cac";

import { assemble, type Contender } from "../lib/contenders.js";
import { addOptions, conditions, readPlan, runCli, select, type CommonOptions } from "../lib/options.js";
import { startProgress } from "../lib/progress.js";
import { randomFrom, shuffled } from "../lib/random.js";
import { printJson, ratioTo, type Row } from "../lib/results.js";
import { sample } from "../micro/sampling.js";
import { median } from "../lib/statistics.js";
import { fixed, makeTable } from "../lib/table.js";
import { workloadNamed } from "../micro/workloads.js";

const PLAN = { iterations: 5, warmup: 2 };

async function run(options: CommonOptions): Promise<void> {
  const plan = readPlan(options);
  const { rounds, seed } = plan;
  const takesPart = ({ micro, isFloor }: Contender): boolean => micro !== undefined && !isFloor;
  const field = select(await assemble(), options.only, takesPart);
  const few = workloadNamed("large, 400 free spans");
  const many = workloadNamed("large, 4000 free spans");
  const results = field.contenders.map((contender) => ({
    contender,
    few: [] as number[],
    many: [] as number[],
  }));
  const random = randomFrom(seed);
  const progress = startProgress(rounds * results.length);
  try {
    for (let round = 0; round < rounds; round++) {
      for (const result of shuffled(results, random)) {
        progress.tick(result.contender.name);
        result.few.push((await sample(result.contender, few, PLAN)).warm);
        result.many.push((await sample(result.contender, many, PLAN)).warm);
      }
    }
  } finally {
    progress.stop();
  }
  const rows = results.flatMap(({ contender, few: base, many: samples }): Row[] => {
    const common = { contender: contender.name, unit: few.unit, version: contender.version };
    return [
      { workload: few.name, samples: base, median: median(base), ...common },
      {
        workload: many.name,
        samples,
        median: median(samples),
        ...common,
        ratio: ratioTo(few.name, samples, base),
      },
    ];
  });
  if (options.json) {
    printJson(rows);
    return;
  }
  const body = results.map(({ contender, few: base, many: samples }) => {
    const ratio = ratioTo(few.name, samples, base);
    const cells = [median(base), median(samples)].map((ns) => fixed(ns, 0));
    return [
      contender.name,
      ...cells,
      `${fixed(ratio.median, 2)} (${fixed(ratio.low, 2)}–${fixed(ratio.high, 2)})`,
    ];
  });
  console.log("malloc and free of 40 to 200 KB between free spans of 33 to 64 KB, ns a pair");
  console.log(makeTable(["", "400 spans", "4,000 spans", "ratio"], body));
  console.log(conditions(field, plan));
}

const cli = cac("bench:spans");
addOptions(cli.command("", "The cost of a large allocation against the number of free spans"), {
  quick: "",
}).action(run);
await runCli(cli);
