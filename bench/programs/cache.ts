/** A cache that forgets what was used least recently: a dict, whose first key is the oldest. */

import type { Program } from "./program.js";
import { randomFrom } from "../lib/random.js";

const CAPACITY = 2000;
const KEYS = 3000;
const REQUESTS = 20_000;

export const cacheProgram: Program = {
  name: "cache: least recently used",
  prepare: (heap) => {
    const { dicts } = heap;
    const random = randomFrom(1);
    const cache = heap.dict();
    const keys = Array.from({ length: KEYS }, (_, i) => heap.str(`/page/${i}`));
    return () => {
      let hits = 0;
      for (let i = 0; i < REQUESTS; i++) {
        // Few keys are asked for often.
        const key = keys[Math.floor(random() * random() * KEYS)]!;
        const known = dicts.get(cache, key);
        if (known !== 0) {
          hits++;
          heap.incref(known);
          dicts.delete(cache, key);
        }
        const value = known === 0 ? heap.float(i) : known;
        dicts.set(cache, key, value);
        heap.decref(value);
        if (dicts.size(cache) <= CAPACITY) continue;
        const { value: oldest } = dicts.keys(cache).next();
        dicts.delete(cache, oldest!);
      }
      return hits;
    };
  },
};
