/** `npm run -s bench:growth -- [options]`: what it costs a heap to grow to 160 MB while JavaScript objects are alive. */

import { assemble } from "../lib/contenders.js";
import { conditions, runBench, select, wholeNumber, type CommonOptions } from "../lib/options.js";
import { nodeCommand, runLines } from "../lib/process.js";
import { makeRow } from "../lib/results.js";
import { runRounds } from "../lib/rounds.js";
import { fixed, makeTable, withInterval } from "../lib/table.js";
import { median, medianInterval } from "../lib/statistics.js";
import { insertProbe } from "./grow-probe.js";
import type { Filling } from "./growth-worker.js";

const ROUNDS = 5;
const PAIRS = 300_000;
/** ns a block above which a contender runs once only: it takes most of a minute. */
const SLOW = 1000;

interface GrowthOptions extends CommonOptions {
  pairs?: string | number;
}

await runBench<GrowthOptions>({
  name: "bench:growth",
  about: "Fill 160 MB with small blocks while JavaScript objects are alive",
  rounds: ROUNDS,
  more: [["--pairs <n>", `Pairs of live objects (default ${PAIRS})`]],
  async run(_, options, plan) {
    const pairs = wholeNumber("pairs", options.pairs, PAIRS);
    const { contenders, absent } = select(
      await assemble(),
      options.only,
      ({ module, isFloor }) => module !== undefined && !isFloor,
    );
    const workload = { name: `growth to 160 MB, ${pairs} live pairs` };
    const probed = new Map(contenders.map(({ name, module }) => [name, insertProbe(module!.file)]));
    const slow = new Set<string>();
    const cells = await runRounds([workload], contenders, plan, async (_, { name, module }) => {
      if (slow.has(name)) return undefined;
      const args = [probed.get(name)!, module!.slots, pairs];
      const [line = "{}"] = await runLines(nodeCommand("memory/growth-worker.js", args));
      const filling = JSON.parse(line) as Filling;
      if (filling.nsPerBlock > SLOW) slow.add(name);
      return filling;
    });
    const series = (answers: readonly Filling[], of: keyof Filling): number[] =>
      answers.map((answer) => answer[of]);
    const rows = cells.flatMap(({ contender, answers }) => {
      const row = (what: string, unit: string, of: keyof Filling) =>
        makeRow({ workload: { name: workload.name + what }, contender }, unit, series(answers, of));
      return [
        row("", "ns/block", "nsPerBlock"),
        row(": in memory.grow", "ns/block", "nsInGrow"),
        row(": memory.grow", "calls", "growCalls"),
      ];
    });
    const body = cells.map(({ contender, answers }) => [
      contender.name,
      withInterval(medianInterval(series(answers, "nsPerBlock")), 1),
      fixed(median(series(answers, "nsInGrow")), 1),
      fixed(median(series(answers, "growCalls")), 0),
      fixed(median(series(answers, "bytes")) / 2 ** 20, 0),
    ]);
    const text = (): string =>
      [
        `10·1024·1024 blocks of 16 bytes with ${pairs} pairs of JavaScript objects alive`,
        makeTable(["", "ns a block", "in memory.grow", "its calls", "memory, MiB"], body),
        conditions(contenders, absent, plan),
      ].join("\n");
    return { rows, text };
  },
});
