/**
 * `npm run -s bench:objects -- [options] [WORKLOAD…]`: birth, death, counts and stores of objects beside CPython and
 * plain JavaScript objects, and the bytes that objects take.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { cac } from "cac";

import { QUICK_ROUNDS, ROUNDS, runCli, wholeNumber, type CommonOptions } from "./options.js";
import { nativeSources, root, script } from "./paths.js";
import { Session, isPinned, type Command } from "./process.js";
import { startProgress } from "./progress.js";
import { newSeed, randomFrom, shuffled } from "./random.js";
import { find, printJson, ratioTo, type Row } from "./results.js";
import { median } from "./statistics.js";
import { fixed, makeTable } from "./table.js";

const INLINED = "tallyheap (inlined)";
const CHECKED = "tallyheap (checked)";
const CPYTHON = "cpython";
const BLOCKS = "tallyheap";
const PAGES = "tallyheap (pages)";

const worker = (contender: string): Command => ({
  file: process.execPath,
  args: [script("objects-worker.js"), contender],
});

const CONTENDERS: readonly { readonly name: string; readonly command: Command }[] = [
  { name: INLINED, command: worker("inlined") },
  { name: CHECKED, command: worker("checked") },
  { name: "tallyheap (raw)", command: worker("raw") },
  { name: "v8", command: worker("v8") },
  {
    name: CPYTHON,
    command: { file: process.env["PYTHON"] ?? "python3", args: [join(nativeSources, "objects.py")] },
  },
];

const WORKLOADS = [
  "death: tree of 1M records",
  "death: tree of 1M lists",
  "death: chain of 5M",
  "float: create, destroy",
  "record: create, destroy",
  "incref, decref",
  "store, 64k objects at random",
];

/** Kinds of objects, and what CPython 3.11 takes for one on 64 bits (with the collector's header). */
const KINDS: readonly (readonly [kind: string, cpython: number])[] = [
  ["int", 32],
  ["float", 32],
  ["str, 8 characters", 64],
  ["1-tuple", 48],
  ["2-tuple", 64],
  ["empty list", 64],
  ["list of 1", 80],
  ["empty dict", 64],
  ["dict of 1", 224],
  ["record, 2 fields", 48],
];

interface Present {
  readonly name: string;
  readonly version: string;
  readonly session: Session;
}

/** Starts the contenders; those that do not start are absent. */
async function start(only: string | undefined): Promise<{ present: Present[]; absent: string[] }> {
  const words = only?.split(",").map((word) => word.trim().toLowerCase());
  const present: Present[] = [];
  const absent: string[] = [];
  for (const { name, command } of CONTENDERS) {
    if (words && !words.some((word) => name.includes(word))) continue;
    const session = new Session(command);
    try {
      present.push({ name, version: await session.read(), session });
    } catch {
      if (name !== CPYTHON) throw new Error(`${name} did not start`);
      absent.push(name);
    }
  }
  return { present, absent };
}

async function measure(
  present: readonly Present[],
  workloads: readonly string[],
  rounds: number,
  seed: number,
): Promise<Row[]> {
  const samples = new Map<string, number[]>();
  const random = randomFrom(seed);
  const progress = startProgress(workloads.length * present.length * (rounds + 1));
  try {
    // The first round warms up and is not counted.
    for (let round = -1; round < rounds; round++) {
      for (const workload of workloads) {
        for (const { name, session } of shuffled([...present], random)) {
          progress.tick(`${workload}: ${name}`);
          const answer = await session.ask(workload);
          if (answer === "-" || round < 0) continue;
          const key = `${workload}\n${name}`;
          samples.set(key, [...(samples.get(key) ?? []), Number(answer)]);
        }
      }
    }
  } finally {
    progress.stop();
  }
  return workloads.flatMap((workload) => {
    const reference = samples.get(`${workload}\n${CPYTHON}`);
    return present.flatMap(({ name, version }): Row[] => {
      const own = samples.get(`${workload}\n${name}`);
      if (own === undefined) return [];
      const ratio = reference && { ratio: ratioTo(CPYTHON, own, reference) };
      return [
        { workload, contender: name, unit: "ns", samples: own, median: median(own), version, ...ratio },
      ];
    });
  });
}

/** Bytes an object, of its blocks and, for the heap, of the pages too, as rows. */
async function weigh(present: readonly Present[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, version, session } of present) {
    if (name !== CHECKED && name !== CPYTHON) continue;
    for (const [kind] of KINDS) {
      for (const measure of name === CPYTHON ? ["bytes"] : ["bytes", "pages"]) {
        const answer = await session.ask(`${measure} ${kind}`);
        if (answer === "-") continue;
        const bytes = Number(answer);
        const contender = name === CPYTHON ? name : measure === "bytes" ? BLOCKS : PAGES;
        rows.push({ workload: kind, contender, unit: "bytes", samples: [bytes], median: bytes, version });
      }
    }
  }
  return rows;
}

function timesTable(rows: readonly Row[], names: readonly string[], workloads: readonly string[]): string {
  const body = workloads.map((workload) => [
    workload,
    ...names.map((name) => {
      const row = find(rows, workload, name);
      const ratio = row?.ratio && name !== CPYTHON ? ` (${fixed(row.ratio.median, 2)})` : "";
      return `${fixed(row?.median, 1)}${ratio}`;
    }),
  ]);
  return makeTable(["", ...names], body);
}

function bytesTable(rows: readonly Row[]): string {
  const body = KINDS.map(([kind, known]) => {
    const measured = [BLOCKS, PAGES, CPYTHON].map((name) => fixed(find(rows, kind, name)?.median, 1));
    return [kind, ...measured, String(known)];
  });
  return makeTable(["", BLOCKS, PAGES, "cpython here", "CPython 3.11"], body);
}

async function run(names: readonly string[], options: CommonOptions): Promise<void> {
  const rounds = wholeNumber("rounds", options.rounds, options.quick ? QUICK_ROUNDS : ROUNDS);
  const seed = wholeNumber("seed", options.seed, newSeed());
  const workloads = WORKLOADS.filter(
    (workload) => names.length === 0 || names.some((name) => workload.includes(name)),
  );
  if (workloads.length === 0) throw new Error(`no workload is called ${names.join(" or ")}`);
  const { present, absent } = await start(options.only);
  try {
    const rows = await measure(present, workloads, rounds, seed);
    const bytes = names.length === 0 ? await weigh(present) : [];
    if (options.json) {
      printJson([...rows, ...bytes]);
      return;
    }
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    console.log("ns a unit (ratio to CPython of the same round)");
    const columns = present.map(({ name }) => name);
    console.log(timesTable(rows, columns, workloads));
    if (bytes.length > 0) console.log(`\nbytes an object\n${bytesTable(bytes)}`);
    const versions = present.map((contender) => `${contender.name} ${contender.version}`).join(", ");
    const pinned = isPinned() ? ", pinned to one processor" : "";
    console.log(
      `tallyheap ${version}; ${versions}. ${rounds} rounds, seed ${seed}, processor time${pinned}.`,
    );
    for (const name of absent) console.log(`Not here: ${name}.`);
  } finally {
    await Promise.all(present.map(({ session }) => session.close()));
  }
}

const cli = cac("bench:objects");
cli
  .command("[...workloads]", "Birth, death, counts and stores of objects")
  .option("--json", "Print an array of { workload, contender, unit, samples, median, … }")
  .option("--rounds <n>", `Interleaved rounds (default ${ROUNDS})`)
  .option("--quick", `${QUICK_ROUNDS} rounds`)
  .option("--only <names>", "Only contenders whose names contain one of these words, separated by commas")
  .option("--seed <n>", "Seed of the order of contenders")
  .action(run);
await runCli(cli);
