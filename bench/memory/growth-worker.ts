/**
 * Fills 160 MB with blocks of 16 bytes while JavaScript objects are alive: growth-worker.js MODULE SLOTS PAIRS.
 * Prints the processor time in ns a block, and the memory at the end in bytes. Every memory.grow can make V8 collect
 * its own heap, whose cost depends on what lives there: that is what this measures.
 */

import { processorNs } from "../lib/clock.js";
import { instantiate } from "../lib/module.js";
import { PORTION, workloadNamed } from "../micro/workloads.js";

interface Pair {
  readonly object: { value: number };
  readonly array: number[];
}

const [file = "", slots = "", pairs = ""] = process.argv.slice(2);
const alive: Pair[] = Array.from({ length: Number(pairs) }, (_, value) => ({
  object: { value },
  array: [value],
}));
const { exports, memory } = instantiate(file, Number(slots));
const bulk = workloadNamed("bulk alloc 10M");

exports.setup(bulk.number);
const start = processorNs();
for (let done = 0; done < bulk.units; done += PORTION)
  exports.step(bulk.number, Math.min(PORTION, bulk.units - done));
const spent = processorNs() - start;
console.log(`${spent / bulk.units} ${memory.buffer.byteLength}`);
if (alive.length !== Number(pairs)) process.exitCode = 1; // keeps them alive to the end
