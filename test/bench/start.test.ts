import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

import { createHeap, HeapError } from "tallyheap";
import { describe, expect, test } from "vitest";

import { CALLED, DLMALLOC, INLINED, TLSF } from "../../bench/lib/contenders.js";
import { firstScreen, wholeTable } from "../../bench/start/first-screen.js";
import { buildDir, bundledTraces, python } from "../../bench/lib/paths.js";
import { makeColdRow, withRatios, type Row } from "../../bench/lib/results.js";
import { COLUMNS } from "../../bench/start/screen.js";
import { drawArenas, type ArenasLine } from "../../bench/start/arenas.js";
import { bench, hasCompiler } from "./command.js";

/** Of the terminal, npm's own included. */
const SCREEN = 24;
const NPM_LINES = 4;
const WORKLOADS = ["cc1", "jq", "lua", "py-ast-json", "sqlite"];

const hasPython = spawnSync(python, ["--version"]).status === 0;

function expectFits(lines: readonly string[]): void {
  expect(lines.length).toBeLessThanOrEqual(SCREEN - NPM_LINES);
  expect(lines.filter((line) => line.length > COLUMNS)).toEqual([]);
}

/** Names and ratios of the lines of bars. */
function barsIn(lines: readonly string[]): Map<string, number[]> {
  const bars = lines.filter((line) => /(?: [█-▏]+ +\d\.\d\d){5}$/u.test(line));
  return new Map(bars.map((line) => [line.slice(0, 18).trim(), line.match(/\d\.\d\d(?= |$)/g)!.map(Number)]));
}

/** A sentence may go on in the next line. */
const flowing = (lines: readonly string[]): string => lines.join(" ").replace(/\s+/g, " ");

test("npm start: one screen, plain where it is piped", { timeout: 300_000 }, () => {
  const { code, stdout, stderr } = bench("start/start.js", "--rounds", "2");
  expect([code, stderr]).toEqual([0, ""]);
  // Letters, signs and bars: no escape codes, no line written over.
  expect(stdout).toMatch(/^[\n\x20-\x7e±–·▁-▏]+$/u);
  expect(stdout.endsWith("\n")).toBe(true);
  const lines = stdout.trimEnd().split("\n");
  expectFits(lines);

  // Who wins: the figures of the bars in words.
  const head = lines.findIndex((line) => WORKLOADS.every((workload) => line.includes(` ${workload}`)));
  const text = flowing(lines.slice(0, head));
  expect(text).toMatch(
    /^tallyheap \d+\.\d+\.\d+ in wasm on Node \d+\.\d+\.\d+, the heap calls of 5 real programs: /,
  );
  const claimed = /(\d\.\d\d) of (.+)'s time inlined, (\d\.\d\d) called/.exec(text)!;
  const reference = claimed[2]!;
  const verdict = `(?:(?:faster|slower|within noise) (?:on [\\w, -]+|elsewhere)(?:; )?)+`;
  const inWords = `Against [\\w ()]+, inlined: ${verdict}called: ${verdict}`;
  const inNumbers = "within noise against [\\w ()]+: (?:\\d, ){2}\\d inlined; (?:\\d, ){2}\\d called";
  expect(text).toMatch(new RegExp(`(?:${inWords}|${inNumbers})\\.$`));

  const rows = barsIn(lines.slice(head + 1));
  const shown = [...rows.keys()];
  expect(shown.slice(0, 2)).toEqual(["tallyheap inlined", "tallyheap called"]);
  expect(shown).toContain(reference.replace(/[()]/g, ""));
  expect(shown.some((name) => name === "tlsf wasm" || name === "dlmalloc wasm")).toBe(true);
  if (hasCompiler) expect(reference).not.toContain("wasm");
  expect(rows.get(reference.replace(/[()]/g, ""))).toEqual([1, 1, 1, 1, 1]);
  const mean = (name: string): number =>
    Math.exp(rows.get(name)!.reduce((sum, ratio) => sum + Math.log(ratio), 0) / WORKLOADS.length);
  for (const [name, figure] of [
    ["tallyheap inlined", claimed[1]],
    ["tallyheap called", claimed[3]],
  ] as const) {
    // Mean of medians and median of means differ a little.
    expect(mean(name) / Number(figure)).toBeGreaterThan(0.85);
    expect(mean(name) / Number(figure)).toBeLessThan(1.15);
  }
  expect(lines[head]).toMatch(/±\d+ %/);

  const memory = lines.find((line) => line.startsWith("peak memory / live: "))!;
  const ratios = [...memory.matchAll(/[:,] ([\w ]+) (\d\.\d\d)/g)].map(([, name, ratio]) => [
    name,
    Number(ratio),
  ]);
  expect(ratios.length).toBe(shown.length - 1);
  expect(ratios[0]![0]).toBe("tallyheap");
  expect(Number(ratios[0]![1])).toBeGreaterThan(1);

  // The words of these two are test/bench/start-objects.test.ts's.
  expect(lines.filter((line) => line.startsWith("x = Point(): count 1 "))).toHaveLength(1);
  expect(lines.filter((line) => line.startsWith("a.other = b "))).toHaveLength(1);
  const graph = lines.find((line) => line.startsWith("imports, dropped: "))!;
  expect(graph).toMatch(/gc\(\) = 54829 in \d+\.\d ms; CPython /);
  expect(graph).toMatch(
    hasPython ? /CPython \d+\.\d ms \(ratio \d\.\d\d–\d\.\d\d\)$/ : /CPython is not here$/,
  );

  const arenas = lines.filter((line) => / \d+ arenas/.test(line));
  const [filled, quarter, freed] = arenas.map((line) => ({
    picture: [...line.slice(10, 50)],
    arenas: Number(/(\d+) arenas/.exec(line)![1]),
  }));
  expect(arenas.map((line) => line.slice(0, 10).trim())).toEqual(["filled", "3/4 freed", "all freed"]);
  expect(filled!.picture.slice(0, -1).every((cell) => cell === "█")).toBe(true);
  expect(filled!.arenas).toBeGreaterThanOrEqual(640);
  expect(quarter!.picture.every((cell) => "▁▂▃".includes(cell))).toBe(true);
  expect(freed!.picture.every((cell) => cell === "·")).toBe(true);
  expect(freed!.arenas).toBe(0);

  const commands = lines.slice(-3).map((line) => /^npm run ([\w:]+)/.exec(line)?.[1]);
  expect(commands).toEqual(["bench:record", "example:assemblyscript", "bench:replay"]);
});

interface Figures {
  /** ns an operation, one a round; of every workload. */
  readonly warm: readonly number[];
  readonly memory?: number;
}

/** Of every workload the same, or each its own. */
type Measured = Readonly<Record<string, Figures | ((workload: string) => Figures)>>;

/** Rows as if these had been measured. */
function rowsOf(figures: Measured, reference: string): Row[] {
  const rows = WORKLOADS.flatMap((workload) =>
    Object.entries(figures).map(([name, given]): Row => {
      const { warm, memory = 1.25 } = typeof given === "function" ? given(workload) : given;
      const cell = {
        workload: { name: workload },
        contender: { name, version: "1" },
        answers: warm.map((ns) => ({ warm: ns, cold: ns })),
      };
      return { ...makeColdRow(cell, "ns/op"), memory: { firstPass: memory, fifthPass: memory } };
    }),
  );
  return withRatios(rows, reference);
}

const OBJECTS = ["objects", "cycles", "graph"];
const PEERS = ["mimalloc", "jemalloc", "tcmalloc"];

function screenOf(figures: Measured, reference: string, absent: readonly string[] = []) {
  const { above, below } = firstScreen("1.2.3", { reference, absent }, rowsOf(figures, reference), OBJECTS);
  expectFits([...above, "filled", "3/4 freed", "all freed", ...below]);
  return { above, below, text: flowing(above) };
}

describe("the first screen of other figures", () => {
  const glibc = { warm: [10, 10.2, 10.1, 10] };
  const tlsf = { warm: [12, 12, 12, 12] };

  test("says so where tallyheap loses", () => {
    const slow = { warm: [20, 20.4, 20.2, 20], memory: 1.5 };
    const { text, above } = screenOf({ [INLINED]: slow, [CALLED]: slow, [TLSF]: tlsf, glibc }, "glibc");
    expect(text).toContain("real programs: 2.00 of glibc's time inlined, 2.00 called.");
    expect(text).toContain("Against glibc, inlined: slower on all; called: slower on all.");
    // A bar has an end; the figure says the rest.
    expect(above).toContain(`tallyheap inlined ${WORKLOADS.map(() => "██████ 2.00").join(" ")}`);
    expect(above).toContain("peak memory / live: tallyheap 1.50, glibc 1.25, tlsf 1.25");
  });

  test("says so where it wins, and where noise exceeds the difference", () => {
    const fast = { warm: [5, 5.1, 5, 5] };
    const noisy = { warm: [8, 13, 9, 10.5] };
    const { text } = screenOf({ [INLINED]: fast, [CALLED]: noisy, [TLSF]: tlsf, glibc }, "glibc");
    expect(text).toContain("Against glibc, inlined: faster on all; called: within noise on all.");
  });

  test("shows the fastest native peer and the fastest other heap in wasm, and compares with that peer", () => {
    const own = { warm: [5, 5, 5, 5] };
    const peers = { mimalloc: { warm: [4, 4, 4, 4] }, jemalloc: { warm: [6, 6, 6, 6] } };
    const dlmalloc = { warm: [11, 11, 11, 11] };
    const { text, above } = screenOf(
      { [INLINED]: own, [CALLED]: own, [TLSF]: tlsf, [DLMALLOC]: dlmalloc, glibc, ...peers },
      "glibc",
    );
    expect(text).toContain("mimalloc, the fastest native one here, 0.40. Against mimalloc, inlined: slower");
    expect([...barsIn(above).keys()]).toEqual([
      ...["tallyheap inlined", "tallyheap called", "glibc", "mimalloc", "dlmalloc wasm"],
    ]);
  });

  test("without anything native: ratios to TLSF, and what is not here, still one screen", () => {
    const own = { warm: [5, 5, 5, 5] };
    const absent = [`${DLMALLOC}: no clang`, `glibc, ${PEERS.join(", ")}: no working C compiler`];
    const { text, below } = screenOf({ [INLINED]: own, [CALLED]: own, [TLSF]: tlsf }, TLSF, absent);
    expect(text).toContain("0.42 of tlsf (wasm)'s time inlined");
    expect(text).toContain("Against tlsf (wasm), inlined: faster on all");
    expect(flowing(below)).toContain(`Not here: ${DLMALLOC}, glibc, ${PEERS.join(", ")}.`);
    expect(below.slice(-3).every((line) => line.startsWith("npm run "))).toBe(true);
  });

  test("the longest verdict, beside the most bars and a peer that is not here: still one screen", () => {
    // Faster, slower, and not to be told.
    const own = (workload: string): Figures => ({
      warm: [12, 20, 12, 20].map((unclear) => [5, 5, 20, 30, unclear][WORKLOADS.indexOf(workload)]!),
    });
    const figures = {
      [INLINED]: own,
      [CALLED]: own,
      [TLSF]: tlsf,
      glibc,
      tcmalloc: { warm: [16, 16, 16, 16] },
    };
    for (const absent of [[], [`${DLMALLOC}: no clang`]]) {
      const { text } = screenOf(figures, "glibc", absent);
      expect(text).toContain(
        "called; tcmalloc 1.59. Faster, slower, within noise against tcmalloc: 2, 2, 1 inlined; 2,",
      );
    }
    // A short one keeps its names there.
    const short = { ...figures, [CALLED]: tlsf };
    expect(screenOf(short, "glibc").text).toContain(
      "inlined: faster on cc1, jq; slower on lua, py-ast-json; wi",
    );
  });

  test("--all: every contender in every table, and what ran", () => {
    const figures = Object.fromEntries(
      [INLINED, CALLED, TLSF, "glibc", ...PEERS].map((name, i) => [name, { warm: [i + 5, i + 5.2] }]),
    );
    const rows = rowsOf(figures, "glibc");
    const field = { contenders: [], absent: ["dlmalloc (wasm): no clang"], reference: "glibc" };
    const table = wholeTable(field, rows, { rounds: 2, seed: 77 }, 2);
    for (const name of Object.keys(figures)) expect(table.split(`│ ${name} `)).toHaveLength(5);
    for (const workload of WORKLOADS) expect(table.split(` ${workload} `)).toHaveLength(5);
    expect(table).toContain("5.1 ±0.1");
    expect(table).toContain("7 contenders. ");
    expect(table).toMatch(/; 2 rounds, seed 77, /);
    expect(table).toContain("Not here: dlmalloc (wasm): no clang.");
    expect(table).not.toContain("\u001b[");
  });
});

describe("npm start fails", () => {
  test.each([
    [["--rounds", "1"], "--rounds 1: noise takes at least 2 to be seen\n"],
    [["--seed", "x"], "--seed x: must be a whole number above 0\n"],
  ])("of %j, in one line", (options, message) => {
    expect(bench("start/start.js", ...options)).toMatchObject({ code: 1, stdout: "", stderr: message });
  });

  // The floor has no heap: it gives out the same blocks again and again.
  test("where a heap loses contents", { timeout: 120_000 }, () => {
    const from = (name: string): string =>
      JSON.stringify(pathToFileURL(join(buildDir, "bench/lib", name)).href);
    const script = `
      import { cac } from "cac";
      import { assemble } from ${from("contenders.js")};
      import { inspectReplays, prepareTrace } from ${from("replays.js")};
      import { runCli } from ${from("options.js")};
      import { readTrace } from ${from("trace.js")};
      const cli = cac("start");
      const command = cli.command("");
      command.action(async () => {
        const { contenders } = await assemble();
        const workload = prepareTrace(readTrace(${JSON.stringify(bundledTraces()[0])}));
        const floor = contenders.find(({ name }) => name === "floor (wasm)");
        await inspectReplays([{ workload, contender: { ...floor, isFloor: false } }], 1);
        console.log("nothing was noticed");
      });
      await runCli(cli, command);
    `;
    const run = spawnSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
    expect([run.status, run.stdout]).toEqual([1, ""]);
    expect(run.stderr).toMatch(/^node\S* \S*replay-worker\.js: .*contents/);
  });

  test("where verify() finds the heap damaged", () => {
    const heap = createHeap();
    const shown: string[] = [];
    const show = ({ label }: ArenasLine): void => {
      shown.push(label);
      // The head of a page in use.
      if (label === "3/4 freed") new Uint8Array(heap.memory.buffer, heap.malloc(16) & -4096, 64).fill(0xff);
    };
    expect(() => drawArenas(heap, 40, show)).toThrow(HeapError);
    expect(shown).toEqual(["filled", "3/4 freed"]);
  });
});
