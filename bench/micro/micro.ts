/** `npm run -s bench:micro -- [options] [WORKLOAD…]`: small workloads whose loops run inside wasm or C. */

import { cac } from "cac";

import { assemble } from "../lib/contenders.js";
import {
  addOptions,
  chosen,
  conditions,
  readPlan,
  runCli,
  select,
  type CommonOptions,
} from "../lib/options.js";
import { writePlot } from "../lib/plot.js";
import { startProgress } from "../lib/progress.js";
import { randomFrom, shuffled } from "../lib/random.js";
import { printJson, ratioTo, type Row } from "../lib/results.js";
import { sample } from "./sampling.js";
import { median } from "../lib/statistics.js";
import { coldTable, ratioTable, timesTable } from "../lib/table.js";
import { WORKLOADS } from "./workloads.js";

const FULL = { iterations: 7, warmup: 3 };
const QUICK = { iterations: 3, warmup: 2 };
/** A sample of this many units takes a second or so. */
const LONG = 1_000_000;
const LONG_PLAN = { iterations: 2, warmup: 1 };

/** Those that bench:spans compares are not among them. */
const USUAL = WORKLOADS.filter(({ name }) => !name.startsWith("large"));

async function run(names: readonly string[], options: CommonOptions): Promise<void> {
  const plan = readPlan(options);
  const { rounds, seed } = plan;
  const workloads = chosen(WORKLOADS, names.map(String), USUAL);
  const field = select(await assemble(), options.only, ({ micro }) => micro !== undefined);
  const results = workloads.flatMap((workload) =>
    field.contenders.map((contender) => ({
      workload,
      contender,
      warm: [] as number[],
      cold: [] as number[],
    })),
  );
  const random = randomFrom(seed);
  const progress = startProgress(rounds * results.length);
  try {
    for (let round = 0; round < rounds; round++) {
      for (const workload of workloads) {
        const plan = workload.units > LONG ? LONG_PLAN : options.quick ? QUICK : FULL;
        for (const result of shuffled(
          results.filter((r) => r.workload === workload),
          random,
        )) {
          progress.tick(`${workload.name}: ${result.contender.name}`);
          const { warm, cold } = await sample(result.contender, workload, plan);
          result.warm.push(warm);
          result.cold.push(cold);
        }
      }
    }
  } finally {
    progress.stop();
  }
  const rows = results.map(({ workload, contender, warm, cold }): Row => {
    const other = results.find((r) => r.workload === workload && r.contender.name === field.reference);
    return {
      workload: workload.name,
      contender: contender.name,
      unit: workload.unit,
      samples: warm,
      median: median(warm),
      version: contender.version,
      ...(other && { ratio: ratioTo(field.reference, warm, other.warm) }),
      cold: {
        samples: cold,
        median: median(cold),
        ...(other && { ratio: ratioTo(field.reference, cold, other.cold) }),
      },
    };
  });
  if (options.plot !== undefined)
    writePlot(options.plot, rows, `Micro workloads, ratio to ${field.reference}`);
  if (options.json) {
    printJson(rows);
    return;
  }
  console.log(`Warm: ns a unit, median and half the width of its interval\n${timesTable(rows)}`);
  console.log(
    `\nWarm: ratio to ${field.reference}, median over rounds and its interval\n${ratioTable(rows)}`,
  );
  console.log(`\nFirst sample in a new process: ratio to ${field.reference}\n${coldTable(rows)}\n`);
  for (const { name, unit, about } of workloads)
    console.log(`${name}: ${about}; ${unit.replace("/", " a ")}`);
  console.log(`\n${conditions(field, plan)}`);
}

const cli = cac("bench:micro");
addOptions(
  cli.command("[...workloads]", "Small workloads on every heap that is present; a part of a name selects"),
  { quick: " and fewer samples: an impression, no measurement", plot: true },
).action(run);
await runCli(cli);
