import { EDGE_WEAK, type Graph } from "./graph.js";
import { ROOT } from "./read-graph.js";

/**
 * Dominators of a graph: `idom[n]` is the node that every path from the root to n passes last before n. Weak edges are
 * no paths. Of the root, and of nodes that it does not reach, idom is the root.
 *
 * The algorithm is Semi-NCA (L. Georgiadis, R. Tarjan, R. Werneck: Finding Dominators in Practice, 2006), which is
 * Lengauer and Tarjan's (1979) with a simpler last step: numbers of a depth-first search, semidominators by path
 * compression, and the nearest common ancestor of parent and semidominator in the tree so far. Fast on deep heaps, where
 * the iterative form of Cooper, Harvey and Kennedy passes over the graph many times.
 */
export function dominators(graph: Graph): Uint32Array {
  const search = depthFirst(graph);
  const { order, count } = search;
  const idom = semiNca(graph, search);
  const nodes = new Uint32Array(graph.nodeCount);
  for (let i = 1; i < count; i++) nodes[order[i]!] = order[idom[i]!]!;
  return nodes;
}

/** Bytes that would go with each node: its own, and those of all that it dominates. */
export function retainedSizes(graph: Graph): Float64Array {
  const search = depthFirst(graph);
  const { order, count } = search;
  const idom = semiNca(graph, search);
  const retained = Float64Array.from(graph.size.subarray(0, graph.nodeCount));
  for (let i = count - 1; i > 0; i--) retained[order[idom[i]!]!]! += retained[order[i]!]!;
  return retained;
}

/** A depth-first search from the root: nodes by their numbers, and their parents' numbers. */
interface Search {
  readonly count: number;
  readonly order: Uint32Array;
  readonly parent: Uint32Array;
  /** Numbers by node, + 1; 0 = not reached. */
  readonly number: Uint32Array;
}

function depthFirst({ nodeCount, edgeStart, edgeEnd, edgeKind, edgeTo }: Graph): Search {
  const order = new Uint32Array(nodeCount);
  const parent = new Uint32Array(nodeCount);
  const number = new Uint32Array(nodeCount);
  // The path from the root, and the next edge of each node on it.
  const path = new Uint32Array(nodeCount);
  const next = new Uint32Array(nodeCount);
  let count = 0;
  let depth = 0;
  path[0] = ROOT;
  next[0] = edgeStart[ROOT]!;
  order[count++] = ROOT;
  number[ROOT] = count;
  while (depth >= 0) {
    const node = path[depth]!;
    const edge = next[depth]!;
    if (edge === edgeEnd[node]) {
      depth--;
      continue;
    }
    next[depth] = edge + 1;
    const to = edgeTo[edge]!;
    if (number[to] !== 0 || edgeKind[edge] === EDGE_WEAK) continue;
    parent[count] = number[node]! - 1;
    order[count++] = to;
    number[to] = count;
    depth++;
    path[depth] = to;
    next[depth] = edgeStart[to]!;
  }
  return { count, order, parent, number };
}

/** Immediate dominators by number; all arrays here are. */
function semiNca(graph: Graph, { count, order, parent, number }: Search): Uint32Array {
  const { start, sources } = predecessors(graph, order, number, count);
  const idom = parent.slice(0, count);
  const ancestor = parent.slice(0, count);
  const semi = Uint32Array.from({ length: count }, (_, i) => i);
  const label = semi.slice();
  const stack = new Uint32Array(count);
  /** Number with the least semidominator on the way from v up to the roots of the forest of numbers above `linked`. */
  const evaluate = (v: number, linked: number): number => {
    if (ancestor[v]! < linked) return label[v]!;
    let top = 0;
    let at = v;
    do {
      stack[top++] = at;
      at = ancestor[at]!;
    } while (ancestor[at]! >= linked);
    let best = label[at]!;
    const root = ancestor[at]!;
    while (top > 0) {
      at = stack[--top]!;
      ancestor[at] = root;
      if (semi[best]! < semi[label[at]!]!) label[at] = best;
      else best = label[at]!;
    }
    return best;
  };
  for (let i = count - 1; i >= 1; i--) {
    let least = parent[i]!;
    for (let at = start[i]!; at < start[i + 1]!; at++) {
      const found = semi[evaluate(sources[at]!, i + 1)]!;
      if (found < least) least = found;
    }
    semi[i] = least;
  }
  for (let i = 1; i < count; i++) {
    let candidate = idom[i]!;
    while (candidate > semi[i]!) candidate = idom[candidate]!;
    idom[i] = candidate;
  }
  return idom;
}

/** Numbers of the predecessors of number i: sources[start[i]] … sources[start[i + 1]). */
function predecessors(graph: Graph, order: Uint32Array, number: Uint32Array, count: number) {
  const { edgeStart, edgeEnd, edgeKind, edgeTo } = graph;
  const start = new Uint32Array(count + 2);
  let edges = 0;
  for (let i = 0; i < count; i++) {
    const node = order[i]!;
    for (let edge = edgeStart[node]!; edge < edgeEnd[node]!; edge++) {
      if (edgeKind[edge] === EDGE_WEAK) continue;
      start[number[edgeTo[edge]!]! + 1]!++;
      edges++;
    }
  }
  // start[i + 2] counts those of i; summed up, start[i + 1] is where those of i begin, and moves to their end.
  for (let i = 1; i < start.length; i++) start[i]! += start[i - 1]!;
  const sources = new Uint32Array(edges);
  for (let i = 0; i < count; i++) {
    const node = order[i]!;
    for (let edge = edgeStart[node]!; edge < edgeEnd[node]!; edge++) {
      if (edgeKind[edge] === EDGE_WEAK) continue;
      sources[start[number[edgeTo[edge]!]!]!++] = i;
    }
  }
  return { start, sources };
}
