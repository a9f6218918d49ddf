/**
 * Runs one of the programs of bench/assembly/programs.ts: assemblyscript-worker.js MODULE PROGRAM STEPS PORTIONS COLLECTS.
 * Prints what it saw as JSON. With COLLECTS = 1 the host collects after each portion of steps, as the minimal runtime wants
 * it.
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

/** As a part of all portions, so many come first and are not timed. */
const WARM_UP = 0.2;

const [file = "", name = "", steps = "", portions = "", collects = ""] = process.argv.slice(2);
const imports = { env: { abort: () => {} } };
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), imports);
const program = exports as unknown as Program;
const count = Number(portions);
const portion = Math.ceil(Number(steps) / count);
const work = program[name] as (steps: number) => number;

(program[`${name}Setup`] as () => void)();
for (let i = 0; i < count * WARM_UP; i++) doPortion();
let longest = 0;
const start = processorNs();
for (let i = 0; i < count; i++) {
  const begin = performance.now();
  doPortion();
  longest = Math.max(longest, performance.now() - begin);
}
const ns = (processorNs() - start) / (portion * count);
const run: Run = { ns, longest, bytes: program.memory.buffer.byteLength };
console.log(JSON.stringify(run));

function doPortion(): void {
  work(portion);
  if (collects === "1") program.__collect();
}
