/** What the commands have in common: their options, the contenders they ask for, and how they end. */

import { cpus } from "node:os";

import type { CAC, Command } from "cac";

import { TLSF, type Contender, type Field } from "./contenders.js";
import { isPinned } from "./process.js";
import { newSeed } from "./random.js";

/** Rounds of a measurement that is to be believed, and of a quick look. */
export const ROUNDS = 9;
export const QUICK_ROUNDS = 3;

export interface CommonOptions {
  json?: boolean;
  rounds?: string | number;
  quick?: boolean;
  seed?: string | number;
  only?: string;
  plot?: string;
}

/** What differs between the commands. */
interface Offer {
  /** Rounds without `--rounds`. */
  readonly rounds?: number;
  /** What `--quick` saves besides rounds; without it there is no such option. */
  readonly quick?: string;
  readonly plot?: boolean;
}

/** Gives a command the options that all benchmarks have. */
export function addOptions(command: Command, { rounds = ROUNDS, quick, plot = false }: Offer = {}): Command {
  command
    .option("--json", "Print an array of { workload, contender, unit, samples, median, … }")
    .option("--rounds <n>", `Interleaved rounds (default ${rounds})`);
  if (quick !== undefined) command.option("--quick", `${QUICK_ROUNDS} rounds${quick}`);
  command
    .option("--only <names>", "Only contenders whose names contain one of these words, separated by commas")
    .option("--seed <n>", "Seed of the order of contenders");
  return plot ? command.option("--plot <file>", "Write a chart: .svg or .html") : command;
}

export interface Plan {
  readonly rounds: number;
  readonly seed: number;
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
  const wanted = wantedBy(only);
  const contenders = field.contenders.filter((contender) => takesPart(contender) && wanted(contender.name));
  const first = contenders[0];
  if (first === undefined) throw new Error(`--only ${only}: no such contender`);
  const reference = [field.reference, TLSF].find((name) =>
    contenders.some((contender) => contender.name === name),
  );
  return { ...field, contenders, reference: reference ?? first.name };
}

/** The machine and the plan of a run, for people. */
export function circumstances({ rounds, seed }: Plan): string {
  const processor = cpus()[0]?.model.trim() ?? "unknown processor";
  const pinned = isPinned() ? ", pinned to one processor" : "";
  return `${processor}; ${rounds} rounds, seed ${seed}, processor time${pinned}.`;
}

/** The same with the contenders that took part, and those that are not here. */
export function conditions(field: Field, plan: Plan): string {
  const versions = new Set(field.contenders.filter(({ isFloor }) => !isFloor).map(({ version }) => version));
  return [
    circumstances(plan),
    `${[...versions].join("; ")}.`,
    ...field.absent.map((line) => `Not here: ${line}.`),
  ].join("\n");
}

/** Parses the command line and runs; any error is one message and a failing exit code. */
export async function runCli(cli: CAC): Promise<void> {
  cli.help();
  try {
    cli.parse(process.argv, { run: false });
    await cli.runMatchedCommand();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
