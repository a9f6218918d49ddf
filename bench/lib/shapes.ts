/** The structures that bench:gc collects, built from any contender's nodes. bench/native/gc.py has the same. */

import type { Order } from "./collections.js";
import { buildGraph, isContainer, type Graph } from "./graph.js";
import { randomFrom, shuffled } from "./random.js";

/** How a contender makes containers. Nothing is collected meanwhile. */
export interface Nodes<N> {
  /** A new container for so many references; where it has more, they are empty. */
  make(degree: number): N;
  link(node: N, index: number, target: N): void;
  /** Something that is no container. */
  leaf(): N;
  /** The builder does not hold the node any longer. */
  release(node: N): void;
}

/** A full binary tree, but for the end of its last level: node i has the children 2i + 1 and 2i + 2. */
export function tree<N>({ make, link, release }: Nodes<N>, count: number, order: Order): N[] {
  const nodes = new Array<N>(count);
  for (const i of creation(count, order)) nodes[i] = make(2);
  for (let child = 1; child < count; child++) link(nodes[(child - 1) >>> 1]!, (child - 1) & 1, nodes[child]!);
  nodes.slice(1).forEach(release);
  return nodes.slice(0, 1);
}

function creation(count: number, order: Order): Iterable<number> {
  const numbers = Array.from({ length: count }, (_, i) => i);
  if (order === "parent first") return numbers;
  if (order === "at random") return shuffled(numbers, randomFrom(count));
  const result: number[] = [];
  const visit = (i: number): void => {
    if (i >= count) return;
    visit(2 * i + 1);
    visit(2 * i + 2);
    result.push(i);
  };
  visit(0);
  return result;
}

/** One container that holds all others. */
export function rows<N>({ make, link, release }: Nodes<N>, count: number): N[] {
  const all = make(count - 1);
  for (let i = 0; i < count - 1; i++) {
    const row = make(2);
    link(all, i, row);
    release(row);
  }
  return [all];
}

/** Pairs that refer to each other. */
export function pairs<N>({ make, link, release }: Nodes<N>, count: number): N[] {
  return Array.from({ length: count >>> 1 }, () => {
    const [a, b] = [make(2), make(2)];
    link(a, 0, b);
    link(b, 0, a);
    release(b);
    return a;
  });
}

/** Each refers to the one made after it, the last one to the first. */
export function ring<N>({ make, link, release }: Nodes<N>, count: number): N[] {
  const first = make(2);
  let last = first;
  for (let i = 1; i < count; i++) {
    const next = make(2);
    link(last, 0, next);
    if (i > 1) release(last);
    last = next;
  }
  link(last, 0, first);
  if (last !== first) release(last);
  return [first];
}

/** A program's graph, with nothing in it but containers of one kind and leaves. */
export function isomorphic<N>({ make, leaf, link, release }: Nodes<N>, graph: Graph): N[] {
  const nodes = buildGraph(
    graph,
    (node, degree) => (isContainer(graph, node) ? make(degree) : leaf()),
    (_, object, index, target) => link(object, index, target),
  );
  const isRoot = new Set(graph.roots);
  nodes.forEach((object, node) => {
    if (!isRoot.has(node)) release(object);
  });
  return [...isRoot].map((root) => nodes[root]!);
}
