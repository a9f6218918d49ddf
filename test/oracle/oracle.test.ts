import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createHeap, type Heap, type HeapOptions } from "tallyheap";
import { createHeap as createDebugHeap } from "tallyheap/debug";
import { assertNoLeaks, checkpoint } from "tallyheap/testing";
import { replay, type Mode, type Scenario } from "./adapter.js";

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
function replayAll(create: (options: HeapOptions) => Heap, mode: Mode, replayed = scenarios): number {
  let total = 0;
  const differences: string[] = [];
  for (const scenario of replayed) {
    const heap = create(options);
    const start = checkpoint(heap);
    const { steps, difference } = replay(heap, scenario, mode);
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
    expect(replayAll(create, { beforeCollect: true })).toBe(9291);
  });

  test("every step, collections included", () => {
    expect(replayAll(create, {})).toBe(84_925);
  });
});

/** These take as long again each: one scenario in so many, all in the long form. */
const STRIDE = process.env["MODE"] === "long" ? 1 : 4;

describe.each(builds)("the same deaths as in CPython 3.11, $name core", ({ create }) => {
  const some = scenarios.filter((_, i) => i % STRIDE === 0);
  const steps = some.reduce((sum, { ops }) => sum + ops.length, 0);

  test.each<readonly [string, Mode]>([
    ["full collections in slices", { slice: 3 }],
    ["variables on a stack that is not counted, a safe point after each step", { isDeferred: true }],
    ["both", { isDeferred: true, slice: 2 }],
  ])("%s", (_, mode) => {
    expect(replayAll(create, mode, some)).toBe(steps);
  });
});
