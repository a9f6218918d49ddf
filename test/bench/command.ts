import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { findCompiler } from "../../bench/lib/toolchain.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  /** Without the progress of a run that takes long, whose lines are `progress`. */
  readonly stderr: string;
  readonly progress: readonly string[];
}

/** Runs a compiled command of bench/ as npm does. */
export function bench(command: string, ...args: string[]): Outcome {
  return benchWith({}, command, ...args);
}

/** The same with more in the environment. */
export function benchWith(env: Record<string, string>, command: string, ...args: string[]): Outcome {
  const run = spawnSync(process.execPath, [join(root, "build/bench", command), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  const PROGRESS = /^\d+ of \d+, \d+ s: .*\n/gm;
  const stderr = run.stderr.replace(PROGRESS, "");
  return { code: run.status, stdout: run.stdout, stderr, progress: run.stderr.match(PROGRESS) ?? [] };
}

export function scratch(): string {
  return mkdtempSync(join(tmpdir(), "bench-"));
}

/** Whether a C compiler works here; what needs it is skipped otherwise, under a name that says so. */
export const hasCompiler = findCompiler() !== undefined;
