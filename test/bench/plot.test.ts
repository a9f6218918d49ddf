import { expect, test } from "vitest";

import { assemble, CALLED, CHECKED, HARDENED, INLINED, RAW } from "../../bench/lib/contenders.js";
import { CONTENDERS } from "../../bench/lib/collections.js";
import { colourOf, plotSvg, plotter } from "../../bench/lib/plot.js";
import { makeRow, withRatios } from "../../bench/lib/results.js";

test("each contender of a chart has a colour of its own", async () => {
  const { contenders } = await assemble(0, () => false);
  for (const names of [
    [INLINED, CALLED, HARDENED, RAW, CHECKED, ...contenders.map(({ name }) => name)],
    CONTENDERS.map(({ name }) => name),
  ]) {
    const distinct = new Set(names);
    expect(new Set([...distinct].map(colourOf)).size).toBe(distinct.size);
    expect([...distinct].map(colourOf)).not.toContain(colourOf("nobody"));
  }
});

test("a chart has its title, an axis, a legend, a dark form, and the width of its place", () => {
  const rows = withRatios(
    ["lua", "a<b"].flatMap((workload) =>
      [INLINED, "glibc"].map((name, i) =>
        makeRow({ workload: { name: workload }, contender: { name, version: "1" } }, "ns/op", [i + 1, i + 2]),
      ),
    ),
    "glibc",
  );
  const svg = plotSvg(rows, "Replay", "ratio to glibc");
  expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 \d+ \d+"/);
  expect(svg.slice(0, svg.indexOf(">"))).not.toMatch(/\b(width|height)=/);
  expect(svg).toContain("prefers-color-scheme:dark");
  for (const text of ["Replay", "ratio to glibc", "lua", "a&#60;b", "1.00"])
    expect(svg).toContain(`>${text}</text>`);
  // In the legend, and at a bar of each workload.
  for (const name of [INLINED, "glibc"]) {
    expect(svg.split(`>${name}</text>`)).toHaveLength(1 + 1 + 2);
    expect(svg.split(`fill="${colourOf(name)}"`)).toHaveLength(1 + 1 + 2);
  }
});

test("a name that is no chart's is refused before anything is measured", () => {
  expect(() => plotter("chart.png")).toThrow("--plot chart.png: the name must end in .svg or .html");
});
