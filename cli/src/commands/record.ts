import type { CAC } from "cac";

import { recordProgram } from "../../../bench/lib/recording.js";
import { UsageError } from "../../../bindings/link/failure.js";
import { writeFile } from "../../../bindings/link/output.js";
import { print } from "../output.js";

interface Options {
  json?: boolean;
  output?: string;
  "--"?: string[];
}

export function addRecord(cli: CAC): void {
  cli
    .command("record", "Record the heap calls of a program as a trace (Linux, C compiler)")
    .usage("record [-o FILE] -- PROGRAM ARGS…")
    .option(
      "-o, --output <file>",
      "The trace (default: PROGRAM.atrc.gz). Of several processes it has the busiest",
    )
    .example("  tallyheap-cli record -o ls.atrc.gz -- ls -lR /usr/share")
    .example("  tallyheap-cli record -- python3 program.py")
    .action(record);
}

/** Ends with the program's exit code, unless that was 0 and there is no trace. */
async function record({ json, output, "--": command = [] }: Options): Promise<void> {
  const [program, ...args] = command;
  if (program === undefined) throw new UsageError("name the program behind --");
  const file = output ?? `${program.replace(/^.*\//, "")}.atrc.gz`;
  const { file: bytes, trace, others, code } = await recordProgram(program, args, json);
  writeFile(String(file), (write) => write(bytes));
  const { opCount: operations, peakLiveBlocks, peakLiveBytes } = trace;
  print(
    { file, operations, peakLiveBlocks, peakLiveBytes, otherProcesses: others.length, exitCode: code },
    json,
    () =>
      `${file}: ${operations} operations, at most ${peakLiveBlocks} blocks and ${peakLiveBytes} bytes live` +
      (others.length > 0
        ? `; left out: ${others.length} other processes, the busiest with ${others[0]} operations`
        : ""),
  );
  process.exitCode = code;
}
