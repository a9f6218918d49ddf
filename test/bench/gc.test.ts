import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { createHeap, type Heap, type Ptr } from "tallyheap";
import { describe, expect, test } from "vitest";

import { buildTypes } from "../../bench/lib/graph-types.js";
import {
  countContainers,
  countCyclic,
  decodeGraph,
  nodeCount,
  readGraph,
  type Graph,
} from "../../bench/lib/graph.js";
import { listNodes, recordNodes } from "../../bench/lib/heap-nodes.js";
import { bundledGraphs, python } from "../../bench/lib/paths.js";
import type { Row } from "../../bench/lib/results.js";
import { isomorphic, pairs, ring, rows, tree } from "../../bench/lib/shapes.js";
import { bench, scratch } from "./command.js";

interface GcRow extends Row {
  readonly objects: number;
  readonly found?: number;
}

type Node = readonly [kind: string, size: number, ...targets: number[]];

/** Kinds that hold others; the rest are leaves. */
const CONTAINERS = new Set(["list", "dict", "tuple", "object", "function", "module"]);

function encodeGraph(nodes: readonly Node[], roots: readonly number[] = [0]): Uint8Array {
  const kinds = [...new Set(nodes.map(([kind]) => kind))];
  const edges = nodes.flatMap(([, , ...targets]) => targets);
  const words = (...values: number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer);
  return Buffer.concat([
    ...[Buffer.from("HGPH"), words(1, nodes.length, edges.length, roots.length, kinds.length)],
    ...kinds.map((kind) => Buffer.from([kind.length, ...Buffer.from(kind), CONTAINERS.has(kind) ? 1 : 0])),
    Buffer.from(nodes.map(([kind]) => kinds.indexOf(kind))),
    words(...nodes.map(([, size]) => size)),
    words(...nodes.map(([, , ...targets]) => targets.length)),
    words(...edges, ...roots),
  ]);
}

const WIDE = Array.from({ length: 20 }, () => 9);

/** Two lists in a cycle that hold one of everything; a dict outside of it whose last reference is the root's. */
const SAMPLE: readonly Node[] = [
  ["list", 72, 1, 2, 3],
  ["list", 72, 2, 4, 5, 6, 7, 8],
  ["list", 72, 1, 9],
  ["dict", 232, 10, 11],
  ["tuple", 64, 5, 9],
  ["str", 60],
  ["function", 152, 1, 12],
  ["object", 56, ...WIDE],
  ["code", 200],
  ["none", 16],
  ["int", 28],
  ["bool", 28],
  ["bytes", 40],
];
const KEYS = 2;
const SAMPLE_EDGES = SAMPLE.reduce((sum, [, , ...targets]) => sum + targets.length, 0);
/** Lists 1 and 2 are a cycle, and hold the tuple, the function and the object. */
const SAMPLE_CYCLIC = 5;

const sample = (): Graph => decodeGraph(encodeGraph(SAMPLE), "sample");

/** What can be reached from objects, and by how many references. */
function reach(heap: Heap, roots: readonly Ptr[]): { objects: number; edges: number } {
  const seen = new Set(roots);
  let edges = 0;
  for (const object of seen) {
    const targets = heap.collector.referents(object);
    edges += targets.length;
    for (const target of targets) seen.add(target);
  }
  return { objects: seen.size, edges };
}

function dropAll(heap: Heap, roots: readonly Ptr[]): void {
  for (const root of roots) heap.decref(root);
}

describe("object graphs", () => {
  test("what the file says", () => {
    const graph = sample();
    expect(nodeCount(graph)).toBe(SAMPLE.length);
    expect(graph.targets.length).toBe(SAMPLE_EDGES);
    expect(countContainers(graph)).toBe(7);
    expect(countCyclic(graph)).toBe(SAMPLE_CYCLIC);
  });

  test("as lists: every node and edge is there, and what is dropped is found", () => {
    const heap = createHeap({ autoCollect: false });
    const roots = isomorphic(listNodes(heap), sample());
    expect(reach(heap, roots)).toEqual({ objects: SAMPLE.length, edges: SAMPLE_EDGES });
    expect(heap.collector.objects().length).toBe(7);
    expect(heap.gc()).toBe(0);
    dropAll(heap, roots);
    expect(heap.gc()).toBe(SAMPLE_CYCLIC);
    expect(heap.collector.objects()).toEqual([]);
    heap.verify();
    heap.dispose();
  });

  test("with its own types: the same, with keys in dicts", () => {
    const heap = createHeap({ autoCollect: false });
    const [root] = buildTypes(heap, sample());
    expect(reach(heap, [root!])).toEqual({ objects: SAMPLE.length + KEYS, edges: SAMPLE_EDGES + KEYS });
    const [, second, dict] = heap.collector.referents(root!) as [Ptr, Ptr, Ptr];
    expect(heap.typeOf(dict).name).toBe("dict");
    const names = heap.collector.referents(heap.lists.get(second, 0)).map((p) => heap.typeOf(p).name);
    expect(names).toEqual(["list", "tuple", "str", "function", "object", "code"]);
    heap.decref(root!);
    expect(heap.gc()).toBe(SAMPLE_CYCLIC);
    expect(heap.collector.objects()).toEqual([]);
    heap.verify();
    heap.dispose();
  });

  test.each([
    ["imports", { nodes: 120_317, edges: 292_132, containers: 54_829, cyclic: 54_829 }],
    ["ast", { nodes: 529_593, edges: 1_159_017, containers: 324_063, cyclic: 9476 }],
  ])("the bundled %s", (name, expected) => {
    const graph = readGraph(bundledGraphs().find((file) => file.includes(`${name}.graph`))!);
    const counts = { nodes: nodeCount(graph), edges: graph.targets.length };
    expect({ ...counts, containers: countContainers(graph), cyclic: countCyclic(graph) }).toEqual(expected);
  });

  test("a real one is built, found when it is dropped, and gone", () => {
    const graph = readGraph(bundledGraphs().find((file) => file.includes("imports"))!);
    const heap = createHeap({ autoCollect: false });
    const roots = isomorphic(listNodes(heap), graph);
    expect(heap.collector.objects().length).toBe(countContainers(graph));
    expect(heap.gc()).toBe(0);
    dropAll(heap, roots);
    expect(heap.gc()).toBe(countCyclic(graph));
    dropAll(heap, buildTypes(heap, graph));
    const trash = heap.collector.objects().length;
    expect(trash).toBeGreaterThan(50_000);
    expect(heap.gc()).toBe(trash);
    expect(heap.collector.objects()).toEqual([]);
    heap.dispose();
  });

  const good = encodeGraph(SAMPLE);
  const patched = (at: number, value: number): Uint8Array => {
    const bytes = Buffer.from(good);
    bytes.writeUInt32LE(value, at);
    return bytes;
  };

  test.each([
    ["nothing", new Uint8Array(0), /^x: 0 bytes are too short for a graph's header of 24$/],
    ["another file", Buffer.from("ATRC".repeat(10)), /^x: not a graph: it does not start with HGPH$/],
    ["another version", patched(4, 2), /^x: version 2 of the format; only version 1 is known$/],
    ["no nodes", patched(8, 0), /^x: holds no nodes$/],
    ["no roots", patched(16, 0), /^x: has no roots$/],
    ["too many kinds", patched(20, 2 ** 32 - 1), /^x: truncated: the file ends inside the name of kind \d+$/],
    [
      "too many nodes",
      patched(8, 2 ** 32 - 1),
      /^x: 4294967295 nodes and \d+ edges take \d+ bytes, the file/,
    ],
    ["a byte less", good.subarray(0, -1), /^x: 13 nodes and \d+ edges take \d+ bytes, the file has \d+$/],
    ["a byte more", Buffer.concat([good, Buffer.from([0])]), /take \d+ bytes, the file has \d+$/],
    ["an edge to nowhere", encodeGraph([["list", 1, 7]]), /^x: edge 0 leads to node 7 of 1$/],
    ["a root that is none", encodeGraph([["list", 1]], [3]), /^x: root 3 of 1 nodes$/],
    [
      "a lost node",
      encodeGraph([
        ["list", 1],
        ["list", 1, 0],
      ]),
      /^x: 1 of 2 nodes cannot be reached from a root$/,
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => decodeGraph(bytes, "x")).toThrow(message);
  });
});

test("shapes: so many objects, all found when they are dropped", () => {
  const heap = createHeap({ autoCollect: false });
  for (const nodes of [listNodes(heap), recordNodes(heap)]) {
    for (const order of ["parent first", "children first", "at random"] as const) {
      const roots = tree(nodes, 1000, order);
      expect([heap.collector.objects().length, heap.gc()]).toEqual([1000, 0]);
      expect(reach(heap, roots).edges).toBeGreaterThanOrEqual(999);
      dropAll(heap, roots);
      expect(heap.collector.objects()).toEqual([]);
    }
    for (const make of [pairs, ring]) {
      dropAll(heap, make(nodes, 1000));
      expect(heap.gc()).toBe(1000);
    }
  }
  const roots = rows(listNodes(heap), 1000);
  expect(heap.collector.objects().length).toBe(1000);
  dropAll(heap, roots);
  expect(heap.collector.objects()).toEqual([]);
});

const hasPython = spawnSync(python, ["--version"]).status === 0;

describe("bench:gc", () => {
  const folder = scratch();
  const file = join(folder, "sample.graph.gz");
  writeFileSync(file, gzipSync(encodeGraph(SAMPLE)));

  test("a graph file: a row for each contender, alive and dropped", () => {
    const { code, stdout, stderr } = bench("gc/gc.js", file, "--json", "--rounds", "1");
    expect([code, stderr]).toEqual([0, ""]);
    const found = (JSON.parse(stdout) as GcRow[]).map((row) => {
      expect(row).toMatchObject({ unit: "ns/object", objects: 7 });
      expect(row.samples.length).toBe(1);
      expect(row.median).toBe(row.samples[0]);
      expect(row.ratio?.to).toBe(hasPython && !row.workload.includes("types") ? "cpython" : undefined);
      return [row.workload, row.contender, row.found];
    });
    const expected = ["tallyheap", "cpython", "assemblyscript", "v8"].filter(
      (name) => hasPython || name !== "cpython",
    );
    const counts = (name: string): boolean => name === "tallyheap" || name === "cpython";
    const all = (workload: string, trash: number): unknown[] =>
      expected.map((name) => [workload, name, counts(name) ? trash : undefined]);
    expect(found).toEqual([
      ...all("sample", 0),
      ["sample, its own types", "tallyheap", 0],
      ...all("sample, dropped", SAMPLE_CYCLIC),
      ["sample, its own types, dropped", "tallyheap", SAMPLE_CYCLIC],
    ]);
  });

  test("structures: what is alive stays, what is trash is found", () => {
    const parts = ["tree of", "list of lists", "garbage", "young", "the same"];
    const options = ["--json", "--rounds", "1", "--objects", "3001", "--only", "tallyheap,cpython"];
    const { code, stdout, stderr } = bench("gc/gc.js", ...parts, ...options);
    expect([code, stderr]).toEqual([0, ""]);
    const own = (JSON.parse(stdout) as GcRow[]).filter(({ contender }) => contender === "tallyheap");
    const found = Object.fromEntries(own.map((row) => [row.workload, row.found]));
    expect(Object.keys(found).length).toBe(own.length);
    for (const [workload, count] of Object.entries(found)) {
      const isTrash = workload.startsWith("garbage");
      const isDerived = workload.includes("/");
      const trash = workload.includes("pairs") ? 3000 : 3001;
      expect([workload, count]).toEqual([workload, isDerived ? undefined : isTrash ? trash : 0]);
    }
    expect(own.map(({ unit }) => unit)).toContain("ratio");
  });

  test("what automatic collection adds, from TypeScript and inside wasm", () => {
    const options = ["--rounds", "1", "--objects", "20000", "--only", "tallyheap"];
    const { code, stdout, stderr } = bench("gc/gc.js", "building", "automatic", ...options);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("automatic collection adds to a list");
    expect(stdout).toContain("tallyheap (inlined)");
    expect(stdout).not.toContain("\u001b[");
  });

  test("bad input is one line and a failing exit code", () => {
    const bad = join(folder, "bad.graph");
    writeFileSync(bad, "HGPH");
    for (const [argument, message] of [
      [bad, `${bad}: 4 bytes are too short for a graph's header of 24\n`],
      [join(folder, "none.graph"), `${join(folder, "none.graph")}: cannot be read (ENOENT)\n`],
    ] as const) {
      const { code, stdout, stderr } = bench("gc/gc.js", argument, "--json");
      expect([code, stdout, stderr]).toEqual([1, "", message]);
    }
    const unknown = bench("gc/gc.js", "young", "nothing of the kind", "--json");
    expect([unknown.code, unknown.stdout]).toEqual([1, ""]);
    expect(unknown.stderr).toMatch(/^no workload is called nothing of the kind; there are ".*"\n$/);
    const { code, stderr } = bench("gc/gc.js", file, "--objects", "0");
    expect([code, stderr]).toEqual([1, "--objects 0: must be a whole number above 0\n"]);
  });
});
