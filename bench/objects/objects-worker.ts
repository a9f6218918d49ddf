/**
 * A contender of bench:objects in a process of its own: reads the name of a workload a line, answers with ns a unit, or
 * "-" for a workload that it does not have. The first line says what it is.
 */

import { createInterface } from "node:readline";

import { createHeap, type Heap, type HeapOptions, type Ptr } from "tallyheap";

import { timed } from "../lib/clock.js";
import { instantiateObjects } from "../lib/module.js";
import { nodeVersion } from "../lib/node.js";
import { randomFrom } from "../lib/random.js";
import { floor } from "./floor.js";
import { heapValues, plainValues, type Workloads } from "./values.js";

const TREE_DEPTH = 19;
const TREE = 2 ** (TREE_DEPTH + 1) - 1;
const CHAIN = 5_000_000;
const LOOP = 5_000_000;
const OBJECTS = 65_536;
const STORES = 2_000_000;
const COUNTED = 100_000;

/** The deaths of what is built, when its last reference is dropped. */
function deaths<T>(
  tree: (depth: number) => T,
  listTree: (depth: number) => T,
  chain: () => T,
  drop: (object: T) => void,
): Workloads {
  const death = (units: number, build: () => T) => (): number => {
    const object = build();
    return timed(units, () => drop(object));
  };
  return {
    "death: tree of 1M records": death(TREE, () => tree(TREE_DEPTH)),
    "death: tree of 1M lists": death(TREE, () => listTree(TREE_DEPTH)),
    "death: chain of 5M": death(CHAIN, chain),
  };
}

// ---- the core linked into the module of the loops ----

interface Loops {
  setup(): number;
  floats(units: number): void;
  records(units: number): void;
  counts(units: number): void;
  tree(depth: number): number;
  listTree(depth: number): number;
  chain(length: number): number;
  drop(object: number): void;
}

function inlined(): Workloads {
  const loops = instantiateObjects<Loops>("objects");
  if (!loops.setup()) throw new Error("no memory for the types");
  return {
    ...deaths(loops.tree, loops.listTree, () => loops.chain(CHAIN), loops.drop),
    "float: create, destroy": () => timed(LOOP, () => loops.floats(LOOP)),
    "record: create, destroy": () => timed(LOOP, () => loops.records(LOOP)),
    "incref, decref": () => timed(LOOP, () => loops.counts(LOOP)),
  };
}

// ---- the public interface ----

function open(checks: boolean): Heap {
  return createHeap({ checks, autoCollect: false, onLeak: () => {} } as HeapOptions);
}

function recordType(heap: Heap) {
  return heap.defineType({ name: "Record", fields: { a: "ref", b: "ref" } });
}

function publicInterface(checks: boolean): Workloads {
  const heap = open(checks);
  const Record = recordType(heap);
  const { a, b } = Record.fields;
  const tree = (depth: number): Ptr => {
    const node = heap.alloc(Record);
    if (depth > 0) {
      heap.stealRef(node, a, tree(depth - 1));
      heap.stealRef(node, b, tree(depth - 1));
    }
    return node;
  };
  const listTree = (depth: number): Ptr => {
    if (depth === 0) return heap.list([heap.none, heap.none]);
    const [left, right] = [listTree(depth - 1), listTree(depth - 1)];
    const list = heap.list([left, right]);
    heap.decref(left);
    heap.decref(right);
    return list;
  };
  const chain = (): Ptr => {
    let head = heap.alloc(Record);
    for (let i = 1; i < CHAIN; i++) {
      const node = heap.alloc(Record);
      heap.stealRef(node, a, head);
      head = node;
    }
    return head;
  };
  const counted = heap.alloc(Record);
  return {
    ...heapValues(heap),
    ...deaths(tree, listTree, chain, (object) => heap.decref(object)),
    "float: create, destroy": () =>
      timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) heap.decref(heap.float(i));
      }),
    "record: create, destroy": () =>
      timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) heap.decref(heap.alloc(Record));
      }),
    "incref, decref": () =>
      timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) {
          heap.incref(counted);
          heap.decref(counted);
        }
      }),
    "store, 64k objects at random": () => {
      const objects = Array.from({ length: OBJECTS }, () => heap.alloc(Record));
      for (const object of objects) heap.setRef(object, a, objects[0]!);
      const [holders, values] = orders();
      const ns = timed(STORES, () => {
        for (let i = 0; i < STORES; i++) heap.setRef(objects[holders[i]!]!, a, objects[values[i]!]!);
      });
      for (const object of objects) heap.setRef(object, a, 0 as Ptr);
      for (const object of objects) heap.decref(object);
      return ns;
    },
  };
}

/** Which object to store into, and what. */
function orders(): [Uint32Array, Uint32Array] {
  const random = randomFrom(1);
  const order = (): Uint32Array => Uint32Array.from({ length: STORES }, () => Math.floor(random() * OBJECTS));
  return [order(), order()];
}

// ---- plain JavaScript objects, where that is what one would use ----

interface PlainRecord {
  a: unknown;
  b: unknown;
}

function plain(): Workloads {
  // What is created escapes, or the engine would not create it.
  const recent = new Array<unknown>(1024).fill(null);
  return {
    ...plainValues(),
    "record: create, destroy": () =>
      timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) recent[i & 1023] = { a: null, b: null };
      }),
    "store, 64k objects at random": () => {
      const objects = Array.from({ length: OBJECTS }, (): PlainRecord => ({ a: null, b: null }));
      const [holders, values] = orders();
      return timed(STORES, () => {
        for (let i = 0; i < STORES; i++) objects[holders[i]!]!.a = objects[values[i]!];
      });
    },
  };
}

// ---- bytes ----

/** Bytes in allocated blocks, as CPython counts them. */
function blockBytes(heap: Heap): number {
  const line = /bytes in allocated blocks *= *([\d,]+)/.exec(heap.debugMallocStats());
  return Number(line?.[1]?.replaceAll(",", ""));
}

/** What objects of each kind take: bytes of their blocks, or of the pages in use. */
function bytesOf(kind: string, taken: (heap: Heap) => number): number {
  const heap = open(true);
  const Record = recordType(heap);
  const make: Record<string, (i: number) => Ptr> = {
    int: (i) => heap.int(i + 1000),
    float: (i) => heap.float(i + 0.5),
    "str, 8 characters": (i) => heap.str(String(i).padStart(8, "0")),
    "1-tuple": () => heap.tuple([heap.none]),
    "2-tuple": () => heap.tuple([heap.none, heap.none]),
    "empty list": () => heap.list(),
    "list of 1": () => heap.list([heap.none]),
    "empty dict": () => heap.dict(),
    "dict of 1": () => {
      const dict = heap.dict();
      heap.dicts.set(dict, key, heap.none);
      return dict;
    },
    "record, 2 fields": () => heap.alloc(Record),
  };
  const key = heap.intern("key");
  const maker = make[kind];
  if (maker === undefined) return NaN;
  const before = taken(heap);
  for (let i = 0; i < COUNTED; i++) maker(i);
  const bytes = (taken(heap) - before) / COUNTED;
  heap.dispose();
  return bytes;
}

const contenders: Record<string, () => Workloads> = {
  inlined,
  checked: () => publicInterface(true),
  raw: () => publicInterface(false),
  v8: plain,
  floor: () => floor({ loop: LOOP, objects: OBJECTS, orders }),
};

const make = contenders[process.argv[2] ?? ""];
if (make === undefined) throw new Error(`no such contender: ${process.argv[2]}`);
const workloads = make();
console.log(nodeVersion);
for await (const name of createInterface({ input: process.stdin })) {
  const [, measure, kind] = /^(bytes|pages) (.*)$/.exec(name) ?? [];
  const taken = measure === "bytes" ? blockBytes : (heap: Heap) => heap.stats().heapUsed;
  const workload = kind === undefined ? workloads[name] : () => bytesOf(kind, taken);
  const answer = workload?.();
  console.log(answer === undefined || Number.isNaN(answer) ? "-" : answer);
}
