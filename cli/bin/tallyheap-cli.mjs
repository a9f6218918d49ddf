#!/usr/bin/env node
// In a checkout the command is built first, if anything has changed; the package has it built.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const build = fileURLToPath(new URL("../../scripts/build.mjs", import.meta.url));
if (existsSync(build)) {
  // What the build says does not belong to the output.
  const { status } = spawnSync(process.execPath, [build, "--cli", "--quiet"], { stdio: ["ignore", 2, 2] });
  if (status !== 0) process.exit(1);
}
await import(new URL("../dist/main.js", import.meta.url).href);
