import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { INLINED } from "../../bench/lib/contenders.js";
import { plotter, ratiosOf } from "../../bench/lib/plot.js";
import { makeRow, withRatios } from "../../bench/lib/results.js";

test("a chart has the ratios of all contenders by workload, with their intervals", () => {
  const rows = withRatios(
    ["lua", "a<b"].flatMap((workload) =>
      [INLINED, "glibc", ...(workload === "lua" ? ["mimalloc"] : [])].map((name, i) =>
        makeRow({ workload: { name: workload }, contender: { name, version: "1" } }, "ns/op", [
          2 * (i + 1),
          4 * (i + 1),
        ]),
      ),
    ),
    "glibc",
  );
  const { axis, workloads, contenders } = ratiosOf(rows);
  expect(axis).toContain("ratio to glibc");
  expect(workloads).toEqual(["lua", "a<b"]);
  expect(contenders.map(({ name }) => name)).toEqual([INLINED, "glibc", "mimalloc"]);
  expect(contenders[0]!.values).toEqual([
    { median: 0.5, low: 0.5, high: 0.5 },
    { median: 0.5, low: 0.5, high: 0.5 },
  ]);
  expect(contenders[2]!.values[1]).toBeNull();
});

test("a chart may have curves in place of ratios", () => {
  const folder = mkdtempSync(join(tmpdir(), "plot-"));
  try {
    const file = join(folder, "chart.html");
    const curves = [
      { title: "by size", xLabel: "bytes", x: [1, 10], lines: [{ name: "malloc", values: [2, 3] }] },
    ];
    plotter(file)([], "Costs", [["Node", "24"]], curves);
    const page = readFileSync(file, "utf8");
    expect(page).toContain('"curves":[{"title":"by size"');
    expect(page).not.toContain('"ratios"');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a name that is no page's is refused before anything is measured", () => {
  for (const name of ["chart.png", "chart.svg"])
    expect(() => plotter(name)).toThrow(`--plot ${name}: the name must end in .html`);
});
