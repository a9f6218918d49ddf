import type { CAC } from "cac";
import { createHeap } from "tallyheap";

import { wholeNumber } from "../../../bench/lib/options.js";
import { startProgress } from "../../../bench/lib/progress.js";
import { median } from "../../../bench/lib/statistics.js";
import { makeTable } from "../../../bench/lib/table.js";
import type { Trace } from "../../../bench/lib/trace.js";
import { inspectPass, timePass } from "../../../bench/replay/chunks.js";
import { heapReplayer } from "../../../bench/replay/typescript-replay.js";
import { UsageError } from "../../../bindings/link/failure.js";
import { readInputOf } from "../inputs.js";
import { print } from "../output.js";

interface Options {
  json?: boolean;
  passes?: string | number;
  raw?: boolean;
}

const PASSES = 5;

export function addReplay(cli: CAC): void {
  cli
    .command("replay <...traces>", "Replay allocation traces: time, memory, contents")
    .option("--passes <n>", `Timed passes over each trace (default ${PASSES})`)
    .option("--raw", "Call heap.raw, which does not check pointers")
    .example("  tallyheap-cli replay my.atrc.gz")
    .example("  tallyheap-cli replay --json bench/data/traces/*.atrc.gz")
    .action(replay);
}

function replay(files: string[], { json, raw = false, passes: wanted }: Options): void {
  const passes = readCount("passes", wanted, PASSES);
  const traces = files.map((file) => readInputOf(file, "trace").trace);
  const progress = startProgress(traces.length * (passes + 1));
  const rows: ReturnType<typeof measure>[] = [];
  try {
    for (const trace of traces) rows.push(measure(trace, passes, raw, (label) => progress.tick(label)));
  } finally {
    progress.stop();
  }
  print(rows, json, () =>
    makeTable(
      ["trace", "operations", "ns/op", "peak live", "peak extent", "extent / live", "arenas"],
      rows.map((row) => [
        row.workload,
        String(row.operations),
        row.median.toFixed(1),
        mib(row.peakLiveBytes),
        mib(row.peakExtentBytes),
        (row.peakExtentBytes / row.peakLiveBytes).toFixed(2),
        String(row.arenas),
      ]),
    ),
  );
}

/** One heap for the contents, which are checked byte by byte, and one for the time. */
function measure(trace: Trace, passes: number, raw: boolean, tick: (label: string) => void) {
  tick(`${trace.name}: contents`);
  const checked = createHeap();
  const peakExtentBytes = inspectPass(
    trace,
    heapReplayer(checked, raw ? checked.raw : checked, trace.slotCount),
  );
  const arenas = checked.stats().arenasHighWater;
  checked.dispose();
  const heap = createHeap();
  const replayer = heapReplayer(heap, raw ? heap.raw : heap, trace.slotCount);
  const samples = Array.from({ length: passes }, (_, pass) => {
    tick(`${trace.name}: pass ${pass + 1}`);
    return timePass(trace, replayer) / trace.opCount;
  });
  heap.dispose();
  return {
    workload: trace.name,
    contender: raw ? "tallyheap (raw)" : "tallyheap (checked)",
    unit: "ns/op",
    samples,
    median: median(samples),
    operations: trace.opCount,
    peakLiveBytes: trace.peakLiveBytes,
    peakLiveBlocks: trace.peakLiveBlocks,
    peakExtentBytes,
    arenas,
  };
}

/** A whole number above 0 as an option. */
function readCount(name: string, value: string | number | undefined, fallback: number): number {
  try {
    return wholeNumber(name, value, fallback);
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`;
}
