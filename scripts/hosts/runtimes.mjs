// Hosts without a page: Node in its versions, a worker of it, Deno, Bun.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture } from "../steps.mjs";
import { PROBES, absent, outcomeOf, probeFile, tool } from "./project.mjs";

const PLATFORM = `${process.platform}-${process.arch}`;
/** In the packages of Node for Windows the program lies elsewhere. */
const NODE = process.platform === "win32" ? "bin/node.exe" : "bin/node";

/**
 * Hosts as the npm registry has them: the package for this platform, with the program's place in it.
 * @type {{ name: string, packages: string[], program: string, args?: string[] }[]}
 */
const RUNTIMES = [
  ...["20.20.2", "22.23.3", "24.22.3", "26.10.0"].map((version) => ({
    name: `Node ${version.split(".")[0]}`,
    packages: [`node-${PLATFORM}@${version}`],
    program: `node-${PLATFORM}/${NODE}`,
  })),
  {
    name: "Deno",
    packages: ["deno@2.9.6"],
    program: `@deno/${PLATFORM}${process.platform === "linux" ? "-glibc" : ""}/deno`,
    args: ["run", "--no-prompt", "--allow-read"],
  },
  { name: "Bun", packages: ["bun@1.4.4"], program: `@oven/bun-${PLATFORM}/bin/bun`, args: ["run"] },
];

/** The program of a host; undefined if the registry has it not. @param {string} name */
export async function runtime(name) {
  const found = RUNTIMES.find((one) => one.name === name);
  const modules = found && (await tool(...found.packages));
  const program = modules && join(modules, found.program);
  return program !== undefined && existsSync(program) ? program : undefined;
}

/**
 * A row for each host: what came of each entry.
 * @param {string} folder the project
 * @returns {Promise<import("./project.mjs").Row[]>}
 */
export async function tryRuntimes(folder) {
  const rows = [];
  for (const { name, args = [] } of RUNTIMES) {
    const program = await runtime(name);
    if (program === undefined) {
      rows.push(absent(name));
      continue;
    }
    rows.push({ host: name, cells: await tryEntries(folder, program, args, (file) => file) });
  }
  const host = `Node ${process.versions.node.split(".")[0]}, worker`;
  rows.push({
    host,
    cells: await tryEntries(folder, process.execPath, [], (file) => workerOf(folder, file)),
  });
  return rows;
}

/** A program that runs another one in a worker. @param {string} folder @param {string} file */
function workerOf(folder, file) {
  const text = `import { Worker } from "node:worker_threads";\nnew Worker(new URL("./${file}", import.meta.url));\n`;
  writeFileSync(join(folder, `worker-${file}`), text);
  return `worker-${file}`;
}

/** @param {string} folder @param {string} program @param {string[]} args @param {(file: string) => string} wrap */
async function tryEntries(folder, program, args, wrap) {
  /** @type {Map<string, string>} */
  const cells = new Map();
  for (const entry of Object.keys(PROBES)) {
    const { output } = await capture(program, [...args, wrap(probeFile(entry))], { cwd: folder });
    cells.set(entry, outcomeOf(output));
  }
  return cells;
}
