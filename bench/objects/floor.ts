/**
 * The least that work from TypeScript can cost here, for bench:objects: the calls into wasm with nothing behind them,
 * and the counts, loads and stores in a plain array with no heap and no checks around them.
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
  const text = "spam+egg";
  // A list as the heap has it: its length, and an item array behind it.
  const list = new Int32Array(16);
  const dict = makeDict();
  // Record 0 is null.
  const words = new Int32Array((objects + 1) * RECORD_WORDS);
  return {
    "float: create, destroy": calls,
    "record: create, destroy": calls,
    "int: create, destroy": calls,
    "list of 2: create, destroy": () => {
      let sum = 0;
      return timed(loop, () => {
        for (let i = 0; i < loop; i++) {
          const made = same(RECORD_WORDS);
          words[made + FIELD] = made;
          words[made + FIELD + 1] = made;
          words[made]! += 2;
          sum += same(made);
        }
        if (sum !== loop * RECORD_WORDS) throw new Error("calls were left out");
      });
    },
    "str of 8: create, destroy": () =>
      timed(loop, () => {
        for (let i = 0; i < loop; i++) {
          const made = same(RECORD_WORDS);
          for (let j = 0; j < text.length; j++) words[made + j] = text.charCodeAt(j);
          same(made);
        }
      }),
    "list: append, pop": () =>
      timed(loop, () => {
        for (let i = 0; i < loop; i++) {
          words[RECORD_WORDS]!++;
          list[1 + list[0]!] = RECORD_WORDS;
          list[0]!++;
          const left = --list[0]!;
          words[list[1 + left]!]!--;
        }
      }),
    "dict of 64: get": () => {
      let found = 0;
      const ns = timed(loop, () => {
        for (let i = 0; i < loop; i++) found += lookUp(dict, i % KEYS);
      });
      if (found === 0) throw new Error("no key was found");
      return ns;
    },
    "dict of 64: visit": () => {
      const visits = Math.floor(loop / KEYS);
      let last = 0;
      return timed(visits * KEYS, () => {
        for (let i = 0; i < visits; i++)
          for (let entry = 0; entry < KEYS; entry++) last = dict[SLOTS + 2 * entry]!;
        if (last === 0) throw new Error("the last key was not visited");
      });
    },
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

// ---- a dict of 64 keys: slots that lead to entries of key and value ----

const KEYS = 64;
const SLOTS = 128;

function makeDict(): Int32Array {
  const dict = new Int32Array(SLOTS + 2 * KEYS);
  for (let key = 0; key < KEYS; key++) {
    dict[slotOf(key)] = key + 1;
    dict[SLOTS + 2 * key] = key + 1;
    dict[SLOTS + 2 * key + 1] = key + 1;
  }
  return dict;
}

/** No two of the keys share a slot. */
function slotOf(key: number): number {
  return (key * 5) & (SLOTS - 1);
}

function lookUp(dict: Int32Array, key: number): number {
  const entry = dict[slotOf(key)]!;
  return dict[SLOTS + 2 * (entry - 1)] === key + 1 ? dict[SLOTS + 2 * (entry - 1) + 1]! : 0;
}
