// npm run coverage:core
// Which functions of the wasm the tests enter and which ways of its branches they take, in the release, debug and hardened
// builds; first the list of what they do not. The runtime for AssemblyScript programs (assembly/rt) is not in these builds.
//   --minutes N --seed S   random programs for so long besides (npm run fuzz)
//   --only-programs        these alone
//   TEST…                  these tests in place of all

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { instrument } from "./coverage/instrument.mjs";
import { scratchTree, useCore } from "./scratch-tree.mjs";
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

/** Entered, or decided for; decided against. */
const [YES, NO] = [1, 2];

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

/**
 * Prints what was not reached, by function: a function that was never entered, or the side of a condition that was never taken.
 * @param {string} core @param {Place[]} places @param {Uint8Array} seen
 */
function report(core, places, seen) {
  const functions = { met: 0, all: 0 };
  const branches = { met: 0, all: 0 };
  /** @type {Map<string, string[]>} */
  const missing = new Map();
  const note = (/** @type {Place} */ { func }, /** @type {string} */ what) =>
    missing.set(func, [...(missing.get(func) ?? []), what]);
  places.forEach((place, index) => {
    const bits = seen[index] ?? 0;
    if (place.condition === undefined) {
      functions.all++;
      if (bits & YES) functions.met++;
      else note(place, "is never entered");
      return;
    }
    branches.all += 2;
    for (const [side, text] of /** @type {const} */ ([
      [YES, "never true"],
      [NO, "never false"],
    ])) {
      if (bits & side) branches.met++;
      else note(place, `${text}: ${place.condition.slice(0, 120)}`);
    }
  });
  console.log(`\n${core}.wasm`);
  for (const [func, lines] of missing) {
    const isUnentered = lines[0] === "is never entered";
    console.log(`  ${func.replace("assembly/", "")}${isUnentered ? " is never entered" : ""}`);
    if (!isUnentered) for (const line of lines) console.log(`      ${line}`);
  }
  const part = (/** @type {{ met: number, all: number }} */ { met, all }) =>
    `${met} of ${all} (${((met / all) * 100).toFixed(1)} %)`;
  return `${core}.wasm: ${part(functions)} functions, ${part(branches)} ways of branches`;
}

const { folder, remove } = scratchTree("coverage");
try {
  /** @type {Map<string, Place[]>} */
  const places = new Map();
  let total = 0;
  for (const core of CORES) {
    const instrumented = instrument(readFileSync(join(root, `build/${core}.wat`), "utf8"), total);
    useCore(folder, core, instrumented.wasm);
    places.set(core, instrumented.places);
    total += instrumented.places.length;
  }
  const reports = join(folder, "build/coverage");
  mkdirSync(reports, { recursive: true });
  const setup = join(root, "scripts/coverage/setup.mjs").replaceAll("\\", "/");
  writeFileSync(
    join(folder, "vitest.coverage.mjs"),
    `import config from "./vitest.config.mjs";\nexport default { ...config, test: { ...config.test, setupFiles: ["${setup}"] } };\n`,
  );
  const env = { ...process.env, TALLYHEAP_COVERAGE: reports, TALLYHEAP_PLACES: String(total) };
  if (!values["only-programs"]) await runTests(folder, positionals.length > 0 ? positionals : TESTS, env);
  if (Number(values.minutes) > 0) {
    const programs = { ...env, TALLYHEAP_MINUTES: values.minutes, TALLYHEAP_SEED: values.seed };
    await runTests(folder, ["test/programs/fuzz.test.ts", "test/programs/programs.test.ts"], programs);
  }
  const seen = new Uint8Array(total);
  for (const file of readdirSync(reports)) {
    readFileSync(join(reports, file)).forEach((bits, place) => {
      if (bits) seen[place] = (seen[place] ?? 0) | bits;
    });
  }
  let first = 0;
  const summary = CORES.map((core) => {
    const own = places.get(core) ?? [];
    const line = report(core, own, seen.subarray(first, (first += own.length)));
    return line;
  });
  console.log(`\n${summary.join("\n")}`);
} finally {
  remove();
}
