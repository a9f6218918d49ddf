/** `npm run -s bench:release`: memory comes back, to the heap at once and to the operating system after trim(). */

import { nodeVersion } from "../lib/node.js";
import { conditions, runBench, selected, type CommonOptions } from "../lib/options.js";
import { nodeCommand, runLines } from "../lib/process.js";
import { find, makeRow } from "../lib/results.js";
import { runRounds } from "../lib/rounds.js";
import { makeTable } from "../lib/table.js";
import type { Release } from "./release-worker.js";

const MIB = 2 ** 20;
/** Resident memory after trim(), as a part of its peak. */
const RESIDENT_LIMIT = 0.25;
/** It is the same each time, but for what the operating system does. */
const ROUNDS = 1;

const HEAP = { name: "tallyheap", version: nodeVersion };

interface Fact {
  readonly name: string;
  readonly of: keyof Release;
  readonly unit?: string;
  /** Whether it is as it has to be. */
  isGood?(value: number, seen: Release): boolean;
}

/** What is looked at, in its order. */
const FACTS: readonly Fact[] = [
  { name: "arenas in use at the peak", of: "arenasAtPeak", unit: "arenas", isGood: (n) => n > 0 },
  { name: "arenas in use after freeing all", of: "arenasFreed", unit: "arenas", isGood: (n) => n === 0 },
  { name: "memory at the peak", of: "memoryAtPeak" },
  {
    name: "memory with one block of 150 MB after that",
    of: "memoryWithLarge",
    isGood: (bytes, { memoryAtPeak }) => bytes === memoryAtPeak,
  },
  { name: "given back by trim()", of: "released", isGood: (bytes) => bytes > 0 },
  { name: "resident at the start of the process", of: "residentAtStart" },
  { name: "resident at the peak", of: "residentAtPeak" },
  { name: "resident after freeing all", of: "residentFreed" },
  {
    name: "resident after trim()",
    of: "residentTrimmed",
    isGood: (bytes, { residentAtPeak }) => bytes < RESIDENT_LIMIT * residentAtPeak,
  },
];

await runBench<CommonOptions>({
  name: "bench:release",
  about: "Allocate and free 160 MB of small blocks, then give the memory back",
  rounds: ROUNDS,
  async run(_, options, plan) {
    const filling = { name: "10·1024·1024 blocks of 16 bytes" };
    const [cell] = await runRounds([filling], selected([HEAP], options.only), plan, async () => {
      const [line = "{}"] = await runLines(nodeCommand("memory/release-worker.js", [], "--expose-gc"));
      return JSON.parse(line) as Release;
    });
    const { contender, answers } = cell!;
    const facts = FACTS.map((fact) => ({
      row: makeRow(
        { workload: fact, contender },
        fact.unit ?? "bytes",
        answers.map((seen) => seen[fact.of]),
      ),
      isGood: answers.every((seen) => fact.isGood?.(seen[fact.of], seen) ?? true),
    }));
    const rows = facts.map(({ row }) => row);
    const peak = find(rows, "resident at the peak", contender.name)!.median;
    const text = (): string => {
      const body = facts.map(({ row: { workload, unit, median }, isGood }) => {
        const value = unit === "bytes" ? `${(median / MIB).toFixed(1)} MiB` : String(median);
        const share = workload.startsWith("resident") ? `${((100 * median) / peak).toFixed(0)} %` : "";
        return [workload, value, share, isGood ? "" : "NO"];
      });
      return `${makeTable([filling.name, "", "of the peak", ""], body)}\n${conditions([contender], [], plan)}`;
    };
    return { rows, text, isGood: facts.every(({ isGood }) => isGood) };
  },
});
