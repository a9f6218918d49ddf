/**
 * Builds an object graph (graph.ts) in a heap with the types of the program: lists, tuples, dicts, strs, ints … What the
 * heap has no type for is a record of a type with that name: a field for each reference or, where there may be many,
 * items.
 */

import type { Heap, Ptr } from "tallyheap";

import { buildGraph, type Graph } from "./graph.js";
import { fillers, listNodes } from "./heap-nodes.js";

/** How the nodes of a kind are made, and how their edges are stored; `link` takes a reference of its own. */
interface Maker {
  make(degree: number, bytes: number, node: number): Ptr;
  link(object: Ptr, index: number, target: Ptr): void;
}

/** A kind with more references than this has items and not fields. */
const MOST_FIELDS = 16;
/** No object is larger: sizes only vary where the blocks lie. */
const MOST_BYTES = 1 << 16;
/** Bytes that CPython has before the contents of a str, a bytes and any other object. */
const STR_HEAD = 49;
const BYTES_HEAD = 33;
const HEAD = 16;
const LEAST_INT = 1000;

/** The graph, with a reference of the caller's to each root. `onNode` is called before each node is made. */
export function buildTypes(heap: Heap, graph: Graph, onNode?: (node: number) => void): Ptr[] {
  const { objects, roots, keys } = heldGraph(heap, graph, onNode);
  for (const key of keys) heap.decref(key);
  return roots.map((root) => objects[root]!);
}

/** A graph in a heap that can be changed. The caller has a reference to each root and to each key of the dicts. */
export interface HeldGraph {
  readonly keys: readonly Ptr[];
  readonly roots: readonly number[];
  readonly edges: number;
  /** By node; an object that nothing refers to any more is gone, its node stays. */
  readonly objects: readonly Ptr[];
  readonly targets: number[][];
  /** Stores an edge. */
  link(node: number, index: number, target: number): void;
  /** A new node like another one, without its edges; the caller has a reference to its object. */
  copyOf(node: number): number;
  release(node: number): void;
}

export function heldGraph(heap: Heap, graph: Graph, onNode?: (node: number) => void): HeldGraph {
  const { kinds, sizes, first } = graph;
  const keys: Ptr[] = [];
  const makers = kinds.map((_, kind) => makerOf(heap, graph, kind, keys));
  const kindOf = [...graph.kindOf];
  const make = (node: number, degree: number): Ptr =>
    makers[kindOf[node]!]!.make(degree, Math.min(sizes[node]!, MOST_BYTES), node);
  const makeFirst = (node: number, degree: number): Ptr => {
    onNode?.(node);
    return make(node, degree);
  };
  const objects = buildGraph(graph, makeFirst, (node, object, index, target) =>
    makers[kindOf[node]!]!.link(object, index, target),
  );
  const roots = [...new Set(graph.roots)];
  for (const root of roots) heap.incref(objects[root]!);
  for (const object of objects) heap.decref(object);
  const targets = kindOf.map((_, node) => [...graph.targets.subarray(first[node], first[node + 1])]);
  const originals = kindOf.map((_, node) => node);
  return {
    keys,
    roots,
    edges: graph.targets.length,
    objects,
    targets,
    link: (node, index, target) => makers[kindOf[node]!]!.link(objects[node]!, index, objects[target]!),
    copyOf: (node) => {
      const original = originals[node]!;
      const copy = objects.push(make(original, targets[node]!.length)) - 1;
      kindOf.push(kindOf[node]!);
      originals.push(original);
      return copy;
    },
    release: (node) => heap.decref(objects[node]!),
  };
}

/** The values of a dict are the edges of its node; its keys, one for each index, are shared by all dicts. */
function dictMaker(heap: Heap, keys: Ptr[]): Maker {
  return {
    make: () => heap.dict(),
    link: (dict, index, target) => {
      while (keys.length <= index) keys.push(heap.intern(`key ${keys.length}`));
      heap.dicts.set(dict, keys[index]!, target);
    },
  };
}

function leafMaker(make: (bytes: number, node: number) => Ptr): Maker {
  const link = (): never => {
    throw new Error("an object of this kind refers to nothing");
  };
  return { make: (_degree, bytes, node) => make(bytes, node), link };
}

function makerOf(heap: Heap, graph: Graph, kind: number, keys: Ptr[]): Maker {
  const { name, isContainer: isTracked } = graph.kinds[kind]!;
  const degree = largestDegree(graph, kind);
  if (degree === 0 && !isTracked) return leafMakerOf(heap, name);
  if (name === "list") return listNodes(heap);
  if (name === "dict") return dictMaker(heap, keys);
  const link = (object: Ptr, index: number, target: Ptr): void => heap.setItem(object, index, target);
  if (name === "tuple") return { make: (items) => heap.tuple(fillers(heap, items)), link };
  if (degree > 0 && degree <= MOST_FIELDS) return recordMaker(heap, name, degree);
  const type = heap.defineType({ name, items: "ref" });
  return { make: (items) => heap.alloc(type, items), link };
}

function recordMaker(heap: Heap, name: string, degree: number): Maker {
  const names = Array.from({ length: degree }, (_, i) => `ref${i}`);
  const fields = Object.fromEntries(names.map((field) => [field, "ref" as const]));
  const type = heap.defineType({ name, fields });
  const slots = names.map((field) => type.fields[field]!);
  return {
    make: () => heap.alloc(type),
    link: (object, index, target) => heap.setRef(object, slots[index]!, target),
  };
}

function leafMakerOf(heap: Heap, name: string): Maker {
  switch (name) {
    case "none":
      return leafMaker(() => heap.none);
    case "bool":
      return leafMaker((_bytes, node) => (node % 2 === 0 ? heap.true : heap.false));
    case "int":
      return leafMaker((_bytes, node) => heap.int(LEAST_INT + node));
    case "float":
      return leafMaker((_bytes, node) => heap.float(node));
    case "str":
      // Two characters at least: shorter ones are shared.
      return leafMaker((bytes) => heap.str("s".repeat(Math.max(bytes - STR_HEAD, 2))));
    case "bytes":
      return leafMaker((bytes) => heap.bytesObject(new Uint8Array(Math.max(bytes - BYTES_HEAD, 1))));
  }
  const type = heap.defineType({ name, items: "u8" });
  return leafMaker((bytes) => heap.alloc(type, Math.max(bytes - HEAD, 0)));
}

function largestDegree({ kindOf, first }: Graph, kind: number): number {
  let largest = 0;
  for (let node = 0; node < kindOf.length; node++)
    if (kindOf[node] === kind) largest = Math.max(largest, first[node + 1]! - first[node]!);
  return largest;
}
