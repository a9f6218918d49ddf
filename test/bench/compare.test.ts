import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { INLINED } from "../../bench/lib/contenders.js";
import { bench, scratch } from "./command.js";

const WORKLOAD = "incref, decref";

/** A checkout whose suite of objects prints rows with one figure, from a place of its own. */
function checkout(ns: number, built = true): string {
  const folder = scratch();
  const script = "node scripts/build.mjs && node build/bench/elsewhere.js";
  writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts: { "bench:objects": script } }));
  const row = { workload: WORKLOAD, contender: INLINED, unit: "ns", samples: [ns], median: ns };
  const rows = [row, { ...row, workload: "something of old" }];
  mkdirSync(join(folder, "build/bench"), { recursive: true });
  if (built)
    writeFileSync(join(folder, "build/bench/elsewhere.js"), `console.log('${JSON.stringify(rows)}');`);
  return folder;
}

const compare = (base: string, ...args: string[]) =>
  bench(
    ...["compare/compare.js", "objects", "--base", base, "--rounds", "2", "--only", "inlined", ...args],
    ...["--", "incref"],
  );

interface Compared {
  readonly suite: string;
  readonly workload: string;
  readonly base: readonly number[];
  readonly samples: readonly number[];
  readonly ratio: { readonly samples: readonly number[] };
  readonly isSlower: boolean;
}

describe("bench:compare", () => {
  test("a row that is slower is marked and fails the command", () => {
    const { code, stdout, stderr } = compare(checkout(0.001));
    expect([code, stderr]).toEqual([1, ""]);
    expect(stdout).toMatch(/objects: incref, decref .* SLOWER /);
    expect(stdout).toContain(`Only in base: objects: something of old, ${INLINED}.`);
    expect(stdout).toContain("1 of 1 rows slower by more than 5 %");
  });

  test("one that is faster is not; the ratio is this one's to the base's of the same round", () => {
    const { code, stdout } = compare(checkout(1000), "--json");
    expect(code).toBe(0);
    const [row, ...others] = JSON.parse(stdout) as Compared[];
    expect(others).toEqual([]);
    expect(row).toMatchObject({ suite: "objects", workload: WORKLOAD, base: [1000, 1000], isSlower: false });
    expect(row!.ratio.samples).toEqual(row!.samples.map((ns) => ns / 1000));
  });

  test.each([
    ["no base", () => ["objects"], /^--base DIR: the checkout to compare with is missing$/],
    ["no checkout", () => ["--base", scratch()], /: no checkout, it has no package\.json$/],
    ["no such suite", () => ["micro", "--base", checkout(1)], /: has no suite bench:micro$/],
    ["not built", () => ["objects", "--base", checkout(1, false)], /elsewhere\.js: is not built; there: /],
  ])("%s is one line and a failing exit code", (_, args, message) => {
    const { code, stdout, stderr } = bench("compare/compare.js", ...args());
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.trimEnd()).toMatch(message);
  });
});
