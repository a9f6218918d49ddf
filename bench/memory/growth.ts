/** `npm run -s bench:growth -- [options]`: what it costs a heap to grow to 160 MB while JavaScript objects are alive. */

import { cac } from "cac";

import { assemble, type Contender } from "../lib/contenders.js";
import {
  addOptions,
  conditions,
  readPlan,
  runCli,
  select,
  wholeNumber,
  type CommonOptions,
} from "../lib/options.js";
import { script } from "../lib/paths.js";
import { runLines } from "../lib/process.js";
import { startProgress } from "../lib/progress.js";
import { randomFrom, shuffled } from "../lib/random.js";
import { printJson, type Row } from "../lib/results.js";
import { median, medianInterval } from "../lib/statistics.js";
import { fixed, makeTable } from "../lib/table.js";

const DEFAULT_ROUNDS = 5;
const DEFAULT_PAIRS = 300_000;
/** ns a block above which a contender runs once only: it takes most of a minute. */
const SLOW = 1000;

interface GrowthOptions extends CommonOptions {
  pairs?: string | number;
}

async function run(options: GrowthOptions): Promise<void> {
  const plan = readPlan(options, DEFAULT_ROUNDS);
  const { rounds, seed } = plan;
  const pairs = wholeNumber("pairs", options.pairs, DEFAULT_PAIRS);
  const takesPart = ({ module, isFloor }: Contender): boolean => module !== undefined && !isFloor;
  const field = select(await assemble(), options.only, takesPart);
  const results = field.contenders.map((contender) => ({ contender, samples: [] as number[], bytes: 0 }));
  const random = randomFrom(seed);
  const progress = startProgress(rounds * results.length);
  try {
    for (let round = 0; round < rounds; round++) {
      for (const result of shuffled(results, random)) {
        progress.tick(result.contender.name);
        if ((result.samples[0] ?? 0) > SLOW) continue;
        const args = [
          script("memory/growth-worker.js"),
          result.contender.module!,
          String(2 ** 18),
          String(pairs),
        ];
        const [line = ""] = await runLines({ file: process.execPath, args });
        const [ns = NaN, bytes = NaN] = line.split(" ").map(Number);
        result.samples.push(ns);
        result.bytes = bytes;
      }
    }
  } finally {
    progress.stop();
  }
  const workload = `growth to 160 MB, ${pairs} live pairs`;
  const rows = results.map(({ contender, samples }): Row => ({
    ...{ workload, contender: contender.name, unit: "ns/block", samples, median: median(samples) },
    version: contender.version,
  }));
  if (options.json) {
    printJson(rows);
    return;
  }
  const body = results.map(({ contender, samples, bytes }) => {
    const { median: middle, low, high } = medianInterval(samples);
    return [
      contender.name,
      fixed(middle, 1),
      `${fixed(low, 1)}–${fixed(high, 1)}`,
      fixed(bytes / 2 ** 20, 0),
    ];
  });
  console.log(`10·1024·1024 blocks of 16 bytes with ${pairs} pairs of JavaScript objects alive`);
  console.log(makeTable(["", "ns a block", "interval", "memory, MiB"], body));
  console.log(conditions(field, plan));
}

const cli = cac("bench:growth");
const command = cli.command("", "Fill 160 MB with small blocks while JavaScript objects are alive");
addOptions(command, { rounds: DEFAULT_ROUNDS })
  .option("--pairs <n>", `Pairs of live objects (default ${DEFAULT_PAIRS})`)
  .action(run);
await runCli(cli);
