/** Where the benchmarks find their sources and leave their products. */

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The nearest folder with a package.json: this file runs as build/bench/lib/paths.js, in tests as it stands, and as a part
 * of the command line (cli/), whose package holds what is built and nothing else.
 */
function findRoot(folder: string): string {
  return existsSync(join(folder, "package.json")) ? folder : findRoot(dirname(folder));
}

export const root = findRoot(dirname(fileURLToPath(import.meta.url)));
/** What is fetched or compiled for this user and may go at any time. */
export const cacheDir = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "tallyheap");
const isPackage = !existsSync(join(root, "bench"));
export const buildDir = isPackage ? join(cacheDir, `cli-${version()}`) : join(root, "build");
export const nativeSources = join(root, isPackage ? "dist/native" : "bench/native");
/** The interpreter to compare with, if there is one. */
export const python = process.env["PYTHON"] ?? "python3";

function version(): string {
  return (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
}

/** The traces that come with the project, by name. */
export const bundledTraces = (): string[] => bundled("traces", ".atrc.gz");

/** The object graphs that come with the project, by name. */
export const bundledGraphs = (): string[] => bundled("graphs", ".graph.gz");

function bundled(name: string, ending: string): string[] {
  const folder = join(root, "bench/data", name);
  return readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .sort()
    .map((file) => join(folder, file));
}

/** A compiled file of bench/, by its path there, that runs as a process of its own. */
export function script(name: string): string {
  return fileURLToPath(new URL(`../${name}`, import.meta.url));
}
