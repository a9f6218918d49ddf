/** Rounds of a measurement: each of them measures every contender on every workload once, in shuffled order. */

import { startProgress } from "./progress.js";
import { randomFrom, shuffled } from "./random.js";

export interface Named {
  readonly name: string;
}

export interface Plan {
  readonly rounds: number;
  /** Of the order. */
  readonly seed: number;
  /** Start no further round after this many ms, but do `leastRounds`. */
  readonly budgetMs?: number;
  readonly leastRounds?: number;
}

/** What a contender answered on a workload: one answer a round. */
export interface Cell<W, C, A> {
  readonly workload: W;
  readonly contender: C;
  readonly answers: readonly A[];
}

/** Undefined where the contender does not have the workload. */
export type Measure<W, C, A> = (workload: W, contender: C) => Promise<A | undefined>;

/**
 * The cells that have answers, by workload, then by contender. With `warmUp` a round of it comes first and is not
 * counted.
 */
export async function runRounds<W extends Named, C extends Named, A>(
  workloads: readonly W[],
  contenders: readonly C[],
  { rounds, seed, budgetMs = Infinity, leastRounds = 0 }: Plan,
  measure: Measure<W, C, A>,
  warmUp?: Measure<W, C, unknown>,
): Promise<Cell<W, C, A>[]> {
  const cells = workloads.flatMap((workload) =>
    contenders.map((contender) => ({ workload, contender, answers: [] as A[] })),
  );
  const random = randomFrom(seed);
  const progress = startProgress(cells.length * (rounds + (warmUp ? 1 : 0)));
  const begin = performance.now();
  try {
    for (let round = warmUp ? -1 : 0; round < rounds; round++) {
      if (round >= leastRounds && performance.now() - begin > budgetMs) break;
      for (const workload of shuffled(workloads, random)) {
        const own = cells.filter((cell) => cell.workload === workload);
        for (const { contender, answers } of shuffled(own, random)) {
          progress.tick(`${workload.name}: ${contender.name}`);
          if (round < 0) await warmUp!(workload, contender);
          else {
            const answer = await measure(workload, contender);
            if (answer !== undefined) answers.push(answer);
          }
        }
      }
    }
  } finally {
    progress.stop();
  }
  return cells.filter(({ answers }) => answers.length > 0);
}
