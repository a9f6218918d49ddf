import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import type { Row } from "../../bench/lib/results.js";
import { bench, scratch } from "./command.js";

const PLAIN = "plain JavaScript";
const HEAP = ["tallyheap (checked)", "tallyheap (trusted)"];
const once = (...args: string[]) => bench("interpreter/interpreter.js", "--rounds", "1", ...args);

describe("bench:interpreter", () => {
  test("--json prints a row for each contender, with its ratio to plain JavaScript", () => {
    const { code, stdout, stderr } = once("integers", "scheme: fib", "--json");
    expect([code, stderr]).toEqual([0, ""]);
    const rows = JSON.parse(stdout) as Row[];
    const expected = ["integers", "scheme: fib"].flatMap((name) =>
      [PLAIN, ...HEAP].map((who) => [name, who]),
    );
    expect(rows.map(({ workload, contender }) => [workload, contender])).toEqual(expected);
    for (const { unit, median, ratio } of rows) {
      expect(unit).toBe("ns");
      expect(median).toBeGreaterThan(1);
      expect(ratio!.to).toBe(PLAIN);
    }
  });

  test("--before measures another interpreter, and does not take other work for the same", () => {
    const build = scratch();
    const folder = join(build, "examples/mini-interpreter");
    mkdirSync(folder, { recursive: true });
    const write = (value: string): void =>
      writeFileSync(
        join(folder, "interpreter.js"),
        `export class Interpreter { run() { const end = performance.now() + 1; while (performance.now() < end); return "${value}"; } }`,
      );
    writeFileSync(join(build, "package.json"), '{ "type": "module" }');
    write("987");
    const { code, stdout, stderr } = once("fib", "--before", build, "--only", "before,plain");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/ scheme: fib .*│ +[\d.]+ \([\d.]+–[\d.]+\) │/);
    write("7");
    // Whoever comes first is believed.
    const other = once("fib", "--before", build, "--only", "before,plain");
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(/^scheme: fib: .+ has (7 instead of 987|987 instead of 7)\n$/);
    expect(once("fib", "--before", folder).stderr).toMatch(/^--before .*: there is no examples/);
  });

  test("a workload that does not exist is named", () => {
    const { code, stderr } = once("nothing of the kind");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^no workload is called nothing of the kind; there are "integers"/);
  });
});
