import type { CAC } from "cac";
import { createHeap, type Heap } from "tallyheap";

import { buildTypes } from "../../../bench/lib/graph-types.js";
import { writeFile } from "../../../bindings/link/output.js";
import { readInputOf } from "../inputs.js";
import { print } from "../output.js";
import { graphOfProgram } from "../python.js";

interface Options {
  json?: boolean;
  output?: string;
}

export function addSnapshot(cli: CAC): void {
  cli
    .command(
      "snapshot <file>",
      "Write a heap for Chrome DevTools: of a Python program, an object graph or an image",
    )
    .option("-o, --output <file>", "The snapshot (default: the input's name with .heapsnapshot)")
    .example("  tallyheap-cli snapshot program.py -o program.heapsnapshot")
    .example("  tallyheap-cli snapshot bench/data/graphs/imports.graph.gz")
    .example("  tallyheap-cli snapshot state.image")
    .action(snapshot);
}

function snapshot(input: string, { json, output }: Options): void {
  const { heap, name } = heapOf(input);
  const file = String(output ?? `${name}.heapsnapshot`);
  let bytes = 0;
  writeFile(file, (write) =>
    heap.heapSnapshot((chunk) => {
      write(chunk);
      bytes += Buffer.byteLength(chunk);
    }),
  );
  const { heapUsed } = heap.stats();
  const objects = heap.census().entries.reduce((sum, { count }) => sum + count, 0);
  print(
    { file, bytes, objects, heapUsed },
    json,
    () =>
      `${file}: ${objects} objects and blocks, ${heapUsed} bytes of heap; DevTools opens it: Memory, Load profile`,
  );
}

/** The heap that an input describes. */
export function heapOf(input: string): { heap: Heap; name: string } {
  if (!input.endsWith(".py")) {
    const read = readInputOf(input, "graph", "image");
    if (read.kind === "image") return read;
    return { heap: heapOfGraph(read.graph), name: read.name };
  }
  const graph = graphOfProgram(input);
  return { heap: heapOfGraph(graph), name: graph.name };
}

function heapOfGraph(graph: Parameters<typeof buildTypes>[1]): Heap {
  const heap = createHeap({ autoCollect: false, onLeak: () => {} });
  for (const root of buildTypes(heap, graph)) heap.own(root);
  return heap;
}
