// Names, objects and their reference counts, line by line, as Python shows them. Run it with: npm run example:names

import { createHeap } from "tallyheap";
import { assertNoLeaks, checkpoint } from "tallyheap/testing";
import { runLines } from "./names.js";
import { program } from "./program.js";

const WIDTH = 66;

for (const number of [4, 4000]) {
  const remark = number === 4 ? "shared and immortal: its count does not move" : "an object of its own";
  console.log(`\n${number} is ${remark}\n`);
  const heap = createHeap();
  const start = checkpoint(heap);
  const lines = program(number);
  for (const [i, { printed, count }] of runLines(heap, lines).entries()) {
    const [code, watched] = lines[i]!;
    const output = printed.length > 0 ? `  (prints ${printed.join(", ")})` : "";
    console.log(`>>> ${(code + output).padEnd(WIDTH)} getrefcount(${watched}) = ${count}`);
  }
  // The two objects that refer to each other are gone if there is a collector; counts alone do not free them.
  if ("gc" in heap) assertNoLeaks(start);
  heap.verify();
}
console.log("\nheap.verify() passed");
