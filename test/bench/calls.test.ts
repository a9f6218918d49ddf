import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

/** The text of a function in a .wat file; names are paths and so need no escaping but for the dollar. */
function body(file: string, name: string): string {
  const text = readFileSync(new URL(`../../build/contenders/${file}.wat`, import.meta.url), "utf8");
  const start = text.indexOf(`\n (func $${name} `);
  expect(start, `${name} in ${file}.wat`).toBeGreaterThan(0);
  return text.slice(start, text.indexOf("\n (func ", start + 1));
}

const MALLOC = "call $assembly/alloc/malloc/malloc\n";
const FREE = "call $assembly/alloc/malloc/free\n";
const count = (text: string, part: string): number => text.split(part).length - 1;

describe("what a contender's name says of its calls is true of the compiled code", () => {
  test("tallyheap (called): one real call of malloc and one of free in the loop", () => {
    const loop = body("tallyheap-called", "bench/assembly/replay/replay");
    expect(count(loop, MALLOC)).toBe(1);
    expect(count(loop, FREE)).toBe(1);
  });

  test("tallyheap (inlined): neither; the loop has the fast paths' own loads and stores", () => {
    const loop = body("tallyheap-inlined", "bench/assembly/replay/replay");
    expect(count(loop, MALLOC)).toBe(0);
    expect(count(loop, FREE)).toBe(0);
    const called = body("tallyheap-called", "bench/assembly/replay/replay");
    expect(count(loop, "load")).toBeGreaterThan(count(called, "load") + 4);
  });

  test("floor: no calls at all", () => {
    expect(body("floor", "bench/assembly/replay/replay")).not.toContain("call $");
  });

  test.each(["pairs", "churn", "bulkAllocate", "bulkFree"])(
    "micro workload %s, called and inlined",
    (name) => {
      const calls = (file: string): number => {
        const loop = body(file, `bench/assembly/micro/${name}`);
        return count(loop, MALLOC) + count(loop, FREE);
      };
      expect(calls("tallyheap-called")).toBeGreaterThan(0);
      expect(calls("tallyheap-inlined")).toBe(0);
    },
  );
});
