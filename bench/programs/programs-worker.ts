/**
 * One program in one heap: programs-worker.js INDEX PROGRAM, where INDEX is the dist/index.js of the heap. The first line
 * says what it is; then each line of input asks for one sample, which is answered with its ms and a number that all heaps
 * must share. A sample is as many rounds of the program as take some tenths of a second.
 */

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

import { processorNs } from "../lib/clock.js";
import { programs } from "./all-programs.js";

const [index = "", name = ""] = process.argv.slice(2);
const program = programs.find((candidate) => candidate.name === name);
if (program === undefined) throw new Error(`no such program: ${name}`);
const { createHeap } = (await import(pathToFileURL(index).href)) as typeof import("tallyheap");
const heap = createHeap();
const round = await program.prepare(heap);

console.log(`Node ${process.versions.node}`);
for await (const line of createInterface({ input: process.stdin })) {
  const rounds = Number(line);
  const start = processorNs();
  let sum = 0;
  for (let i = 0; i < rounds; i++) sum += round();
  const ms = (processorNs() - start) / 1e6 / rounds;
  heap.verify();
  console.log(`${ms} ${sum}`);
}
