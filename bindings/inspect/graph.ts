import * as layout from "../generated/layout.js";
import { hex } from "../core/errors.js";
import { valueText } from "../objects/types/value-text.js";
import type { HeapMemory } from "./pages.js";

// ---- kinds of nodes ----

/** The root, and the groups of references that come from outside of the heap. */
export const NODE_GROUP = 0;
export const NODE_OBJECT = 1;
/** A raw block that belongs to an object: items of a list, the table of a dict. */
export const NODE_BUFFER = 2;
/** A raw block of the host. */
export const NODE_BLOCK = 3;
/** What the heap takes for itself. */
export const NODE_OVERHEAD = 4;

// ---- kinds of edges, and what their labels are ----

/** A field: number of its name. */
export const EDGE_FIELD = 0;
/** An item: its index. */
export const EDGE_ITEM = 1;
/** A value of a dict: the node of its key. */
export const EDGE_VALUE = 2;
/** Anything else that owns: number of a name. */
export const EDGE_INTERNAL = 3;
/** A weak reference, which owns nothing: number of a name. */
export const EDGE_WEAK = 4;

/** Strings by number, each once. */
export class Names {
  readonly all: string[] = [];
  readonly #numbers = new Map<string, number>();

  number(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.all.push(name) - 1;
      this.#numbers.set(name, number);
    }
    return number;
  }
}

/** Where the node of a block's address is found: by page, and by number of the block in it. */
export class BlockIndex {
  /** Three words a page: number of the first of its blocks + 1 (0 = none starts there), its offset, distance of blocks. */
  readonly #pages: Uint32Array;
  /** By number of the block: its node, 0 = it is free. */
  readonly #nodes: Uint32Array;
  #blocks = 0;

  /** Room for pages and blocks. */
  constructor(pages: number, blocks: number) {
    this.#pages = new Uint32Array(3 * pages);
    this.#nodes = new Uint32Array(blocks);
  }

  /** A page in which `blocks` blocks start. The number of the first, to which those of the others are added. */
  addPage(page: number, first: number, stride: number, blocks: number): number {
    const number = this.#blocks;
    const at = 3 * (page >>> layout.PAGE_SHIFT);
    this.#pages[at] = number + 1;
    this.#pages[at + 1] = first - page;
    this.#pages[at + 2] = stride;
    this.#blocks += blocks;
    return number;
  }

  setNode(block: number, node: number): void {
    this.#nodes[block] = node;
  }

  /** The node of the block that starts at an address, or that the address lies in; 0 if there is none. */
  nodeAt(address: number): number {
    const pages = this.#pages;
    const at = 3 * (address >>> layout.PAGE_SHIFT);
    const number = pages[at];
    if (number === undefined || number === 0) return 0;
    const inPage = (address & (layout.PAGE_BYTES - 1)) - pages[at + 1]!;
    return this.#nodes[number - 1 + ((inPage / pages[at + 2]!) | 0)] ?? 0;
  }

  /** Distance of the blocks on the page of an address; 0 if there are none. */
  strideAt(address: number): number {
    return this.#pages[3 * (address >>> layout.PAGE_SHIFT) + 2] ?? 0;
  }
}

/**
 * A heap as a graph at one moment: nodes for its objects, blocks and overheads, whose sizes add up to `heapUsed` of
 * `heap.stats()`, and edges for its references. Typed arrays by number of the node and of the edge; node 0 is the root.
 * Good until the heap changes, as texts are read from its memory.
 *
 *     edges of node n: [edgeStart[n], edgeEnd[n])
 */
export class Graph {
  readonly memory: HeapMemory;
  readonly names = new Names();
  readonly index: BlockIndex;
  nodeCount = 0;
  readonly kind: Uint8Array;
  /** Id of the type of an object; 0 for other nodes. */
  readonly type: Uint16Array;
  /** Number of the name: of the type, for objects. */
  readonly name: Uint32Array;
  readonly address: Uint32Array;
  /** Bytes of the block. */
  readonly size: Uint32Array;
  readonly edgeStart: Uint32Array;
  readonly edgeEnd: Uint32Array;
  edgeCount = 0;
  edgeKind = new Uint8Array(1024);
  edgeLabel = new Uint32Array(1024);
  edgeTo = new Uint32Array(1024);

  /** Room for so many nodes. */
  constructor(memory: HeapMemory, index: BlockIndex, nodes: number) {
    this.memory = memory;
    this.index = index;
    this.kind = new Uint8Array(nodes);
    this.type = new Uint16Array(nodes);
    this.name = new Uint32Array(nodes);
    this.address = new Uint32Array(nodes);
    this.size = new Uint32Array(nodes);
    this.edgeStart = new Uint32Array(nodes);
    this.edgeEnd = new Uint32Array(nodes);
  }

  // ---- building ----

  addNode(kind: number, name: number, address: number, size: number, type = 0): number {
    const node = this.nodeCount++;
    this.kind[node] = kind;
    this.type[node] = type;
    this.name[node] = name;
    this.address[node] = address;
    this.size[node] = size;
    return node;
  }

  /** Makes room for so many more edges. */
  reserveEdges(more: number): void {
    const wanted = this.edgeCount + more;
    if (wanted <= this.edgeTo.length) return;
    const length = Math.max(wanted, this.edgeTo.length * 2);
    const longer = <T extends Uint8Array | Uint32Array>(old: T, array: T): T => (array.set(old), array);
    this.edgeKind = longer(this.edgeKind, new Uint8Array(length));
    this.edgeLabel = longer(this.edgeLabel, new Uint32Array(length));
    this.edgeTo = longer(this.edgeTo, new Uint32Array(length));
  }

  /** Adds an edge of the node whose edges are being added; room was made for it. */
  addEdge(kind: number, label: number, to: number): void {
    const edge = this.edgeCount++;
    this.edgeKind[edge] = kind;
    this.edgeLabel[edge] = label;
    this.edgeTo[edge] = to;
  }

  // ---- reading ----

  /** The node of the block at an address; 0 if there is none. */
  nodeAt(address: number): number {
    const node = this.index.nodeAt(address);
    return this.address[node] === address ? node : 0;
  }

  /** Name of a node: of the type, for objects. */
  nameOf(node: number): string {
    return this.names.all[this.name[node]!]!;
  }

  /** Whether an object is a value whose text says more than the name of its type. */
  isText(node: number): boolean {
    const type = this.type[node]!;
    return type !== 0 && type <= layout.TYPE_STR;
  }

  /** The value of a str, int, float, bool or None; long ones cut. */
  textOf(node: number): string {
    return valueText(this.memory.views, this.address[node]!, this.type[node]!) ?? "";
  }

  /** How texts for people name a node: type and address, the value of numbers and strings. */
  describe(node: number): string {
    const name = this.nameOf(node);
    const address = this.address[node]!;
    const value = this.isText(node) ? ` ${this.#quoted(node)}` : "";
    return address === 0 ? name : `${name}${value} at ${hex(address)}`;
  }

  /** How texts for people name an edge: `.field`, `[index]`, `["key"]`. */
  describeEdge(edge: number): string {
    const label = this.edgeLabel[edge]!;
    switch (this.edgeKind[edge]) {
      case EDGE_FIELD:
        return `.${this.names.all[label]!}`;
      case EDGE_ITEM:
        return `[${label}]`;
      case EDGE_VALUE:
        return `[${this.isText(label) ? this.#quoted(label) : this.describe(label)}]`;
      default:
        return `(${this.names.all[label]!})`;
    }
  }

  #quoted(node: number): string {
    const text = this.textOf(node);
    return this.type[node] === layout.TYPE_STR ? JSON.stringify(text) : text;
  }
}
