import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import type { Row } from "../../bench/lib/results.js";
import { OP_CALLOC, OP_FREE, OP_MALLOC, OP_MEMALIGN, OP_REALLOC } from "../../bench/lib/trace.js";
import { bench, hasCompiler, scratch } from "./command.js";
import { encode, type Operation } from "./encode.js";

/** All operations, sizes from 0 to several arenas; about half of the blocks stay to the end. */
function mixture(): Operation[] {
  const operations: Operation[] = [];
  const live = new Set<number>();
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < 40_000; i++) {
    const slot = random(500);
    const size = [0, 8, 100, 600, 5000, 40_000, 300_000][random(random(20) === 0 ? 7 : 5)]!;
    if (!live.has(slot)) {
      live.add(slot);
      const kind = random(20);
      if (kind === 0) operations.push([OP_MEMALIGN, slot, size, 4 + random(9)]);
      else operations.push([kind < 4 ? OP_CALLOC : OP_MALLOC, slot, random(size + 1)]);
    } else if (random(3) === 0) {
      operations.push([OP_REALLOC, slot, 1 + random(size + 1)]);
    } else {
      live.delete(slot);
      operations.push([OP_FREE, slot]);
    }
  }
  return operations;
}

describe("bench:replay", () => {
  const folder = scratch();
  const file = join(folder, "mixture.atrc");
  writeFileSync(file, encode(mixture()));

  test("prints the rows that api.md names, after checking the contents in every form", () => {
    const { code, stdout, stderr } = bench("replay/replay.js", "--json", file, "--quick", "--rounds", "1");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as Row[];
    const names = rows.map(({ contender }) => contender);
    expect(names).toEqual(
      expect.arrayContaining([
        ...[
          "tallyheap (inlined)",
          "tallyheap (called)",
          "tallyheap (raw)",
          "tallyheap (checked)",
          "tlsf (wasm)",
        ],
        ...["floor (wasm)", "floor (typescript)"],
      ]),
    );
    expect(new Set(names).size).toBe(names.length);
    for (const row of rows) {
      expect(row).toMatchObject({ workload: "mixture", unit: "ns/op" });
      expect(row.samples.length).toBe(1);
      expect(row.median).toBeGreaterThan(0);
      expect(row.cold?.samples.length).toBe(1);
      expect(row.ratio?.to).toBe(
        names.find((name) => name === "glibc" || name === "system malloc") ?? "tlsf (wasm)",
      );
      if (row.contender.startsWith("floor")) expect(row.memory).toBeUndefined();
      else expect(row.memory?.firstPass).toBeGreaterThan(0.5);
    }
    const memory = (name: string): number =>
      rows.find(({ contender }) => contender === name)?.memory?.firstPass ?? NaN;
    expect(memory("tallyheap (called)")).toBe(memory("tallyheap (inlined)"));
  });

  test("without --json it prints tables; --plot writes a chart", () => {
    const chart = join(folder, "chart.html");
    const args = [file, "--quick", "--rounds", "1", "--only", "called,tlsf", "--plot", chart];
    const { code, stdout } = bench("replay/replay.js", ...args);
    expect(code).toBe(0);
    expect(stdout).toContain("ratio to tlsf (wasm)");
    expect(stdout).toContain("tallyheap (called)");
    expect(stdout).not.toContain("\u001b[");
    const text = readFileSync(chart, "utf8");
    expect(text).toMatch(/^<!doctype html>/);
    expect(text).toContain("tallyheap (called)");
  });

  test("a bad trace is one line and a failing exit code", () => {
    const bad = join(folder, "bad.atrc");
    writeFileSync(bad, encode([[OP_FREE, 0]]));
    const { code, stdout, stderr } = bench("replay/replay.js", "--json", bad);
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toBe(`${bad}: operation 0 at byte 16: free of slot 0, which is empty\n`);
  });

  test.each([
    [["--rounds", "0"], /--rounds 0: must be/],
    [["--only", "nobody"], /no such contender/],
  ])("bad options: %j", (options, message) => {
    const { code, stderr } = bench("replay/replay.js", file, ...options);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });

  test("a trace with more blocks alive than the usual slot table has room for", () => {
    const many = join(folder, "many.atrc");
    writeFileSync(many, encode(Array.from({ length: 300_000 }, (_, slot) => [OP_MALLOC, slot, 16] as const)));
    const { code, stdout, stderr } = bench(
      "replay/replay.js",
      "--json",
      many,
      "--quick",
      "--rounds",
      "1",
      "--only",
      "called",
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as Row[])[0]?.memory?.firstPass).toBeLessThan(1.2);
  });
});

describe("bench:micro", () => {
  test("prints rows with the workload's unit", () => {
    const { code, stdout, stderr } = bench(
      "micro/micro.js",
      "--json",
      "--quick",
      "--rounds",
      "1",
      "--only",
      "called,floor,glibc",
      "batch",
      "realloc",
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as Row[];
    expect([...new Set(rows.map(({ workload }) => workload))]).toEqual([
      ...["batch FIFO", "batch LIFO", "batch random", "realloc growth"],
    ]);
    for (const row of rows) {
      expect(row.unit).toBe(row.workload.startsWith("batch") ? "ns/pair" : "ns/call");
      expect(row.samples.length).toBe(1);
      expect(row.median).toBeGreaterThan(0);
    }
    expect(rows.some(({ contender }) => contender === "floor (native)")).toBe(hasCompiler);
  });

  test.each(["micro/micro.js", "memory/growth.js", "memory/spans.js"])(
    "%s refuses contenders that do not take part",
    (command) => {
      const { code, stdout, stderr } = bench(command, "--only", "checked");
      expect([code, stdout, stderr.trim()]).toEqual([1, "", "--only checked: no such contender"]);
    },
  );

  test("an unknown workload names those that there are", () => {
    for (const name of ["nothing", "77777"]) {
      const { code, stderr } = bench("micro/micro.js", "pair", name);
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`^no workload is called ${name}; there are "pair 16"`));
    }
  });

  test("a file whose name is a number is a file", () => {
    const { code, stderr } = bench("replay/replay.js", "77777");
    expect([code, stderr]).toEqual([1, "77777: cannot be read (ENOENT)\n"]);
  });
});

test("bench:release: every arena is free afterwards, and the memory serves 150 MB without growing", () => {
  const { stdout } = bench("memory/release.js", "--json");
  const rows = JSON.parse(stdout) as Row[];
  const seen = (workload: string): number => rows.find((row) => row.workload === workload)!.median;
  expect(seen("arenas in use at the peak")).toBeGreaterThanOrEqual(640);
  expect(seen("arenas in use after freeing all")).toBe(0);
  expect(seen("memory with one block of 150 MB after that")).toBe(seen("memory at the peak"));
  // trim(): what the heap had is gone, but for a quarter; V8's own memory is the start's.
  const above = (name: string): number =>
    seen(`resident ${name}`) - seen("resident at the start of the process");
  expect(above("after trim()")).toBeLessThan(0.25 * above("at the peak"));
});

test("bench:growth: the calls of memory.grow, and their part of the time", () => {
  const { code, stdout, stderr } = bench(
    ...["memory/growth.js", "--json", "--rounds", "1", "--only", "called,tlsf", "--pairs", "1000"],
  );
  expect([code, stderr]).toEqual([0, ""]);
  const rows = JSON.parse(stdout) as Row[];
  for (const contender of ["tallyheap (called)", "tlsf (wasm)"]) {
    const [whole, growing, calls] = ["", ": in memory.grow", ": memory.grow"].map((part) =>
      rows.find((row) => row.contender === contender && row.workload.endsWith(`pairs${part}`))!,
    );
    expect([whole!.unit, growing!.unit, calls!.unit]).toEqual(["ns/block", "ns/block", "calls"]);
    expect(growing!.median).toBeGreaterThan(0);
    expect(growing!.median).toBeLessThan(whole!.median);
    expect(calls!.median).toBeGreaterThan(0);
  }
});
