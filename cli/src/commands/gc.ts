import type { CAC } from "cac";
import { createHeap } from "tallyheap";

import { nodeCount, type Graph } from "../../../bench/lib/graph.js";
import { buildTypes } from "../../../bench/lib/graph-types.js";
import { startProgress } from "../../../bench/lib/progress.js";
import { median } from "../../../bench/lib/statistics.js";
import { makeTable } from "../../../bench/lib/table.js";
import { readInputOf } from "../inputs.js";
import { print } from "../output.js";

const LIVE_COLLECTIONS = 5;

export function addGc(cli: CAC): void {
  cli
    .command(
      "gc <...graphs>",
      "Collections of object graphs: while they are alive, and when they are dropped",
    )
    .example("  tallyheap-cli gc bench/data/graphs/*.graph.gz")
    .example("  tallyheap-cli gc --json imports.graph.gz")
    .action(gc);
}

function gc(files: string[], { json }: { json?: boolean }): void {
  const graphs = files.map((file) => readInputOf(file, "graph").graph);
  const progress = startProgress(graphs.length);
  const rows: ReturnType<typeof measure>[] = [];
  try {
    for (const graph of graphs) {
      progress.tick(graph.name);
      rows.push(measure(graph));
    }
  } finally {
    progress.stop();
  }
  print(rows, json, () =>
    makeTable(
      ["graph", "objects", "tracked", "edges", "alive ms", "dropped ms", "found", "left", "bytes"],
      rows.map((row) => [
        row.workload,
        ...[row.objects, row.tracked, row.edges].map(String),
        row.median.toFixed(2),
        row.droppedMs.toFixed(2),
        ...[row.collected, row.left, row.heapUsed].map(String),
      ]),
    ),
  );
  const leaking = rows.find(({ left }) => left > 0);
  if (leaking)
    throw new Error(`${leaking.workload}: ${leaking.left} objects are left that nothing refers to`);
}

function measure(graph: Graph) {
  const heap = createHeap({ autoCollect: false });
  const roots = buildTypes(heap, graph);
  const timed = (): { ms: number; collected: number } => {
    const start = performance.now();
    const collected = heap.gc();
    return { ms: performance.now() - start, collected };
  };
  timed();
  const samples = Array.from({ length: LIVE_COLLECTIONS }, () => timed().ms);
  const { heapUsed } = heap.stats();
  const tracked = heap.collector.objects().length;
  for (const root of roots) heap.decref(root);
  const dropped = timed();
  heap.verify();
  const left = heap.collector.objects().length;
  heap.dispose();
  return {
    workload: graph.name,
    contender: "tallyheap",
    unit: "ms",
    samples,
    median: median(samples),
    objects: nodeCount(graph),
    tracked,
    edges: graph.targets.length,
    heapUsed,
    droppedMs: dropped.ms,
    collected: dropped.collected,
    left,
  };
}
