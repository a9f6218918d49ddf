import { assertNoLeaks } from "../../bindings/testing.js";
import { must } from "./holding.js";
import { Mischief } from "./mischief.js";
import type { Stage } from "./stage.js";

/** What dies may bring back what holds others, which die in the next round: so many rounds must be enough. */
const ROUNDS = 200;

/** Throws unless the heap is sound and has what the program knows it has. */
export function judge({ heap, holdings, unraisable }: Stage): void {
  heap.verify();
  for (const holding of holdings) holding.compare();
  const [stats, view] = [JSON.stringify(heap.stats()), JSON.stringify(heap.statsView)];
  must(stats === view, `stats() ${stats} is not the statsView ${view}`);
  judgeErrors(unraisable);
}

/** Gives up all that the program owns; then nothing may be left of it. */
export function judgeEnd(stage: Stage): void {
  const { heap, filling, holdings, start } = stage;
  filling.release();
  heap.collector.unfreeze();
  for (let round = 0; !isDrained(stage); round++) {
    must(round < ROUNDS, "what dies brings more and more back");
    for (const holding of holdings) holding.release();
  }
  judge(stage);
  assertNoLeaks(start);
  heap.dispose();
  judgeErrors(stage.unraisable);
  must(stage.leak === undefined, `dispose() found ${JSON.stringify(stage.leak)}`);
}

/** Nothing is owned, and what is gone left nothing behind that would be found only now. */
function isDrained({ heap, holdings }: Stage): boolean {
  const isEmpty = (): boolean => holdings.every((holding) => holding.isEmpty);
  return isEmpty() && heap.gc() === 0 && isEmpty();
}

/** Finalizers and callbacks threw what they were to throw. */
function judgeErrors(unraisable: readonly unknown[]): void {
  for (const error of unraisable) if (!(error instanceof Mischief)) throw error;
}
