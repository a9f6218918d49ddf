/**
 * Collections that are measured: who collects, each in a process of its own; what it is asked, as a line of JSON
 * (bench/native/gc.py knows the requests too); what the answer is divided by, and what a collection has to find.
 */

import { join, resolve } from "node:path";

import { countContainers, countCyclic, readGraph } from "./graph.js";
import { nativeSources, python } from "./paths.js";
import { nodeCommand, type Candidate, type Session } from "./process.js";

export const TALLYHEAP = "tallyheap";
export const TALLYHEAP_INLINED = "tallyheap (inlined)";
export const CPYTHON = "cpython";
export const ASSEMBLYSCRIPT = "assemblyscript";
export const V8 = "v8";

const WORKER = "gc/gc-worker.js";

export const CONTENDERS: readonly Candidate[] = [
  { name: TALLYHEAP, command: nodeCommand(WORKER, ["tallyheap"]) },
  { name: TALLYHEAP_INLINED, command: nodeCommand(WORKER, ["inlined"]) },
  { name: CPYTHON, command: { file: python, args: [join(nativeSources, "gc.py")] }, isOptional: true },
  { name: ASSEMBLYSCRIPT, command: nodeCommand(WORKER, ["assemblyscript"]) },
  { name: V8, command: nodeCommand(WORKER, ["v8"], "--expose-gc") },
];

/** Undefined if the contender does not have that. */
export async function ask(session: Session, request: Request): Promise<Answer | undefined> {
  return (JSON.parse(await session.ask(JSON.stringify(request))) as Answer | null) ?? undefined;
}

/** In which order a tree's nodes are made, and so where they lie. */
export type Order = "parent first" | "children first" | "at random";
export type Container = "list" | "record";

/**
 * A structure: `isHeld` is collected several times while it is alive, otherwise once when it is trash.
 */
interface Structure {
  readonly measure: "collect";
  readonly isHeld: boolean;
  readonly objects: number;
}

export type Request =
  | (Structure & { readonly shape: "tree"; readonly of: Container; readonly order: Order })
  | (Structure & { readonly shape: "rows" | "pairs" | "ring"; readonly of: Container })
  /** `types`: not as lists, but with the types of the program. */
  | (Structure & { readonly shape: "graph"; readonly of: "list" | "types"; readonly file: string })
  /** A collection of the youngest generation, with so many older objects alive. */
  | { readonly measure: "young"; readonly objects: number; readonly old: number }
  /** Live lists, made with automatic collection or without. */
  | { readonly measure: "build"; readonly objects: number; readonly isAutomatic: boolean };

export interface Answer {
  /** Processor time: of one collection, less that of one with nothing there; young, build: of all of it. */
  readonly ns: number;
  /** Objects found to be trash, where the contender says so. */
  readonly found?: number;
}

export interface GcWorkload {
  readonly name: string;
  readonly request: Request;
  readonly unit: string;
  /** What the time is divided by; else what was found, and without that all objects. */
  readonly units?: number;
  /** Containers that are built. */
  readonly objects: number;
  /** Trash that the collections find. */
  readonly found?: number;
}

/** What most of them are divided by. */
export const UNIT = "ns/object";

/** A graph as lists, the same in all contenders, and with the types of the program; alive, then dropped. */
export function graphWorkloads(path: string): GcWorkload[] {
  const graph = readGraph(path);
  const objects = countContainers(graph);
  const cyclic = countCyclic(graph);
  const request = { measure: "collect", shape: "graph", objects, file: resolve(path) } as const;
  const live = { unit: UNIT, units: objects, objects, found: 0 };
  const dead = { unit: UNIT, objects };
  const { name } = graph;
  return [
    { name, request: { ...request, isHeld: true, of: "list" }, ...live },
    { name: `${name}, its own types`, request: { ...request, isHeld: true, of: "types" }, ...live },
    { name: `${name}, dropped`, request: { ...request, isHeld: false, of: "list" }, ...dead, found: cyclic },
    { name: `${name}, its own types, dropped`, request: { ...request, isHeld: false, of: "types" }, ...dead },
  ];
}

/** The same with another number of objects; a graph is what it is. */
export function scaled(request: Request, factor: number): Request {
  const objects = Math.ceil(request.objects * factor);
  return request.measure === "young"
    ? { ...request, objects, old: Math.ceil(request.old * factor) }
    : { ...request, objects };
}
