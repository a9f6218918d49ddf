/**
 * One contender of bench:interpreter: interpreter-worker.js CONTENDER. The first line says what it is; then each line of
 * input names a workload and is answered with the ns of an iteration, or - if the contender does not have it.
 */

import { createInterface } from "node:readline";

import { createHeap } from "tallyheap";

import { processorNs } from "../lib/clock.js";
import { BoxedMachine } from "./boxed-machine.js";
import { PROGRAMS } from "./code.js";
import { HeapMachine } from "./heap-machine.js";

const ITERATIONS = 300_000;

const [contender = ""] = process.argv.slice(2);
const heap = createHeap({ taggedInts: true, checks: contender !== "trusted" });
const machine = contender === "boxed" ? new BoxedMachine() : new HeapMachine(heap);

function measure(name: string): string {
  const program = PROGRAMS[name];
  if (program === undefined) return "-";
  const code = program(ITERATIONS);
  const start = processorNs();
  const result = machine.run(code);
  const ns = (processorNs() - start) / ITERATIONS;
  // Both machines must have done the same work.
  const expected = new BoxedMachine().run(code);
  if (result !== expected) throw new Error(`${name}: ${result} instead of ${expected}`);
  heap.reclaim();
  heap.verify();
  return String(ns);
}

console.log(`Node ${process.versions.node}`);
for await (const line of createInterface({ input: process.stdin })) console.log(measure(line));
