/**
 * Contenders on traces: each replay runs in a new process, whose first pass is the cold figure and the median of the others
 * the warm one. Contents and memory are checked once, in processes that are not timed.
 */

import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import type { Contender, Field } from "./contenders.js";
import { writeFlat } from "./flat.js";
import { buildDir } from "./paths.js";
import { runLines } from "./process.js";
import { startProgress } from "./progress.js";
import { makeColdRow, withRatios, type Row } from "./results.js";
import { runRounds, type Plan } from "./rounds.js";
import { median } from "./statistics.js";
import type { Trace } from "./trace.js";

/** A trace as a file that all contenders read. */
export interface Prepared {
  readonly name: string;
  readonly trace: Trace;
  readonly file: string;
}

export interface Replays {
  /** Timed passes for a trace of this many operations. */
  passes(opCount: number): number;
  /** Passes that check contents: the memory of a heap is known after five, one is enough for contents. */
  readonly inspectedPasses?: number;
}

/** Full measurement: passes enough for some tenths of a second. */
export const fullPasses = (opCount: number): number => Math.min(15, Math.max(5, Math.ceil(6e6 / opCount)));
/** For a first impression: wasm is in optimised code after the first pass. */
export const quickPasses = (opCount: number): number => Math.min(6, Math.max(3, Math.ceil(2e6 / opCount)));

export function prepareTrace(trace: Trace): Prepared {
  const id = createHash("sha256").update(trace.ops).update(trace.sizes).digest("hex").slice(0, 16);
  const file = join(buildDir, "traces", `${id}.flat`);
  writeFlat(trace, file);
  return { name: trace.name, trace, file };
}

/** What a replay prints of each of its passes. */
async function runReplay(
  { file }: Prepared,
  contender: Contender,
  passes: number,
  mode: "time" | "inspect",
): Promise<number[]> {
  const lines = await runLines(contender.replay(file, passes, mode), mode === "time");
  return lines.filter((line) => line.startsWith("pass ")).map((line) => Number(line.slice(5)));
}

/** Times and inspects all contenders on all traces. */
export async function replay(
  traces: readonly Trace[],
  { contenders, reference }: Pick<Field, "contenders" | "reference">,
  plan: Plan,
  { passes, inspectedPasses = 5 }: Replays,
): Promise<Row[]> {
  const prepared = traces.map(prepareTrace);
  const cells = await runRounds(prepared, contenders, plan, async (workload, contender) => {
    const { opCount } = workload.trace;
    const [first = NaN, ...rest] = await runReplay(workload, contender, passes(opCount), "time");
    return { cold: first / opCount, warm: median(rest) / opCount };
  });
  const memories = await inspectReplays(cells, inspectedPasses);
  const rows = cells.map((cell, i): Row => {
    const memory = memories[i];
    return { ...makeColdRow(cell, "ns/op"), ...(memory && { memory }) };
  });
  return withRatios(rows, reference);
}

/**
 * Verifies contents and measures the heap's extent, with every byte of every block written: the memory of each pair of a
 * trace and a contender, undefined for a floor, which has no heap. Throws if a contender loses or mixes up contents.
 */
export async function inspectReplays(
  pairs: readonly { readonly workload: Prepared; readonly contender: Contender }[],
  passes: number,
): Promise<Row["memory"][]> {
  const memories = new Array<Row["memory"]>(pairs.length).fill(undefined);
  const waiting = [...pairs.entries()].filter(([, { contender }]) => !contender.isFloor);
  const progress = startProgress(waiting.length);
  const inspectNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [i, { workload, contender }] = next;
      progress.tick(`${workload.name}: ${contender.name}, contents`);
      const extents = await runReplay(workload, contender, passes, "inspect");
      const [firstPass = NaN, fifthPass = NaN] = [extents[0], extents.at(-1)].map(
        (bytes = NaN) => bytes / workload.trace.peakLiveBytes,
      );
      memories[i] = { firstPass, fifthPass };
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, inspectNext));
  } finally {
    progress.stop();
  }
  return memories;
}
