import { Profile as Pprof } from "pprof-format";
import { describe, expect, test } from "vitest";
import type { Heap, Ptr } from "../../bindings/index.js";
import { builds, errorOf, release } from "../support/cores.js";
import { newHeap, release as drop } from "../support/objects.js";

function makeNodes(heap: Heap, Node: ReturnType<Heap["defineType"]>, count: number): Ptr[] {
  return Array.from({ length: count }, () => heap.alloc(Node));
}

function makeStrs(heap: Heap, count: number): Ptr[] {
  return Array.from({ length: count }, (_, i) => heap.str(`text ${i}`));
}

describe.each(builds)("every allocation, $name core", (build) => {
  test("is counted where it was made, and forgotten when it dies", () => {
    const heap = newHeap(build);
    const Node = heap.defineType({ name: "Node", fields: { next: "ref", value: "f64" } });
    heap.profile.start({ sampleBytes: 1 });
    expect(heap.profile.isRunning).toBe(true);
    const nodes = makeNodes(heap, Node, 100);
    const strs = makeStrs(heap, 50);
    const block = heap.malloc(1000);
    drop(heap, ...nodes.splice(0, 40));
    const profile = heap.profile.stop();
    const siteOf = (type: string) => profile.sites().filter((site) => site.type === type);
    expect(siteOf("Node")).toMatchObject([{ count: 60, bytes: 60 * 24, peakBytes: 2400, totalCount: 100 }]);
    expect(siteOf("str")).toMatchObject([{ count: 50, totalCount: 50 }]);
    expect(siteOf("block")).toMatchObject([{ count: 1, totalCount: 1 }]);
    for (const [type, name] of [
      ["Node", "makeNodes"],
      ["str", "makeStrs"],
    ] as const)
      expect(
        siteOf(type)[0]!
          .frames.slice(0, 3)
          .map((frame) => frame.name),
      ).toContainEqual(expect.stringContaining(name));
    expect(
      profile.sites().every(({ frames }) => frames.every(({ file }) => !file.includes("/bindings/"))),
    ).toBe(true);
    // What is made later is no business of it.
    drop(heap, ...nodes, ...strs, heap.alloc(Node));
    heap.free(block);
    expect(heap.profile.sites()).toEqual(profile.sites());
    heap.verify();
  });
});

describe("what a profile tells", () => {
  test("two profiles are compared, blocks that move are followed, a reset ends all", () => {
    const heap = release.create();
    heap.profile.start({ sampleBytes: 1, stackDepth: 0 });
    const list = heap.list();
    const block = heap.realloc(heap.malloc(10), 1000);
    const before = heap.profile.take();
    expect(before.sites()).toMatchObject([
      { type: "block", frames: [], count: 1, totalCount: 2 },
      { type: "list", count: 1 },
    ]);
    heap.free(block);
    const strs = makeStrs(heap, 3);
    expect(heap.profile.compare(before).map(({ type, count }) => [type, count])).toEqual([
      ["str", 3],
      ["block", -1],
    ]);
    expect(String(heap.profile.take())).toContain("str");
    expect(strs.length + list).toBeGreaterThan(0);
    heap.reset();
    expect(
      heap.profile
        .stop()
        .sites()
        .every(({ count }) => count === 0),
    ).toBe(true);
    heap.dispose();
  });

  test("pprof reads it", () => {
    const heap = newHeap(release);
    const Node = heap.defineType({ name: "Node", fields: { next: "ref" } });
    heap.profile.start({ sampleBytes: 1 });
    const nodes = makeNodes(heap, Node, 10);
    const profile = heap.profile.stop();
    const decoded = Pprof.decode(profile.pprof());
    const text = (index: number | bigint): string => decoded.stringTable.strings[Number(index)]!;
    expect(text(0)).toBe("");
    expect(decoded.sampleType.map(({ type, unit }) => [text(type), text(unit)])).toEqual([
      ["alloc_objects", "count"],
      ["alloc_space", "bytes"],
      ["inuse_objects", "count"],
      ["inuse_space", "bytes"],
    ]);
    const sample = decoded.sample.find(({ label }) => text(label[0]!.str) === "Node")!;
    expect(sample.value.map(Number)).toEqual([10, 160, 10, 160]);
    const functions = sample.locationId.map((id) => {
      const location = decoded.location.find((each) => each.id === id)!;
      const known = decoded.function.find((each) => each.id === location.line[0]!.functionId)!;
      return { name: text(known.name), file: text(known.filename), line: Number(location.line[0]!.line) };
    });
    const { frames } = profile.sites().find(({ type }) => type === "Node")!;
    expect(functions).toEqual(frames.map(({ name, file, line }) => ({ name, file, line })));
    expect(Number(decoded.period)).toBe(1);
    expect(text(decoded.defaultSampleType)).toBe("inuse_space");
    drop(heap, ...nodes);
  });

  test("collapsed stacks: root first, type last, bytes alive or made", () => {
    const heap = newHeap(release);
    const Node = heap.defineType({ name: "No;de", fields: { next: "ref" } });
    heap.profile.start({ sampleBytes: 1 });
    const nodes = makeNodes(heap, Node, 10);
    drop(heap, ...nodes.splice(0, 5));
    const profile = heap.profile.stop();
    const line = profile
      .collapsed()
      .split("\n")
      .find((text) => text.includes("No,de"))!;
    expect(line).toMatch(/^.+;.*makeNodes \(profile\.test\.ts:\d+\);.*No,de 80$/);
    expect(profile.collapsed("alloc_space")).toMatch(/No,de 160$/m);
    drop(heap, ...nodes);
  });
});

describe("samples", () => {
  test("stand for what was made: the numbers are right within their error", () => {
    const heap = newHeap(release, { autoCollect: false });
    const Small = heap.defineType({ name: "Small", fields: { a: "ref" } });
    const Large = heap.defineType({
      name: "Large",
      fields: Object.fromEntries([...Array(100).keys()].map((i) => [`f${i}`, "f64" as const])),
    });
    heap.profile.start({ sampleBytes: 4096 });
    const kept: Ptr[] = [];
    for (let i = 0; i < 60_000; i++) {
      const small = heap.alloc(Small);
      if (i % 3 === 0) kept.push(small);
      else heap.decref(small);
      if (i % 60 === 0) kept.push(heap.alloc(Large));
      if (i % 10 === 0) heap.free(heap.malloc(160));
    }
    const sites = heap.profile.stop().sites();
    const of = (type: string) =>
      sites
        .filter((site) => site.type === type)
        .reduce(
          (sum, site) => ({
            bytes: sum.bytes + site.bytes,
            totalBytes: sum.totalBytes + site.totalBytes,
            totalCount: sum.totalCount + site.totalCount,
          }),
          { bytes: 0, totalBytes: 0, totalCount: 0 },
        );
    // About 230 samples of each kind: a standard error of 7 %.
    const near = (value: number, expected: number): void => {
      expect(value).toBeGreaterThan(expected * 0.6);
      expect(value).toBeLessThan(expected * 1.5);
    };
    near(of("Small").totalBytes, 60_000 * 16);
    near(of("Small").totalCount, 60_000);
    near(of("Small").bytes, 20_000 * 16);
    near(of("Large").totalBytes, 1000 * 832);
    near(of("Large").bytes, 1000 * 832);
    near(of("block").totalBytes, 6000 * 160);
    expect(of("block").bytes).toBe(0);
    drop(heap, ...kept);
  });
});

test("bad arguments", () => {
  const heap = newHeap(release);
  for (const options of [{ sampleBytes: 0 }, { sampleBytes: 1.5 }, { stackDepth: -1 }])
    expect(errorOf(() => heap.profile.start(options)).code).toBe("ERR_HEAP_ARGUMENT");
  expect(errorOf(() => heap.profile.stop()).code).toBe("ERR_HEAP_ARGUMENT");
  expect(heap.profile.isRunning).toBe(false);
});

test("a census tells types by where they were made while a profile runs", () => {
  const heap = newHeap(release);
  const Node = heap.defineType({ name: "Node", fields: { next: "ref" } });
  heap.profile.start({ sampleBytes: 1 });
  const before = heap.census();
  const nodes = makeNodes(heap, Node, 5);
  const [change] = [...heap.diff(before)].filter(({ type }) => type === "Node");
  expect(change).toMatchObject({ count: 5, bytes: 80 });
  expect(change!.site).toContain("makeNodes");
  heap.profile.stop();
  drop(heap, ...nodes);
});
