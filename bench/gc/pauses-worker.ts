/** One run of bench:pauses: a million live objects, a fifth of which is replaced while collections in slices run. */

import { createHeap, type Ptr } from "tallyheap";
import { randomFrom } from "../lib/random.js";

/** What one process says, in a line of JSON. Times in ms. */
export interface Pauses {
  /** One collection of everything, the median of three; and with as much garbage as a run in slices finds. */
  readonly full: number;
  readonly fullWithGarbage: number;
  /** Each slice of the runs. */
  readonly slices: readonly number[];
  /** Time of all slices of a run, by run. */
  readonly runs: readonly number[];
  /** Most objects that were let go of and not collected yet, as a part of those alive. */
  readonly garbage: number;
}

const PAIRS = 500_000;
const ROW = 1000;
const RUNS = 3;
/** Pairs that are replaced between two slices, up to a fifth of all in a run. */
const REPLACED = 500;
const REPLACED_IN_RUN = PAIRS / 5;
const BUDGET_MS = 1;

const heap = createHeap({ autoCollect: false });
const Half = heap.defineType({ name: "Half", fields: { other: "ref", friend: "ref" } });

/** Two records that hold each other; a new reference to one. */
function pair(friend: Ptr): Ptr {
  const [first, second] = [heap.alloc(Half), heap.alloc(Half)];
  heap.setRef(first, Half.fields.other, second);
  heap.stealRef(second, Half.fields.other, first);
  heap.setRef(second, Half.fields.friend, friend);
  heap.incref(first);
  heap.decref(second);
  return first;
}

const random = randomFrom(1);
const below = (limit: number): number => Math.floor(random() * limit);
const rows: Ptr[] = [];
const any = (): Ptr => heap.lists.get(rows[below(rows.length)]!, below(ROW));
for (let i = 0; i < PAIRS / ROW; i++) {
  const row = heap.list();
  for (let j = 0; j < ROW; j++) {
    const made = pair(i > 0 && j % 8 === 0 ? any() : (0 as Ptr));
    heap.lists.append(row, made);
    heap.decref(made);
  }
  rows.push(row);
}

function replaceOne(): void {
  const made = pair(0 as Ptr);
  heap.lists.set(rows[below(rows.length)]!, below(ROW), made);
  heap.decref(made);
}

const timed = (action: () => void): number => {
  const start = performance.now();
  action();
  return performance.now() - start;
};

const medianOfThree = (action: () => number): number => [0, 1, 2].map(action).sort((a, b) => a - b)[1]!;

heap.gc();
const full = medianOfThree(() => timed(() => heap.gc()));
const fullWithGarbage = medianOfThree(() => {
  for (let i = 0; i < REPLACED_IN_RUN; i++) replaceOne();
  return timed(() => heap.gc());
});
const slices: number[] = [];
const runs: number[] = [];
let letGo = 0;
let garbage = 0;
const collectedBefore = heap.collector.stats()[2]!.collected;
for (let run = 0; run < RUNS; run++) {
  let replaced = 0;
  let total = 0;
  for (let complete = false; !complete;) {
    for (let i = 0; i < REPLACED && replaced < REPLACED_IN_RUN; i++, replaced++) replaceOne();
    const took = timed(() => void (complete = heap.collector.step({ budgetMs: BUDGET_MS })));
    slices.push(took);
    total += took;
    garbage = Math.max(
      garbage,
      2 * (letGo + replaced) - (heap.collector.stats()[2]!.collected - collectedBefore),
    );
  }
  letGo += replaced;
  runs.push(total);
}
heap.verify();
console.log(
  JSON.stringify({ full, fullWithGarbage, slices, runs, garbage: garbage / (2 * PAIRS) } satisfies Pauses),
);
