/**
 * `npm run -s bench:assemblyscript -- [options] [PROGRAM…]`: AssemblyScript programs on this heap (assembly/rt) beside
 * the compiler's own runtimes: time, linear memory, and the size of the program.
 */

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { chosen, conditions, runBench, selected } from "../lib/options.js";
import { buildDir, root } from "../lib/paths.js";
import { nodeCommand, runLines } from "../lib/process.js";
import { find, makeRow, meanOfRatios, ratioTo, type Row } from "../lib/results.js";
import { runRounds } from "../lib/rounds.js";
import { fixed, makeTable, withInterval } from "../lib/table.js";
import type { Run } from "./assemblyscript-worker.js";

const OWN = "tallyheap";
const OTHERS = ["minimal", "incremental"] as const;

/** Steps of a run: some tenths of a second. What each does, bench/assembly/programs.ts says. */
const PROGRAMS = [
  { name: "trees", about: "131,071 objects live, trees of 2047 die", steps: 2000 },
  { name: "mix", about: "strings, arrays and small maps", steps: 100_000 },
  { name: "map", about: "20,000 entries, replaced and renewed", steps: 400_000 },
  { name: "full", about: "full collection of a million objects", steps: 20 },
];

const compiler = JSON.parse(readFileSync(join(root, "node_modules/assemblyscript/package.json"), "utf8")) as {
  version: string;
};

const fileOf = (name: string): string => join(buildDir, `contenders/program-${name}.wasm`);

const CONTENDERS = [OWN, ...OTHERS].map((name) => ({ name, version: `assemblyscript ${compiler.version}` }));

/** A line a program: time of a step and linear memory of each contender, and the ratios. */
function table(rows: readonly Row[], names: readonly string[]): string {
  const others = OTHERS.filter((name) => names.includes(name));
  const body = PROGRAMS.filter(({ name }) => rows.some(({ workload }) => workload === name)).map(
    ({ name, about }) => {
      const cells = (workload: string, unit: number, digits: number): string[] =>
        names.map((contender) => fixed((find(rows, workload, contender)?.median ?? NaN) / unit, digits));
      const ratios = others.map((other) => {
        const [own, reference] = [find(rows, name, OWN), find(rows, name, other)];
        return own && reference ? withInterval(ratioTo(other, own.samples, reference.samples)) : "–";
      });
      return [
        `${name}: ${about}`,
        ...cells(name, 1000, 2),
        ...ratios,
        ...cells(`${name}: memory`, 2 ** 20, 2),
      ];
    },
  );
  const means = others.map((other) => {
    const pairs = PROGRAMS.flatMap(({ name }) => {
      const [own, reference] = [find(rows, name, OWN), find(rows, name, other)];
      return own && reference ? [ratioTo(other, own.samples, reference.samples).samples] : [];
    });
    return withInterval(meanOfRatios(pairs));
  });
  body.push(["geometric mean", ...names.map(() => ""), ...means, ...names.map(() => "")]);
  const head = [
    ...["", ...names.map((name) => `${name}, µs`), ...others.map((other) => `to ${other}`)],
    ...names.map((name) => `${name}, MiB`),
  ];
  return makeTable(head, body);
}

await runBench({
  name: "bench:assemblyscript",
  args: "[...programs]",
  about: `Programs compiled by asc with this heap as their runtime, and with its own: ${PROGRAMS.map(({ name }) => name).join(", ")}`,
  quick: "",
  async run(given, options, plan) {
    const programs = chosen(PROGRAMS, given);
    const contenders = selected(CONTENDERS, options.only);
    const cells = await runRounds(programs, contenders, plan, async ({ name, steps }, contender) => {
      const collects = contender.name === "minimal" && name !== "full" ? 1 : 0;
      const args = [fileOf(contender.name), name, steps, collects];
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
    const sizes = names.map((name) => `${name} ${statSync(fileOf(name)).size} bytes`);
    const text = (): string =>
      [
        "A step of each program; minimal's host collects twenty times in a run",
        table(rows, names),
        `The program: ${sizes.join(", ")}.`,
        conditions(contenders, [], plan),
      ].join("\n");
    return { rows, text };
  },
});
