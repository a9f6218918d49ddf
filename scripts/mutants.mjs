// npm run test:mutants [FILTER…]
// Seeds the faults of test/mutants one at a time in a copy of the repository, and says which test finds each: first the
// tests that are expected to, then all of the core's. A run that takes too long counts as found: the mutant hangs.
//   --list      the mutants, without running them
//   --at-once   without a run of all tests on the sound core before
//   --from N    the N-th and those behind it
//   --every N   of those every N-th
//   FILTER      only mutants whose file or name contains it

import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mutants } from "../test/mutants/index.mjs";
import { compileCore, scratchTree, useCore } from "./scratch-tree.mjs";
import { BuildError, root } from "./steps.mjs";

/** Everything that runs on the core. */
const ALL_TESTS = [
  ...["alloc", "object", "gc", "debug", "model", "programs", "oracle", "image", "inspect", "runtime"],
  ...["bindings", "project/checks.test.ts"],
].map((path) => `test/${path}`);
/** Compares compiled code, which a mutant need not have in common with what is published. */
const LEFT_OUT = "test/alloc/fast-paths.test.ts";
const EXPECTED_SECONDS = 90;
const ALL_SECONDS = 420;

/** @typedef {import("../test/mutants/index.mjs").Mutant} Mutant */
/** @typedef {{ passed: boolean, by: string }} Outcome */

/** Ends the tests that run now. */
let endTests = () => false;

/** The cores that a mutant is compiled into; what is wrong in both is found in either. @param {Mutant} mutant */
const coresOf = (mutant) => mutant.cores ?? ["release"];

/**
 * Runs tests in the tree until one fails.
 * @param {string} folder @param {string[]} tests @param {number} seconds @param {string} [build] the only core to test
 * @returns {Promise<Outcome>}
 */
async function runTests(folder, tests, seconds, build) {
  const report = join(folder, "build/mutant.json");
  rmSync(report, { force: true });
  // No test is to fail because the machine is busy: what hangs is ended by the limit.
  const patience = ["--testTimeout", String(seconds * 1000), "--hookTimeout", String(seconds * 1000)];
  const output = ["--reporter=json", "--outputFile", report];
  const cache = ["--experimental.fsModuleCache=true", "--exclude", LEFT_OUT];
  const args = ["run", ...tests, "--bail", "1", ...patience, ...output, ...cache];
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  // A group of its own: a worker that hangs in the core has to be ended with it.
  const child = spawn(process.execPath, [vitest, ...args], {
    cwd: folder,
    stdio: "ignore",
    detached: true,
    env: { ...process.env, ...(build !== undefined && { TALLYHEAP_BUILD: build }) },
  });
  endTests = () => child.pid !== undefined && process.kill(-child.pid, "SIGKILL");
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    endTests();
  }, seconds * 1000);
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearTimeout(timer);
  endTests = () => false;
  if (isLate) return { passed: false, by: `no end after ${seconds} s` };
  if (code === 0) return { passed: true, by: "" };
  return { passed: false, by: firstFailure(folder, report) };
}

/** @param {string} folder @param {string} report */
function firstFailure(folder, report) {
  try {
    /** @type {{ testResults: { name: string, status: string, message: string, assertionResults: { status: string, fullName: string }[] }[] }} */
    const { testResults } = JSON.parse(readFileSync(report, "utf8"));
    const failed = testResults.filter(({ status }) => status === "failed");
    for (const { name, assertionResults } of failed) {
      const test = assertionResults.find(({ status }) => status === "failed");
      if (test) return `${name.slice(folder.length + 1)}: ${test.fullName}`;
    }
    const [file] = failed;
    return file === undefined ? "the run broke off" : `${file.name.slice(folder.length + 1)} broke off`;
  } catch {
    return "the run broke off";
  }
}

/**
 * @param {string} folder @param {Mutant} mutant @param {string[]} tests @param {number} seconds
 * @returns {Promise<Outcome>}
 */
async function tryMutant(folder, mutant, tests, seconds) {
  const path = join(folder, "assembly", mutant.file);
  const source = readFileSync(path, "utf8");
  const parts = source.split(mutant.before);
  if (parts.length !== 2)
    throw new BuildError(`${mutant.file} has "${mutant.before}" ${parts.length - 1} times`);
  writeFileSync(path, parts.join(mutant.after));
  try {
    const cores = coresOf(mutant);
    try {
      for (const core of cores) await compileCore(folder, core);
    } catch (error) {
      if (!(error instanceof BuildError)) throw error;
      return { passed: true, by: "nothing: it does not compile" };
    }
    return await runTests(folder, tests, seconds, cores.length === 1 ? cores[0] : undefined);
  } finally {
    writeFileSync(path, source);
    for (const core of coresOf(mutant)) useCore(folder, core, /** @type {Uint8Array} */ (sound.get(core)));
  }
}

/**
 * Tries mutants one after the other; those that no test found.
 * @param {string} folder @param {Mutant[]} some @param {(mutant: Mutant) => string[]} testsOf @param {number} seconds
 */
async function tryAll(folder, some, testsOf, seconds) {
  /** @type {Mutant[]} */
  const survivors = [];
  for (const [index, mutant] of some.entries()) {
    const begin = performance.now();
    const { passed, by } = await tryMutant(folder, mutant, testsOf(mutant), seconds);
    if (passed) survivors.push(mutant);
    const took = Math.round((performance.now() - begin) / 1000);
    console.log(`${index + 1}/${some.length} ${mutant.file}: ${mutant.name}`);
    console.log(`    ${passed ? `SURVIVED ${by}` : `killed by ${by}`} (${took} s)`);
  }
  return survivors;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: "boolean", default: false },
    "at-once": { type: "boolean", default: false },
    from: { type: "string", default: "1" },
    every: { type: "string", default: "1" },
  },
});
const [from, every] = [Number(values.from), Number(values.every)];
const chosen = mutants
  .filter((_, index) => index >= from - 1 && (index - from + 1) % every === 0)
  .filter(
    ({ file, name }) => !positionals.length || positionals.some((part) => `${file} ${name}`.includes(part)),
  );
/** The cores as they are without faults, by name. @type {Map<string, Uint8Array>} */
const sound = new Map();

async function main() {
  if (values.list) {
    for (const { file, name } of chosen) console.log(`${file.padEnd(34)} ${name}`);
    return 0;
  }
  const { folder, remove } = scratchTree("mutants");
  process.on("SIGINT", () => {
    endTests();
    remove();
    process.exit(130);
  });
  try {
    for (const core of new Set(chosen.flatMap(coresOf))) {
      await compileCore(folder, core);
      sound.set(core, readFileSync(join(folder, `build/${core}.wasm`)));
    }
    if (!values["at-once"]) {
      const untouched = await runTests(folder, ALL_TESTS, 2 * ALL_SECONDS);
      if (!untouched.passed) throw new BuildError(`without a mutant a test fails: ${untouched.by}`);
    }
    const hidden = await tryAll(folder, chosen, ({ tests }) => tests, EXPECTED_SECONDS);
    if (hidden.length > 0)
      console.log(`\n${hidden.length} that the expected tests did not find, with all tests:`);
    const survivors = await tryAll(folder, hidden, () => ALL_TESTS, ALL_SECONDS);
    const unexplained = survivors.filter(({ survives }) => survives === undefined);
    for (const { file, name, survives } of survivors)
      console.log(`survived: ${file}: ${name}${survives === undefined ? "" : `: ${survives}`}`);
    const killed = chosen.length - survivors.length;
    console.log(`${killed} killed, ${survivors.length} survived (${unexplained.length} without a reason)`);
    return unexplained.length === 0 ? 0 : 1;
  } finally {
    remove();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof BuildError ? error.message : error);
  process.exitCode = 2;
}
