/**
 * Object graphs of real programs with the types of those programs, changed between full collections: references change
 * places, and objects with some of what they lead to are replaced by copies. The program holds what it held when it was recorded; in one variant
 * also some variables, of which half have a new value at each collection.
 */

import type { Heap, Ptr } from "tallyheap";

import { heldGraph, type HeldGraph } from "../lib/graph-types.js";
import { graphName, readGraph } from "../lib/graph.js";
import { bundledGraphs } from "../lib/paths.js";
import { randomFrom } from "../lib/random.js";
import type { Pick, Program } from "./program.js";

/** References that change between two collections, to all of them. */
const CHANGED = 0.01;
/** Objects that a copy consists of at most. */
const COPIED = 8;
const STEPS = 12;
const VARIABLES = 20;

class ChangingGraph {
  readonly #heap: Heap;
  readonly #graph: HeldGraph;
  readonly #pick: Pick;
  readonly #changes: number;
  readonly #variables: Ptr[] = [];

  constructor(heap: Heap, graph: HeldGraph, pick: Pick) {
    this.#heap = heap;
    this.#graph = graph;
    this.#pick = pick;
    this.#changes = Math.ceil(graph.edges * CHANGED);
  }

  change(): void {
    const { objects, targets, link, release } = this.#graph;
    for (let i = 0; i < this.#changes; i++) {
      const node = this.#somewhere();
      const own = targets[node]!;
      if (own.length === 0) continue;
      const edge = this.#pick(own.length);
      const old = own[edge]!;
      if (i % 2 === 0) {
        // Two references of one object change places; the first one may be the last to its target meanwhile.
        const other = this.#pick(own.length);
        own[edge] = own[other]!;
        own[other] = old;
        this.#heap.incref(objects[old]!);
        link(node, edge, own[edge]!);
        link(node, other, old);
        release(old);
      } else {
        const copy = this.#copy(old);
        own[edge] = copy;
        link(node, edge, copy);
        release(copy);
      }
    }
  }

  /** Half of the variables get another value. */
  assign(): void {
    const heap = this.#heap;
    for (let i = 0; i < VARIABLES; i++) {
      if (this.#variables.length === VARIABLES && i % 2 === 0) continue;
      const object = this.#graph.objects[this.#somewhere()]!;
      heap.incref(object);
      const old = this.#variables[i];
      this.#variables[i] = object;
      if (old !== undefined) heap.decref(old);
    }
  }

  /** A node that a walk from a root comes to. */
  #somewhere(): number {
    const { roots, targets } = this.#graph;
    let node = roots[this.#pick(roots.length)]!;
    for (let steps = 2 + this.#pick(STEPS); steps > 0; steps--) {
      const own = targets[node]!;
      if (own.length === 0) break;
      node = own[this.#pick(own.length)]!;
    }
    return node;
  }

  /** A copy of a node, and of some that it leads to; with references among them as among the originals. *New*. */
  #copy(start: number): number {
    const { targets, copyOf, link, release } = this.#graph;
    const originals = [start];
    for (let i = 0; i < originals.length; i++) {
      for (const target of targets[originals[i]!]!) {
        if (originals.length === COPIED) break;
        if (targets[target]!.length > 0 && !originals.includes(target)) originals.push(target);
      }
    }
    const copies = originals.map((node) => copyOf(node));
    originals.forEach((node, i) => {
      const copy = copies[i]!;
      targets[copy] = targets[node]!.map((target) => {
        const at = originals.indexOf(target);
        return at < 0 ? target : copies[at]!;
      });
      targets[copy]!.forEach((target, edge) => link(copy, edge, target));
    });
    for (const copy of copies.slice(1)) release(copy);
    return copies[0]!;
  }
}

function graphProgram(file: string, hasVariables: boolean): Program {
  return {
    name: `graph: ${graphName(file)}${hasVariables ? ", variables" : ""}`,
    prepare: (heap) => {
      const random = randomFrom(1);
      const pick: Pick = (limit) => Math.floor(random() * limit);
      heap.collector.disable();
      const graph = new ChangingGraph(heap, heldGraph(heap, readGraph(file)), pick);
      heap.gc();
      return () => {
        graph.change();
        if (hasVariables) graph.assign();
        return heap.gc();
      };
    },
  };
}

export const graphPrograms: readonly Program[] = bundledGraphs().flatMap((file) => [
  graphProgram(file, false),
  graphProgram(file, true),
]);
