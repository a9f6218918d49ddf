// The package of the command line: cli/src and the parts of bench/ that it uses -> cli/dist/*.js for Node, cli/page ->
// cli/dist/page.js and page.css, which reports carry, and charts.js for pages of others.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { root, tsc } from "./steps.mjs";

const cli = join(root, "cli");
const dist = join(cli, "dist");
const require = createRequire(join(cli, "package.json"));
const extensionAlias = { ".js": [".ts", ".js"] };

/** @type {import("./steps.mjs").Step} */
export const cliStep = {
  name: "cli/dist",
  after: ["dist"],
  inputs: [
    "cli/src/**/*.ts",
    "cli/page/*",
    "cli/package.json",
    "cli/tsconfig.json",
    "bench/lib/*.ts",
    "bench/replay/*.ts",
    "bench/native/*",
    "bindings/**/*.ts",
    "assembly/**/*.ts",
    "package-lock.json",
    "scripts/cli.mjs",
  ],
  outputs: ["cli/dist/main.js", "cli/dist/page.js", "cli/dist/types/src/report.d.ts"],
  run: async () => {
    mkdirSync(join(dist, "native"), { recursive: true });
    await Promise.all([bundleCommands(), bundlePage(), bundleCharts(), tsc("cli/tsconfig.json")]);
    const style = [require.resolve("uplot/dist/uPlot.min.css"), join(cli, "page/style.css")];
    writeFileSync(join(dist, "page.css"), style.map((file) => readFileSync(file, "utf8")).join("\n"));
    for (const file of ["recorder.c", "heap.h", "process.h", "dump_graph.py"])
      copyFileSync(join(root, "bench/native", file), join(dist, "native", file));
  },
};

/** The heap is part of the bundle: the command works without being installed beside it. */
async function bundleCommands() {
  const { dependencies } = JSON.parse(readFileSync(join(cli, "package.json"), "utf8"));
  const heap = ["index", "debug", "hardened"].map((entry) => [
    entry === "index" ? "tallyheap" : `tallyheap/${entry}`,
    join(root, `dist/${entry}.js`),
  ]);
  const bundle = await rolldown({
    input: { main: join(cli, "src/main.ts"), report: join(cli, "src/report.ts") },
    external: [/^node:/, ...Object.keys(dependencies)],
    platform: "node",
    // The longer names first: an alias fits a name and all that begins with it.
    resolve: { extensionAlias, alias: Object.fromEntries(heap.reverse()) },
  });
  await bundle.write({ dir: dist, chunkFileNames: "[name].js" });
  await bundle.close();
}

async function bundlePage() {
  const bundle = await rolldown({
    input: join(cli, "page/main.ts"),
    platform: "browser",
    resolve: { extensionAlias },
  });
  await bundle.write({ file: join(dist, "page.js"), format: "iife", minify: true, comments: false });
  await bundle.close();
}

async function bundleCharts() {
  const bundle = await rolldown({
    input: join(cli, "page/charts.ts"),
    platform: "browser",
    resolve: { extensionAlias },
  });
  await bundle.write({ file: join(dist, "charts.js") });
  await bundle.close();
}
