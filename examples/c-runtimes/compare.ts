/** `npm run example:lua`, `example:sqlite` and `example:mujs`: a C program on this heap, beside the libc's allocator. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { conditions, runBench, selected, type CommonOptions, type Report } from "../../bench/lib/options.js";
import { root } from "../../bench/lib/paths.js";
import { runLines } from "../../bench/lib/process.js";
import { makeRow, ratioTo } from "../../bench/lib/results.js";
import { runRounds, type Cell, type Plan } from "../../bench/lib/rounds.js";
import { median, medianInterval, ratios } from "../../bench/lib/statistics.js";
import { fixed, makeTable, withInterval } from "../../bench/lib/table.js";
import { build, type Program, type Variant } from "./build.js";
import type { Outcome } from "./host.js";
import { Absent, debianSource } from "./sources.js";

export interface Runtime {
  readonly name: string;
  /** Debian source package. */
  readonly debian: string;
  /** What to build, of the unpacked source. */
  readonly program: (source: string) => Program;
  /** File in `programs/`, and what it prints. */
  readonly script: string;
  readonly output: string;
}

interface Options extends CommonOptions {
  src?: string;
}

const HOST = fileURLToPath(new URL("host.js", import.meta.url));

export function compare(runtime: Runtime): Promise<void> {
  return runBench<Options>({
    name: `example:${runtime.name}`,
    about: `Run ${runtime.name}, compiled to wasm, on this heap and on the libc's malloc`,
    quick: "",
    more: [["--src <folder>", `The unpacked source of ${runtime.name}, in place of Debian's package`]],
    run: async (_, options, plan) => {
      const variants = buildAll(runtime, options.src);
      if (typeof variants === "string") return { rows: [], text: () => `left out: ${variants}` };
      const contenders = selected(variants, options.only);
      const cells = await runRounds([runtime], contenders, plan, runOnce);
      return report(runtime, cells, plan);
    },
  });
}

/** The builds, or why there are none. */
function buildAll(runtime: Runtime, source: string | undefined): readonly Variant[] | string {
  try {
    return build(runtime.program(source ?? debianSource(runtime.debian)));
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    return error.message;
  }
}

async function runOnce(runtime: Runtime, variant: Variant): Promise<Outcome> {
  const program = join(root, "examples/c-runtimes/programs", runtime.script);
  const args = ["--no-warnings", HOST, variant.file, program];
  const [line = ""] = await runLines({ file: process.execPath, args });
  const outcome = JSON.parse(line) as Outcome;
  if (outcome.output === runtime.output) return outcome;
  throw new Error(`${variant.name}: ${runtime.script} printed\n${outcome.output}and not\n${runtime.output}`);
}

/** The first contender, where it takes part, is what the others are compared with. */
function report(runtime: Runtime, cells: readonly Cell<Runtime, Variant, Outcome>[], plan: Plan): Report {
  const series = (cell: (typeof cells)[number], of: "ns" | "memoryBytes") =>
    cell.answers.map((answer) => answer[of]);
  const reference = cells.find(({ contender }) => contender.isReference);
  const rows = cells.map((cell) => {
    const row = makeRow(cell, "ns", series(cell, "ns"));
    if (!reference) return row;
    return { ...row, ratio: ratioTo(reference.contender.name, row.samples, series(reference, "ns")) };
  });
  const memory = cells.map((cell) => makeRow(cell, "bytes of linear memory", series(cell, "memoryBytes")));
  const body = cells.map((cell) => {
    const ns = series(cell, "ns");
    const bytes = median(series(cell, "memoryBytes"));
    return [
      cell.contender.name,
      withInterval(medianInterval(ns.map((value) => value / 1e6)), 0),
      reference ? withInterval(medianInterval(ratios(ns, series(reference, "ns"))), 3) : "–",
      fixed(bytes / 2 ** 20, 1),
      reference ? fixed(bytes / median(series(reference, "memoryBytes")), 2) : "–",
    ];
  });
  const text = () =>
    [
      `${runtime.name}: ${runtime.script}, with the expected output from every build`,
      makeTable(["", "ms", "ratio", "memory, MiB", "ratio"], body),
      conditions(
        cells.map(({ contender }) => contender),
        [],
        plan,
      ),
    ].join("\n");
  return { rows: [...rows, ...memory], text };
}
