/** What the commands have in common: their options, the contenders they ask for, and how they end. */

import { cpus } from "node:os";

import type { CAC } from "cac";

import { TLSF, type Field } from "./contenders.js";
import { isPinned } from "./process.js";

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

/** The field reduced to the contenders that `--only` asks for. */
export function select(field: Field, only: string | undefined): Field {
  const wanted = wantedBy(only);
  const contenders = field.contenders.filter(({ name }) => wanted(name));
  const first = contenders[0];
  if (first === undefined) throw new Error(`--only ${only}: no such contender`);
  const reference = [field.reference, TLSF].find((name) =>
    contenders.some((contender) => contender.name === name),
  );
  return { ...field, contenders, reference: reference ?? first.name };
}

/** The conditions of a run, for people. */
export function conditions(field: Field, rounds: number, seed: number): string {
  const processor = cpus()[0]?.model.trim() ?? "unknown processor";
  const versions = new Set(field.contenders.filter(({ isFloor }) => !isFloor).map(({ version }) => version));
  return [
    `${processor}; ${rounds} rounds, seed ${seed}, processor time${isPinned() ? ", pinned to one processor" : ""}.`,
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
