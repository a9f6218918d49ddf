/** Inputs played in a heap under a recorder, for reports. */

import { createHeap, type Heap } from "tallyheap";

import { countContainers, nodeCount, type Graph } from "../../bench/lib/graph.js";
import { buildTypes } from "../../bench/lib/graph-types.js";
import type { Trace } from "../../bench/lib/trace.js";
import { CHUNK, eachChunk } from "../../bench/replay/chunks.js";
import { heapReplayer } from "../../bench/replay/typescript-replay.js";
import { MEMALIGN_SIZE_BITS, OP_FREE, OP_MEMALIGN } from "../../bench/lib/trace.js";
import { HeapRecorder } from "./recorder.js";
import type { ReportData } from "./report-data.js";

/** Samples over a trace, and while a graph is built. */
const TRACE_SAMPLES = 500;
const GRAPH_SAMPLES = 80;
const MEMALIGN_SIZE_MASK = 2 ** MEMALIGN_SIZE_BITS - 1;

/** Bytes live after each operation, and the operation after which most are. */
function liveBytes(trace: Trace): { after: Float64Array; peakAt: number } {
  const after = new Float64Array(trace.opCount);
  let live = 0;
  let peakAt = 0;
  for (let i = 0; i < trace.opCount; i++) {
    const op = trace.ops[i]! & 7;
    const size = op === OP_MEMALIGN ? trace.sizes[i]! & MEMALIGN_SIZE_MASK : trace.sizes[i]!;
    live += (op === OP_FREE ? 0 : size) - trace.previous[i]!;
    after[i] = live;
    if (live > after[peakAt]!) peakAt = i;
  }
  return { after, peakAt };
}

/** A heap as it is when a trace has most bytes live. */
export function replayToPeak(trace: Trace): Heap {
  const { peakAt } = liveBytes(trace);
  const heap = createHeap({ onLeak: () => {} });
  const replayer = heapReplayer(heap, heap, trace.slotCount);
  eachChunk({ opCount: peakAt + 1, drainCount: 0 }, CHUNK, (from, count) => {
    replayer.load(trace, from, count);
    replayer.replay(count);
  });
  return heap;
}

/** The report of a trace: memory as the program's calls went on, the arenas at the peak and at the end. */
export function watchTrace(trace: Trace, tick: (share: number) => void): ReportData {
  const { after, peakAt } = liveBytes(trace);
  const heap = createHeap({ onLeak: () => {} });
  const replayer = heapReplayer(heap, heap, trace.slotCount);
  const recorder = new HeapRecorder(heap, { title: `Trace ${trace.name}`, axis: "operations" });
  recorder.sample(0, 0);
  const step = Math.min(CHUNK, Math.ceil(trace.opCount / TRACE_SAMPLES));
  // A chunk ends at the peak, so that the map is of that moment.
  const play = (start: number, end: number): void =>
    eachChunk({ opCount: end - start, drainCount: 0 }, step, (from, count) => {
      replayer.load(trace, start + from, count);
      replayer.replay(count);
      const done = start + from + count;
      recorder.sample(done, after[done - 1]!);
      tick(done / trace.opCount);
    });
  play(0, peakAt + 1);
  recorder.snapshot("at the peak");
  recorder.look();
  play(peakAt + 1, trace.opCount);
  const { opCount, peakLiveBytes, peakLiveBlocks, largestBytes } = trace;
  const data = recorder.finish([
    ["Operations", opCount.toLocaleString("en")],
    ["Most bytes live", `${(peakLiveBytes / 2 ** 20).toFixed(2)} MiB`],
    ["Most blocks live", peakLiveBlocks.toLocaleString("en")],
    ["Largest block", `${largestBytes.toLocaleString("en")} B`],
  ]);
  heap.verify();
  heap.dispose();
  return {
    ...data,
    notes: [
      "Size classes and types are those of the peak.",
      "A trace has blocks and no objects: there are no holders, no collections and no allocation sites, and types are sizes of blocks.",
    ],
  };
}

/** The report of an object graph: built with automatic collection on, then collected in each generation. */
export function watchGraph(graph: Graph, tick: (share: number) => void): ReportData {
  const heap = createHeap({ onLeak: () => {} });
  const recorder = new HeapRecorder(heap, { title: `Object graph ${graph.name}` });
  recorder.sample();
  const step = Math.ceil(nodeCount(graph) / GRAPH_SAMPLES);
  const roots = buildTypes(heap, graph, (node) => {
    if (node % step !== 0) return;
    recorder.sample();
    tick(node / nodeCount(graph));
  });
  recorder.sample();
  for (const root of roots) heap.own(root);
  for (const generation of [0, 1, 2] as const) heap.gc(generation);
  recorder.sample();
  const data = recorder.finish([
    ["Objects", nodeCount(graph).toLocaleString("en")],
    ["Containers", countContainers(graph).toLocaleString("en")],
    ["References", graph.targets.length.toLocaleString("en")],
  ]);
  heap.dispose();
  return data;
}

/** The report of an image: what the heap was when it was taken. */
export function watchImage(name: string, heap: Heap): ReportData {
  const recorder = new HeapRecorder(heap, { title: `Heap ${name}` });
  const data = recorder.finish([], "in the image");
  return { ...data, notes: [...data.notes, "An image is of one moment: no memory over time, no pauses."] };
}
