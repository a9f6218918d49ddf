/**
 * `npm start`: the first screen. Replays the bundled traces on what is present, says who wins where, shows objects come
 * and go, collects the graph of a real program, and fills and empties 160 MB. At most 24 lines of 80 columns; fails if
 * contents, what a collection found or the heap's own check are not as they should be.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { cac } from "cac";
import { createHeap } from "tallyheap";

import { assemble, type Field } from "../lib/contenders.js";
import { firstScreen, wholeTable } from "./first-screen.js";
import { graphName } from "../gc/graph.js";
import { cycleLine, graphLine, nameLine } from "./lives.js";
import { inspectReplays, prepareTrace, quickPasses, replayRows, timeReplays } from "../replay/measure.js";
import { readPlan, runCli, type CommonOptions, type Plan } from "../lib/options.js";
import { bundledGraphs, bundledTraces, root } from "../lib/paths.js";
import { startProgress } from "../lib/progress.js";
import type { Row } from "../lib/results.js";
import { drawStrip, type StripRow } from "./strip.js";
import { fixed } from "../lib/table.js";
import { readTrace } from "../replay/trace.js";

/** Rounds end when the time is up, unless asked for: the screen is to stand after a minute on a slow machine, too. */
const ROUNDS = 5;
const LEAST_ROUNDS = 3;
const BUDGET_MS = 30_000;
/** One round shows no noise. */
const FEWEST_ROUNDS = 2;
/** The second pass meets the heap as the first one left it. */
const INSPECTED_PASSES = 2;

const STRIP_CELLS = 40;
const STRIP_LABEL = 10;
/** The smaller one of the bundled graphs: someone waits for the screen. */
const GRAPH = "imports";

type Options = Pick<CommonOptions, "rounds" | "seed"> & { all?: boolean };

/** The traces in tallyheap's two forms, natively, and in the best other wasm heap. */
async function measure(plan: Plan, options: Options): Promise<{ field: Field; rows: Row[]; done: number }> {
  const traces = bundledTraces().map((file) => readTrace(file));
  const field = await assemble();
  const wanted = field.contenders.filter(
    ({ kind, isFloor }) => options.all || (kind !== "typescript" && !isFloor),
  );
  const prepared = traces.map(prepareTrace);
  const progress = startProgress(traces.length * wanted.length * (plan.rounds + 1));
  const limit = options.rounds === undefined && { leastRounds: LEAST_ROUNDS, budgetMs: BUDGET_MS };
  try {
    const timing = { ...plan, ...limit, passes: quickPasses };
    const measurements = await timeReplays(prepared, wanted, timing, progress.tick);
    await inspectReplays(prepared, measurements, progress.tick, INSPECTED_PASSES);
    const done = measurements[0]?.warm.length ?? 0;
    return { field, rows: replayRows(measurements, field.reference), done };
  } finally {
    progress.stop();
  }
}

/** 160 MB of blocks come and go; the heap is verified after each step, before its line appears. */
function showStrip(): void {
  const remarks: Readonly<Record<string, (ns: number) => string>> = {
    filled: () => ", 160 MB in all",
    "3/4 freed": () => ", verify(): good",
    "all freed": (ns) => `, ${fixed(ns, 0)} ns a block`,
  };
  const line = ({ label, picture, arenas, ns }: StripRow): string =>
    `${label.padEnd(STRIP_LABEL)}${picture} ${String(arenas).padStart(4)} arenas${remarks[label]?.(ns) ?? ""}`;
  drawStrip(createHeap(), STRIP_CELLS, {
    row: (row) => console.log(line(row)),
    ...(process.stdout.isTTY && { frame: (row: StripRow) => void process.stdout.write(`${line(row)}\r`) }),
  });
}

async function run(options: Options): Promise<void> {
  const plan = readPlan(options, ROUNDS);
  if (plan.rounds < FEWEST_ROUNDS)
    throw new Error(`--rounds ${plan.rounds}: noise takes at least ${FEWEST_ROUNDS} to be seen`);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const { field, rows, done } = await measure(plan, options);
  const graph = bundledGraphs().find((file) => graphName(file) === GRAPH)!;
  const lives = [nameLine(), cycleLine(), await graphLine(graph, plan)];
  const { above, below } = firstScreen(version, field, rows, lives);
  for (const line of above) console.log(line);
  showStrip();
  for (const line of below) console.log(line);
  if (options.all) console.log(`\n${wholeTable(field, rows, { ...plan, rounds: done }, INSPECTED_PASSES)}`);
}

const cli = cac("tallyheap");
cli
  .command("", "Replay the bundled traces and show the heap at work")
  .option("--all", "Print the whole table")
  .option("--rounds <n>", `Interleaved rounds (default ${LEAST_ROUNDS} to ${ROUNDS}, by the time they take)`)
  .option("--seed <n>", "Seed of the order of contenders")
  .action(run);
await runCli(cli);
