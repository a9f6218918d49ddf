/** `npm run -s bench:release`: memory comes back, to the heap at once and to the operating system after trim(). */

import { cac } from "cac";

import { runCli } from "../lib/options.js";
import { script } from "../lib/paths.js";
import { runLines } from "../lib/process.js";
import type { Release } from "./release-worker.js";
import { makeTable } from "../lib/table.js";

const MIB = 2 ** 20;
/** Resident memory after trim(), as a part of its peak. */
const RESIDENT_LIMIT = 0.25;

/** Runs the example in a process of its own. */
export async function measureRelease(): Promise<Release> {
  const [line = "{}"] = await runLines({
    file: process.execPath,
    args: ["--expose-gc", script("memory/release-worker.js")],
  });
  return JSON.parse(line) as Release;
}

async function run(options: { json?: boolean }): Promise<void> {
  const seen = await measureRelease();
  const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;
  const checks: [string, string, boolean][] = [
    ["arenas in use at the peak", String(seen.arenasAtPeak), seen.arenasAtPeak > 0],
    ["arenas in use after freeing all", String(seen.arenasFreed), seen.arenasFreed === 0],
    ["memory at the peak", mib(seen.memoryAtPeak), true],
    [
      "memory with one block of 150 MB after that",
      mib(seen.memoryWithLarge),
      seen.memoryWithLarge === seen.memoryAtPeak,
    ],
    ["given back by trim()", mib(seen.released), seen.released > 0],
    ["resident at the start of the process", mib(seen.residentAtStart), true],
    ["resident at the peak", mib(seen.residentAtPeak), true],
    ["resident after freeing all", mib(seen.residentFreed), true],
    [
      `resident after trim(), ${((100 * seen.residentTrimmed) / seen.residentAtPeak).toFixed(0)} % of the peak`,
      mib(seen.residentTrimmed),
      seen.residentTrimmed < RESIDENT_LIMIT * seen.residentAtPeak,
    ],
  ];
  if (options.json) console.log(JSON.stringify(seen, null, 1));
  else
    console.log(
      makeTable(
        ["10·1024·1024 blocks of 16 bytes", "", ""],
        checks.map(([what, value, good]) => [what, value, good ? "" : "NO"]),
      ),
    );
  if (checks.some(([, , good]) => !good)) process.exitCode = 1;
}

const cli = cac("bench:release");
cli
  .command("", "Allocate and free 160 MB of small blocks, then give the memory back")
  .option("--json", "Print what was seen as JSON")
  .action(run);
await runCli(cli);
