/** `npm run bench:record -- OUT.atrc.gz -- program args…`: records the heap calls of a program as a trace. */

import { writeFileSync } from "node:fs";

import { cac } from "cac";

import { runCli } from "../lib/options.js";
import { recordProgram } from "../lib/recording.js";

async function run(out: string, options: { "--"?: string[] }): Promise<void> {
  const [program, ...args] = options["--"] ?? [];
  if (program === undefined) throw new Error("no program: bench:record OUT.atrc.gz -- program args…");
  const { file, trace, others, code } = await recordProgram(program, args);
  writeFileSync(out, file);
  const { opCount, peakLiveBlocks, peakLiveBytes } = trace;
  console.error(
    `${out}: ${opCount} operations, at most ${peakLiveBlocks} blocks and ${peakLiveBytes} bytes live`,
  );
  if (others[0] !== undefined)
    console.error(`left out: ${others.length} other processes, the longest with ${others[0]} operations`);
  process.exitCode = code;
}

const cli = cac("bench:record");
const command = cli.command(
  "<out>",
  "Record a program: OUT.atrc.gz -- program args… Of several processes the one with most calls is kept",
);
command.action(run);
await runCli(cli, command);
