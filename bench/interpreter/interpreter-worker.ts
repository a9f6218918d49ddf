/**
 * One contender of bench:interpreter: interpreter-worker.js CONTENDER [BUILD]. The first line says what it is; then each line
 * of input names a workload and is answered with the ns of an iteration or round and the number that it gave, or with - if the
 * contender does not have it.
 */

import { createInterface } from "node:readline";

import { createHeap } from "tallyheap";

import { processorNs } from "../lib/clock.js";
import { loadScheme, schemePrograms, type Scheme } from "../lib/scheme.js";
import { PROGRAMS } from "./code.js";
import { HeapMachine } from "./heap-machine.js";
import { PlainMachine } from "./plain-machine.js";

const ITERATIONS = 300_000;
/** A sample of a program takes about so long. */
const SAMPLE_NS = 100e6;

const [contender = "", build] = process.argv.slice(2);
const isPlain = contender === "plain";
const options = { taggedInts: true, checks: contender !== "trusted" };
const heap = createHeap(options);
const machine = isPlain ? new PlainMachine() : new HeapMachine(heap);

/** The ns of an iteration of a loop, and its result. */
function measureLoop(code: Int32Array): string {
  const start = processorNs();
  const result = machine.run(code);
  const ns = (processorNs() - start) / ITERATIONS;
  heap.reclaim();
  heap.verify();
  return `${ns} ${result}`;
}

/** Interpreters that have run their program, and how many rounds a sample has. */
const started = new Map<string, { readonly scheme: Scheme; rounds: number }>();

async function startScheme(definitions: string): Promise<Scheme> {
  const { Interpreter, PlainInterpreter } = await loadScheme(build);
  // An interpreter of another checkout makes its heap itself, as it can.
  const scheme = isPlain
    ? new PlainInterpreter()
    : build === undefined
      ? new Interpreter({}, createHeap(options))
      : new Interpreter({});
  scheme.run(definitions);
  return scheme;
}

/** The ns of a round, and the value that all rounds had. */
async function measureProgram({
  name,
  definitions,
  expression,
}: (typeof schemePrograms)[number]): Promise<string> {
  let own = started.get(name);
  if (own === undefined) started.set(name, (own = { scheme: await startScheme(definitions), rounds: 1 }));
  for (;;) {
    const { scheme, rounds } = own;
    const start = processorNs();
    let value = "";
    for (let i = 0; i < rounds; i++) value = scheme.run(expression);
    const ns = processorNs() - start;
    if (ns > SAMPLE_NS / 2) return `${ns / rounds} ${value}`;
    own.rounds = Math.max(rounds + 1, Math.round((rounds * SAMPLE_NS) / Math.max(ns, SAMPLE_NS / 8)));
  }
}

async function measure(name: string): Promise<string> {
  const loop = PROGRAMS[name];
  if (loop !== undefined) return build === undefined ? measureLoop(loop(ITERATIONS)) : "-";
  const program = schemePrograms.find((candidate) => candidate.name === name);
  return program === undefined ? "-" : measureProgram(program);
}

console.log(`Node ${process.versions.node}`);
for await (const line of createInterface({ input: process.stdin })) console.log(await measure(line));
