/**
 * `npm run -s bench:gc -- [options] [GRAPH|WORKLOAD…]`: what a collection costs beside CPython's, AssemblyScript's and
 * V8's: live and dead structures, the object graphs of real programs, young objects, and lists as they are built.
 */

import { statSync } from "node:fs";

import { cac } from "cac";

import {
  ASSEMBLYSCRIPT,
  CONTENDERS,
  CPYTHON,
  TALLYHEAP,
  TALLYHEAP_INLINED,
  V8,
  ask,
} from "./gc-contenders.js";
import type { Answer } from "./gc-request.js";
import { DERIVED, graphWorkloads, scaled, shapeWorkloads, type Workload } from "./gc-workloads.js";
import {
  addOptions,
  chosen,
  circumstances,
  readPlan,
  runCli,
  wholeNumber,
  type CommonOptions,
} from "../lib/options.js";
import { bundledGraphs } from "../lib/paths.js";
import { writePlot } from "../lib/plot.js";
import { find, printJson, ratioTo, workloads as workloadsOf, type Row } from "../lib/results.js";
import {
  answerKey,
  askRounds,
  closeSessions,
  startSessions,
  type Answers,
  type Present,
} from "../lib/sessions.js";
import { median } from "../lib/statistics.js";
import { fixed, makeTable } from "../lib/table.js";

const DEFAULT_ROUNDS = 5;
const DEFAULT_OBJECTS = 1_000_000;
const WARM_UP = 10;
const GRAPH_FILE = /\.graph(\.gz)?$/;

interface GcOptions extends CommonOptions {
  objects?: string | number;
}

interface GcRow extends Row {
  /** Objects among which the time was divided. */
  readonly objects: number;
  /** Trash that a collection found, where the contender says so. */
  readonly found?: number;
}

/** Graph files, or parts of the names of workloads; all without either. */
function requested(given: readonly string[], objects: number): readonly Workload[] {
  const isFile = (name: string): boolean =>
    GRAPH_FILE.test(name) || (statSync(name, { throwIfNoEntry: false })?.isFile() ?? false);
  const graphs = given.filter(isFile).flatMap(graphWorkloads);
  const parts = given.filter((name) => !isFile(name));
  if (graphs.length > 0 && parts.length === 0) return graphs;
  const all = [...shapeWorkloads(objects), ...bundledGraphs().flatMap(graphWorkloads)];
  return [...chosen(all, parts), ...graphs];
}

/** Asks, and makes sure that just the trash was found. A tenth of the objects will do to warm up. */
async function askChecked(
  contender: Present,
  workload: Workload,
  isWarmUp: boolean,
): Promise<Answer | undefined> {
  const { request } = workload;
  if (isWarmUp) return ask(contender.session, scaled(request, 1 / WARM_UP));
  const answer = await ask(contender.session, request);
  if (answer === undefined) return undefined;
  const { found } = answer;
  if (found !== undefined && workload.found !== undefined && found !== workload.found)
    throw new Error(
      `${workload.name}: ${contender.name} found ${found} objects, ${workload.found} are trash`,
    );
  return answer;
}

function measuredRows(
  answers: Answers<Answer>,
  workloads: readonly Workload[],
  present: readonly Present[],
): GcRow[] {
  return workloads.flatMap(({ name: workload, unit, units, objects }) =>
    present.flatMap(({ name: contender, version }): GcRow[] => {
      const own = answers.get(answerKey(workload, contender));
      if (own === undefined) return [];
      const found = own.at(-1)?.found;
      // What is in no cycle died by its counts, where there are counts; perhaps that was all.
      const samples = own.map(({ ns }) => ns / (units ?? Math.max(found ?? objects, 1)));
      const row = { workload, contender, unit, version, samples, median: median(samples), objects };
      return [found === undefined ? row : { ...row, found }];
    }),
  );
}

/** Figures from two rows of one contender, round by round. */
function derivedRows(rows: readonly GcRow[]): GcRow[] {
  return DERIVED.flatMap(({ name: workload, unit, from: [first, second], combine }) =>
    rows
      .filter((row) => row.workload === first)
      .flatMap(({ contender, version, objects, samples: firsts }): GcRow[] => {
        const seconds = find(rows, second, contender)?.samples;
        if (seconds === undefined) return [];
        const samples = firsts.map((sample, round) => combine(sample, seconds[round]!));
        return [{ workload, contender, unit, version, samples, median: median(samples), objects }];
      }),
  );
}

function withRatios(rows: readonly GcRow[]): GcRow[] {
  return rows.map((row) => {
    const reference = find(rows, row.workload, CPYTHON);
    return reference ? { ...row, ratio: ratioTo(CPYTHON, row.samples, reference.samples) } : row;
  });
}

/** A line a workload: the time of each contender, and tallyheap's to CPython's. */
function table(rows: readonly GcRow[]): string {
  const columns = [TALLYHEAP, TALLYHEAP_INLINED, CPYTHON, ASSEMBLYSCRIPT, V8].filter((name) =>
    rows.some(({ contender }) => contender === name),
  );
  const body = workloadsOf(rows).map((workload) => {
    const times = columns.map((name) => {
      const row = find(rows, workload, name);
      return fixed(row?.median, row?.unit === "ns" ? 0 : row?.unit === "ratio" ? 2 : 1);
    });
    const ratios = [TALLYHEAP, TALLYHEAP_INLINED].flatMap((name) => {
      const ratio = find(rows, workload, name)?.ratio;
      return ratio ? [`${fixed(ratio.median, 2)} (${fixed(ratio.low, 2)}–${fixed(ratio.high, 2)})`] : [];
    });
    const own = rows.find((row) => row.workload === workload);
    return [workload, own?.unit ?? "", String(own?.objects), ...times, ratios.join("  ")];
  });
  return makeTable(["", "unit", "objects", ...columns, `to ${CPYTHON}`], body);
}

async function run(given: readonly string[], options: GcOptions): Promise<void> {
  const plan = readPlan(options, DEFAULT_ROUNDS);
  const workloads = requested(given.map(String), wholeNumber("objects", options.objects, DEFAULT_OBJECTS));
  const { present, absent } = await startSessions(CONTENDERS, options.only);
  try {
    const measured = measuredRows(await askRounds(present, workloads, plan, askChecked), workloads, present);
    const rows = withRatios([...measured, ...derivedRows(measured)]);
    if (options.plot !== undefined) writePlot(options.plot, rows, `Collections, ratio to ${CPYTHON}`);
    if (options.json) {
      printJson(rows);
      return;
    }
    console.log(`One collection; ratio to ${CPYTHON}: median over rounds and its interval\n${table(rows)}`);
    const versions = present.map(({ name, version }) => `${name} ${version}`).join(", ");
    console.log(`${versions}.\n${circumstances(plan)}`);
    for (const name of absent) console.log(`Not here: ${name}.`);
  } finally {
    await closeSessions(present);
  }
}

const cli = cac("bench:gc");
const command = cli.command(
  "[...names]",
  "Collections of live and dead structures; graph files (.graph, .graph.gz) or parts of workloads' names select",
);
addOptions(command, { rounds: DEFAULT_ROUNDS, quick: "", plot: true })
  .option("--objects <n>", `Objects in each structure (default ${DEFAULT_OBJECTS})`)
  .action(run);
await runCli(cli);
