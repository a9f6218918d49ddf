// A build in steps: each runs only when the content of its inputs has changed or an output is missing.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

const require = createRequire(import.meta.url);
const STAMPS = join(root, "build/.stamps.json");
const LOCK = join(root, "build/.lock");

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string[]} [after] names of the steps that must have run before
 * @property {string[]} inputs glob patterns relative to the repository; their content decides whether to run
 * @property {string[]} outputs files relative to the repository that must exist for the step to count as done
 * @property {() => void | Promise<void>} run
 */

/** An error whose message is all the user needs: printed without a stack. */
export class BuildError extends Error {}

/**
 * Runs a JavaScript command of a development dependency, or any other program, and collects what it prints.
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<{ code: number, output: string }>}
 */
export function capture(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], ...options });
    let output = "";
    child.stdout?.on("data", (chunk) => (output += chunk));
    child.stderr?.on("data", (chunk) => (output += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * As `capture`, but a failure is a BuildError that carries the output.
 * @param {string} name
 * @param {string} script path of a JavaScript file to run with this Node
 * @param {string[]} args
 */
export async function runNode(name, script, args) {
  const { code, output } = await capture(process.execPath, [script, ...args]);
  if (code !== 0) throw new BuildError(`${name} failed:\n${output.trim()}`);
  return output;
}

/** Runs the AssemblyScript compiler; paths are relative to the repository. @param {string[]} args */
export function asc(args) {
  return runNode("asc", join(root, "node_modules/assemblyscript/bin/asc.js"), args);
}

/** Runs the TypeScript compiler on a project file. @param {string} project */
export function tsc(project) {
  return runNode(`tsc -p ${project}`, require.resolve("typescript/bin/tsc"), [
    "-p",
    project,
    "--pretty",
    "false",
  ]);
}

/**
 * Brings all steps up to date, independent ones at the same time, and returns the names of those that ran.
 * @param {Step[]} steps
 * @param {(line: string) => void} log
 */
export async function runSteps(steps, log) {
  mkdirSync(dirname(STAMPS), { recursive: true });
  const unlock = await lock();
  try {
    /** @type {Map<string, string>} */
    const stamps = new Map(existsSync(STAMPS) ? JSON.parse(readFileSync(STAMPS, "utf8")) : []);
    const slots = semaphore(Math.max(2, availableParallelism()));
    /** @type {Map<string, Promise<void>>} */
    const started = new Map();
    /** @type {string[]} */
    const ran = [];
    /** @param {Step} step */
    const start = async (step) => {
      await Promise.all((step.after ?? []).map((name) => started.get(name)));
      const hash = hashInputs(step);
      if (stamps.get(step.name) === hash && step.outputs.every((file) => existsSync(join(root, file))))
        return;
      await slots(async () => {
        const begin = performance.now();
        stamps.delete(step.name);
        await step.run();
        stamps.set(step.name, hash);
        ran.push(step.name);
        log(`${step.name}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
      });
    };
    for (const step of steps) started.set(step.name, start(step));
    const results = await Promise.allSettled(started.values());
    writeFileSync(STAMPS, JSON.stringify([...stamps], null, 1) + "\n");
    // Steps that wait for a failed one fail with the same error; the two cores often fail with the same message.
    const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    const unexpected = failures.find((failure) => !(failure instanceof BuildError));
    if (unexpected) throw unexpected;
    const messages = new Set(failures.map((failure) => failure.message));
    if (messages.size > 0) throw new BuildError([...messages].join("\n\n"));
    return ran;
  } finally {
    unlock();
  }
}

/** @param {Step} step */
function hashInputs(step) {
  const hash = createHash("sha256");
  // The build scripts are inputs of every step: a changed flag must rebuild.
  const scripts = ["scripts/steps.mjs", "scripts/build.mjs", "scripts/layout.mjs"];
  for (const file of [...scripts, ...expand(step.inputs)]) {
    hash.update(file.replaceAll("\\", "/")).update("\0");
    hash.update(readFileSync(join(root, file))).update("\0");
  }
  return hash.digest("hex");
}

/** @param {string[]} patterns */
function expand(patterns) {
  return [...new Set(patterns.flatMap((pattern) => glob(pattern)))].sort();
}

/**
 * The files of the repository that match a pattern: a plain path, or `folder/**` + `/*.ext` (any depth).
 * fs.globSync would do, but exists from Node 22 on only.
 * @param {string} pattern
 * @returns {string[]}
 */
export function glob(pattern) {
  const [folder, suffix] = pattern.split("/**/*");
  if (folder === undefined || suffix === undefined) return existsSync(join(root, pattern)) ? [pattern] : [];
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((file) => `${folder}/${file.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith(suffix) && statSync(join(root, file)).isFile());
}

/** @param {number} count */
function semaphore(count) {
  /** @type {(() => void)[]} */
  const waiting = [];
  return async (/** @type {() => Promise<void>} */ task) => {
    if (count > 0) count--;
    else await new Promise((/** @type {(value?: undefined) => void} */ resolve) => waiting.push(resolve));
    try {
      await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else count++;
    }
  };
}

/** Two builds at a time would overwrite each other's files. The file holds the process number of its owner. */
async function lock() {
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: "wx" });
      return () => rmSync(LOCK, { force: true });
    } catch {
      const owner = existsSync(LOCK) ? readFileSync(LOCK, "utf8") : "";
      if (owner !== "" && !isAlive(Number(owner))) {
        rmSync(LOCK, { force: true });
        continue;
      }
      if (!waited) console.error(`waiting for the build that runs as process ${owner}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}
