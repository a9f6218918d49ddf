/** `npm run -s bench:replay -- [options] [FILE…]`: allocation traces replayed on every heap that is present. */

import { cac } from "cac";

import { assemble } from "../lib/contenders.js";
import { fullPasses, inspectReplays, prepareTrace, quickPasses, replayRows, timeReplays } from "./measure.js";
import {
  addOptions,
  conditions,
  readPlan,
  runCli,
  select,
  wantedBy,
  type CommonOptions,
} from "../lib/options.js";
import { bundledTraces } from "../lib/paths.js";
import { writePlot } from "../lib/plot.js";
import { startProgress } from "../lib/progress.js";
import { printJson, type Row } from "../lib/results.js";
import { coldTable, memoryTable, ratioTable, timesTable } from "../lib/table.js";
import { readTrace } from "./trace.js";

async function run(files: readonly string[], options: CommonOptions): Promise<void> {
  const plan = readPlan(options);
  const paths = files.length > 0 ? files : bundledTraces();
  const traces = paths.map((file) => readTrace(String(file)));
  const slots = Math.max(...traces.map(({ slotCount }) => slotCount));
  const field = select(await assemble(slots, wantedBy(options.only)), options.only);
  const prepared = traces.map(prepareTrace);
  const passes = options.quick ? quickPasses : fullPasses;
  const floors = field.contenders.filter(({ isFloor }) => isFloor).length;
  const total = traces.length * (field.contenders.length * (plan.rounds + 1) - floors);
  const progress = startProgress(total);
  let rows: Row[];
  try {
    const measurements = await timeReplays(prepared, field.contenders, { ...plan, passes }, progress.tick);
    await inspectReplays(prepared, measurements, progress.tick);
    rows = replayRows(measurements, field.reference);
  } finally {
    progress.stop();
  }
  if (options.plot !== undefined) writePlot(options.plot, rows, `Warm replay, ratio to ${field.reference}`);
  if (options.json) {
    printJson(rows);
    return;
  }
  console.log(`Warm: ns an operation, median and half the width of its interval\n${timesTable(rows)}`);
  console.log(
    `\nWarm: ratio to ${field.reference}, median over rounds and its interval\n${ratioTable(rows)}`,
  );
  console.log(`\nFirst pass in a new process: ratio to ${field.reference}\n${coldTable(rows)}`);
  console.log(`\nMemory: peak extent over peak live bytes, first pass / after five\n${memoryTable(rows)}`);
  const sizes = traces.map(({ name, opCount }) => `${name} ${opCount}`).join(", ");
  console.log(`\n${sizes} operations.\n${conditions(field, plan)}`);
}

const cli = cac("bench:replay");
addOptions(
  cli.command(
    "[...files]",
    "Replay allocation traces (default: the bundled ones) on every heap that is present",
  ),
  { quick: " and fewer passes: an impression, no measurement", plot: true },
).action(run);
await runCli(cli);
