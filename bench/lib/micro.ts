/** The micro workloads of bench/native/micro.c and bench/assembly/micro.ts, and how a contender is timed on one. */

import { Bench } from "tinybench";

import type { Contender } from "./contenders.js";
import { Session } from "./process.js";

export interface MicroWorkload {
  /** As in the output. */
  readonly name: string;
  readonly number: number;
  /** What is counted: the time of a sample is divided by it. */
  readonly unit: "ns/pair" | "ns/op" | "ns/call" | "ns/block";
  /** Units in a sample: some milliseconds, and whole batches, and whole rounds of growth. */
  readonly units: number;
  readonly about: string;
}

const USUAL = 400_000;
const BULK = 10 * 1024 * 1024;

/** In the order of their numbers. */
const list: readonly [name: string, unit: MicroWorkload["unit"], units: number, about: string][] = [
  ["pair 16", "ns/pair", USUAL, "malloc and free of 16 bytes"],
  ["pair 64", "ns/pair", USUAL, "malloc and free of 64 bytes"],
  ["pair 256", "ns/pair", USUAL, "malloc and free of 256 bytes"],
  ["pair 512", "ns/pair", USUAL, "malloc and free of 512 bytes"],
  ["pair 16-512", "ns/pair", USUAL, "malloc and free of 16 to 512 bytes at random"],
  ["batch FIFO", "ns/pair", USUAL, "1,000 blocks of 16 to 512 bytes, freed oldest first"],
  ["batch LIFO", "ns/pair", USUAL, "the same, freed newest first"],
  ["batch random", "ns/pair", USUAL, "the same, freed in random order"],
  ["churn 1k", "ns/op", USUAL, "a random one of 1,024 slots filled (8 to 527 bytes) or emptied"],
  ["churn 64k", "ns/op", USUAL, "the same with 65,536 slots"],
  ["mixed to 10 KB", "ns/op", USUAL, "the same with 4,096 slots and 4 to 10,000 bytes"],
  ["larson 100k", "ns/pair", USUAL, "a random one of 100,000 live blocks (16 to 512 bytes) replaced"],
  ["realloc growth", "ns/call", 100_000, "1,000 vectors in turn grow by half from 16 bytes to 40 KB"],
  ["bulk alloc 10M", "ns/block", BULK, "10·1024·1024 blocks of 16 bytes allocated"],
  ["bulk free 10M", "ns/block", BULK, "and freed, oldest first"],
  [
    "large, 400 free spans",
    "ns/pair",
    20_000,
    "malloc and free of 40 to 200 KB between 400 free spans of 33 to 64 KB",
  ],
  ["large, 4000 free spans", "ns/pair", 20_000, "the same with 4,000 free spans"],
];

export const WORKLOADS: readonly MicroWorkload[] = list.map(([name, unit, units, about], number) => ({
  name,
  number,
  unit,
  units,
  about,
}));

export function workloadNamed(name: string): MicroWorkload {
  const found = WORKLOADS.find((workload) => workload.name === name);
  if (found === undefined) throw new Error(`no micro workload is called ${name}`);
  return found;
}

/** Units done by one call into the loops: short, so that wasm goes over to optimised code, and whole batches. */
export const PORTION = 4000;

export interface SamplePlan {
  /** Samples that count, after `warmup` ones that do not. */
  readonly iterations: number;
  readonly warmup: number;
}

export interface Sample {
  /** ns a unit: median of the samples that count, and the very first one. */
  readonly warm: number;
  readonly cold: number;
}

/**
 * One round's figures of a contender on a workload, from a new process. tinybench drives the samples: how often, with how
 * much warm-up, and its median. The clock is the contender's own processor time around a loop inside wasm or C, divided by
 * the loop's units: no clock can time a call of a few nanoseconds.
 */
export async function sample(
  contender: Contender,
  workload: MicroWorkload,
  plan: SamplePlan,
): Promise<Sample> {
  if (contender.micro === undefined) throw new Error(`${contender.name} has no micro workloads`);
  const session = new Session(contender.micro(workload.number, workload.units, PORTION));
  try {
    await session.read(); // the allocator's name
    let cold: number | undefined;
    const bench = new Bench({
      iterations: plan.iterations,
      time: 0,
      warmup: true,
      warmupIterations: plan.warmup,
      warmupTime: 0,
      retainSamples: true,
      throws: true,
    });
    bench.add(workload.name, async () => {
      const ns = Number(await session.ask("sample")) / workload.units;
      cold ??= ns;
      return { overriddenDuration: ns / 1e6 };
    });
    const [task] = await bench.run();
    const result = task?.result;
    if (result?.state !== "completed")
      throw new Error(`${contender.name} on ${workload.name}: ${result?.state ?? "no result"}`);
    return { warm: result.latency.p50 * 1e6, cold: cold ?? NaN };
  } finally {
    await session.close();
  }
}
