import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import type { Row } from "../../bench/lib/results.js";
import { bench, benchWith, scratch } from "./command.js";

const own = process.versions.node;
/** A version that this process is not, and no registry to fetch it from. */
const other = "23";
const offline = (cache: string): Record<string, string> => ({
  XDG_CACHE_HOME: cache,
  npm_config_registry: "http://127.0.0.1:9/",
});

describe("--node", () => {
  const quick = ["objects/objects.js", "incref", "--rounds", "1", "--only", "inlined"] as const;

  test("the version that runs anyway, exact or by its major number; the table names it", () => {
    for (const version of [own, own.split(".")[0]!]) {
      const { code, stdout, stderr } = bench(...quick, "--node", version);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain(`Node ${own}, V8 ${process.versions.v8.replace(/-.*/, "")}`);
    }
  });

  test("without a network: one line and a failing exit code, and nothing is left in the cache", () => {
    const { code, stdout, stderr } = benchWith(offline(scratch()), ...quick, "--node", other);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^fetching Node 23 to .*\n--node 23: npm cannot install .* \(ECONNREFUSED\)\n$/);
  });

  test.each(["latest", "20.1", "../20"])("%s is no version", (version) => {
    const { code, stderr } = bench(...quick, "--node", version);
    expect([code, stderr]).toEqual([
      1,
      `--node ${version}: must be a major version or an exact one, as 24 or 24.1.0\n`,
    ]);
  });

  describe.skipIf(process.platform === "win32")("a Node in the cache", () => {
    /** A program in the place of Node that says to be of a version, and is this one otherwise. */
    function pretend(version: string): string {
      const cache = scratch();
      const folder = join(cache, `tallyheap/node-${other}/node_modules/node/bin`);
      mkdirSync(folder, { recursive: true });
      const preload = join(cache, "pretend.cjs");
      writeFileSync(
        preload,
        `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });\n` +
          `Object.defineProperty(process, "execPath", { value: "${join(folder, "node")}" });\n`,
      );
      const file = join(folder, "node");
      writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" --require "${preload}" "$@"\n`);
      chmodSync(file, 0o755);
      return cache;
    }

    test("runs the command and its workers", () => {
      const cache = pretend("23.4.5");
      const { code, stdout, stderr } = benchWith(offline(cache), ...quick, "--json", "--node", other);
      expect([code, stderr]).toEqual([0, ""]);
      expect((JSON.parse(stdout) as Row[]).map(({ version }) => version)).toEqual([
        expect.stringMatching(/^Node 23\.4\.5, V8 /),
      ]);
      expect(benchWith(offline(cache), "objects/objects.js", "--rounds", "x", "--node", other)).toMatchObject(
        {
          code: 1,
          stderr: "--rounds x: must be a whole number above 0\n",
        },
      );
    });

    test("of another version than its place says is refused", () => {
      const { code, stderr } = benchWith(offline(pretend("22.0.0")), ...quick, "--node", other);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^--node 23: .*\/bin\/node is 22\.0\.0; remove it\n$/);
    });
  });
});
