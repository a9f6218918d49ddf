/**
 * Fills 160 MB with blocks of 16 bytes while JavaScript objects are alive: growth-worker.js MODULE SLOTS PAIRS, the module
 * with the probe of grow-probe.ts. Prints what it saw as JSON. Every memory.grow can make V8 collect its own heap, whose
 * cost depends on what is alive there: that is what this measures.
 */

import { processorNs } from "../lib/clock.js";
import { PORTION, workloadNamed } from "../lib/micro.js";
import { instantiate } from "../lib/module.js";
import { probeImports } from "./probe.js";

/** Of one filling. */
export interface Filling {
  /** Processor time a block, in all and in memory.grow alone. */
  readonly nsPerBlock: number;
  readonly nsInGrow: number;
  readonly growCalls: number;
  /** The memory at the end. */
  readonly bytes: number;
}

interface Pair {
  readonly object: { value: number };
  readonly array: number[];
}

const [file = "", slots = "", pairs = ""] = process.argv.slice(2);
const alive: Pair[] = Array.from({ length: Number(pairs) }, (_, value) => ({
  object: { value },
  array: [value],
}));
const grown = { calls: 0, ns: 0 };
const { exports, memory } = instantiate(file, Number(slots), probeImports(grown));
const { number, units } = workloadNamed("bulk alloc 10M");

exports.setup(number);
Object.assign(grown, { calls: 0, ns: 0 });
const start = processorNs();
for (let done = 0; done < units; done += PORTION) exports.step(number, Math.min(PORTION, units - done));
const ns = processorNs() - start;
const filling: Filling = {
  nsPerBlock: ns / units,
  nsInGrow: grown.ns / units,
  growCalls: grown.calls,
  bytes: memory.buffer.byteLength,
};
console.log(JSON.stringify(filling));
if (alive.length !== Number(pairs)) process.exitCode = 1; // keeps them alive to the end
