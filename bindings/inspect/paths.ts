import { hex } from "../core/errors.js";
import type { Ptr } from "../core/ptr.js";
import { EDGE_WEAK, NODE_GROUP, NODE_OBJECT, type Graph } from "./graph.js";
import { ROOT } from "./read-graph.js";

/** A reference on the way from a root to an object. */
export interface PathStep {
  /** How the holder names the reference: `.field`, `[index]`, `["key"]`; of the first step what the root says of it. */
  readonly edge: string;
  /** The object that is held, *borrowed*, and the name of its type. */
  readonly ptr: Ptr;
  readonly type: string;
}

/** One way in which an object is held: from a root, reference by reference, to the object, which the last step leads to. */
export interface PathToRoot {
  /** Who holds the first object: `(Handles)`, `(References of the host)`, `(Immortals)`, `(Unreachable)`. */
  readonly root: string;
  readonly steps: readonly PathStep[];
  /** One line a step. */
  toString(): string;
}

const inspect = Symbol.for("nodejs.util.inspect.custom");
/** Partial paths to look at for each that is asked for: a heap may have more of them than can be listed. */
const EFFORT = 10_000;

class Path implements PathToRoot {
  readonly root: string;
  readonly steps: readonly PathStep[];

  constructor(root: string, steps: readonly PathStep[]) {
    this.root = root;
    this.steps = steps;
  }

  toString(): string {
    const lines = this.steps.map(
      ({ edge, type, ptr }, i) => `${"  ".repeat(Math.min(i, 10) + 1)}${edge} → ${type} at ${hex(ptr)}`,
    );
    return [this.root, ...lines].join("\n");
  }

  [inspect](): string {
    return this.toString();
  }
}

/** Paths as an array that prints well. */
export class Paths extends Array<PathToRoot> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  override toString(): string {
    return this.length === 0 ? "nothing holds it" : this.map(String).join("\n");
  }

  [inspect](): string {
    return this.toString();
  }
}

/**
 * The shortest ways from the roots to a node, at most `limit`, none of which passes an object twice. A search from the
 * node back to the roots; what is left of a partial path is known from a search from the roots, so the paths come in the
 * order of their lengths.
 */
export function pathsToRoot(graph: Graph, node: number, limit: number): Paths {
  const found = new Paths();
  const distance = distances(graph);
  if (distance[node] === 0 || limit === 0) return found;
  const { start, holders, edges } = retainers(graph, distance);
  // Partial paths by the length that they will have: the node they have come to, and the rest.
  let left = limit * EFFORT;
  const waiting: Partial[][] = [];
  const add = (partial: Partial): void => {
    const length = partial.length + distance[partial.node]!;
    (waiting[length] ??= []).push(partial);
  };
  add({ node, edge: -1, length: 0, rest: undefined });
  for (let length = 0; length < waiting.length; length++) {
    const partials = waiting[length] ?? [];
    for (let partial = partials.pop(); partial !== undefined; partial = partials.pop()) {
      if (left-- === 0) return found;
      if (graph.kind[partial.node] === NODE_GROUP) {
        found.push(describe(graph, partial));
        if (found.length === limit) return found;
        continue;
      }
      for (let i = start[partial.node]!; i < start[partial.node + 1]!; i++) {
        const holder = holders[i]!;
        if (passes(partial, holder)) continue;
        add({ node: holder, edge: edges[i]!, length: partial.length + 1, rest: partial });
      }
    }
  }
  return found;
}

/** The end of a path: a node, and the edge from it to the next node of the rest. */
interface Partial {
  readonly node: number;
  readonly edge: number;
  readonly length: number;
  readonly rest: Partial | undefined;
}

function passes(partial: Partial | undefined, node: number): boolean {
  for (; partial !== undefined; partial = partial.rest) if (partial.node === node) return true;
  return false;
}

function describe(graph: Graph, path: Partial): Path {
  const root = graph.nameOf(path.node);
  const steps: PathStep[] = [];
  for (let at: Partial = path; at.rest !== undefined; at = at.rest) {
    const held = at.rest.node;
    if (graph.kind[held] !== NODE_OBJECT) continue;
    const edge = graph.describeEdge(at.edge);
    steps.push({ edge, ptr: graph.address[held]! as Ptr, type: graph.nameOf(held) });
  }
  return new Path(root, steps);
}

/** Edges from a root group to each node, + 1; 0 = not reached. The groups themselves have 1. */
function distances({ nodeCount, kind, edgeStart, edgeEnd, edgeKind, edgeTo }: Graph): Uint32Array {
  const distance = new Uint32Array(nodeCount);
  const queue = new Uint32Array(nodeCount);
  let end = 0;
  for (let node = ROOT; node < nodeCount && kind[node] === NODE_GROUP; node++) {
    queue[end++] = node;
    distance[node] = 1;
  }
  for (let at = 0; at < end; at++) {
    const node = queue[at]!;
    for (let edge = edgeStart[node]!; edge < edgeEnd[node]!; edge++) {
      const to = edgeTo[edge]!;
      if (edgeKind[edge] === EDGE_WEAK || distance[to] !== 0) continue;
      distance[to] = distance[node]! + 1;
      queue[end++] = to;
    }
  }
  return distance;
}

/** The holders of each node and the edges by which they hold it, those of node n at [start[n], start[n + 1]). */
function retainers(
  { nodeCount, edgeCount, edgeStart, edgeEnd, edgeKind, edgeTo }: Graph,
  distance: Uint32Array,
) {
  const start = new Uint32Array(nodeCount + 2);
  const holders = new Uint32Array(edgeCount);
  const edges = new Uint32Array(edgeCount);
  const each = (visit: (to: number, holder: number, edge: number) => void): void => {
    for (let node = 0; node < nodeCount; node++) {
      if (distance[node] === 0) continue;
      for (let edge = edgeStart[node]!; edge < edgeEnd[node]!; edge++)
        if (edgeKind[edge] !== EDGE_WEAK) visit(edgeTo[edge]!, node, edge);
    }
  };
  each((to) => start[to + 2]!++);
  for (let i = 1; i < start.length; i++) start[i]! += start[i - 1]!;
  each((to, holder, edge) => {
    const at = start[to + 1]!++;
    holders[at] = holder;
    edges[at] = edge;
  });
  return { start, holders, edges };
}
