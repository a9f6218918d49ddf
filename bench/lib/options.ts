/** What the commands have in common: their options, the contenders they ask for, and how they end. */

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";

import { cac, type CAC, type Command } from "cac";
import type { Curves } from "tallyheap-cli/report";

import { TLSF, type Contender, type Field } from "./contenders.js";
import { nodeVersion, runOnNode } from "./node.js";
import { plotter } from "./plot.js";
import { isPinned } from "./process.js";
import { newSeed } from "./random.js";
import type { Row, Versioned } from "./results.js";
import type { Plan } from "./rounds.js";

/** Rounds of a measurement that is to be believed, and of a quick look. */
const ROUNDS = 9;
const QUICK_ROUNDS = 3;

export interface CommonOptions {
  json?: boolean;
  rounds?: string | number;
  quick?: boolean;
  seed?: string | number;
  only?: string;
  plot?: string;
}

/** What a benchmark has measured. */
export interface Report {
  readonly rows: readonly Row[];
  /** For people. */
  readonly text: () => string;
  /** Of the chart. */
  readonly title?: string;
  /** What the chart shows, if not ratios. */
  readonly curves?: readonly Curves[];
  /** Whether what was seen is as it has to be. */
  readonly isGood?: boolean;
}

/** A command; what differs between the benchmarks. */
export interface Bench<O> {
  readonly name: string;
  /** Its arguments as the help names them, for example `[...files]`. */
  readonly args?: string;
  readonly about: string;
  /** Rounds without `--rounds`. */
  readonly rounds?: number;
  /** What `--quick` saves besides rounds; without it there is no such option. */
  readonly quick?: string;
  readonly plot?: boolean;
  /** Further options: what stands on the command line, and what the help says. */
  readonly more?: readonly (readonly [option: string, about: string])[];
  run(args: readonly string[], options: O, plan: Plan): Promise<Report>;
}

/** Runs a benchmark as a command, and prints what it reports as its options say. */
export async function runBench<O extends CommonOptions>(bench: Bench<O>): Promise<void> {
  const { rounds = ROUNDS, quick } = bench;
  const cli = cac(bench.name);
  const command = cli.command(bench.args ?? "", bench.about);
  command
    .option("--json", "Print an array of { workload, contender, unit, samples, median, … }")
    .option("--rounds <n>", `Interleaved rounds (default ${rounds})`);
  if (quick !== undefined) command.option("--quick", `${QUICK_ROUNDS} rounds${quick}`);
  command
    .option("--only <names>", "Only contenders whose names contain one of these words, separated by commas")
    .option("--seed <n>", "Seed of the order of contenders");
  if (bench.plot) command.option("--plot <file>", "Write a chart: a page, .html");
  for (const [option, about] of bench.more ?? []) command.option(option, about);
  // Only a command with arguments is given them.
  command.action((...given: unknown[]) => {
    const args = bench.args === undefined ? [] : (given[0] as unknown[]).map(String);
    return report(bench, args, given.at(-1) as O);
  });
  await runCli(cli, command);
}

async function report<O extends CommonOptions>(
  bench: Bench<O>,
  args: readonly string[],
  options: O,
): Promise<void> {
  const plot = options.plot === undefined ? undefined : plotter(options.plot);
  const plan = readPlan(options, bench.rounds);
  const { rows, text, title = bench.about, curves, isGood = true } = await bench.run(args, options, plan);
  const facts: [string, string][] = [
    ["Processor", processorName()],
    ["Node", nodeVersion],
    ["Rounds", String(plan.rounds)],
    ["Seed", String(plan.seed)],
  ];
  plot?.(rows, title, facts, curves);
  // Synchronously: a pipe would otherwise lose what process.exit leaves unwritten.
  writeFileSync(1, options.json ? `${JSON.stringify(rows, null, 1)}\n` : `${text()}\n`);
  if (!isGood) process.exitCode = 1;
}

/** How many rounds, and with which seed. */
export function readPlan(options: CommonOptions, rounds = ROUNDS): Plan {
  return {
    rounds: wholeNumber("rounds", options.rounds, options.quick ? QUICK_ROUNDS : rounds),
    seed: wholeNumber("seed", options.seed, newSeed()),
  };
}

export function wholeNumber(name: string, value: string | number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`--${name} ${value}: must be a whole number above 0`);
  return number;
}

/** Whether a contender's name contains one of the words of `--only`; all do without words. */
export function wantedBy(only: string | undefined): (name: string) => boolean {
  const words = (only ?? "").split(",").map((word) => word.trim().toLowerCase());
  return (name) => words.some((word) => name.toLowerCase().includes(word));
}

/** Those whose names `--only` asks for; throws if there are none. */
export function selected<C extends { readonly name: string }>(
  candidates: readonly C[],
  only: string | undefined,
): C[] {
  const wanted = wantedBy(only);
  const found = candidates.filter(({ name }) => wanted(name));
  if (found.length === 0) throw new Error(`--only ${only}: no such contender`);
  return found;
}

/**
 * The workloads whose names contain one of the given words, of which each has to fit one; `usual` without words.
 */
export function chosen<W extends { readonly name: string }>(
  all: readonly W[],
  words: readonly string[],
  usual: readonly W[] = all,
): readonly W[] {
  const fits = (word: string) => all.filter(({ name }) => name.includes(word));
  const unknown = words.filter((word) => fits(word).length === 0);
  if (unknown.length > 0) {
    const names = all.map(({ name }) => JSON.stringify(name)).join(", ");
    throw new Error(`no workload is called ${unknown.join(" or ")}; there are ${names}`);
  }
  if (words.length === 0) return usual;
  return all.filter((workload) => words.some((word) => fits(word).includes(workload)));
}

/** The field reduced to the contenders that can take part and that `--only` asks for. */
export function select(
  field: Field,
  only: string | undefined,
  takesPart: (contender: Contender) => boolean = () => true,
): Field {
  const contenders = selected(field.contenders.filter(takesPart), only);
  const reference = [field.reference, TLSF].find((name) =>
    contenders.some((contender) => contender.name === name),
  );
  return { ...field, contenders, reference: reference ?? contenders[0]!.name };
}

/** The machine, the Node, the plan, what else ran, and what is not here; for people. */
export function conditions(
  contenders: readonly (Versioned & { readonly isFloor?: boolean })[],
  absent: readonly string[],
  { rounds, seed }: Plan,
): string {
  const pinned = isPinned() ? ", pinned to one processor" : "";
  const measured = contenders.filter(({ isFloor }) => !isFloor);
  const versions = new Set([nodeVersion, ...measured.map(({ version }) => version)]);
  return [
    `${processorName()}; ${rounds} rounds, seed ${seed}, processor time${pinned}.`,
    `${[...versions].join("; ")}.`,
    ...absent.map((line) => `Not here: ${line}.`),
  ].join("\n");
}

function processorName(): string {
  return cpus()[0]?.model.trim() ?? "unknown processor";
}

/** Parses the command line and runs, on another Node if it says so; any error is one message and a failing exit code. */
export async function runCli(cli: CAC, command: Command): Promise<void> {
  command.option("--node <version>", "Run on this Node, 24 or 24.1.0, which npm fetches once");
  cli.help();
  try {
    const { options } = cli.parse(process.argv, { run: false });
    const code = options["node"] === undefined ? undefined : runOnNode(String(options["node"]));
    if (code === undefined) await cli.runMatchedCommand();
    else process.exitCode = code;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
