/**
 * Samples of micro workloads. tinybench drives them: how often, with how much warm-up, and its median. The clock is
 * the contender's own processor time around a loop inside wasm or C, divided by the loop's units: no clock can time
 * a call of a few nanoseconds.
 */

import { Bench } from "tinybench";

import type { Contender } from "../lib/contenders.js";
import { Session } from "../lib/process.js";
import { PORTION, type Workload } from "./workloads.js";

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

/** One round's figures of a contender on a workload, from a new process. */
export async function sample(contender: Contender, workload: Workload, plan: SamplePlan): Promise<Sample> {
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
