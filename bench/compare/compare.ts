/**
 * `npm run -s bench:compare -- --base DIR [options] [SUITE…] [-- ARGUMENTS]`: this checkout beside another one. In each
 * round every suite runs once in both, one right after the other and in turn first; a row's ratio, base to this, is taken
 * within each round, so that what the machine does in the meantime falls on both.
 */

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { cac } from "cac";

import { addOptions, circumstances, readPlan, runCli, type CommonOptions } from "../lib/options.js";
import { root } from "../lib/paths.js";
import { runLines } from "../lib/process.js";
import { startProgress } from "../lib/progress.js";
import { ratioTo, type Ratio, type Row } from "../lib/results.js";
import { median } from "../lib/statistics.js";
import { fixed, makeTable } from "../lib/table.js";

/** Suites that are compared without being named. */
const USUAL = ["replay", "objects", "gc"];
const ONLY = "tallyheap";
/** A row is slower where its whole interval lies above. */
const LIMIT = 1.05;

interface Options extends CommonOptions {
  base?: string;
  "--"?: string[];
}

/** The compiled command of a suite, as the checkout's own package.json names it. */
function commandOf(checkout: string, suite: string): string {
  const manifest = join(checkout, "package.json");
  if (!existsSync(manifest)) throw new Error(`${checkout}: no checkout, it has no package.json`);
  const { scripts } = JSON.parse(readFileSync(manifest, "utf8")) as { scripts?: Record<string, string> };
  const path = /node (build\/bench\/\S+)$/.exec(scripts?.[`bench:${suite}`] ?? "")?.[1];
  if (path === undefined) throw new Error(`${checkout}: has no suite bench:${suite}`);
  const file = join(checkout, path);
  if (!existsSync(file)) throw new Error(`${file}: is not built; there: npm run build -- --bench`);
  return file;
}

/** What one row had in each round. */
interface Series {
  readonly suite: string;
  readonly workload: string;
  readonly contender: string;
  readonly unit: string;
  readonly base: number[];
  readonly own: number[];
}

/** Whether both sides have a figure of every round; the rest exists in one checkout only. */
const isPaired = ({ base, own }: Series, rounds: number): boolean =>
  base.length === rounds && own.length === rounds;

async function measure(
  base: string,
  suites: readonly string[],
  rounds: number,
  args: readonly string[],
): Promise<Series[]> {
  const sides = (["base", "own"] as const).map((side) => ({ side, checkout: side === "base" ? base : root }));
  // All at once: a missing build is found before anything is measured.
  const commands = new Map(
    sides.flatMap(({ side, checkout }) =>
      suites.map((suite) => [`${side} ${suite}`, commandOf(checkout, suite)] as const),
    ),
  );
  const series = new Map<string, Series>();
  const progress = startProgress(rounds * suites.length * sides.length);
  try {
    for (let round = 0; round < rounds; round++) {
      for (const suite of suites) {
        for (const { side } of round % 2 === 0 ? sides : [...sides].reverse()) {
          progress.tick(`${suite}: ${side}, round ${round + 1}`);
          const file = commands.get(`${side} ${suite}`)!;
          const lines = await runLines({ file: process.execPath, args: [file, ...args] }, false);
          for (const { workload, contender, unit, median: figure } of JSON.parse(lines.join("")) as Row[]) {
            const key = [suite, workload, contender, unit].join("\n");
            const own = series.get(key) ?? { suite, workload, contender, unit, base: [], own: [] };
            own[side].push(figure);
            series.set(key, own);
          }
        }
      }
    }
  } finally {
    progress.stop();
  }
  return [...series.values()];
}

interface Compared extends Row {
  readonly suite: string;
  readonly ratio: Ratio;
  readonly isSlower: boolean;
}

function compared({ suite, workload, contender, unit, base, own }: Series): Compared {
  const ratio = ratioTo("base", own, base);
  const row = { workload, contender, unit, samples: own, median: median(own), version: "this checkout" };
  return { suite, ...row, ratio, isSlower: ratio.low > LIMIT };
}

function table(rows: readonly Compared[], paired: readonly Series[]): string {
  const body = rows.map(({ suite, workload, contender, unit, median: own, ratio, isSlower }, i) => [
    `${suite}: ${workload}`,
    contender,
    unit,
    fixed(median(paired[i]!.base), 2),
    fixed(own, 2),
    fixed(ratio.median, 3),
    `${fixed(ratio.low, 3)}–${fixed(ratio.high, 3)}`,
    isSlower ? "SLOWER" : "",
  ]);
  return makeTable(["", "contender", "unit", "base", "this", "ratio", "interval", ""], body);
}

async function run(named: readonly string[], options: Options): Promise<void> {
  if (options.base === undefined) throw new Error("--base DIR: the checkout to compare with is missing");
  const base = resolve(String(options.base));
  const plan = readPlan(options);
  const args = [
    ...["--json", "--rounds", "1", "--seed", String(plan.seed), "--only", options.only ?? ONLY],
    ...(options.quick ? ["--quick"] : []),
    ...(options["--"] ?? []),
  ];
  const suites = named.length > 0 ? named.map(String) : USUAL;
  const series = await measure(base, suites, plan.rounds, args);
  const paired = series.filter((one) => isPaired(one, plan.rounds));
  const rows = paired.map(compared);
  const slower = rows.filter(({ isSlower }) => isSlower).length;
  if (slower > 0) process.exitCode = 1;
  if (options.json) {
    console.log(JSON.stringify(rows, null, 1));
    return;
  }
  console.log(`This checkout's figure to that of ${base}, median over rounds and its interval`);
  console.log(table(rows, paired));
  for (const { suite, workload, contender, own } of series.filter((one) => !paired.includes(one)))
    console.log(`Only in ${own.length > 0 ? "this" : "base"}: ${suite}: ${workload}, ${contender}.`);
  console.log(`${slower} of ${rows.length} rows slower by more than 5 %, outside of their interval.`);
  console.log(circumstances(plan));
}

const cli = cac("bench:compare");
const command = cli.command(
  "[...suites]",
  `Suites (default ${USUAL.join(", ")}) of this checkout beside another one, both built; -- what the suites get`,
);
addOptions(command, { quick: ", and the suites' own --quick" })
  .option("--base <dir>", "The other checkout")
  .action(run);
await runCli(cli);
