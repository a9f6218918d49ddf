/** `--node VERSION`: the whole command, its workers included, on another Node, which the registry's package `node` supplies. */

import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";

import { cacheDir } from "./paths.js";

/** What runs here. */
export const nodeVersion = `Node ${process.versions.node}, V8 ${process.versions.v8.replace(/-.*/, "")}`;

/** Whether a version is the wanted one: 24 is any 24.x.y. */
const fits = (version: string, wanted: string): boolean => `${version}.`.startsWith(`${wanted}.`);

/**
 * Runs this command again on the wanted Node and gives its exit code; undefined where it runs on that already. The first
 * time that takes a download of some 50 MB. Throws, in one line, where there is no such Node to be had.
 */
export function runOnNode(wanted: string): number | undefined {
  if (!/^\d+(\.\d+\.\d+)?$/.test(wanted))
    throw new Error(`--node ${wanted}: must be a major version or an exact one, as 24 or 24.1.0`);
  if (fits(process.versions.node, wanted)) return undefined;
  const file = install(wanted);
  const { status } = spawnSync(file, [...process.execArgv, ...process.argv.slice(1)], { stdio: "inherit" });
  return status ?? 1;
}

/** The program in the cache, fetched if need be. */
function install(wanted: string): string {
  // Out of the tree: `node_modules` of a checkout is npm's, and another checkout wants it, too.
  const folder = join(cacheDir, `node-${wanted}`);
  const file = join(folder, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");
  if (!existsSync(file)) {
    console.error(`fetching Node ${wanted} to ${folder}`);
    const npm = process.env["npm_execpath"]; // npm itself, where it has started this process
    const [program, ...args] = npm === undefined ? ["npm"] : [process.execPath, npm];
    const { status, stderr, error } = spawnSync(
      program!,
      [
        ...args,
        ...["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", "--loglevel", "error"],
        // A network that does not answer is to be said soon.
        ...["--fetch-retries", "1", "--fetch-retry-mintimeout", "1000", `node@${wanted}`],
      ],
      { encoding: "utf8" },
    );
    if (status !== 0 || !existsSync(file)) {
      rmSync(folder, { recursive: true, force: true });
      const code = /npm (?:error|ERR!) code (\S+)/.exec(stderr ?? "")?.[1] ?? error?.message ?? "no code";
      throw new Error(`--node ${wanted}: npm cannot install the package node@${wanted} (${code})`);
    }
  }
  const { stdout, error } = spawnSync(file, ["-p", "process.versions.node"], { encoding: "utf8" });
  const version = stdout?.trim() ?? "";
  if (!fits(version, wanted))
    throw new Error(`--node ${wanted}: ${file} is ${version || (error?.message ?? "no Node")}; remove it`);
  return file;
}
