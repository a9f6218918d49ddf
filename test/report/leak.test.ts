import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHeap } from "tallyheap";
import { writeHeapSnapshot } from "tallyheap/node";
import { afterAll, describe, expect, test } from "vitest";
import { watchSnapshot } from "../../cli/src/heap-snapshot-file.js";
import { Interpreter } from "../../examples/mini-interpreter/interpreter.js";
import { findLeak, takeSnapshots } from "../../scripts/pictures.mjs";
import { executablePath, hasChromium } from "../support/chromium.js";

describe("the planted leak of docs/debugging.md", () => {
  const folder = mkdtempSync(join(tmpdir(), "tallyheap-leak-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const snapshots = takeSnapshots(folder, { createHeap, writeHeapSnapshot, Interpreter });

  test("DevTools' loader counts its classes and names who holds it", async () => {
    const [before, after] = await Promise.all(
      snapshots.map((file) => watchSnapshot("leak", readFileSync(file))),
    );
    const closures = (data: typeof before) => data!.types!.find(({ name }) => name === "closure")!.count;
    expect(closures(after) - closures(before)).toBe(500);
    const table = after!.holders!.find(({ path }) => path.endsWith("value"))!;
    expect(table.name).toMatch(/^dict @/);
    expect(table.path).toMatch(/\(References of the host\) held → symbol value$/);
  });

  test.skipIf(!hasChromium)(
    "DevTools of a real Chromium compares the snapshots and shows the retainers",
    async () => {
      const { comparison, retainers } = await findLeak(executablePath, snapshots);
      expect(comparison.find((row) => row.startsWith("closure"))).toMatch(/^closure 500 0 \+500 /);
      const path = retainers.slice(0, 4).map((row) => row.replace(/ @.*/, ""));
      expect(path).toEqual([
        "[3] in dict",
        "value in symbol",
        "held in (References of the host)",
        "(References of the host) in (GC roots)",
      ]);
    },
  );
});
