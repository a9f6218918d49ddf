/** `npm run example:lua`, `example:sqlite` and `example:mujs`: a C program on this heap, beside the libc's allocator. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cac } from "cac";
import {
  addOptions,
  circumstances,
  readPlan,
  runCli,
  wantedBy,
  type CommonOptions,
} from "../../bench/lib/options.js";
import { root } from "../../bench/lib/paths.js";
import { runLines } from "../../bench/lib/process.js";
import { startProgress } from "../../bench/lib/progress.js";
import { randomFrom, shuffled } from "../../bench/lib/random.js";
import { printJson, type Row } from "../../bench/lib/results.js";
import { median, medianInterval, ratios } from "../../bench/lib/statistics.js";
import { fixed, makeTable } from "../../bench/lib/table.js";
import { ALLOCATORS, build, type Allocator, type Program } from "./build.js";
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

interface Samples {
  readonly allocator: Allocator;
  readonly file: string;
  readonly ns: number[];
  memoryBytes: number;
}

const HOST = fileURLToPath(new URL("host.js", import.meta.url));
const REFERENCE: Allocator = "dlmalloc (wasi-libc)";

export async function compare(runtime: Runtime): Promise<void> {
  const cli = cac(`example:${runtime.name}`);
  const command = cli.command(
    "",
    `Run ${runtime.name}, compiled to wasm, on this heap and on the libc's malloc`,
  );
  addOptions(command, { quick: "" })
    .option("--src <folder>", `The unpacked source of ${runtime.name}, in place of Debian's package`)
    .action((options: Options) => measure(runtime, options));
  await runCli(cli);
}

async function measure(runtime: Runtime, options: Options): Promise<void> {
  const modules = buildAll(runtime, options.src);
  if (!modules) return;
  const plan = readPlan(options);
  const wanted = wantedBy(options.only);
  const results = ALLOCATORS.filter(wanted).map((allocator): Samples => ({
    allocator,
    file: modules.get(allocator)!,
    ns: [],
    memoryBytes: 0,
  }));
  const random = randomFrom(plan.seed);
  const progress = startProgress(plan.rounds * results.length);
  try {
    for (let round = 0; round < plan.rounds; round++) {
      for (const result of shuffled(results, random)) {
        progress.tick(result.allocator);
        const { output, ns, memoryBytes } = await runOnce(runtime, result.file);
        if (output !== runtime.output) {
          throw new Error(
            `${result.allocator}: ${runtime.script} printed\n${output}and not\n${runtime.output}`,
          );
        }
        result.ns.push(ns);
        result.memoryBytes = memoryBytes;
      }
    }
  } finally {
    progress.stop();
  }
  if (options.json) printJson(results.map((result) => row(runtime, result)));
  else print(runtime, results, circumstances(plan));
}

function buildAll(runtime: Runtime, source: string | undefined): ReadonlyMap<Allocator, string> | undefined {
  try {
    return build(runtime.program(source ?? debianSource(runtime.debian)));
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    console.log(`left out: ${error.message}`);
    return undefined;
  }
}

async function runOnce(runtime: Runtime, file: string): Promise<Outcome> {
  const args = ["--no-warnings", HOST, file, join(root, "examples/c-runtimes/programs", runtime.script)];
  const [line = ""] = await runLines({ file: process.execPath, args });
  return JSON.parse(line) as Outcome;
}

function row(runtime: Runtime, { allocator, ns, memoryBytes }: Samples): Row {
  const version = `${memoryBytes} bytes of linear memory`;
  return {
    workload: runtime.name,
    contender: allocator,
    unit: "ns",
    samples: ns,
    median: median(ns),
    version,
  };
}

function print(runtime: Runtime, results: readonly Samples[], footer: string): void {
  const reference = results.find(({ allocator }) => allocator === REFERENCE);
  const body = results.map(({ allocator, ns, memoryBytes }) => {
    const time = medianInterval(ns);
    const ratio = reference && medianInterval(ratios(ns, reference.ns));
    return [
      allocator,
      `${fixed(time.median / 1e6, 0)} (${fixed(time.low / 1e6, 0)}–${fixed(time.high / 1e6, 0)})`,
      ratio ? `${fixed(ratio.median, 3)} (${fixed(ratio.low, 3)}–${fixed(ratio.high, 3)})` : "–",
      fixed(memoryBytes / 2 ** 20, 1),
      reference ? fixed(memoryBytes / reference.memoryBytes, 2) : "–",
    ];
  });
  console.log(`${runtime.name}: ${runtime.script}, output as expected from every build`);
  console.log(makeTable(["", "ms", "ratio", "memory, MiB", "ratio"], body));
  console.log(footer);
}
