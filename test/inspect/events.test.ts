import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { publishCollections, writeHeapSnapshot, type CollectionMessage } from "../../bindings/node.js";
import { release } from "../support/cores.js";
import { newHeap } from "../support/objects.js";
import { readSnapshot } from "./snapshot-file.js";

test("collections as a track of DevTools' timeline", () => {
  const heap = newHeap(release, { autoCollect: false });
  const stop = heap.collector.measure({ track: "my heap", trackGroup: "runtime" });
  const list = heap.list();
  heap.lists.append(list, list);
  heap.decref(list);
  heap.gc();
  stop();
  heap.gc();
  const entries = performance.getEntriesByType("measure").filter(({ name }) => name === "gc 2");
  performance.clearMeasures();
  expect(entries.length).toBe(1);
  const { detail, duration } = entries[0] as PerformanceMeasure;
  expect(detail).toMatchObject({ generation: 2, collected: 1 });
  expect(duration).toBeCloseTo((detail as { durationMs: number }).durationMs, 3);
  expect((detail as { devtools: object }).devtools).toMatchObject({
    dataType: "track-entry",
    track: "my heap",
    trackGroup: "runtime",
    properties: [
      ["Generation", "2"],
      ["Candidates", "1"],
      ["Collected", "1"],
    ],
  });
});

test("collections on diagnostics channels", () => {
  const heap = newHeap(release, { autoCollect: false });
  const heard: [string, number][] = [];
  const listen = (message: unknown, name: string | symbol): void => {
    expect((message as CollectionMessage).heap).toBe(heap);
    heard.push([String(name), (message as CollectionMessage).generation]);
  };
  const names = ["tallyheap:gc:start", "tallyheap:gc:stop"];
  for (const name of names) subscribe(name, listen);
  const stop = publishCollections(heap);
  heap.gc(1);
  stop();
  heap.gc(0);
  for (const name of names) unsubscribe(name, listen);
  expect(heard).toEqual(names.map((name) => [name, 1]));
});

test("a heap snapshot in a file, or no file at all", () => {
  const heap = newHeap(release);
  const folder = mkdtempSync(join(tmpdir(), "tallyheap-"));
  try {
    const file = join(folder, "a.heapsnapshot");
    expect(writeHeapSnapshot(heap, file)).toBe(file);
    expect(readSnapshot(readFileSync(file, "utf8")).bytes).toBe(heap.stats().heapUsed);
    expect(() => writeHeapSnapshot(heap, join(folder, "absent", "a.heapsnapshot"))).toThrow("ENOENT");
    heap.dispose();
    expect(() => writeHeapSnapshot(heap, join(folder, "b.heapsnapshot"))).toThrow("disposed");
    expect(existsSync(join(folder, "b.heapsnapshot"))).toBe(false);
    expect(readdirSync(folder)).toEqual(["a.heapsnapshot"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
