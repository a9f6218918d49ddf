// npm run coverage:core
// Which functions and branches of the core the tests reach, over the release, debug and hardened builds; then the list of
// what they do not. The runtime for AssemblyScript programs (assembly/rt) is not in these builds.
//   --minutes N --seed S   random programs for so long besides (npm run fuzz)
//   --only-programs        these alone
//   TEST…                  these tests in place of all

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compiledPlaces, instrument } from "./coverage/instrument.mjs";
import { compileCore, scratchTree } from "./scratch-tree.mjs";
import { root } from "./steps.mjs";

const CORES = ["release", "debug", "hardened"];
const TESTS = [
  ...["alloc", "object", "gc", "debug", "model", "programs", "oracle", "image", "inspect", "bindings"],
  "project/checks.test.ts",
].map((path) => `test/${path}`);
/** What compares compiled code, and what the calls put in make too slow. */
const LEFT_OUT = [
  "test/alloc/fast-paths.test.ts",
  "test/alloc/high.test.ts",
  "test/object/core/high.test.ts",
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
    "only-programs": { type: "boolean", default: false },
  },
});

/** @typedef {import("./coverage/instrument.mjs").Place} Place */

/** @param {string} folder @param {string[]} tests @param {NodeJS.ProcessEnv} env */
async function runTests(folder, tests, env) {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const excluded = LEFT_OUT.flatMap((file) => ["--exclude", file]);
  const args = [
    "run",
    ...tests,
    "--config",
    "vitest.coverage.mjs",
    "--testTimeout",
    "3600000",
    "--reporter=dot",
    ...excluded,
  ];
  const child = spawn(process.execPath, [vitest, ...args], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    env,
  });
  return new Promise((resolve) => child.on("close", resolve));
}

/** @param {Place[]} places @param {Place["kind"]} kind @param {Set<number>} compiled @param {Uint8Array} reached */
function count(places, kind, compiled, reached) {
  const all = places.flatMap((place, id) => (place.kind === kind && compiled.has(id) ? [id] : []));
  const met = all.filter((id) => reached[id] === 1).length;
  return `${met} of ${all.length} ${kind === "branch" ? "branches" : "functions"} (${((met / all.length) * 100).toFixed(1)} %)`;
}

/** Unreached places by file; of a function that was never entered only the function. @param {Place[]} places @param {Set<number>} compiled @param {Uint8Array} reached */
function listUnreached(places, compiled, reached) {
  for (const file of new Set(places.map((place) => place.file))) {
    const missing = places.flatMap((place, id) =>
      place.file === file && compiled.has(id) && reached[id] === 0 ? [place] : [],
    );
    if (missing.length === 0) continue;
    console.log(file);
    for (const { line, kind, what } of missing)
      console.log(
        `  ${String(line).padStart(4)}  ${kind === "function" ? `function ${what}` : what.replace(/\s+/g, " ")}`,
      );
  }
}

const { folder, remove } = scratchTree("coverage");
try {
  const places = instrument(folder);
  const compiled = new Set();
  for (const core of CORES) {
    await compileCore(folder, core, { optimizeLevel: 0, textFile: `build/${core}.wat` });
    for (const id of compiledPlaces(readFileSync(join(folder, `build/${core}.wat`), "utf8")))
      compiled.add(id);
  }
  const reports = join(folder, "build/coverage");
  mkdirSync(reports, { recursive: true });
  const setup = join(root, "scripts/coverage/setup.mjs").replaceAll("\\", "/");
  writeFileSync(
    join(folder, "vitest.coverage.mjs"),
    `import config from "./vitest.config.mjs";\nexport default { ...config, test: { ...config.test, setupFiles: ["${setup}"] } };\n`,
  );
  const env = { ...process.env, TALLYHEAP_COVERAGE: reports, TALLYHEAP_PLACES: String(places.length) };
  if (!values["only-programs"]) await runTests(folder, positionals.length > 0 ? positionals : TESTS, env);
  if (Number(values.minutes) > 0) {
    const programs = { ...env, TALLYHEAP_MINUTES: values.minutes, TALLYHEAP_SEED: values.seed };
    await runTests(folder, ["test/programs/fuzz.test.ts", "test/programs/programs.test.ts"], programs);
  }
  const reached = new Uint8Array(places.length);
  for (const file of readdirSync(reports))
    readFileSync(join(reports, file)).forEach((byte, id) => {
      if (byte) reached[id] = 1;
    });
  listUnreached(places, compiled, reached);
  for (const kind of /** @type {const} */ (["function", "branch"]))
    console.log(count(places, kind, compiled, reached));
} finally {
  remove();
}
