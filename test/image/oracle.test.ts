import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createHeap, Heap } from "tallyheap";
import { createHeap as createDebugHeap } from "tallyheap/debug";
import { replay, type Scenario } from "../oracle/adapter.js";
import { Random } from "../support/random.js";

const scenarios = gunzipSync(readFileSync(new URL("../oracle/random.jsonl.gz", import.meta.url)))
  .toString()
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Scenario);

/** The old heap is left with what lives on in the new one. */
const options = { autoCollect: false, onLeak: () => {} };
const seed = Math.floor(Math.random() * 2 ** 32);

describe.each([
  { name: "release", create: createHeap },
  { name: "debug", create: createDebugHeap as typeof createHeap },
])("a scenario that goes on from an image, $name core", ({ create }) => {
  test(`shows what CPython showed, whatever step it is taken at (seed ${seed})`, () => {
    const random = new Random(seed);
    const differences: string[] = [];
    for (const scenario of scenarios) {
      const step = random.below(scenario.ops.length);
      const move = { step, restore: Heap.restore };
      const { difference, heap } = replay(create(options), scenario, { move });
      if (difference !== undefined) differences.push(`${difference} (image at step ${step})`);
      heap.verify();
      expect(heap.collector.isEnabled).toBe(false);
      heap.dispose();
    }
    expect(differences.slice(0, 5)).toEqual([]);
  });
});
