/** `npm run bench:record -- OUT.atrc.gz -- program args…`: records the heap calls of a program as a trace. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { cac } from "cac";

import { runCli } from "../lib/options.js";
import { buildDir } from "../lib/paths.js";
import { compile, findCompiler } from "../lib/toolchain.js";
import { decodeTrace, usedBytes, type Trace } from "../lib/trace.js";

interface Recording {
  readonly bytes: Uint8Array;
  readonly trace: Trace;
}

function buildRecorder(): string {
  const compiler = process.platform === "linux" ? findCompiler() : undefined;
  if (compiler === undefined)
    throw new Error("bench:record needs Linux and a C compiler (cc): it preloads a library");
  const flags = ["-shared", "-fPIC", "-ldl", "-lpthread"];
  return compile(compiler, "recorder.c", join(buildDir, "native/recorder.so"), flags);
}

/** Reads what one process left. Undefined for a file with nothing in it; a killed program leaves zeros at the end. */
function readRecording(folder: string, name: string): Recording | undefined {
  const file = readFileSync(join(folder, name));
  const bytes = file.subarray(0, usedBytes(file));
  if (bytes.length <= 16) return undefined;
  return { bytes, trace: decodeTrace(bytes, name) };
}

async function run(out: string, options: { "--"?: string[] }): Promise<void> {
  const [program, ...args] = options["--"] ?? [];
  if (program === undefined) throw new Error("no program: bench:record OUT.atrc.gz -- program args…");
  const recorder = buildRecorder();
  const folder = mkdtempSync(join(tmpdir(), "record-"));
  try {
    const preload = [recorder, process.env["LD_PRELOAD"] ?? ""].filter((library) => library !== "").join(":");
    const env = { ...process.env, LD_PRELOAD: preload, TALLYHEAP_RECORD: join(folder, "trace") };
    const child = spawn(program, args, { stdio: "inherit", env });
    const [code] = (await once(child, "close")) as [number | null];
    const recordings = readdirSync(folder)
      .map((name) => readRecording(folder, name))
      .filter((recording): recording is Recording => recording !== undefined)
      .sort((a, b) => b.trace.opCount - a.trace.opCount);
    const [longest, ...others] = recordings;
    if (longest === undefined)
      throw new Error(`${program}: nothing recorded; is it statically linked or set-uid?`);
    writeFileSync(out, gzipSync(longest.bytes, { level: 9 }));
    const { opCount, peakLiveBlocks, peakLiveBytes } = longest.trace;
    console.error(
      `${out}: ${opCount} operations, at most ${peakLiveBlocks} blocks and ${peakLiveBytes} bytes live`,
    );
    const next = others[0];
    if (next)
      console.error(
        `left out: ${others.length} other processes, the longest with ${next.trace.opCount} operations`,
      );
    process.exitCode = code ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const cli = cac("bench:record");
const command = cli.command(
  "<out>",
  "Record a program: OUT.atrc.gz -- program args… Of several processes the one with most calls is kept",
);
command.action(run);
await runCli(cli, command);
