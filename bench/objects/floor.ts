/**
 * The least that work from TypeScript can cost here, for bench:objects: the calls into wasm with nothing behind them,
 * and the counts and stores in a plain array with no heap around them.
 */

import { timed } from "../lib/clock.js";
import { instantiateObjects } from "../lib/module.js";
import type { Workloads } from "./values.js";

/** Words of a record: count, meta, two fields. */
const RECORD_WORDS = 4;
const FIELD = 2;

interface Sizes {
  /** Births and deaths. */
  readonly loop: number;
  readonly objects: number;
  /** Which object to store into, and what. */
  readonly orders: () => [holders: Uint32Array, values: Uint32Array];
}

export function floor({ loop, objects, orders }: Sizes): Workloads {
  const { same } = instantiateObjects<{ same(value: number): number }>("objects");
  const calls = (): number => {
    let sum = 0;
    const ns = timed(loop, () => {
      for (let i = 0; i < loop; i++) sum += same(same(i));
    });
    if (sum !== (loop * (loop - 1)) / 2) throw new Error("calls were left out");
    return ns;
  };
  // Record 0 is null.
  const words = new Int32Array((objects + 1) * RECORD_WORDS);
  return {
    "float: create, destroy": calls,
    "record: create, destroy": calls,
    "int: create, destroy": calls,
    "incref, decref": () =>
      timed(loop, () => {
        for (let i = 0; i < loop; i++) {
          words[RECORD_WORDS]!++;
          words[RECORD_WORDS]!--;
        }
      }),
    "store, 64k objects at random": () => {
      const places = Array.from({ length: objects }, (_, i) => (i + 1) * RECORD_WORDS);
      const [holders, values] = orders();
      return timed(holders.length, () => {
        for (let i = 0; i < holders.length; i++) {
          const slot = places[holders[i]!]! + FIELD;
          const value = places[values[i]!]!;
          const old = words[slot]!;
          words[value]!++;
          words[slot] = value;
          words[old]!--;
        }
      });
    },
  };
}
