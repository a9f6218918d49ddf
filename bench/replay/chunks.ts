/**
 * The common part of a replay in Node: passes over the trace, a chunk of operations at a time. The copying of the
 * chunk is not timed, nor is the drain (trace.ts). Prints the lines that bench/native/replay.c prints.
 */

import { processorNs } from "../lib/clock.js";
import type { FlatTrace } from "../lib/flat.js";

export interface Replayer {
  /** Takes over operations `from` to `from + count` of the trace. */
  load(trace: FlatTrace, from: number, count: number): void;
  replay(count: number): void;
  /** The same with contents checked; 0 or the number of a fault. */
  inspect(count: number): number;
  /** Operation of the chunk at which `inspect` failed. */
  faultAt(): number;
  /** Bytes from the heap's base to the highest end that a block has had, so far. */
  extent(): number;
  /** Checks the heap's own structures after a pass; throws if they are broken. */
  verify(): void;
}

/** bench/steps.mjs has the same number. */
export const CHUNK = 16_384;

const FAULTS = ["", "no memory", "misaligned", "not zeroed", "contents changed", "contents lost in realloc"];

export function runPasses(trace: FlatTrace, replayer: Replayer, passes: number, mode: string): void {
  for (let pass = 0; pass < passes; pass++) {
    const result = mode === "inspect" ? inspectPass(trace, replayer, pass) : timePass(trace, replayer);
    console.log(`pass ${result}`);
  }
}

/** Replays a trace once, its drain included; ns of processor time, without the drain. */
export function timePass(trace: FlatTrace, replayer: Replayer): number {
  let spent = 0;
  eachChunk(trace, CHUNK, (from, count) => {
    replayer.load(trace, from, count);
    const start = processorNs();
    replayer.replay(count);
    if (from < trace.opCount) spent += processorNs() - start;
  });
  return spent;
}

/** The same with contents checked, and the heap verified at the end; its extent in bytes. */
export function inspectPass(trace: FlatTrace, replayer: Replayer, pass = 0): number {
  eachChunk(trace, CHUNK, (from, count) => {
    replayer.load(trace, from, count);
    const fault = replayer.inspect(count);
    if (fault === 0) return;
    throw new Error(`${FAULTS[fault]} at operation ${from + replayer.faultAt()} of pass ${pass + 1}`);
  });
  replayer.verify();
  return replayer.extent();
}

/** Visits runs of at most `most` operations, none of which holds both the trace's last operations and the drain. */
export function eachChunk(
  { opCount, drainCount }: Pick<FlatTrace, "opCount" | "drainCount">,
  most: number,
  visit: (from: number, count: number) => void,
): void {
  const total = opCount + drainCount;
  for (let from = 0; from < total;) {
    const count = Math.min(most, (from < opCount ? opCount : total) - from);
    visit(from, count);
    from += count;
  }
}

/** Ends the process with a message and no stack, which would name only this harness. */
export function failOnError(run: () => void): void {
  try {
    run();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
