// The wasm modules of bench/assembly, one for each contender. `npm run build` runs these steps when it builds for
// the benchmarks; the replayer compiles again, with a larger slot table, for a trace that has more blocks alive.

import { asc } from "../scripts/steps.mjs";

/** Operations that the driver hands over at a time: 128 KiB of them, which stay in the second-level cache. */
export const CHUNK = 16_384;
/** Pointers in the slot table of the modules compiled by the build. */
export const SLOTS = 262_144;

const OWN = ["--runtime", "assembly/runtime", "--stackSize", "4"];

/** Contenders of bench/assembly/contender.ts: name of the file, number, and the runtime to compile with. */
/** @type {Record<string, { contender: number, runtime: string[], use?: string }>} */
export const modules = {
  "tallyheap-inlined": { contender: 0, runtime: OWN },
  "tallyheap-called": { contender: 1, runtime: OWN },
  "tallyheap-hardened": { contender: 4, runtime: OWN, use: ",TALLYHEAP_HARDENED=1" },
  tlsf: { contender: 2, runtime: ["--runtime", "minimal"] },
  floor: { contender: 3, runtime: OWN },
};

/** @param {string} name @param {number} slots */
export function moduleFile(name, slots = SLOTS) {
  return `build/contenders/${name}${slots === SLOTS ? "" : `-${slots}`}.wasm`;
}

/**
 * Compiles with the optimisation flags of the core (bench/assembly/asconfig.json).
 * @param {string[]} sources @param {string} file @param {string[]} flags
 */
const compile = (sources, file, flags) =>
  asc([
    ...[...sources.map((name) => `bench/assembly/${name}.ts`), "--config", "bench/assembly/asconfig.json"],
    ...[...flags, "--outFile", file, "--textFile", file.replace(/wasm$/, "wat")],
  ]);

/**
 * Compiles the loops of a contender.
 * @param {string} name @param {number} slots
 */
export async function compileModule(name, slots = SLOTS) {
  const {
    contender,
    runtime,
    use: more = "",
  } = /** @type {NonNullable<typeof modules[string]>} */ (modules[name]);
  const use = `CONTENDER=${contender},CHUNK=${CHUNK},SLOTS=${slots}${more}`;
  await compile(["replay", "micro"], moduleFile(name, slots), ["--use", use, ...runtime]);
}

/** @param {string} name @param {() => Promise<unknown>} run */
const step = (name, run) => ({
  name: moduleFile(name),
  inputs: [
    ...["assembly/**/*.ts", "bench/assembly/**/*.ts", "bench/assembly/*.json"],
    ...["bench/steps.mjs", "package-lock.json"],
  ],
  outputs: [moduleFile(name)],
  run: async () => void (await run()),
});

/**
 * A module of its own, for bench:objects and bench:gc.
 * @param {string} name @param {string[]} flags
 */
const objectStep = (name, flags) => step(name, () => compile([name], moduleFile(name), flags));

/** Runtimes of bench:assemblyscript, by the names of its contenders. */
export const runtimes = { tallyheap: "assembly/rt", incremental: "incremental", minimal: "minimal" };

/** A program as its author compiles it, with one of the runtimes. */
const programStep = (/** @type {string} */ name, /** @type {string} */ runtime) =>
  step(`program-${name}`, () =>
    asc([
      ...["bench/assembly/programs.ts", "--config", "bench/assembly/programs.json", "--runtime", runtime],
      ...["--outFile", moduleFile(`program-${name}`)],
    ]),
  );

/** @type {import("../scripts/steps.mjs").Step[]} */
export const steps = [
  ...Object.entries(runtimes).map(([name, runtime]) => programStep(name, runtime)),
  // Loops over objects, with the core linked from source; structures under AssemblyScript's own collector.
  objectStep("objects", [...OWN, "--use", "TALLYHEAP_CORE=1"]),
  objectStep("managed", ["--runtime", "minimal", "--exportRuntime"]),
  ...Object.keys(modules).map((name) => step(name, () => compileModule(name))),
];
