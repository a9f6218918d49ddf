import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const wat = readFileSync(new URL("../../build/bytes.wat", import.meta.url), "utf8");

/** The instructions of an export up to one of them: the path of a hit ends where the slow path is called. */
function hitPath(name: string, end: RegExp): string[] {
  // One function may have several names.
  const [, own] = new RegExp(`\\(export "${name}" \\(func (\\S+)\\)\\)`).exec(wat) ?? [];
  const start = wat.indexOf(`\n (func ${own} `);
  expect(start, name).toBeGreaterThan(0);
  const body = wat.slice(start + 1, wat.indexOf("\n (func ", start + 1));
  const lines = body.split("\n").map((line) => line.trim());
  const last = lines.findIndex((line) => end.test(line));
  expect(last, `${String(end)} in ${name}`).toBeGreaterThan(0);
  return lines.slice(0, last);
}

function count(lines: readonly string[]) {
  const matching = (pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;
  return {
    loads: matching(/^i(32|64)\.load/),
    stores: matching(/^i(32|64)\.store/),
    branches: matching(/^(if|br_if)\b/),
    calls: matching(/^call/),
  };
}

describe("what a hit costs, read off the compiled code (assembly/alloc/malloc.ts)", () => {
  test("malloc: 2 loads, 1 store, 2 branches", () => {
    expect(count(hitPath("malloc", /^br /))).toEqual({ loads: 2, stores: 1, branches: 2, calls: 0 });
  });

  test("free: 3 loads, 3 stores, 1 branch", () => {
    expect(count(hitPath("free", /^br /))).toEqual({ loads: 3, stores: 3, branches: 1, calls: 0 });
  });

  test("checked_malloc: the same loads and stores before the block is unmarked", () => {
    expect(count(hitPath("checked_malloc", /^br /))).toEqual({ loads: 2, stores: 1, branches: 2, calls: 0 });
  });

  test("checked_free: 8 loads, 4 stores, 3 branches", () => {
    const hit = hitPath("checked_free", /^br .*checkedFree/);
    expect(count(hit)).toEqual({ loads: 8, stores: 4, branches: 3, calls: 0 });
  });
});
