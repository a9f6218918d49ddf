/**
 * A decoded trace as a file that every contender's process maps or reads, so that a trace is decoded once a run.
 * Header of eight u32 words in the machine's byte order, then `ops`, `sizes` and `previous`:
 *
 *     opCount | drainCount | slotCount | largestBytes | peakLiveBytes | peakLiveBlocks | 0 | 0
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import type { Trace } from "./trace.js";

export const FLAT_HEADER_WORDS = 8;

export interface FlatTrace {
  readonly opCount: number;
  readonly drainCount: number;
  readonly slotCount: number;
  readonly largestBytes: number;
  readonly ops: Uint32Array;
  readonly sizes: Uint32Array;
  readonly previous: Uint32Array;
}

export function writeFlat(trace: Trace, file: string): void {
  const count = trace.ops.length;
  const words = new Uint32Array(FLAT_HEADER_WORDS + 3 * count);
  words.set([trace.opCount, trace.drainCount, trace.slotCount, trace.largestBytes]);
  words.set([trace.peakLiveBytes, trace.peakLiveBlocks], 4);
  words.set(trace.ops, FLAT_HEADER_WORDS);
  words.set(trace.sizes, FLAT_HEADER_WORDS + count);
  words.set(trace.previous, FLAT_HEADER_WORDS + 2 * count);
  mkdirSync(dirname(file), { recursive: true });
  // Renamed into place: two runs at once may write the same trace.
  writeFileSync(`${file}.${process.pid}`, words);
  renameSync(`${file}.${process.pid}`, file);
}

export function readFlat(file: string): FlatTrace {
  const bytes = readFileSync(file);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  const [opCount = 0, drainCount = 0, slotCount = 0, largestBytes = 0] = words;
  const count = opCount + drainCount;
  if (words.length !== FLAT_HEADER_WORDS + 3 * count) throw new Error(`${file}: wrong length`);
  const part = (index: number): Uint32Array =>
    words.subarray(FLAT_HEADER_WORDS + index * count, FLAT_HEADER_WORDS + (index + 1) * count);
  return { opCount, drainCount, slotCount, largestBytes, ops: part(0), sizes: part(1), previous: part(2) };
}
