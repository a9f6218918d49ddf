/**
 * `npm start`: the first screen. Replays the bundled traces on what is present, says who wins where, shows objects come
 * and go, collects the graph of a real program, and fills and empties 160 MB. At most 24 lines of 80 columns; fails if
 * contents, what a collection found or the heap's own check are not as they should be.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { cac } from "cac";

import { CALLED, DLMALLOC, INLINED, NATIVE_PEERS, TLSF, assemble, type Field } from "./contenders.js";
import { inspectReplays, prepareTrace, quickPasses, replayRows, timeReplays } from "./measure.js";
import { conditions, runCli } from "./options.js";
import { graphName } from "./graph.js";
import { cycleLine, graphLine, nameLine } from "./lives.js";
import { bundledGraphs, bundledTraces, root } from "./paths.js";
import { startProgress } from "./progress.js";
import { newSeed } from "./random.js";
import { contenders, find, workloads, type Row } from "./results.js";
import { bar, compare, fastest, meanAgainst, wrap } from "./screen.js";
import { geometricMean, median } from "./statistics.js";
import { drawStrip, type StripRow } from "./strip.js";
import { coldTable, fixed, memoryTable, ratioTable, timesTable } from "./table.js";
import { readTrace } from "./trace.js";

/** Rounds end when the time is up: the screen is to stand after a minute on a slow machine, too. */
const ROUNDS = 5;
const LEAST_ROUNDS = 3;
const BUDGET_MS = 30_000;
/** The second pass meets the heap as the first one left it. */
const INSPECTED_PASSES = 2;

/** With the four that npm itself prints, 24. */
const LINES = 20;
const LABEL = 18;
const CELL = 12;
const BAR = 6;
const STRIP_CELLS = 40;
const STRIP_LABEL = 10;
const STRIP_LINES = 3;
/** The smaller one of the bundled graphs: someone waits for the screen. */
const GRAPH = "imports";
/** A full bar. */
const MOST = 1.5;

/** The traces in tallyheap's two forms, natively, and in the best other wasm heap. */
async function measure(all: boolean): Promise<{ field: Field; rows: Row[]; seed: number; rounds: number }> {
  const seed = newSeed();
  const traces = bundledTraces().map((file) => readTrace(file));
  const field = await assemble();
  const wanted = field.contenders.filter(({ kind, isFloor }) => all || (kind !== "typescript" && !isFloor));
  const prepared = traces.map(prepareTrace);
  const progress = startProgress(traces.length * wanted.length * (ROUNDS + 1));
  try {
    const plan = {
      rounds: ROUNDS,
      leastRounds: LEAST_ROUNDS,
      budgetMs: BUDGET_MS,
      seed,
      passes: quickPasses,
    };
    const measurements = await timeReplays(prepared, wanted, plan, progress.tick);
    await inspectReplays(prepared, measurements, progress.tick, INSPECTED_PASSES);
    const rounds = measurements[0]?.warm.length ?? 0;
    return { field, rows: replayRows(measurements, field.reference), seed, rounds };
  } finally {
    progress.stop();
  }
}

function barLines(rows: readonly Row[], names: readonly string[], reference: string): string[] {
  const unit = `${reference} = 1, ${noise(rows, names)}`;
  const head =
    (unit.length < LABEL ? unit : `noise ${noise(rows, names)}`).padEnd(LABEL) +
    workloads(rows)
      .map((workload) => workload.padEnd(CELL))
      .join("");
  const lines = names.map((name) => {
    const cells = workloads(rows).map((workload) => {
      const ratio = find(rows, workload, name)?.ratio?.median ?? NaN;
      return `${bar(ratio, MOST, BAR)} ${fixed(ratio, 2)}`.padEnd(CELL);
    });
    return name.replace(/[()]/g, "").padEnd(LABEL) + cells.join("");
  });
  return [head, ...lines].map((line) => line.trimEnd());
}

function sentences(
  version: string,
  rows: readonly Row[],
  reference: string,
  native: string | undefined,
): string[] {
  const mean = (name: string): string => fixed(meanAgainst(rows, name, reference).median, 2);
  const peer = native ? `; ${native}, the fastest native one here, ${mean(native)}` : "";
  const count = workloads(rows).length;
  const first = `tallyheap ${version} in wasm, on the heap calls of ${count} real programs: ${mean(INLINED)} of ${reference}'s time inlined, ${mean(CALLED)} called${peer}.`;
  const rival = native ?? reference;
  const inlined = compare(rows, INLINED, rival);
  const called = compare(rows, CALLED, rival);
  return wrap(`${first} Against ${rival}, inlined: ${inlined}; called: ${called}.`);
}

function memoryLine(rows: readonly Row[], names: readonly string[]): string {
  const parts = names.map((name) => {
    const own = rows.filter((row) => row.contender === name && row.memory !== undefined);
    const values = own.map((row) => row.memory!.firstPass);
    return `${name.replace(/ \(.*/, "")} ${fixed(geometricMean(values), 2)}`;
  });
  return `peak memory / live: ${parts.join(", ")}`;
}

/** Half the width of a bar's interval in percent, at the median: what a difference must exceed to mean something. */
function noise(rows: readonly Row[], names: readonly string[]): string {
  const widths = rows
    .filter((row) => names.includes(row.contender) && row.ratio !== undefined)
    .map(({ ratio }) => (ratio!.high - ratio!.low) / 2 / ratio!.median);
  return `±${(100 * median(widths.filter((width) => width > 0))).toFixed(0)} %`;
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
  drawStrip(STRIP_CELLS, {
    row: (row) => console.log(line(row)),
    ...(process.stdout.isTTY && { frame: (row: StripRow) => void process.stdout.write(`${line(row)}\r`) }),
  });
}

async function run(options: { all?: boolean }): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const { field, rows, seed, rounds } = await measure(options.all ?? false);
  const { reference } = field;
  const graph = bundledGraphs().find((file) => graphName(file) === GRAPH)!;
  const native = fastest(rows, NATIVE_PEERS, reference);
  const wasm = fastest(rows, [TLSF, DLMALLOC], reference);
  const names = [...new Set([INLINED, CALLED, reference, native, wasm])].filter(
    (name): name is string => name !== undefined,
  );
  const figures = [
    ...sentences(version, rows, reference, native),
    "",
    ...barLines(rows, names, reference),
    memoryLine(
      rows,
      names.filter((name) => name !== INLINED),
    ),
    "",
    nameLine(),
    cycleLine(),
    await graphLine(graph, { rounds: ROUNDS, seed }),
    "",
  ];
  const absent = field.absent.map((line) => line.replace(/:.*/, "")).join(", ");
  const next = [
    ...(absent === "" ? [] : wrap(`Not here: ${absent}.`)),
    "",
    "npm run bench:record -- my.atrc.gz -- PROGRAM   your own program's trace",
    "npm run example:assemblyscript                  a module linked to the heap",
    "npm run bench:replay -- --plot chart.html       everything measured, as a chart",
  ];
  // Blank lines give way where a machine without some peers needs lines to say so.
  const spare = LINES - figures.length - STRIP_LINES - next.length;
  let excess = Math.max(0, -spare);
  const tidy = (line: string): boolean => line !== "" || excess-- <= 0;
  for (const line of figures.filter(tidy)) console.log(line);
  showStrip();
  for (const line of next.filter(tidy)) console.log(line);
  if (options.all) {
    console.log(`\nns an operation\n${timesTable(rows)}\n\nratio to ${reference}\n${ratioTable(rows)}`);
    console.log(`\nfirst pass in a new process, ratio to ${reference}\n${coldTable(rows)}`);
    console.log(
      `\npeak extent over peak live bytes, first pass / after ${INSPECTED_PASSES}\n${memoryTable(rows)}`,
    );
    console.log(`\n${contenders(rows).length} contenders. ${conditions(field, { rounds, seed })}`);
  }
}

const cli = cac("tallyheap");
cli
  .command("", "Replay the bundled traces and show the heap at work")
  .option("--all", "Print the whole table")
  .action(run);
await runCli(cli);
