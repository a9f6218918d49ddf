/**
 * `npm run -s bench:compare -- --base DIR [options] [SUITE…] [-- ARGUMENTS]`: this checkout beside another one. In each
 * round every suite runs once in both, one right after the other; a row's ratio, base to this, is taken within each round,
 * so that a change of the machine's speed falls on both.
 */

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { nodeVersion } from "../lib/node.js";
import { conditions, runBench, type CommonOptions } from "../lib/options.js";
import { root } from "../lib/paths.js";
import { runLines } from "../lib/process.js";
import { find, makeRow, ratioTo, type Ratio, type Row } from "../lib/results.js";
import { runRounds, type Cell, type Named } from "../lib/rounds.js";
import { bounds, median } from "../lib/statistics.js";
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

interface Checkout extends Named {
  readonly name: "base" | "this";
  readonly folder: string;
}

/** The compiled command of a suite, as the checkout's own package.json names it. */
function commandOf(folder: string, suite: string): string {
  const manifest = join(folder, "package.json");
  if (!existsSync(manifest)) throw new Error(`${folder}: no checkout, it has no package.json`);
  const { scripts } = JSON.parse(readFileSync(manifest, "utf8")) as { scripts?: Record<string, string> };
  const path = /node (build\/bench\/\S+)$/.exec(scripts?.[`bench:${suite}`] ?? "")?.[1];
  if (path === undefined) throw new Error(`${folder}: has no suite bench:${suite}`);
  const file = join(folder, path);
  if (!existsSync(file)) throw new Error(`${file}: is not built; there: npm run build -- --bench`);
  return file;
}

/** A row of both checkouts; its samples are this one's. */
interface Compared extends Row {
  readonly suite: string;
  readonly base: readonly number[];
  readonly ratio: Ratio;
  readonly isSlower: boolean;
}

type SuiteCell = Cell<Named, Checkout, readonly Row[]>;

/** The figures of one row, one a round; undefined if a run has none. */
function figures({ answers }: SuiteCell, { workload, contender, unit }: Row): number[] | undefined {
  const own = answers.map((rows) =>
    find(
      rows.filter((row) => row.unit === unit),
      workload,
      contender,
    ),
  );
  return own.every((row) => row !== undefined) ? own.map((row) => row.median) : undefined;
}

/** The rows of a suite that both checkouts have, and in words those that one of them has alone. */
function pair(suite: string, base: SuiteCell, own: SuiteCell): { rows: Compared[]; single: string[] } {
  const rows: Compared[] = [];
  const single: string[] = [];
  for (const row of own.answers[0] ?? []) {
    const [before, after] = [figures(base, row), figures(own, row)];
    const cell = { workload: { name: row.workload }, contender: { name: row.contender, version: "this" } };
    if (before === undefined || after === undefined) {
      single.push(`Only in this: ${suite}: ${row.workload}, ${row.contender}.`);
      continue;
    }
    const ratio = ratioTo("base", after, before);
    const isSlower = bounds(ratio.samples).low > LIMIT;
    rows.push({ suite, ...makeRow(cell, row.unit, after), base: before, ratio, isSlower });
  }
  for (const row of base.answers[0] ?? [])
    if (figures(own, row) === undefined)
      single.push(`Only in base: ${suite}: ${row.workload}, ${row.contender}.`);
  return { rows, single };
}

function table(rows: readonly Compared[]): string {
  const body = rows.map(({ suite, workload, contender, unit, base, median: own, ratio, isSlower }) => [
    `${suite}: ${workload}`,
    ...[contender, unit, fixed(median(base), 2), fixed(own, 2)],
    ...[fixed(ratio.median, 3), `${fixed(ratio.low, 3)}–${fixed(ratio.high, 3)}`, isSlower ? "SLOWER" : ""],
  ]);
  return makeTable(["", "contender", "unit", "base", "this", "ratio", "interval", ""], body);
}

await runBench<Options>({
  name: "bench:compare",
  args: "[...suites]",
  about: `Suites (default ${USUAL.join(", ")}) of this checkout beside another one, both built; what follows -- goes to them`,
  quick: ", and the suites' own --quick",
  more: [["--base <dir>", "The other checkout"]],
  async run(named, options, plan) {
    if (options.base === undefined) throw new Error("--base DIR: the checkout to compare with is missing");
    const folder = resolve(String(options.base));
    const checkouts: Checkout[] = [
      { name: "base", folder },
      { name: "this", folder: root },
    ];
    const suites = (named.length > 0 ? named : USUAL).map((name) => ({ name }));
    // All at once: a missing build is found before anything is measured.
    for (const { name } of suites) checkouts.forEach((checkout) => commandOf(checkout.folder, name));
    const args = [
      ...["--json", "--rounds", "1", "--seed", String(plan.seed), "--only", options.only ?? ONLY],
      ...(options.quick ? ["--quick"] : []),
      ...(options["--"] ?? []),
    ];
    const cells = await runRounds(suites, checkouts, plan, async ({ name }, checkout) => {
      const file = commandOf(checkout.folder, name);
      const lines = await runLines({ file: process.execPath, args: [file, ...args] }, false);
      return JSON.parse(lines.join("\n")) as Row[];
    });
    const pairs = suites.map((suite) => {
      const [base, own] = checkouts.map((checkout) =>
        cells.find((cell) => cell.workload === suite && cell.contender === checkout),
      );
      return pair(suite.name, base!, own!);
    });
    const rows = pairs.flatMap((one) => one.rows);
    const slower = rows.filter(({ isSlower }) => isSlower).length;
    const text = (): string =>
      [
        `This checkout's figure to that of ${folder}, median over rounds and its interval`,
        table(rows),
        ...pairs.flatMap(({ single }) => single),
        `${slower} of ${rows.length} rows slower by more than 5 %, outside of their interval.`,
        conditions([{ name: "this", version: nodeVersion }], [], plan),
      ].join("\n");
    return { rows, text, isGood: slower === 0 };
  },
});
