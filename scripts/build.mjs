// npm run build: assembly/ -> build/*.wasm -> bindings/generated/*.ts -> dist/.
//   --bench   also what bench/ needs (bench/steps.mjs, then bench/*.ts -> build/bench)
//   --cli     also the command line: cli/src and cli/page -> cli/dist; --bench and --examples need it, too
//   --examples  also examples/*.ts -> build/examples
//   --quiet   print nothing unless something fails

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { cliStep } from "./cli.mjs";
import { formatExports } from "./exports.mjs";
import { formatConstants, readConstants } from "./layout.mjs";
import { TRIAL_ADDRESSES, relocatable } from "./linked-core.mjs";
import { BuildError, asc, glob, root, runSteps, tsc } from "./steps.mjs";

/** @param {string} name @param {string[]} entries */
const wasmStep = (name, ...entries) => ({
  name: `${name}.wasm`,
  inputs: ["assembly/**/*.ts", "asconfig.json", "package-lock.json"],
  outputs: [`build/${name}.wasm`, `build/${name}.wat`],
  run: async () => void (await asc([...entries, "--target", name])),
});

/**
 * A module that holds the wasm as text: works in every host and bundler, and can be compiled synchronously. Two digits a byte
 * are longer than base64 and a seventh shorter once they are gzipped, as repeats in the wasm stay repeats in the text.
 * @param {string} name @param {string} target
 */
const embedStep = (name, target) => ({
  name: `bindings/generated/${target}.ts`,
  after: [`${name}.wasm`],
  inputs: [`build/${name}.wasm`],
  outputs: [`bindings/generated/${target}.ts`],
  run: () => {
    const hex = readFileSync(join(root, `build/${name}.wasm`)).toString("hex");
    // An object: a string would be put where it is read, into the entry.
    const text = `// Generated from build/${name}.wasm. Do not edit.\n\nexport const wasm = { hex: "${hex}" };\n`;
    write(`bindings/generated/${target}.ts`, text);
  },
});

/** @type {import("./steps.mjs").Step[]} */
const steps = [
  wasmStep("release", "assembly/abi/core.ts"),
  wasmStep("debug", "assembly/abi/core.ts"),
  wasmStep("hardened", "assembly/abi/core.ts"),
  wasmStep("bytes", "assembly/abi/bytes.ts", "assembly/abi/c.ts"),
  {
    name: "bindings/generated/linked-core.ts",
    inputs: ["assembly/**/*.ts", "asconfig.json", "package-lock.json", "scripts/linked-core.mjs"],
    outputs: ["bindings/generated/linked-core.ts"],
    run: async () => {
      const compile = async (/** @type {number} */ address) => {
        const file = `build/linked-${address.toString(16)}.wasm`;
        const place = ["--memoryBase", String(address), "--outFile", file];
        await asc(["assembly/abi/linked.ts", "--target", "linked", ...place]);
        return readFileSync(join(root, file));
      };
      const [low, high] = TRIAL_ADDRESSES;
      const [first, second] = await Promise.all([compile(low), compile(high)]);
      write("bindings/generated/linked-core.ts", relocatable(first, second));
    },
  },
  {
    name: "bindings/generated/layout.ts",
    inputs: ["assembly/layout/index.ts", "assembly/layout/**/*.ts", "package-lock.json"],
    outputs: ["bindings/generated/layout.ts"],
    run: async () => write("bindings/generated/layout.ts", formatConstants(await readConstants())),
  },
  {
    name: "bindings/generated/exports.ts",
    after: ["release.wasm", "bytes.wasm"],
    inputs: [
      "assembly/abi/**/*.ts",
      "build/release.wasm",
      "build/bytes.wasm",
      "scripts/exports.mjs",
      "scripts/wasm.mjs",
    ],
    outputs: ["bindings/generated/exports.ts"],
    run: () => write("bindings/generated/exports.ts", formatExports()),
  },
  embedStep("release", "core"),
  embedStep("debug", "debug-core"),
  embedStep("hardened", "hardened-core"),
  embedStep("bytes", "bytes-core"),
  {
    name: "dist",
    after: ["layout", "exports", "core", "debug-core", "hardened-core", "bytes-core", "linked-core"].map(
      (name) => `bindings/generated/${name}.ts`,
    ),
    inputs: ["bindings/**/*.ts", "tsconfig.json", "package.json", "package-lock.json"],
    outputs: ["dist/index.js", "dist/heap.wasm", "dist/hardened.wasm"],
    run: async () => {
      await tsc("tsconfig.json");
      removeStray(await writeModules());
      copyFileSync(join(root, "build/release.wasm"), join(root, "dist/heap.wasm"));
      copyFileSync(join(root, "build/hardened.wasm"), join(root, "dist/hardened.wasm"));
    },
  },
];

/**
 * bindings/*.ts -> dist/*.js, a file for a file, with constants where they are used: an import is read from memory at
 * every use. Returns the names of the files.
 */
async function writeModules() {
  const bindings = join(root, "bindings");
  const { exports, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const entries = JSON.stringify([exports, bin]).match(/(?<="\.\/dist\/)[\w/-]+(?=\.js")/g) ?? [];
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry, join(bindings, `${entry}.ts`)])),
    external: /^(node:|assemblyscript\/)/,
    platform: "neutral",
    resolve: { extensionAlias: { ".js": [".ts"] } },
    transform: { target: "es2022" },
    optimization: { inlineConst: { mode: "all", pass: 3 } },
    treeshake: { moduleSideEffects: false },
  });
  const modules = { preserveModules: true, preserveModulesRoot: bindings, entryFileNames: "[name].js" };
  // The doc comments stand in the declarations and in the sources that the maps hold.
  const comments = { jsdoc: false };
  const { output } = await bundle.write({ dir: join(root, "dist"), sourcemap: true, comments, ...modules });
  await bundle.close();
  return output.map(({ fileName }) => fileName).filter((fileName) => !dropMap(fileName));
}

/** Nobody steps through generated modules, and the map of one would hold its wasm again. @param {string} fileName */
function dropMap(fileName) {
  if (!fileName.startsWith("generated/") || !fileName.endsWith(".map")) return false;
  const module = join(root, "dist", fileName.slice(0, -".map".length));
  writeFileSync(module, readFileSync(module, "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, ""));
  return true;
}

/** What a deleted source file once produced must not be published. @param {string[]} modules */
function removeStray(modules) {
  const declarations = glob("bindings/**/*.ts").map((file) =>
    file.slice("bindings/".length).replace(/\.ts$/, ".d.ts"),
  );
  const expected = new Set(["heap.wasm", "hardened.wasm", ...modules, ...declarations]);
  for (const entry of readdirSync(join(root, "dist"), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(join(root, "dist").length + 1).replaceAll("\\", "/");
    if (entry.isFile() && !expected.has(name)) rmSync(path);
  }
}

/** @param {string} file @param {string} text */
function write(file, text) {
  mkdirSync(join(root, file, ".."), { recursive: true });
  writeFileSync(join(root, file), text);
}

async function benchSteps() {
  const own = join(root, "bench/steps.mjs");
  const extra = existsSync(own)
    ? (await import(new URL("../bench/steps.mjs", import.meta.url).href)).steps
    : [];
  return [
    ...extra,
    {
      name: "build/bench",
      after: ["dist", cliStep.name],
      // Compiled against the declarations in dist/ and cli/dist, hence their sources among the inputs.
      inputs: [
        "bench/**/*.ts",
        "bindings/**/*.ts",
        "cli/src/**/*.ts",
        "tsconfig.json",
        "tsconfig.bench.json",
        "package-lock.json",
      ],
      outputs: ["build/bench/start/start.js"],
      run: async () => void (await tsc("tsconfig.bench.json")),
    },
  ];
}

/** @type {import("./steps.mjs").Step} */
const exampleStep = {
  name: "build/examples",
  // Some compare heaps with the library of the benchmarks.
  after: ["dist", cliStep.name],
  inputs: [
    "examples/**/*.ts",
    "bench/lib/**/*.ts",
    "bindings/**/*.ts",
    "cli/src/**/*.ts",
    "tsconfig.json",
    "tsconfig.examples.json",
    "package-lock.json",
  ],
  outputs: ["build/examples/python-names/main.js"],
  run: async () => void (await tsc("tsconfig.examples.json")),
};

const flags = new Set(process.argv.slice(2));
try {
  if (!existsSync(join(root, "assembly/abi/core.ts"))) {
    throw new BuildError("assembly/abi/core.ts does not exist: there is no core to build.");
  }
  const wanted = [
    ...steps,
    ...(["--cli", "--bench", "--examples"].some((flag) => flags.has(flag)) ? [cliStep] : []),
    ...(flags.has("--bench") && glob("bench/**/*.ts").length > 0 ? await benchSteps() : []),
    ...(flags.has("--examples") ? [exampleStep] : []),
  ];
  const ran = await runSteps(wanted, flags.has("--quiet") ? () => {} : (line) => console.log(line));
  if (ran.length === 0 && !flags.has("--quiet")) console.log("build: up to date");
} catch (error) {
  console.error(error instanceof BuildError ? error.message : error);
  process.exit(1);
}
