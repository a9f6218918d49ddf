import * as layout from "../generated/layout.js";
import {
  EDGE_FIELD,
  EDGE_ITEM,
  EDGE_VALUE,
  EDGE_WEAK,
  NODE_BUFFER,
  NODE_GROUP,
  NODE_OBJECT,
  type Graph,
} from "./graph.js";
import { JsonWriter } from "./json-writer.js";

// V8's format: v8/src/profiler/heap-snapshot-generator.cc; the order of sections is what DevTools scans for.
const NODE_FIELDS = ["type", "name", "id", "self_size", "edge_count", "trace_node_id", "detachedness"];
const NODE_TYPES = [
  ...["hidden", "array", "string", "object", "code", "closure", "regexp", "number", "native", "synthetic"],
  ...["concatenated string", "sliced string", "symbol", "bigint", "object shape"],
];
const EDGE_TYPES = ["context", "element", "property", "internal", "hidden", "shortcut", "weak"];
const META = {
  node_fields: NODE_FIELDS,
  node_types: [NODE_TYPES, "string", "number", "number", "number", "number", "number"],
  edge_fields: ["type", "name_or_index", "to_node"],
  edge_types: [EDGE_TYPES, "string_or_number", "node"],
  trace_function_info_fields: ["function_id", "name", "script_name", "script_id", "line", "column"],
  trace_node_fields: ["id", "function_info_index", "count", "size", "children"],
  sample_fields: ["timestamp_us", "last_assigned_id"],
  location_fields: ["object_index", "script_id", "line", "column"],
};
const V8_ARRAY = NODE_TYPES.indexOf("array");
const V8_STRING = NODE_TYPES.indexOf("string");
const V8_OBJECT = NODE_TYPES.indexOf("object");
const V8_NUMBER = NODE_TYPES.indexOf("number");
const V8_NATIVE = NODE_TYPES.indexOf("native");
const V8_SYNTHETIC = NODE_TYPES.indexOf("synthetic");
const V8_ELEMENT = EDGE_TYPES.indexOf("element");
const V8_PROPERTY = EDGE_TYPES.indexOf("property");
const V8_INTERNAL = EDGE_TYPES.indexOf("internal");
const V8_WEAK = EDGE_TYPES.indexOf("weak");

/** Texts that are handed on together. */
const TEXTS_A_CHUNK = 256;

/**
 * Writes a graph as V8's `.heapsnapshot`. Numbers of names come first in `strings`, then the text of each value in the
 * order of nodes. `extraBytes` are those that no node stands for.
 */
export function writeHeapSnapshot(
  graph: Graph,
  ids: Uint32Array,
  extraBytes: number,
  write: (chunk: string) => void,
): void {
  const json = new JsonWriter(write);
  const { nodeCount, edgeCount, names } = graph;
  const counts = { node_count: nodeCount, edge_count: edgeCount, trace_function_count: 0 };
  const snapshot = { meta: META, ...counts, extra_native_bytes: extraBytes };
  json.text(`{"snapshot":${JSON.stringify(snapshot)},\n"nodes":[`);
  const nameNumbers = numberNames(graph);
  writeNodes(json, graph, ids, nameNumbers);
  json.text('],\n"edges":[');
  writeEdges(json, graph, nameNumbers);
  json.text('],\n"trace_function_infos":[],\n"trace_tree":[],\n"samples":[],\n"locations":[],\n"strings":[');
  json.text(names.all.map((name) => JSON.stringify(name)).join(",\n"));
  writeTexts(json, graph);
  json.text("]}\n");
}

/** Number of the string that names each node: that of its type, or its own text. */
function numberNames(graph: Graph): Uint32Array {
  const numbers = graph.name.slice(0, graph.nodeCount);
  let next = graph.names.all.length;
  for (let node = 0; node < graph.nodeCount; node++) if (graph.isText(node)) numbers[node] = next++;
  return numbers;
}

function writeNodes(json: JsonWriter, graph: Graph, ids: Uint32Array, names: Uint32Array): void {
  const { nodeCount, size, edgeStart, edgeEnd } = graph;
  for (let node = 0; node < nodeCount; node++) {
    if (node > 0) json.comma();
    json.number(nodeType(graph, node));
    json.comma();
    json.number(names[node]!);
    json.comma();
    json.number(ids[node]!);
    json.comma();
    json.number(size[node]!);
    json.comma();
    json.number(edgeEnd[node]! - edgeStart[node]!);
    json.comma();
    json.number(0);
    json.comma();
    json.number(0);
  }
}

function nodeType({ kind, type }: Graph, node: number): number {
  if (kind[node] === NODE_GROUP) return V8_SYNTHETIC;
  if (kind[node] === NODE_BUFFER) return V8_ARRAY;
  if (kind[node] !== NODE_OBJECT) return V8_NATIVE;
  if (type[node] === layout.TYPE_STR) return V8_STRING;
  return type[node] === layout.TYPE_INT || type[node] === layout.TYPE_FLOAT ? V8_NUMBER : V8_OBJECT;
}

function writeEdges(json: JsonWriter, graph: Graph, names: Uint32Array): void {
  const { nodeCount, edgeStart, edgeEnd, edgeKind, edgeLabel, edgeTo } = graph;
  let isFirst = true;
  for (let node = 0; node < nodeCount; node++) {
    for (let edge = edgeStart[node]!; edge < edgeEnd[node]!; edge++) {
      if (!isFirst) json.comma();
      isFirst = false;
      const kind = edgeKind[edge]!;
      json.number(edgeType(kind));
      json.comma();
      json.number(kind === EDGE_VALUE ? names[edgeLabel[edge]!]! : edgeLabel[edge]!);
      json.comma();
      json.number(edgeTo[edge]! * NODE_FIELDS.length);
    }
  }
}

function edgeType(kind: number): number {
  if (kind === EDGE_ITEM) return V8_ELEMENT;
  if (kind === EDGE_FIELD || kind === EDGE_VALUE) return V8_PROPERTY;
  return kind === EDGE_WEAK ? V8_WEAK : V8_INTERNAL;
}

/** The texts of values, behind the names. */
function writeTexts(json: JsonWriter, graph: Graph): void {
  let texts: string[] = [];
  for (let node = 0; node < graph.nodeCount; node++) {
    if (!graph.isText(node)) continue;
    texts.push(JSON.stringify(graph.textOf(node)));
    if (texts.length < TEXTS_A_CHUNK) continue;
    json.text(`,\n${texts.join(",\n")}`);
    texts = [];
  }
  if (texts.length > 0) json.text(`,\n${texts.join(",\n")}`);
}
