/**
 * Object graphs of real programs (../data/graphs/FORMAT.md) as flat arrays: node i has the kind `kinds[kindOf[i]]` and refers to
 *
 *     targets[first[i]] … targets[first[i + 1] − 1]
 */

import { basename } from "node:path";

import { readUnpacked } from "./files.js";

const MAGIC = 0x48504748; // "HGPH"
const VERSION = 1;
const HEADER_BYTES = 24;
/** Bytes that a node takes in the file without its edges: kind, size, number of edges. */
const NODE_BYTES = 9;

export interface Kind {
  readonly name: string;
  /** Does the program's collector look at objects of this kind? */
  readonly isContainer: boolean;
}

export interface Graph {
  /** Base name of the file without its extension. */
  readonly name: string;
  readonly kinds: readonly Kind[];
  readonly kindOf: Uint8Array;
  /** Bytes that the object took in the program. */
  readonly sizes: Uint32Array;
  /** One more than there are nodes. */
  readonly first: Uint32Array;
  readonly targets: Uint32Array;
  readonly roots: Uint32Array;
}

/** The file is no graph that can be built; the message names the file and what is wrong. */
export class GraphError extends Error {
  override readonly name = "GraphError";
}

export function graphName(file: string): string {
  return basename(file)
    .replace(/\.gz$/, "")
    .replace(/\.graph$/, "");
}

/** Reads a graph file, gzipped or plain. Throws `GraphError`. */
export function readGraph(file: string): Graph {
  const bytes = readUnpacked(file, (reason) => new GraphError(`${file}: ${reason}`));
  return decodeGraph(bytes, graphName(file), file);
}

/** Decodes an uncompressed graph. `label` stands in front of error messages. Throws `GraphError`. */
export function decodeGraph(bytes: Uint8Array, name: string, label = name): Graph {
  const fail = (reason: string): never => {
    throw new GraphError(`${label}: ${reason}`);
  };
  if (bytes.length < HEADER_BYTES)
    fail(`${bytes.length} bytes are too short for a graph's header of ${HEADER_BYTES}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== MAGIC) fail("not a graph: it does not start with HGPH");
  const [version = 0, nodes = 0, edges = 0, rootCount = 0, kindCount = 0] = [4, 8, 12, 16, 20].map((at) =>
    view.getUint32(at, true),
  );
  if (version !== VERSION) fail(`version ${version} of the format; only version ${VERSION} is known`);
  if (nodes === 0) fail("holds no nodes");
  if (rootCount === 0) fail("has no roots");

  const kinds: Kind[] = [];
  let at = HEADER_BYTES;
  for (let i = 0; i < kindCount; i++) {
    const end = at + 1 + (bytes[at] ?? 0);
    if (end >= bytes.length) fail(`truncated: the file ends inside the name of kind ${i}`);
    const kind = new TextDecoder().decode(bytes.subarray(at + 1, end));
    kinds.push({ name: kind, isContainer: bytes[end] !== 0 });
    at = end + 1;
  }
  // Before anything of that size is allocated.
  const expected = at + nodes * NODE_BYTES + (edges + rootCount) * 4;
  if (bytes.length !== expected)
    fail(`${nodes} nodes and ${edges} edges take ${expected} bytes, the file has ${bytes.length}`);

  const words = (count: number): Uint32Array => {
    const result = Uint32Array.from({ length: count }, (_, i) => view.getUint32(at + 4 * i, true));
    at += 4 * count;
    return result;
  };
  const kindOf = bytes.slice(at, (at += nodes));
  const sizes = words(nodes);
  const degrees = words(nodes);
  const targets = words(edges);
  const roots = words(rootCount);

  const first = new Uint32Array(nodes + 1);
  for (let node = 0, sum = 0; node < nodes; node++) {
    if (kindOf[node]! >= kindCount) fail(`node ${node} is of kind ${kindOf[node]} of ${kindCount}`);
    sum += degrees[node]!;
    if (sum > edges) fail(`node ${node}: more edges than the ${edges} announced`);
    first[node + 1] = sum;
  }
  if (first[nodes] !== edges) fail(`the nodes have ${first[nodes]} edges, ${edges} are announced`);
  targets.forEach((target, edge) => {
    if (target >= nodes) fail(`edge ${edge} leads to node ${target} of ${nodes}`);
  });
  roots.forEach((root) => {
    if (root >= nodes) fail(`root ${root} of ${nodes} nodes`);
  });
  const graph = { name, kinds, kindOf, sizes, first, targets, roots };
  const reached = countReachable(graph);
  if (reached !== nodes) fail(`${nodes - reached} of ${nodes} nodes cannot be reached from a root`);
  return graph;
}

export const nodeCount = (graph: Graph): number => graph.kindOf.length;

/** What builds the graph makes these containers: a few objects without a collector's header refer to others, too. */
export function isContainer(graph: Graph, node: number): boolean {
  return graph.kinds[graph.kindOf[node]!]!.isContainer || graph.first[node]! < graph.first[node + 1]!;
}

export function countContainers(graph: Graph): number {
  let count = 0;
  for (let node = 0; node < nodeCount(graph); node++) if (isContainer(graph, node)) count++;
  return count;
}

/** Makes an object for each node, in the order of their numbers, and then links them. The objects by node. */
export function buildGraph<N>(
  { kindOf, first, targets }: Graph,
  make: (node: number, degree: number) => N,
  link: (node: number, object: N, index: number, target: N) => void,
): N[] {
  const objects = Array.from(kindOf, (_, node) => make(node, first[node + 1]! - first[node]!));
  objects.forEach((object, node) => {
    for (let edge = first[node]!; edge < first[node + 1]!; edge++)
      link(node, object, edge - first[node]!, objects[targets[edge]!]!);
  });
  return objects;
}

/** Nodes that can be reached from the roots. */
function countReachable({ kindOf, first, targets, roots }: Graph): number {
  const seen = new Uint8Array(kindOf.length);
  const stack: number[] = [];
  let count = 0;
  const see = (node: number): void => {
    if (seen[node] === 1) return;
    seen[node] = 1;
    count++;
    stack.push(node);
  };
  roots.forEach(see);
  for (let node = stack.pop(); node !== undefined; node = stack.pop())
    for (let edge = first[node]!; edge < first[node + 1]!; edge++) see(targets[edge]!);
  return count;
}

/**
 * Containers that stay when the roots are released, until a collection finds them: all but those that die by their
 * count, which are in no cycle and reached from none.
 */
export function countCyclic(graph: Graph): number {
  const { first, targets, roots } = graph;
  const counts = new Uint32Array(nodeCount(graph));
  for (const target of targets) counts[target]!++;
  const dying = [...new Set(roots)].filter((root) => counts[root] === 0);
  let left = countContainers(graph);
  for (let node = dying.pop(); node !== undefined; node = dying.pop()) {
    if (isContainer(graph, node)) left--;
    for (let edge = first[node]!; edge < first[node + 1]!; edge++)
      if (--counts[targets[edge]!]! === 0) dying.push(targets[edge]!);
  }
  return left;
}
