/** Records the heap calls of a program as a trace, by a library in C that is preloaded. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { buildDir } from "./paths.js";
import { compile, findCompiler } from "./toolchain.js";
import { decodeTrace, usedBytes, type Trace } from "./trace.js";

interface Recording {
  readonly bytes: Uint8Array;
  readonly trace: Trace;
}

/** What a program did, as the file of a trace. */
export interface Recorded {
  /** Gzipped. */
  readonly file: Uint8Array;
  readonly trace: Trace;
  /** Operations of the other processes, the longest first. */
  readonly others: readonly number[];
  /** Exit code of the program; as in a shell if a signal ended it. */
  readonly code: number;
}

/** The library, compiled if need be. */
export function buildRecorder(): string {
  const compiler = process.platform === "linux" ? findCompiler() : undefined;
  if (compiler === undefined)
    throw new Error("recording needs Linux and a C compiler (cc): it preloads a library");
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

/**
 * Runs a program to its end, and gives the trace of the process with most calls. What it prints goes to stdout or, if
 * `isQuiet`, to stderr.
 */
export async function recordProgram(
  program: string,
  args: readonly string[],
  isQuiet = false,
): Promise<Recorded> {
  const recorder = buildRecorder();
  const folder = mkdtempSync(join(tmpdir(), "record-"));
  try {
    const preload = [recorder, process.env["LD_PRELOAD"] ?? ""].filter((library) => library !== "").join(":");
    const env = { ...process.env, LD_PRELOAD: preload, TALLYHEAP_RECORD: join(folder, "trace") };
    const child = spawn(program, args, { stdio: ["inherit", isQuiet ? 2 : 1, 2], env });
    const [code, signal] = (await once(child, "close").catch((cause: NodeJS.ErrnoException) => {
      throw new Error(`${program}: cannot be run (${cause.code ?? cause.message})`, { cause });
    })) as [number | null, NodeJS.Signals | null];
    const [longest, ...others] = readdirSync(folder)
      .map((name) => readRecording(folder, name))
      .filter((recording): recording is Recording => recording !== undefined)
      .sort((a, b) => b.trace.opCount - a.trace.opCount);
    if (longest === undefined)
      throw new Error(`${program}: nothing recorded; is it statically linked or set-uid?`);
    return {
      file: gzipSync(longest.bytes, { level: 9 }),
      trace: longest.trace,
      others: others.map(({ trace }) => trace.opCount),
      code: code ?? 128 + constants.signals[signal!],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
