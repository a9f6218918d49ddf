/**
 * A contender of bench:gc in a process of its own: gc-worker.js NAME. Reads a request (../lib/collections.ts) a line, answers
 * with a line of JSON, null for what it does not have. The first line says what it is.
 */

import { createInterface } from "node:readline";

import { createHeap, type Heap, type Ptr } from "tallyheap";

import { processorNs } from "../lib/clock.js";
import type { Answer, Container, Request } from "../lib/collections.js";
import { readGraph, type Graph } from "../lib/graph.js";
import { instantiateObjects } from "../lib/module.js";
import { nodeVersion } from "../lib/node.js";
import { buildTypes } from "../lib/graph-types.js";
import { listNodes, recordNodes } from "../lib/heap-nodes.js";
import { isomorphic, pairs, ring, rows, tree, type Nodes } from "../lib/shapes.js";
import { median } from "../lib/statistics.js";

type Collect = Extract<Request, { measure: "collect" }>;
type Young = Extract<Request, { measure: "young" }>;
type Build = Extract<Request, { measure: "build" }>;

/** Collections of a structure that is held; the median counts. */
const COLLECTIONS = 3;
/** Collections of the youngest generation; the median counts. */
const YOUNG_COLLECTIONS = 100;

/** A heap with a collector, and how to hold what was built in it. */
interface World<N> {
  readonly nodes: Readonly<Record<Container, Nodes<N>>>;
  /** What it can build besides. */
  readonly types?: (graph: Graph) => N[];
  /** A full collection; the objects found, if it says so. */
  collect(): number | undefined;
  hold(held: N[]): void;
  drop(): void;
  /** Makes what was just built as old as it is going to be. */
  age?(): void;
  /** Containers that are there, where that can be asked. */
  count?(): number;
  /** After each structure: throws if what was collected is still there. */
  finish(objects: number): void;
  young?(request: Young): Answer;
  build?(request: Build): Answer;
}

interface Timed {
  readonly ns: number;
  readonly found: number | undefined;
}

function timed(collect: () => number | undefined): Timed {
  const start = processorNs();
  const found = collect();
  return { ns: processorNs() - start, found };
}

function times(count: number, collect: () => number | undefined): Timed {
  const runs = Array.from({ length: count }, () => timed(collect));
  const founds = runs.map(({ found }) => found).filter((found) => found !== undefined);
  const found = founds.length > 0 ? founds.reduce((a, b) => a + b) : undefined;
  return { ns: median(runs.map(({ ns }) => ns)), found };
}

let graph: Graph | undefined;
let graphFile = "";

/** The graph of a file; the last one is kept. */
function graphOf(file: string): Graph {
  if (file !== graphFile || graph === undefined) graph = readGraph(file);
  graphFile = file;
  return graph;
}

function structure<N>({ nodes, types }: World<N>, request: Collect): (() => N[]) | undefined {
  const { objects, shape } = request;
  if (shape === "graph" && request.of === "types") {
    return types && (() => types(graphOf(request.file)));
  }
  const own = nodes[request.of as Container];
  switch (shape) {
    case "tree":
      return () => tree(own, objects, request.order);
    case "rows":
      return () => rows(own, objects);
    case "pairs":
      return () => pairs(own, objects);
    case "ring":
      return () => ring(own, objects);
    case "graph":
      return () => isomorphic(own, graphOf(request.file));
  }
}

function measure<N>(world: World<N>, request: Collect): Answer | null {
  const build = structure(world, request);
  if (build === undefined) return null;
  const collect = (): number | undefined => world.collect();
  collect();
  const empty = times(COLLECTIONS, collect).ns;
  put(world, build);
  let seen: Timed;
  if (request.isHeld) {
    collect();
    seen = times(COLLECTIONS, collect);
    world.drop();
  } else {
    world.age?.();
    world.drop();
    // Which objects a type makes containers is the heap's business: what is left now is all trash.
    const trash = request.of === "types" ? world.count?.() : undefined;
    seen = timed(collect);
    if (trash !== undefined && seen.found !== trash)
      throw new Error(`${seen.found} objects were found, ${trash} are trash`);
  }
  world.finish(request.objects);
  return { ns: seen.ns - empty, ...(seen.found !== undefined && { found: seen.found }) };
}

/** On its own: no frame may keep what was built. */
function put<N>(world: World<N>, build: () => N[]): void {
  world.hold(build());
}

// ---- tallyheap, through the public interface ----

function tallyheap(): World<Ptr> {
  const heap = createHeap({ autoCollect: false });
  const nodes = { list: listNodes(heap), record: recordNodes(heap) };
  let roots: Ptr[] = [];
  return {
    nodes,
    types: (built) => buildTypes(heap, built),
    collect: () => heap.gc(2),
    hold: (held) => (roots = held),
    drop: () => {
      for (const root of roots.splice(0)) heap.decref(root);
    },
    count: () => heap.collector.objects().length,
    finish: () => {
      heap.gc(2);
      if (heap.collector.objects().length > 0) throw new Error("tallyheap: objects were left");
      // The next structure is to meet a heap like new.
      heap.reset();
    },
    young: (request) => young(heap, nodes.record, request),
    build: (request) => buildLists(heap, request),
  };
}

function young(heap: Heap, nodes: Nodes<Ptr>, { objects, old }: Young): Answer {
  const oldObjects = old > 0 ? tree(nodes, old, "parent first") : [];
  heap.gc(2);
  const before = heap.collector.stats()[0]!.candidates;
  let found = 0;
  const samples = Array.from({ length: YOUNG_COLLECTIONS }, () => {
    const held = tree(nodes, objects, "parent first");
    const run = timed(() => heap.gc(0));
    held.forEach(nodes.release);
    found += run.found!;
    return run.ns;
  });
  const seen = heap.collector.stats()[0]!.candidates - before;
  if (seen !== objects * YOUNG_COLLECTIONS)
    throw new Error(`tallyheap: ${seen} young objects were looked at`);
  oldObjects.forEach(nodes.release);
  heap.reset();
  return { ns: median(samples), found };
}

/** Births after which the youngest are collected; bench/assembly/objects.ts sets the same. */
const THRESHOLD = 2000;

function buildLists(heap: Heap, { objects, isAutomatic }: Build): Answer {
  const { none, lists, collector } = heap;
  const pair = [none, none];
  const all = heap.list();
  const before = collector.stats()[0]!.collections;
  if (isAutomatic) collector.enable();
  const start = processorNs();
  for (let i = 0; i < objects; i++) {
    const list = heap.list(pair);
    lists.append(all, list);
    heap.decref(list);
  }
  const ns = processorNs() - start;
  collector.disable();
  const collections = collector.stats()[0]!.collections - before;
  if (lists.length(all) !== objects || collections > 0 !== (isAutomatic && objects >= THRESHOLD))
    throw new Error(`tallyheap: ${lists.length(all)} lists were built with ${collections} collections`);
  const found = heap.gc(2);
  heap.decref(all);
  heap.reset();
  return { ns, found };
}

// ---- the core linked into the module of the loop ----

interface Loops {
  setup(): number;
  lists(count: number, isAutomatic: boolean): number;
  youngCount(): number;
  drop(object: number): void;
}

function inlined(): (request: Request) => Answer | null {
  const loops = instantiateObjects<Loops>("objects");
  if (!loops.setup()) throw new Error("no memory for the types");
  return (request) => {
    if (request.measure !== "build") return null;
    const start = processorNs();
    const all = loops.lists(request.objects, request.isAutomatic);
    const ns = processorNs() - start;
    if (loops.youngCount() < request.objects !== (request.isAutomatic && request.objects >= THRESHOLD))
      throw new Error(`tallyheap (inlined): ${loops.youngCount()} lists are young`);
    loops.drop(all);
    return { ns };
  };
}

// ---- AssemblyScript's own collector ----

interface Managed {
  list(degree: number): number;
  record(): number;
  leaf(): number;
  linkList(list: number, index: number, target: number): void;
  linkRecord(record: number, index: number, target: number): void;
  hold(object: number): void;
  drop(): void;
  freedCount(): number;
  __collect(): void;
}

function assemblyscript(): World<number> {
  const managed = instantiateObjects<Managed>("managed");
  const release = (): void => {};
  const { leaf, record, list } = managed;
  let freed = 0;
  return {
    nodes: {
      list: { make: list, link: managed.linkList, leaf, release },
      record: { make: () => record(), link: managed.linkRecord, leaf, release },
    },
    collect: () => void managed.__collect(),
    hold: (held) => held.forEach((object) => managed.hold(object)),
    drop: () => managed.drop(),
    finish: (objects) => {
      managed.__collect();
      const count = managed.freedCount();
      if (count - freed < objects)
        throw new Error(`assemblyscript: only ${count - freed} objects were freed`);
      freed = count;
    },
  };
}

// ---- V8's collector ----

interface PlainRecord {
  a: Plain;
  b: Plain;
}
type Plain = PlainRecord | Plain[] | { readonly value: number } | null;

function v8(): World<Plain> {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("v8: needs --expose-gc");
  let roots: Plain[] = [];
  let most = 0;
  const shared = { leaf: () => ({ value: 0.5 }), release: () => {} };
  return {
    nodes: {
      list: {
        make: (degree) => (degree === 2 ? [null, null] : new Array<Plain>(degree).fill(null)),
        link: (list, index, target) => ((list as Plain[])[index] = target),
        ...shared,
      },
      record: {
        make: () => ({ a: null, b: null }),
        link: (record, index, target) => {
          if (index === 0) (record as PlainRecord).a = target;
          else (record as PlainRecord).b = target;
        },
        ...shared,
      },
    },
    collect: () => void gc(),
    hold: (held) => (roots = held),
    // Objects that have survived two collections are with the old ones.
    age: () => {
      gc();
      gc();
    },
    drop: () => {
      most = process.memoryUsage().heapUsed;
      roots = [];
    },
    finish: (objects) => {
      gc();
      if (most - process.memoryUsage().heapUsed < objects * LEAST_BYTES)
        throw new Error(
          `v8: of ${most} bytes ${process.memoryUsage().heapUsed} are left, ${roots.length} roots`,
        );
    },
  };
}

/** An object of V8 takes more. */
const LEAST_BYTES = 8;

// ---- one process, one contender ----

function answering<N>(world: World<N>): (request: Request) => Answer | null {
  return (request) => {
    if (request.measure === "collect") return measure(world, request);
    if (request.measure === "young") return world.young?.(request) ?? null;
    return world.build?.(request) ?? null;
  };
}

const contenders: Record<string, () => (request: Request) => Answer | null> = {
  tallyheap: () => answering(tallyheap()),
  inlined,
  assemblyscript: () => answering(assemblyscript()),
  v8: () => answering(v8()),
};

const make = contenders[process.argv[2] ?? ""];
if (make === undefined) throw new Error(`no such contender: ${process.argv[2]}`);
const answer = make();
console.log(nodeVersion);
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(answer(JSON.parse(line) as Request)));
}
