/**
 * Process of a wasm contender in the micro suite: micro-worker.js MODULE SLOTS WORKLOAD UNITS PORTION. Answers each
 * line of input with the processor time, in ns, of a sample; bench/native/micro.c is its native counterpart.
 */

import { writeSync } from "node:fs";

import { processorNs } from "../lib/clock.js";
import { instantiate } from "../lib/module.js";

const [file = "", ...numbers] = process.argv.slice(2);
const [slots = 0, workload = 0, units = 0, portion = 1] = numbers.map(Number);
const { exports } = instantiate(file, slots);

console.log("allocator wasm");
exports.setup(workload);
process.stdin.on("data", () => {
  const start = processorNs();
  for (let done = 0; done < units; done += portion) exports.step(workload, Math.min(portion, units - done));
  const spent = processorNs() - start;
  exports.rewind(workload);
  writeSync(1, `${spent}\n`);
});
