import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createHeap, type Heap, type HeapOptions } from "tallyheap";
import { createHeap as createDebugHeap } from "tallyheap/debug";
import { assertNoLeaks, checkpoint } from "tallyheap/testing";
import { replay, type Scenario } from "./adapter.js";

const scenarios = gunzipSync(readFileSync(new URL("random.jsonl.gz", import.meta.url)))
  .toString()
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Scenario);

/** As when they were recorded. */
const options = { autoCollect: false } as HeapOptions;

const builds = [
  { name: "release", create: createHeap },
  { name: "debug", create: createDebugHeap as typeof createHeap },
];

/** Replays all scenarios, each on a heap of its own, which must be empty and sound afterwards. */
function replayAll(create: (options: HeapOptions) => Heap, beforeCollect: boolean): number {
  let total = 0;
  const differences: string[] = [];
  for (const scenario of scenarios) {
    const heap = create(options);
    const start = checkpoint(heap);
    const { steps, difference } = replay(heap, scenario, beforeCollect);
    total += steps;
    if (difference !== undefined) differences.push(difference);
    heap.verify();
    assertNoLeaks(start);
  }
  expect(differences.slice(0, 5)).toEqual([]);
  return total;
}

test("the scenarios are complete", () => {
  expect(scenarios.length).toBe(800);
  expect(scenarios.every(({ ops, expect: expected }) => ops.length === expected.length)).toBe(true);
});

describe.each(builds)("as CPython 3.11 did, $name core", ({ create }) => {
  test("every step that precedes the first collection of its scenario", () => {
    expect(replayAll(create, true)).toBe(9291);
  });

  test("every step, collections included", () => {
    expect(replayAll(create, false)).toBe(84_925);
  });
});
