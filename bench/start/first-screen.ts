/**
 * The first screen's lines, computed from what was measured: who wins, one bar a trace, the memory, what to do next.
 * With the picture of the arenas between them they are at most as many as a small terminal shows.
 */

import { CALLED, DLMALLOC, INLINED, NATIVE_PEERS, TLSF, type Field } from "../lib/contenders.js";
import { conditions } from "../lib/options.js";
import { contenders, find, workloads, type Row } from "../lib/results.js";
import type { Plan } from "../lib/rounds.js";
import { geometricMean, median } from "../lib/statistics.js";
import { coldTable, fixed, memoryTable, ratioTable, timesTable } from "../lib/table.js";
import { bar, compare, fastest, inNumbers, inWords, meanAgainst, wrap, type Verdict } from "./screen.js";

/** With the four that npm itself prints, 24. */
const LINES = 20;
/** Of the arenas. */
const PICTURE_LINES = 3;
const LABEL = 18;
const CELL = 12;
const BAR = 6;
/** A full bar. */
const MOST = 1.5;

const NEXT = [
  "npm run bench:record -- my.atrc.gz -- PROGRAM   your own program's trace",
  "npm run example:assemblyscript                  a module linked to the heap",
  "npm run bench:replay -- --plot chart.html       everything measured, as a chart",
];

/** What is above the picture of the arenas, and what below. */
export interface FirstScreen {
  readonly above: readonly string[];
  readonly below: readonly string[];
}

/** `objects` are the lines about them. */
export function firstScreen(
  version: string,
  { reference, absent }: Pick<Field, "reference" | "absent">,
  rows: readonly Row[],
  objects: readonly string[],
): FirstScreen {
  const native = fastest(rows, NATIVE_PEERS, reference);
  const wasm = fastest(rows, [TLSF, DLMALLOC], reference);
  const names = [...new Set([INLINED, CALLED, reference, native, wasm])].filter(
    (name): name is string => name !== undefined,
  );
  // Both forms have the same memory.
  const heaps = names.filter((name) => name !== INLINED);
  const missing = absent.map((line) => line.replace(/:.*/, "")).join(", ");
  const figures = [...barLines(rows, names, reference), memoryLine(rows, heaps)];
  const below = [...(missing === "" ? [] : wrap(`Not here: ${missing}.`)), "", ...NEXT];
  // Names of programs, then blank lines, give way where that is said, or where the verdict is a long one.
  const needed = figures.length + objects.length + PICTURE_LINES + below.filter((line) => line !== "").length;
  const said = sentences(version, rows, reference, native, LINES - needed);
  const above = [...said, "", ...figures, "", ...objects, ""];
  let excess = Math.max(0, above.length + PICTURE_LINES + below.length - LINES);
  const tidy = (line: string): boolean => line !== "" || excess-- <= 0;
  return { above: above.filter(tidy), below: below.filter(tidy) };
}

/** Everything that was measured, for those who ask for it. `passes` are those after which memory was looked at. */
export function wholeTable(field: Field, rows: readonly Row[], plan: Plan, passes: number): string {
  return [
    `ns an operation\n${timesTable(rows)}`,
    `ratio to ${field.reference}\n${ratioTable(rows)}`,
    `first pass in a new process, ratio to ${field.reference}\n${coldTable(rows)}`,
    `peak extent over peak live bytes, first pass / after ${passes}\n${memoryTable(rows)}`,
    `${contenders(rows).length} contenders. ${conditions(field.contenders, field.absent, plan)}`,
  ].join("\n\n");
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

/** In at most `room` lines: with numbers of programs in place of their names if need be. */
function sentences(
  version: string,
  rows: readonly Row[],
  reference: string,
  native: string | undefined,
  room: number,
): string[] {
  const mean = (name: string): string => fixed(meanAgainst(rows, name, reference), 2);
  const count = workloads(rows).length;
  const start = `tallyheap ${version} in wasm on Node ${process.versions.node}, the heap calls of ${count} real programs: ${mean(INLINED)} of ${reference}'s time inlined, ${mean(CALLED)} called`;
  const peer = native ? `; ${native}, the fastest native one here, ${mean(native)}` : "";
  const rival = native ?? reference;
  const [inlined, called] = [INLINED, CALLED].map((name) => compare(rows, name, rival)) as [Verdict, Verdict];
  const full = wrap(
    `${start}${peer}. Against ${rival}, inlined: ${inWords(inlined)}; called: ${inWords(called)}.`,
  );
  if (full.length <= room) return full;
  const brief = native ? `; ${native} ${mean(native)}` : "";
  return wrap(
    `${start}${brief}. Faster, slower, within noise against ${rival}: ${inNumbers(inlined)} inlined; ${inNumbers(called)} called.`,
  );
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
