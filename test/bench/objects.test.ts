import { describe, expect, test } from "vitest";

import type { Row } from "../../bench/lib/results.js";
import { bench } from "./command.js";

describe("bench:objects", () => {
  test("--json prints a row for each contender that has the workload", () => {
    const { code, stdout, stderr } = bench(
      "objects/objects.js",
      "incref",
      "--json",
      "--rounds",
      "1",
      "--only",
      "tallyheap",
    );
    expect([code, stderr]).toEqual([0, ""]);
    const rows = JSON.parse(stdout) as Row[];
    expect(rows.map(({ contender }) => contender)).toEqual([
      "tallyheap (inlined)",
      "tallyheap (checked)",
      "tallyheap (raw)",
    ]);
    for (const { workload, unit, samples, median } of rows) {
      expect([workload, unit, samples.length]).toEqual(["incref, decref", "ns", 1]);
      expect(median).toBeGreaterThan(0);
    }
  });

  test("the floor does what it says and costs something", () => {
    const { code, stdout, stderr } = bench(
      "objects/objects.js",
      "create",
      "store",
      "--json",
      "--rounds",
      "1",
      "--only",
      "floor",
    );
    expect([code, stderr]).toEqual([0, ""]);
    const rows = JSON.parse(stdout) as Row[];
    expect(rows.map(({ workload }) => workload)).toEqual([
      "float: create, destroy",
      "record: create, destroy",
      "store, 64k objects at random",
      "int: create, destroy",
      "str of 8: create, destroy",
      "list of 2: create, destroy",
    ]);
    for (const { median } of rows) expect(median).toBeGreaterThan(0.5);
  });

  test("a workload that does not exist is named", () => {
    const { code, stderr } = bench("objects/objects.js", "incref", "nothing of the kind");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^no workload is called nothing of the kind; there are .*"incref, decref"/);
  });
});
