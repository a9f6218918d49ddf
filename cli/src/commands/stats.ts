import type { CAC } from "cac";
import type { Heap } from "tallyheap";

import { readInput } from "../inputs.js";
import { print } from "../output.js";
import { classesOf } from "../recorder.js";
import { replayToPeak } from "../watched.js";
import { heapOf } from "./snapshot.js";

export function addStats(cli: CAC): void {
  cli
    .command("stats <...files>", "What a heap takes: after a trace's peak, with an object graph, in an image")
    .example("  tallyheap-cli stats bench/data/graphs/imports.graph.gz")
    .example("  tallyheap-cli stats --json my.atrc.gz")
    .action(stats);
}

function stats(files: string[], { json }: { json?: boolean }): void {
  const results = files.map((file) => {
    const { heap, name } = load(file);
    const text = heap.debugMallocStats();
    const result = { name, stats: heap.stats(), classes: classesOf(heap.arenaMap()) };
    heap.dispose();
    return { result, text };
  });
  print(
    results.map(({ result }) => result),
    json,
    () =>
      results.map(({ result, text }) => (files.length > 1 ? `${result.name}\n\n${text}` : text)).join("\n"),
  );
}

function load(file: string): { heap: Heap; name: string } {
  if (file.endsWith(".py")) return heapOf(file);
  const input = readInput(file);
  if (input.kind === "trace") return { heap: replayToPeak(input.trace), name: input.name };
  return heapOf(file);
}
