// npm run check: everything about the sources and the package that can be judged without running the tests.
//   --update-interface   write the wasm's imports and exports to assembly/abi/interface.json instead of comparing

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { capture, glob, root } from "./steps.mjs";
import { summarize } from "./wasm.mjs";

/** Limits of the wasm of the whole core and of its bytes layer alone, gzipped. */
const WASM_GZIP_LIMITS = { release: 27 * 1024, bytes: 7.25 * 1024 };
const CORES = /** @type {const} */ (["release", "debug", "bytes", "hardened"]);
const INTERFACE = "assembly/abi/interface.json";

/**
 * A check returns a short remark for its line, and throws to fail.
 * @typedef {{ name: string, run: () => Promise<string> | string }} Check
 */

/**
 * @param {string} name @param {string} path below node_modules @param {string[]} args
 * @returns {Check}
 */
const tool = (name, path, ...args) => script(name, join("node_modules", path), ...args);

/**
 * @param {string} name @param {string} path of a JavaScript file @param {string[]} args
 * @returns {Check}
 */
const script = (name, path, ...args) => ({
  name,
  run: async () => {
    const { code, output } = await capture(process.execPath, [join(root, path), ...args]);
    if (code !== 0) throw new Error(output.trim() || `exit code ${code}`);
    return "";
  },
});

const tscPath = "typescript/bin/tsc";
const assemblyProjects = [
  "assembly/tsconfig.json",
  "bench/assembly/tsconfig.json",
  "test/runtime/assembly/tsconfig.json",
  ...glob("examples/**/*/tsconfig.json").filter((file) => file.endsWith("/assembly/tsconfig.json")),
].filter((file) => existsSync(join(root, file)));

/** @type {Check[]} */
const checks = [
  tool("tsc (bindings, tests, bench, scripts)", tscPath, "-p", "tsconfig.check.json", "--pretty", "false"),
  ...assemblyProjects.map((project) => tool(`tsc (${project})`, tscPath, "-p", project, "--pretty", "false")),
  tool("eslint", "eslint/bin/eslint.js", "--max-warnings", "0", "."),
  tool("prettier", "prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."),
  tool(
    "no import circles, layers point one way",
    "dependency-cruiser/bin/dependency-cruise.mjs",
    ...["--config", ".dependency-cruiser.mjs", "bindings", "assembly", "cli/src", "cli/page", "bench/lib"],
  ),
  tool("knip", "knip/bin/knip.js", "--no-progress"),
  tool("publint", "publint/src/cli.js", "--strict"),
  tool(
    "attw",
    "@arethetypeswrong/cli/dist/index.js",
    ...["--pack", ".", "--profile", "esm-only", "--exclude-entrypoints", "heap.wasm", "--no-emoji"],
  ),
  tool("typedoc (links and missing exports)", "typedoc/bin/typedoc", "--emit", "none"),
  script("hops in docs/architecture.md", "scripts/hops.mjs", "--check"),
  { name: "lock file lists every platform's bindings", run: checkLock },
  { name: "dependencies have exact versions", run: checkVersions },
  { name: "wasm sizes", run: checkSize },
  { name: "wasm imports and exports", run: checkInterface },
  { name: "wasm state lies in zeroed memory", run: checkState },
];

function checkLock() {
  /** @type {Record<string, { optionalDependencies?: Record<string, string> }>} */
  const packages = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const paths = Object.keys(packages);
  let count = 0;
  for (const [path, entry] of Object.entries(packages)) {
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      count++;
      if (paths.some((other) => other.endsWith(`node_modules/${name}`))) continue;
      throw new Error(
        `${path} has the optional dependency ${name}, which package-lock.json does not list.\n` +
          "Remove node_modules and package-lock.json, then run npm install.",
      );
    }
  }
  return `${count} optional packages`;
}

function checkVersions() {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (manifest.dependencies) throw new Error("the package must not have runtime dependencies");
  const cli = JSON.parse(readFileSync(join(root, "cli/package.json"), "utf8"));
  if (cli.version !== manifest.version || cli.peerDependencies.tallyheap !== manifest.version)
    throw new Error("cli/package.json has another version");
  const all = [manifest.devDependencies, cli.dependencies, cli.devDependencies].flatMap(Object.entries);
  for (const [name, version] of all) {
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      throw new Error(`${name} is "${version}", not an exact version`);
  }
  return "";
}

function checkSize() {
  return Object.entries(WASM_GZIP_LIMITS)
    .map(([core, limit]) => {
      const size = gzipSync(readFileSync(join(root, `build/${core}.wasm`)), { level: 9 }).length;
      if (size > limit) throw new Error(`${core}: ${size} bytes gzipped, the limit is ${limit}`);
      return `${core} ${size} of ${limit} bytes gzipped`;
    })
    .join(", ");
}

/** @param {CORES[number]} core */
const summary = (core) => summarize(readFileSync(join(root, `build/${core}.wasm`)));

function checkInterface() {
  const actual = Object.fromEntries(
    CORES.map((core) => {
      const { imports, exports } = summary(core);
      return [core, { imports, exports }];
    }),
  );
  const text = JSON.stringify(actual, null, 2) + "\n";
  if (process.argv.includes("--update-interface")) writeFileSync(join(root, INTERFACE), text);
  const expected = JSON.parse(readFileSync(join(root, INTERFACE), "utf8"));
  const differences = [];
  for (const core of Object.keys(actual)) {
    for (const part of /** @type {const} */ (["imports", "exports"])) {
      const [have, want] = [new Set(actual[core]?.[part]), new Set(expected[core]?.[part])];
      for (const line of have) if (!want.has(line)) differences.push(`${core} ${part}: + ${line}`);
      for (const line of want) if (!have.has(line)) differences.push(`${core} ${part}: - ${line}`);
    }
  }
  if (differences.length > 0) {
    differences.push(`If that is intended: npm run check -- --update-interface, and commit ${INTERFACE}.`);
    throw new Error(differences.join("\n"));
  }
  return `${actual.release?.exports.length} exports`;
}

/**
 * An image of the memory must be an image of the heap, and instantiating the module on such an image must leave it
 * as it is: no mutable wasm global, no active data segment.
 */
function checkState() {
  for (const core of CORES) {
    const { mutableGlobals, activeData } = summary(core);
    if (mutableGlobals.length > 0) throw new Error(`${core}: mutable globals: ${mutableGlobals.join(", ")}`);
    for (const { offset, length } of activeData) {
      throw new Error(`${core}: instantiation writes ${length} bytes at ${offset}`);
    }
  }
  return "no mutable global, no active data segment";
}

/** Runs the checks, a few at a time, and prints each line in order as soon as it can. */
async function main() {
  /** @type {(() => void)[]} */
  const waiting = [];
  let free = Math.max(2, availableParallelism());
  const results = checks.map(async (check) => {
    if (free > 0) free--;
    else await new Promise((/** @type {(value?: undefined) => void} */ resolve) => waiting.push(resolve));
    const begin = performance.now();
    try {
      return { remark: await check.run(), seconds: (performance.now() - begin) / 1000 };
    } catch (error) {
      return { failure: error instanceof Error ? error.message : String(error) };
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  });
  let failed = 0;
  for (const [index, check] of checks.entries()) {
    const { remark, seconds, failure } =
      /** @type {{remark?: string, seconds?: number, failure?: string}} */ (await results[index]);
    if (failure === undefined) {
      console.log(`ok    ${check.name}${remark ? `: ${remark}` : ` (${seconds?.toFixed(1)} s)`}`);
    } else {
      failed++;
      console.log(`FAIL  ${check.name}\n${failure.replace(/^/gm, "      ")}`);
    }
  }
  const passed = checks.length - failed;
  writeFileSync(join(root, "build/check.json"), JSON.stringify({ passed, failed }) + "\n");
  console.log(`check: ${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
