/**
 * `npm run -s bench:programs -- [options] [PROGRAM…]`: programs that somebody has, in one heap or in several versions of
 * it. Each `--dist DIR` is a dist/ folder to measure, interleaved round by round, each program in a process of its own;
 * ratios are to the first.
 */

import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { chosen, conditions, runBench, type CommonOptions } from "../lib/options.js";
import { root } from "../lib/paths.js";
import { nodeCommand, withSessions, type Present } from "../lib/process.js";
import { find, makeRow, withRatios, type Row } from "../lib/results.js";
import { runRounds, type Plan } from "../lib/rounds.js";
import { medianInterval } from "../lib/statistics.js";
import { fixed, makeTable } from "../lib/table.js";
import { programs } from "./all-programs.js";

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

async function measure(present: readonly Present[], program: string, plan: Plan): Promise<Row[]> {
  const sums = new Map<string, number[]>();
  const ask = async ({ session, name }: Present, rounds: number): Promise<number> =>
    note(sums, name, await session.ask(String(rounds)));
  for (const heap of present) await ask(heap, 1);
  // The same number of rounds for all heaps: as many as the slowest one has time for.
  let rounds = 1;
  for (;;) {
    const answers: number[] = [];
    for (const heap of present) answers.push(await ask(heap, rounds));
    const ms = Math.max(...answers) * rounds;
    if (ms > SAMPLE_MS / 2) break;
    rounds = Math.max(rounds + 1, Math.round((rounds * SAMPLE_MS) / Math.max(ms, SAMPLE_MS / 8)));
  }
  const cells = await runRounds([{ name: program }], present, plan, (_, heap) => ask(heap, rounds));
  requireSame(program, sums);
  return withRatios(
    cells.map((cell) => makeRow(cell, "ms", cell.answers)),
    present[0]!.name,
  );
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
    ...heaps.map(({ name }, i) => {
      const row = find(rows, program, name)!;
      const ratio = i === 0 ? undefined : row.ratio;
      const { low, high } = ratio ?? medianInterval(row.samples);
      const value = ratio?.median ?? row.median;
      return `${fixed(value, 2)} (${fixed(low, 2)}–${fixed(high, 2)})`;
    }),
  ]);
  return makeTable(["", ...heaps.map(({ name }, i) => (i === 0 ? `${name}, ms` : name))], body);
}

await runBench<Options>({
  name: "bench:programs",
  args: "[...programs]",
  about: "Programs that somebody has",
  quick: "",
  more: [["--dist <folder>", "A dist/ folder of a heap to measure; again for more"]],
  async run(words, options, plan) {
    const heaps = heapsOf(options.dist);
    const names = chosen(programs, words).map(({ name }) => name);
    const rows: Row[] = [];
    let remark = "";
    for (const program of names) {
      const candidates = heaps.map(({ name, index }) => ({
        name,
        command: nodeCommand("programs/programs-worker.js", [index, program]),
      }));
      await withSessions(candidates, async (present, absent) => {
        rows.push(...(await measure(present, program, plan)));
        remark = conditions(present, absent, plan);
      });
    }
    const text = (): string =>
      [
        "ms a round of the program; for further heaps the ratio to the first, of the same round",
        table(rows, heaps, names),
        remark,
      ].join("\n");
    return { rows, text };
  },
});
