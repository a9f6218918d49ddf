// Bundlers: the probes made into one file each, which a Chromium runs; and the sizes of bundles.

import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { capture } from "../steps.mjs";
import { absent, outcomeOf, probe, tool } from "./project.mjs";
import { runtime } from "./runtimes.mjs";

const ENTRIES = ["tallyheap", "tallyheap/url", "tallyheap/bytes", "tallyheap/debug", "tallyheap/hardened"];

/** How `tallyheap/url` is written where the bundler does not follow `new URL(…, import.meta.url)`. */
const ADDRESS = `import file from "tallyheap/heap.wasm";\n`;
const WITH_ADDRESS = "async () => exercise(await entry.createHeap({ module: await entry.heapModule(file) }))";

/**
 * A bundler: `bundle` makes \`main.mjs\` in the folder \`out\` from \`input\`. \`addressed\`: the program of \`tallyheap/url\` has to name the
 * file; \`copies\`: the file is copied beside the bundle.
 * @typedef {object} Bundler
 * @property {string} name
 * @property {string[]} packages
 * @property {boolean} [addressed]
 * @property {boolean} [copies]
 * @property {(modules: string, input: string, out: string) => Promise<void>} bundle
 */

/** @param {string} modules @param {string} path */
const load = (modules, path) => import(pathToFileURL(join(modules, path)).href);

/** @type {Bundler[]} */
const BUNDLERS = [
  {
    name: "Vite",
    packages: ["vite@8.3.8"],
    async bundle(modules, input, out) {
      const { build } = await load(modules, "vite/dist/node/index.js");
      await build({
        root: join(out, ".."),
        configFile: false,
        logLevel: "error",
        base: "./",
        build: {
          outDir: out,
          target: "esnext",
          rollupOptions: { input, output: { entryFileNames: "main.mjs" } },
        },
      });
    },
  },
  {
    name: "webpack",
    packages: ["webpack@5.112.2"],
    async bundle(modules, input, out) {
      const { default: webpack } = await load(modules, "webpack/lib/index.js");
      const output = { path: out, filename: "main.mjs", publicPath: "auto" };
      const config = { mode: "production", entry: input, output, target: "web", performance: false };
      const stats = await new Promise((resolve, reject) =>
        webpack(config, (/** @type {unknown} */ error, /** @type {any} */ stats) =>
          error ? reject(error) : resolve(stats),
        ),
      );
      if (stats.hasErrors()) throw new Error(stats.toString("errors-only"));
    },
  },
  {
    name: "esbuild",
    packages: ["esbuild@0.28.2"],
    addressed: true,
    async bundle(modules, input, out) {
      const { build } = await load(modules, "esbuild/lib/main.js");
      const loader = { ".wasm": "file" };
      await build({
        entryPoints: [input],
        outfile: join(out, "main.mjs"),
        bundle: true,
        format: "esm",
        loader,
        logLevel: "error",
      });
    },
  },
  {
    name: "Rollup",
    packages: ["rollup@4.68.5", "@rollup/plugin-node-resolve@16.0.3"],
    copies: true,
    async bundle(modules, input, out) {
      const { rollup } = await load(modules, "rollup/dist/es/rollup.js");
      const { nodeResolve } = await load(modules, "@rollup/plugin-node-resolve/dist/es/index.js");
      const bundle = await rollup({ input, plugins: [nodeResolve({ browser: true })], logLevel: "silent" });
      await bundle.write({ file: join(out, "main.mjs"), format: "es" });
      await bundle.close();
    },
  },
];

/** @param {string} name @param {string} folder @param {string} entry @param {boolean} addressed */
function writeInput(name, folder, entry, addressed) {
  const input = join(folder, `${name}-${entry.replace("/", "-")}-input.mjs`);
  const text = probe(entry);
  const isAddressed = addressed && entry === "tallyheap/url";
  writeFileSync(
    input,
    isAddressed ? ADDRESS + text.replace(/report\(.*/, `report((${WITH_ADDRESS})());`) : text,
  );
  return input;
}

/**
 * A row for each bundler.
 * @param {string} folder the project
 * @param {((script: string) => Promise<string>) | undefined} run in a browser; undefined without one
 * @returns {Promise<import("./project.mjs").Row[]>}
 */
export async function tryBundlers(folder, run) {
  const rows = [];
  for (const { name, packages, addressed = false, copies = false, bundle } of BUNDLERS) {
    const modules = await tool(...packages);
    if (modules === undefined) {
      rows.push(absent(name));
      continue;
    }
    /** @type {Map<string, string>} */
    const cells = new Map();
    for (const entry of ENTRIES) {
      const bundled = `bundle-${name}-${entry.replace("/", "-")}`;
      const out = join(folder, bundled);
      mkdirSync(out, { recursive: true });
      try {
        await bundle(modules, writeInput(name, folder, entry, addressed), out);
        if (copies && entry === "tallyheap/url") copyHeap(folder, out);
        cells.set(entry, run === undefined ? "bundled, not run" : await run(`/${bundled}/main.mjs`));
      } catch (error) {
        cells.set(entry, String(error).split("\n").slice(0, 2).join(" "));
      }
    }
    const remark = addressed
      ? "`tallyheap/url` is given the file's address"
      : copies
        ? "`heap.wasm` is copied beside the bundle"
        : undefined;
    rows.push({ host: name, cells, remark });
  }
  rows.push(...(await tryBun(folder, run)));
  return rows;
}

/** @param {string} folder @param {string} out */
function copyHeap(folder, out) {
  copyFileSync(join(folder, "node_modules/tallyheap/dist/heap.wasm"), join(out, "heap.wasm"));
}

/** Bun bundles by itself, for pages and into programs. @param {string} folder @param {((script: string) => Promise<string>) | undefined} run */
async function tryBun(folder, run) {
  const program = await runtime("Bun");
  if (program === undefined) return [absent("bun build")];
  /** @type {Map<string, string>} */
  const pages = new Map();
  /** @type {Map<string, string>} */
  const programs = new Map();
  for (const entry of ENTRIES) {
    const input = writeInput("bun", folder, entry, true);
    const out = `bundle-bun-${entry.replace("/", "-")}`;
    const built = await capture(program, ["build", input, "--target=browser", "--outdir", out], {
      cwd: folder,
    });
    const main = readdirSync(join(folder, out)).find((file) => file.endsWith(".js"));
    pages.set(
      entry,
      built.code !== 0
        ? outcomeOf(built.output)
        : run === undefined
          ? "bundled, not run"
          : await run(`/${out}/${main}`),
    );
    const executable = join(folder, `program-${entry.replace("/", "-")}`);
    await capture(program, ["build", input, "--compile", "--outfile", executable], { cwd: folder });
    // Elsewhere: it must not find the package on the disk.
    const ran = await capture(executable, [], { cwd: join(folder, "..") }).catch((error) => ({
      output: String(error),
    }));
    programs.set(entry, outcomeOf(ran.output));
  }
  const remark = "`tallyheap/url` is given the file's address";
  return [
    { host: "bun build", cells: pages, remark },
    { host: "bun build --compile", cells: programs, remark },
  ];
}

// ---- sizes ----

/** What is bundled, and whether \`heap.wasm\` is loaded besides. */
const BUNDLES = [
  { what: "`createHeap` of `tallyheap`", from: "tallyheap" },
  { what: "`createHeap` of `tallyheap/url`, with `heap.wasm`", from: "tallyheap/url", file: true },
  { what: "`createHeap` of `tallyheap/bytes`", from: "tallyheap/bytes" },
  { what: "`createHeap` of `tallyheap/hardened`", from: "tallyheap/hardened" },
  { what: "`createHeap` of `tallyheap/debug`", from: "tallyheap/debug" },
];

/** Bytes of bundles by \`esbuild --minify\`, wasm included: as they are, and gzipped. @param {string} folder */
export async function measureBundles(folder) {
  const modules = await tool("esbuild@0.28.2");
  if (modules === undefined) return undefined;
  const { build } = await load(modules, "esbuild/lib/main.js");
  const heap = readFileSync(join(folder, "node_modules/tallyheap/dist/heap.wasm"));
  const sizes = [];
  for (const { what, from, file } of BUNDLES) {
    const contents = `import { createHeap } from "${from}"; globalThis.createHeap = createHeap;`;
    const options = { bundle: true, minify: true, format: "esm", write: false, logLevel: "error" };
    const { outputFiles } = await build({ stdin: { contents, resolveDir: folder }, ...options });
    const code = outputFiles[0].contents;
    const all = [code, ...(file ? [heap] : [])];
    sizes.push({
      what,
      bytes: all.reduce((sum, part) => sum + part.length, 0),
      gzipped: all.reduce((sum, part) => sum + gzipSync(part, { level: 9 }).length, 0),
    });
  }
  return sizes;
}
