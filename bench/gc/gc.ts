/**
 * `npm run -s bench:gc -- [options] [GRAPH|WORKLOAD…]`: what a collection costs beside CPython's, AssemblyScript's and
 * V8's: live and dead structures, the object graphs of real programs, young objects, and lists as they are built.
 */

import { statSync } from "node:fs";

import {
  ASSEMBLYSCRIPT,
  CONTENDERS,
  CPYTHON,
  TALLYHEAP,
  TALLYHEAP_INLINED,
  V8,
  ask,
  graphWorkloads,
  scaled,
  type Answer,
  type GcWorkload,
} from "../lib/collections.js";
import { chosen, conditions, runBench, selected, wholeNumber, type CommonOptions } from "../lib/options.js";
import { bundledGraphs } from "../lib/paths.js";
import { withSessions, type Present } from "../lib/process.js";
import { find, makeRow, withRatios, workloads as workloadsOf, type Row } from "../lib/results.js";
import { runRounds, type Cell } from "../lib/rounds.js";
import { fixed, makeTable, withInterval } from "../lib/table.js";
import { DERIVED, shapeWorkloads } from "./workloads.js";

const ROUNDS = 5;
const OBJECTS = 1_000_000;
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
function requested(given: readonly string[], objects: number): readonly GcWorkload[] {
  const isFile = (name: string): boolean =>
    GRAPH_FILE.test(name) || (statSync(name, { throwIfNoEntry: false })?.isFile() ?? false);
  const graphs = given.filter(isFile).flatMap(graphWorkloads);
  const parts = given.filter((name) => !isFile(name));
  if (graphs.length > 0 && parts.length === 0) return graphs;
  const all = [...shapeWorkloads(objects), ...bundledGraphs().flatMap(graphWorkloads)];
  return [...chosen(all, parts), ...graphs];
}

/** Asks, and makes sure that just the trash was found. */
async function askChecked(workload: GcWorkload, contender: Present): Promise<Answer | undefined> {
  const answer = await ask(contender.session, workload.request);
  const found = answer?.found;
  if (found !== undefined && workload.found !== undefined && found !== workload.found)
    throw new Error(
      `${workload.name}: ${contender.name} found ${found} objects, ${workload.found} are trash`,
    );
  return answer;
}

function measuredRow(cell: Cell<GcWorkload, Present, Answer>): GcRow {
  const { unit, units, objects } = cell.workload;
  const found = cell.answers.at(-1)?.found;
  // What is in no cycle died by its counts, where there are counts; perhaps that was all.
  const divisor = units ?? Math.max(found ?? objects, 1);
  const samples = cell.answers.map(({ ns }) => ns / divisor);
  return { ...makeRow(cell, unit, samples), objects, ...(found !== undefined && { found }) };
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
        const cell = { workload: { name: workload }, contender: { name: contender, version } };
        return [{ ...makeRow(cell, unit, samples), objects }];
      }),
  );
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
      return ratio ? [withInterval(ratio)] : [];
    });
    const own = rows.find((row) => row.workload === workload);
    return [workload, own?.unit ?? "", String(own?.objects), ...times, ratios.join("  ")];
  });
  return makeTable(["", "unit", "objects", ...columns, `to ${CPYTHON}`], body);
}

await runBench<GcOptions>({
  name: "bench:gc",
  args: "[...names]",
  about:
    "Collections of live and dead structures; graph files (.graph, .graph.gz) or parts of workloads' names select",
  rounds: ROUNDS,
  quick: "",
  plot: true,
  more: [["--objects <n>", `Objects in each structure (default ${OBJECTS})`]],
  run(given, options, plan) {
    const workloads = requested(given, wholeNumber("objects", options.objects, OBJECTS));
    return withSessions(selected(CONTENDERS, options.only), async (present, absent) => {
      // A tenth of the objects will do to warm up.
      const warmUp = ({ request }: GcWorkload, { session }: Present) =>
        ask(session, scaled(request, 1 / WARM_UP));
      const measured = (await runRounds(workloads, present, plan, askChecked, warmUp)).map(measuredRow);
      const rows = withRatios([...measured, ...derivedRows(measured)], CPYTHON);
      const text = (): string =>
        `One collection; ratio to ${CPYTHON}: median over rounds and its interval\n${table(rows)}\n` +
        conditions(present, absent, plan);
      return { rows, text, title: `Collections, ratio to ${CPYTHON}` };
    });
  },
});
