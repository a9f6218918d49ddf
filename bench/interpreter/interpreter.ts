/**
 * `npm run -s bench:interpreter -- [options] [WORKLOAD…]`: loops of a bytecode machine in TypeScript, and five programs in the
 * Scheme of examples/mini-interpreter; over the heap with tagged ints and a stack that is not counted, and over plain values of
 * JavaScript. The same code, the same dispatch, each in a process of its own. `--before BUILD` adds the interpreter of
 * another checkout, by its build/ folder.
 */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import { chosen, conditions, runBench, selected, type CommonOptions } from "../lib/options.js";
import { nodeCommand, withSessions, type Candidate } from "../lib/process.js";
import { find, makeRow, meanOfRatios, withRatios, type Row } from "../lib/results.js";
import { runRounds } from "../lib/rounds.js";
import { schemePrograms } from "../lib/scheme.js";
import { fixed, makeTable } from "../lib/table.js";
import { PROGRAMS } from "./code.js";

interface Options extends CommonOptions {
  before?: string;
}

const PLAIN = "plain JavaScript";

const worker = (...args: string[]) => nodeCommand("interpreter/interpreter-worker.js", args);

const CONTENDERS: readonly Candidate[] = [
  { name: PLAIN, command: worker("plain") },
  { name: "tallyheap (checked)", command: worker("checked") },
  { name: "tallyheap (trusted)", command: worker("trusted") },
];

const WORKLOADS = [...Object.keys(PROGRAMS).map((name) => ({ name })), ...schemePrograms];

function contendersOf({ before }: Options): readonly Candidate[] {
  if (before === undefined) return CONTENDERS;
  const build = resolve(before);
  if (!existsSync(join(build, "examples/mini-interpreter/interpreter.js")))
    throw new Error(`--before ${before}: there is no examples/mini-interpreter/interpreter.js`);
  return [...CONTENDERS, { name: "before", command: worker("before", build) }];
}

function table(rows: readonly Row[], names: readonly string[], workloads: readonly string[]): string {
  const body = workloads.map((workload) => [
    workload,
    ...names.map((name) => {
      const row = find(rows, workload, name);
      if (row === undefined) return "";
      if (name === PLAIN || row.ratio === undefined) return fixed(row.median, 1);
      const { low, high } = row.ratio;
      return `${fixed(row.ratio.median, 2)} (${fixed(low, 2)}–${fixed(high, 2)})`;
    }),
  ]);
  const programs = workloads.filter((name) => schemePrograms.some((program) => program.name === name));
  if (programs.length > 1)
    body.push(["scheme: geometric mean", ...names.map((name) => meanOf(rows, name, programs))]);
  const heads = names.map((name) => (name === PLAIN ? `${name}, ns` : name));
  return makeTable(["", ...heads], body);
}

function meanOf(rows: readonly Row[], name: string, programs: readonly string[]): string {
  const ratios = programs.map((program) => find(rows, program, name)?.ratio?.samples ?? []);
  const mean = name === PLAIN ? undefined : meanOfRatios(ratios);
  return mean === undefined ? "" : `${fixed(mean.median, 2)} (${fixed(mean.low, 2)}–${fixed(mean.high, 2)})`;
}

await runBench<Options>({
  name: "bench:interpreter",
  args: "[...workloads]",
  about:
    "Loops of a bytecode machine and programs of an interpreter, over the heap and over plain JavaScript",
  quick: "",
  more: [["--before <build>", "The build/ folder of another checkout whose interpreter is measured too"]],
  run(words, options, plan) {
    const workloads = chosen(WORKLOADS, words);
    return withSessions(selected(contendersOf(options), options.only), async (present, absent) => {
      const results = new Map<string, string>();
      const ask = async ({ name }: { name: string }, { name: who, session }: (typeof present)[number]) => {
        const [ns = "", result = ""] = (await session.ask(name)).split(" ");
        if (ns === "-") return undefined;
        // All must have done the same work.
        const known = results.get(name) ?? result;
        results.set(name, known);
        if (result !== known) throw new Error(`${name}: ${who} has ${result} instead of ${known}`);
        return Number(ns);
      };
      const cells = await runRounds(workloads, present, plan, ask, ask);
      const rows = withRatios(
        cells.map((cell) => makeRow(cell, "ns", cell.answers)),
        PLAIN,
      );
      const names = present.map(({ name }) => name);
      const text = (): string =>
        [
          "ns an iteration, or a round of the program; for the others the ratio to plain JavaScript in the same round",
          table(
            rows,
            names,
            workloads.map(({ name }) => name),
          ),
          conditions(present, absent, plan),
        ].join("\n");
      return { rows, text };
    });
  },
});
