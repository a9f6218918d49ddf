import { expect } from "vitest";
import type { Heap } from "../../bindings/index.js";

/** A `.heapsnapshot`, parsed as JSON. */
export interface SnapshotFile {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[], ...string[]];
      readonly edge_fields: readonly string[];
      readonly edge_types: readonly [readonly string[], ...string[]];
    };
    readonly node_count: number;
    readonly edge_count: number;
    readonly extra_native_bytes: number;
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

export interface FileEdge {
  readonly type: string;
  readonly name: string | number;
  readonly to: FileNode;
}

export interface FileNode {
  readonly type: string;
  readonly name: string;
  readonly id: number;
  readonly size: number;
  readonly edges: FileEdge[];
}

/** The text of a heap's snapshot. */
export function snapshotText(heap: Heap): string {
  const chunks: string[] = [];
  heap.heapSnapshot((chunk) => chunks.push(chunk));
  return chunks.join("");
}

/**
 * The nodes of a snapshot, once it is proved to be sound: what DevTools silently accepts, counts that do not match, ids
 * that repeat, edges that lead nowhere, objects that nothing reaches, is refused here.
 */
export function readSnapshot(text: string): { nodes: FileNode[]; bytes: number; file: SnapshotFile } {
  const file = JSON.parse(text) as SnapshotFile;
  const order = [
    "snapshot",
    "nodes",
    "edges",
    "trace_function_infos",
    "trace_tree",
    "samples",
    "locations",
    "strings",
  ];
  expect(Object.keys(file)).toEqual(order);
  const { meta, node_count, edge_count } = file.snapshot;
  const width = meta.node_fields.length;
  expect(meta.node_types.length).toBe(width);
  expect(file.nodes.length).toBe(node_count * width);
  expect(file.edges.length).toBe(edge_count * meta.edge_fields.length);
  for (const numbers of [file.nodes, file.edges])
    expect(numbers.every((n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32)).toBe(true);
  const nodes: FileNode[] = [];
  for (let at = 0; at < file.nodes.length; at += width) {
    const [type, name, id, size] = file.nodes.slice(at, at + 4) as [number, number, number, number];
    const node = { type: meta.node_types[0][type]!, name: file.strings[name]!, id, size, edges: [] };
    expect(typeof node.type).toBe("string");
    expect(typeof node.name).toBe("string");
    nodes.push(node);
  }
  const ids = new Set(nodes.map(({ id }) => id));
  expect(ids.size).toBe(nodes.length);
  expect(nodes.every(({ id }) => id % 2 === 1)).toBe(true);
  let edge = 0;
  for (const [ordinal, node] of nodes.entries()) {
    for (let left = file.nodes[ordinal * width + 4]!; left > 0; left--, edge += 3) {
      const [type, label, to] = file.edges.slice(edge, edge + 3) as [number, number, number];
      const typeName = meta.edge_types[0][type]!;
      const name = typeName === "element" || typeName === "hidden" ? label : file.strings[label]!;
      expect(name).toBeDefined();
      expect(to % width).toBe(0);
      expect(nodes[to / width]).toBeDefined();
      node.edges.push({ type: typeName, name, to: nodes[to / width]! });
    }
  }
  expect(edge).toBe(file.edges.length);
  const reached = new Set([nodes[0]!]);
  for (const node of reached) for (const { type, to } of node.edges) if (type !== "weak") reached.add(to);
  expect(reached.size).toBe(nodes.length);
  expect(nodes[0]).toMatchObject({ type: "synthetic", name: "", size: 0 });
  return { nodes, bytes: nodes.reduce((sum, { size }) => sum + size, 0), file };
}

/** The nodes with a name. */
export function named(nodes: readonly FileNode[], name: string): FileNode[] {
  return nodes.filter((node) => node.name === name);
}

/** The only node with a name. */
export function only(nodes: readonly FileNode[], name: string): FileNode {
  const found = named(nodes, name);
  expect(found.length, name).toBe(1);
  return found[0]!;
}

/** Edges of a node as `[type, name, name of the target]`. */
export function edgesOf({ edges }: FileNode): (readonly [string, string | number, string])[] {
  return edges.map(({ type, name, to }) => [type, name, to.name] as const);
}
