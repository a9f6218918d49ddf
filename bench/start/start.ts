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
import { graphName } from "../lib/graph.js";
import { readPlan, runCli, type CommonOptions } from "../lib/options.js";
import { bundledGraphs, bundledTraces, root } from "../lib/paths.js";
import { quickPasses, replay } from "../lib/replays.js";
import type { Row } from "../lib/results.js";
import type { Plan } from "../lib/rounds.js";
import { fixed } from "../lib/table.js";
import { readTrace } from "../lib/trace.js";
import { drawArenas } from "./arenas.js";
import { firstScreen, wholeTable } from "./first-screen.js";
import { cycleLine, graphLine, nameLine } from "./objects.js";

/** Rounds end when the time is up, unless asked for: the screen is to stand after a minute on a slow machine, too. */
const ROUNDS = 5;
const LEAST_ROUNDS = 3;
const BUDGET_MS = 30_000;
/** One round shows no noise. */
const FEWEST_ROUNDS = 2;
/** The second pass meets the heap as the first one left it. */
const INSPECTED_PASSES = 2;

const PICTURE_CELLS = 40;
const PICTURE_LABEL = 10;
/** The smaller one of the bundled graphs: someone waits for the screen. */
const GRAPH = "imports";

/** Those of the bundled traces that fit one screen and half a minute; `bench:replay` has them all. */
const TRACES = ["cc1", "jq", "lua", "py-ast-json", "sqlite"];

type Options = Pick<CommonOptions, "rounds" | "seed"> & { all?: boolean };

/** The traces in tallyheap's two forms, natively, and in the best other wasm heap. */
async function measure(plan: Plan, options: Options): Promise<{ field: Field; rows: Row[] }> {
  const traces = bundledTraces()
    .map(readTrace)
    .filter(({ name }) => TRACES.includes(name));
  const { contenders: all, ...field } = await assemble();
  const contenders = all.filter(({ kind, isFloor }) => options.all || (kind !== "typescript" && !isFloor));
  const limit = options.rounds === undefined && { leastRounds: LEAST_ROUNDS, budgetMs: BUDGET_MS };
  const { reference } = field;
  const passes = { passes: quickPasses, inspectedPasses: INSPECTED_PASSES };
  const rows = await replay(traces, { contenders, reference }, { ...plan, ...limit }, passes);
  return { field: { ...field, contenders }, rows };
}

/** 160 MB of blocks come and go; the heap is verified after each step, before its line appears. */
function showArenas(): void {
  const remarks: Readonly<Record<string, (ns: number) => string>> = {
    filled: () => ", 160 MB in all",
    "3/4 freed": () => ", verify(): good",
    "all freed": (ns) => `, ${fixed(ns, 0)} ns a block`,
  };
  drawArenas(createHeap(), PICTURE_CELLS, ({ label, picture, arenas, ns }) => {
    const remark = remarks[label]?.(ns) ?? "";
    console.log(`${label.padEnd(PICTURE_LABEL)}${picture} ${String(arenas).padStart(4)} arenas${remark}`);
  });
}

async function run(options: Options): Promise<void> {
  const plan = readPlan(options, ROUNDS);
  if (plan.rounds < FEWEST_ROUNDS)
    throw new Error(`--rounds ${plan.rounds}: noise takes at least ${FEWEST_ROUNDS} to be seen`);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const { field, rows } = await measure(plan, options);
  const graph = bundledGraphs().find((file) => graphName(file) === GRAPH)!;
  const objects = [nameLine(), cycleLine(), await graphLine(graph, plan)];
  const { above, below } = firstScreen(version, field, rows, objects);
  for (const line of above) console.log(line);
  showArenas();
  for (const line of below) console.log(line);
  const done = { ...plan, rounds: rows[0]?.samples.length ?? 0 };
  if (options.all) console.log(`\n${wholeTable(field, rows, done, INSPECTED_PASSES)}`);
}

const cli = cac("tallyheap");
const command = cli
  .command("", "Replay the bundled traces and show the heap at work")
  .option("--all", "Print the whole table")
  .option("--rounds <n>", `Interleaved rounds (default ${LEAST_ROUNDS} to ${ROUNDS}, by the time they take)`)
  .option("--seed <n>", "Seed of the order of contenders");
command.action(run);
await runCli(cli, command);
