/** Starts contenders: each measurement runs in a process of its own, pinned to one processor where that works. */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { script } from "./paths.js";
import type { Versioned } from "./results.js";

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A compiled file of bench/, by its path there, as a process of its own on this Node. */
export function nodeCommand(file: string, args: readonly (string | number)[], ...flags: string[]): Command {
  return { file: process.execPath, args: [...flags, script(file), ...args.map(String)] };
}

/** The contender's process failed or said something unexpected. */
export class ProcessError extends Error {
  override readonly name = "ProcessError";
}

let pin: readonly string[] | undefined;

/**
 * `taskset -c N`, with the last processor that this process may use, or nothing where that does not work. A process
 * that wanders between processors loses its caches; which processor does not matter.
 */
function pinned(): readonly string[] {
  if (pin !== undefined) return pin;
  pin = [];
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const last = /^Cpus_allowed_list:.*?(\d+)$/m.exec(status)?.[1];
    if (last !== undefined && spawnSync("taskset", ["-c", last, "true"]).status === 0)
      pin = ["taskset", "-c", last];
  } catch {
    // not Linux
  }
  return pin;
}

export const isPinned = (): boolean => pinned().length > 0;

function start(command: Command, input: "ignore" | "pipe", timed = true): ChildProcess {
  const [file = command.file, ...args] = [...(timed ? pinned() : []), command.file, ...command.args];
  // LD_PRELOAD set on taskset is inherited by what it executes; taskset itself does not mind.
  return spawn(file, args, { stdio: [input, "pipe", "pipe"], env: { ...process.env, ...command.env } });
}

function describe(command: Command, complaint: string): string {
  const text = complaint.trim().split("\n").slice(-12).join("\n");
  return `${command.file.replace(/^.*[\\/]/, "")} ${command.args.slice(0, 1).join(" ")}: ${text || "failed without a word"}`;
}

/** Runs to the end; the lines that it printed. Only what is timed is pinned. */
export async function runLines(command: Command, timed = true): Promise<string[]> {
  const child = start(command, "ignore", timed);
  let output = "";
  let complaint = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new ProcessError(describe(command, complaint + output));
  return output.split("\n").filter((line) => line !== "");
}

/** A process that answers each line of input with one line. */
export class Session {
  readonly #command: Command;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #complaint = "";

  constructor(command: Command) {
    this.#command = command;
    this.#child = start(command, "pipe");
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#complaint += text));
    this.#child.stdin?.on("error", () => {}); // it died; read() says so
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async read(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new ProcessError(describe(this.#command, this.#complaint));
    return value;
  }

  async ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    return this.read();
  }

  async close(): Promise<void> {
    const closed =
      this.#child.exitCode === null && this.#child.signalCode === null
        ? once(this.#child, "close")
        : undefined;
    this.#child.stdin?.end();
    await closed;
  }
}

/** A contender whose process runs as long as the measurement and answers each line of input with one line. */
export interface Candidate {
  readonly name: string;
  readonly command: Command;
  /** May be absent; the others are part of the project. */
  readonly isOptional?: boolean;
}

export interface Present extends Versioned {
  readonly session: Session;
}

/** Starts the candidates, whose first line is their version; they end with `work`. */
export async function withSessions<R>(
  candidates: readonly Candidate[],
  work: (present: readonly Present[], absent: readonly string[]) => Promise<R>,
): Promise<R> {
  const present: Present[] = [];
  const absent: string[] = [];
  try {
    for (const { name, command, isOptional } of candidates) {
      const session = new Session(command);
      try {
        present.push({ name, version: await session.read(), session });
      } catch (error) {
        if (!isOptional) throw error;
        absent.push(name);
      }
    }
    return await work(present, absent);
  } finally {
    await Promise.all(present.map(({ session }) => session.close()));
  }
}
