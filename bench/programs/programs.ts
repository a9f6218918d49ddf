/**
 * `npm run -s bench:programs -- [options] [PROGRAM…]`: programs that somebody has, in one heap or in several versions of
 * it. Each `--dist DIR` is a dist/ folder to measure, interleaved round by round, each program in a process of its own;
 * ratios are to the first.
 */

import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { cac } from "cac";

import {
  addOptions,
  chosen,
  circumstances,
  readPlan,
  runCli,
  type CommonOptions,
  type Plan,
} from "../lib/options.js";
import { root, script } from "../lib/paths.js";
import { programs } from "./all-programs.js";
import { printJson, ratioTo, type Row } from "../lib/results.js";
import { answerKey, askRounds, closeSessions, startSessions, type Candidate } from "../lib/sessions.js";
import { median, medianInterval } from "../lib/statistics.js";
import { fixed, makeTable } from "../lib/table.js";

interface Options extends CommonOptions {
  dist?: string | string[];
}

/** A sample takes about so long; its rounds are found before the first one is counted. */
const SAMPLE_MS = 150;

interface Heap {
  readonly name: string;
  readonly index: string;
}

/** The heaps to measure, each under the name of the folder that its dist/ lies in. */
function heapsOf(dist: string | string[] | undefined): Heap[] {
  const folders = dist === undefined ? [join(root, "dist")] : [dist].flat().map((folder) => resolve(folder));
  return folders.map((folder) => {
    const index = join(folder, "index.js");
    if (!existsSync(index)) throw new Error(`--dist ${folder}: there is no index.js`);
    return { name: basename(dirname(folder)), index };
  });
}

const candidate = ({ name, index }: Heap, program: string): Candidate => ({
  name,
  command: { file: process.execPath, args: [script("programs/programs-worker.js"), index, program] },
});

async function measure(heaps: readonly Heap[], program: string, plan: Plan): Promise<Row[]> {
  const { present } = await startSessions(
    heaps.map((heap) => candidate(heap, program)),
    undefined,
  );
  try {
    let rounds = 1;
    const sums = new Map<string, number[]>();
    const question = { name: program };
    // The same number of rounds for all heaps: as many as the first one takes.
    for (const { session, name } of present)
      await session.ask("1").then((answer) => note(sums, name, answer));
    for (let isLong = false; !isLong;) {
      const asked = rounds;
      const answers: number[] = [];
      for (const { session, name } of present)
        answers.push(note(sums, name, await session.ask(String(asked))));
      const least = Math.max(...answers) * asked;
      isLong = least > SAMPLE_MS / 2;
      if (!isLong)
        rounds = Math.max(rounds + 1, Math.round((rounds * SAMPLE_MS) / Math.max(least, SAMPLE_MS / 8)));
    }
    const samples = await askRounds(present, [question], plan, async ({ session, name }) =>
      note(sums, name, await session.ask(String(rounds))),
    );
    requireSame(program, sums);
    const first = samples.get(answerKey(program, present[0]!.name))!;
    return present.map(({ name, version }) => {
      const own = samples.get(answerKey(program, name))!;
      const row = {
        workload: program,
        contender: name,
        unit: "ms",
        samples: own,
        median: median(own),
        version,
      };
      return name === present[0]!.name ? row : { ...row, ratio: ratioTo(present[0]!.name, own, first) };
    });
  } finally {
    await closeSessions(present);
  }
}

/** Keeps what the program read; the ms. */
function note(sums: Map<string, number[]>, name: string, answer: string): number {
  const [ms = NaN, sum = NaN] = answer.split(" ").map(Number);
  const own = sums.get(name);
  if (own) own.push(sum);
  else sums.set(name, [sum]);
  return ms;
}

/** Heaps that do not the same work cannot be compared. */
function requireSame(program: string, sums: ReadonlyMap<string, readonly number[]>): void {
  const [first, ...others] = [...sums].map(([name, own]) => ({ name, text: own.join(" ") }));
  for (const { name, text } of others)
    if (text !== first!.text)
      throw new Error(`${program}: ${name} read ${text}, ${first!.name} ${first!.text}`);
}

function table(rows: readonly Row[], heaps: readonly Heap[], names: readonly string[]): string {
  const body = names.map((program) => [
    program,
    ...heaps.map(({ name }) => {
      const row = rows.find(({ workload, contender }) => workload === program && contender === name)!;
      const { low, high } = row.ratio ?? medianInterval(row.samples);
      const value = row.ratio?.median ?? row.median;
      return `${fixed(value, 2)} (${fixed(low, 2)}–${fixed(high, 2)})`;
    }),
  ]);
  return makeTable(["", ...heaps.map(({ name }, i) => (i === 0 ? `${name}, ms` : name))], body);
}

async function run(words: readonly string[], options: Options): Promise<void> {
  const plan = readPlan(options);
  const heaps = heapsOf(options.dist);
  const names = chosen(programs, words.map(String)).map(({ name }) => name);
  const rows: Row[] = [];
  for (const program of names) rows.push(...(await measure(heaps, program, plan)));
  if (options.json) {
    printJson(rows);
    return;
  }
  console.log("ms a round of the program; for further heaps the ratio to the first, of the same round");
  console.log(table(rows, heaps, names));
  console.log(`Node ${process.versions.node}. ${circumstances(plan)}`);
}

const cli = cac("bench:programs");
addOptions(cli.command("[...programs]", "Programs that somebody has"), { quick: "" })
  .option("--dist <folder>", "A dist/ folder of a heap to measure; again for more")
  .action(run);
await runCli(cli);
