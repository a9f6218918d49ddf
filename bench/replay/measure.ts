/**
 * Measures contenders on traces: in each round every contender once, in shuffled order, each in a new process. The
 * first pass of that process is the cold figure, the median of the others the warm one. Contents and memory are
 * checked once, in processes that are not timed.
 */

import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import type { Contender } from "../lib/contenders.js";
import { writeFlat } from "./flat.js";
import { buildDir } from "../lib/paths.js";
import { runLines } from "../lib/process.js";
import { randomFrom, shuffled } from "../lib/random.js";
import { ratioTo, type Row } from "../lib/results.js";
import { median } from "../lib/statistics.js";
import type { Trace } from "./trace.js";

export interface Plan {
  readonly rounds: number;
  /** Start no further round after this many ms, but do `leastRounds`. */
  readonly budgetMs?: number;
  readonly leastRounds?: number;
  readonly seed: number;
  /** Timed passes for a trace of this many operations. */
  passes(opCount: number): number;
}

export interface Memory {
  /** Peak extent of the heap in bytes on the first pass and over five; natively growth of the peak resident memory. */
  readonly firstPass: number;
  /** After the last pass of the inspection; the fifth unless the caller asked for fewer. */
  readonly fifthPass: number;
}

export interface Measurement {
  readonly trace: Trace;
  readonly contender: Contender;
  /** ns an operation, one sample a round. */
  readonly warm: number[];
  readonly cold: number[];
  /** Absent for a floor, which has no heap. */
  memory?: Memory;
}

/** Full measurement: passes enough for some tenths of a second. */
export const fullPasses = (opCount: number): number => Math.min(15, Math.max(5, Math.ceil(6e6 / opCount)));
/** For a first impression: wasm is in optimised code after the first pass. */
export const quickPasses = (opCount: number): number => Math.min(6, Math.max(3, Math.ceil(2e6 / opCount)));

/** The memory of a heap is known after five passes; one is enough for contents. */
const INSPECTED_PASSES = 5;

export interface Prepared {
  readonly trace: Trace;
  readonly file: string;
}

export function prepareTrace(trace: Trace): Prepared {
  const id = createHash("sha256").update(trace.ops).update(trace.sizes).digest("hex").slice(0, 16);
  const file = join(buildDir, "traces", `${id}.flat`);
  writeFlat(trace, file);
  return { trace, file };
}

function numbers(lines: readonly string[]): number[] {
  return lines.filter((line) => line.startsWith("pass ")).map((line) => Number(line.slice(5)));
}

/** Times all contenders on all traces. `tick` is called after each process. */
export async function timeReplays(
  traces: readonly Prepared[],
  contenders: readonly Contender[],
  plan: Plan,
  tick: (label: string) => void,
): Promise<Measurement[]> {
  const random = randomFrom(plan.seed);
  const measurements = traces.flatMap(({ trace }) =>
    contenders.map((contender): Measurement => ({ trace, contender, warm: [], cold: [] })),
  );
  const begin = performance.now();
  for (let round = 0; round < plan.rounds; round++) {
    if (round >= (plan.leastRounds ?? 0) && performance.now() - begin > (plan.budgetMs ?? Infinity)) break;
    for (const { trace, file } of shuffled(traces, random)) {
      const own = measurements.filter((measurement) => measurement.trace === trace);
      for (const { contender, warm, cold } of shuffled(own, random)) {
        tick(`${trace.name}: ${contender.name}`);
        const passes = plan.passes(trace.opCount);
        const [first = NaN, ...rest] = numbers(await runLines(contender.replay(file, passes, "time")));
        cold.push(first / trace.opCount);
        warm.push(median(rest) / trace.opCount);
      }
    }
  }
  return measurements;
}

/**
 * Verifies contents and measures the heap's extent, with every byte of every block written. Fills in `memory`;
 * throws if a contender loses or mixes up contents.
 */
export async function inspectReplays(
  traces: readonly Prepared[],
  measurements: readonly Measurement[],
  tick: (label: string) => void,
  passes = INSPECTED_PASSES,
): Promise<void> {
  const waiting = measurements.filter(({ contender }) => !contender.isFloor);
  const inspectNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { contender, trace } = next;
      const file = traces.find((prepared) => prepared.trace === trace)!.file;
      const extents = numbers(await runLines(contender.replay(file, passes, "inspect"), false));
      next.memory = { firstPass: extents[0] ?? NaN, fifthPass: extents.at(-1) ?? NaN };
      tick(`${trace.name}: ${contender.name}, contents`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, inspectNext));
}

/** Rows as the commands print them. */
export function replayRows(measurements: readonly Measurement[], reference: string): Row[] {
  return measurements.map(({ trace, contender, warm, cold, memory }) => {
    const other = measurements.find((m) => m.trace === trace && m.contender.name === reference);
    const own = {
      workload: trace.name,
      contender: contender.name,
      unit: "ns/op",
      samples: warm,
      median: median(warm),
    };
    const coldRatio = other && { ratio: ratioTo(reference, cold, other.cold) };
    const relative = (bytes: number): number => bytes / trace.peakLiveBytes;
    return {
      ...own,
      version: contender.version,
      ...(other && { ratio: ratioTo(reference, warm, other.warm) }),
      cold: { samples: cold, median: median(cold), ...coldRatio },
      ...(memory && {
        memory: { firstPass: relative(memory.firstPass), fifthPass: relative(memory.fifthPass) },
      }),
    };
  });
}
