/**
 * `npm run -s bench:assemblyscript -- [options] [PROGRAM…]`: AssemblyScript programs on this heap (assembly/rt) beside
 * the compiler's own runtimes: time, linear memory, and the size of the program.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { chosen, conditions, runBench, selected } from "../lib/options.js";
import { buildDir, root } from "../lib/paths.js";
import { nodeCommand, runLines } from "../lib/process.js";
import { find, makeRow, meanOfRatios, ratioTo, type Row } from "../lib/results.js";
import { runRounds } from "../lib/rounds.js";
import { fixed, makeTable, withInterval } from "../lib/table.js";
import type { Run } from "./assemblyscript-worker.js";

const OWN = "tallyheap";
const OTHERS = ["minimal", "incremental"] as const;

interface Program {
  readonly name: string;
  readonly about: string;
  /** Of a run, which takes some tenths of a second, and in how many portions they are done. */
  readonly steps: number;
  readonly portions: number;
}

const PORTIONS = 20;

/** What each does, bench/assembly/programs.ts says. */
const PROGRAMS: readonly Program[] = [
  { name: "trees", about: "131,071 objects live, trees of 2047 die", steps: 2000, portions: PORTIONS },
  { name: "mix", about: "strings, arrays and small maps", steps: 100_000, portions: PORTIONS },
  { name: "map", about: "20,000 entries, replaced and renewed", steps: 400_000, portions: PORTIONS },
  { name: "full", about: "full collection of a million objects", steps: 20, portions: PORTIONS },
];
/** Here the longest portion counts, which is a step: how long the program stops. Minimal's host would collect 5000 times. */
const PAUSE: Program = {
  name: "pause",
  about: "a step, a million objects live",
  steps: 5000,
  portions: 5000,
};
const ALL = [...PROGRAMS, PAUSE];

const compiler = JSON.parse(readFileSync(join(root, "node_modules/assemblyscript/package.json"), "utf8")) as {
  version: string;
};

const fileOf = (name: string): string => join(buildDir, `contenders/program-${name}.wasm`);

const CONTENDERS = [OWN, ...OTHERS].map((name) => ({ name, version: `assemblyscript ${compiler.version}` }));

/** Ratios of this heap to another contender, one a round. */
function ratios(rows: readonly Row[], program: string, other: string): readonly number[] | undefined {
  const [own, reference] = [find(rows, program, OWN), find(rows, program, other)];
  return own && reference && ratioTo(other, own.samples, reference.samples).samples;
}

/** Medians of the contenders, in a unit of their own. */
function medians(
  rows: readonly Row[],
  workload: string,
  names: readonly string[],
  unit: number,
  digits: number,
): string[] {
  return names.map((name) => fixed((find(rows, workload, name)?.median ?? NaN) / unit, digits));
}

/** A line a program: time of a step of each contender, and the ratios. */
function timeTable(rows: readonly Row[], programs: readonly Program[], names: readonly string[]): string {
  const others = OTHERS.filter((name) => names.includes(name) && names.includes(OWN));
  const body = programs.map(({ name, about }) => [
    `${name}: ${about}`,
    ...medians(rows, name, names, 1000, 2),
    ...others.map((other) => withInterval(meanOfRatios([ratios(rows, name, other) ?? []]))),
  ]);
  const means = others.map((other) =>
    withInterval(meanOfRatios(programs.flatMap(({ name }) => [ratios(rows, name, other) ?? []]))),
  );
  body.push(["geometric mean", ...names.map(() => ""), ...means]);
  return makeTable(["µs a step", ...names, ...others.map((other) => `to ${other}`)], body);
}

function memoryTable(rows: readonly Row[], programs: readonly Program[], names: readonly string[]): string {
  const body = programs.map(({ name }) => [name, ...medians(rows, `${name}: memory`, names, 2 ** 20, 2)]);
  return makeTable(["linear memory, MiB", ...names], body);
}

function pauseTable(rows: readonly Row[], names: readonly string[]): string {
  const line = (what: string, workload: string, unit: number): string[] => [
    what,
    ...medians(rows, workload, names, unit, 2),
  ];
  return makeTable(
    [`pause: ${PAUSE.about}`, ...names],
    [line("longest step, ms", "pause: longest portion", 1), line("all steps, ms a step", "pause", 1e6)],
  );
}

await runBench({
  name: "bench:assemblyscript",
  args: "[...programs]",
  about: `Programs compiled by asc with this heap as their runtime, and with its own: ${ALL.map(({ name }) => name).join(", ")}`,
  quick: "",
  async run(given, options, plan) {
    const programs = chosen(ALL, given);
    const contenders = selected(CONTENDERS, options.only);
    const cells = await runRounds(programs, contenders, plan, async (program, contender) => {
      const isMinimal = contender.name === "minimal";
      if (isMinimal && program === PAUSE) return undefined;
      const { name, steps, portions } = program;
      const args = [fileOf(contender.name), name, steps, portions, Number(isMinimal && name !== "full")];
      const [line = "{}"] = await runLines(nodeCommand("assemblyscript/assemblyscript-worker.js", args));
      return JSON.parse(line) as Run;
    });
    const rows = cells.flatMap(({ workload, contender, answers }) => {
      const row = (what: string, unit: string, of: keyof Run): Row =>
        makeRow(
          { workload: { name: workload.name + what }, contender },
          unit,
          answers.map((answer) => answer[of]),
        );
      return [
        row("", "ns/step", "ns"),
        row(": longest portion", "ms", "longest"),
        row(": memory", "bytes", "bytes"),
      ];
    });
    const names = contenders.map(({ name }) => name);
    const timed = programs.filter((program) => program !== PAUSE);
    const sizes = names.map((name) => {
      const bytes = readFileSync(fileOf(name));
      return `${name} ${bytes.length} bytes, ${gzipSync(bytes).length} gzipped`;
    });
    const text = (): string =>
      [
        `minimal's host collects ${PORTIONS} times in a run`,
        ...(timed.length > 0 ? [timeTable(rows, timed, names), memoryTable(rows, timed, names)] : []),
        ...(programs.includes(PAUSE) ? [pauseTable(rows, names)] : []),
        `The program: ${sizes.join("; ")}.`,
        conditions(contenders, [], plan),
      ].join("\n");
    return { rows, text };
  },
});
