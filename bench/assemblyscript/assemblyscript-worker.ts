/**
 * Runs one of the programs of bench/assembly/programs.ts: assemblyscript-worker.js MODULE PROGRAM STEPS COLLECTS. Prints
 * what it saw as JSON. With COLLECTS = 1 the host collects after each portion of steps, as the minimal runtime wants it.
 */

import { readFileSync } from "node:fs";

import { processorNs } from "../lib/clock.js";

/** Of one process. */
export interface Run {
  /** Processor time of a step. */
  readonly ns: number;
  /** The longest that one portion of steps took, in ms of wall time. */
  readonly longest: number;
  /** The program's linear memory at the end. */
  readonly bytes: number;
}

interface Program {
  readonly memory: WebAssembly.Memory;
  __collect(): void;
  [name: string]: unknown;
}

/** Portions in which the steps are done, and those that come first and are not timed. */
const PORTIONS = 20;
const WARM_UP = 4;

const [file = "", name = "", steps = "", collects = ""] = process.argv.slice(2);
const imports = { env: { abort: () => {} } };
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), imports);
const program = exports as unknown as Program;
const portion = Math.ceil(Number(steps) / PORTIONS);
const work = program[name] as (steps: number) => number;

(program[`${name}Setup`] as () => void)();
let ns = 0;
let longest = 0;
for (let i = 0; i < PORTIONS + WARM_UP; i++) {
  const begin = performance.now();
  const start = processorNs();
  work(portion);
  if (collects === "1") program.__collect();
  if (i < WARM_UP) continue;
  ns += processorNs() - start;
  longest = Math.max(longest, performance.now() - begin);
}
const run: Run = { ns: ns / (portion * PORTIONS), longest, bytes: program.memory.buffer.byteLength };
console.log(JSON.stringify(run));
