import * as layout from "../generated/layout.js";
import { isTagged } from "../core/ptr.js";
import { LAST_CLASS, classBytes } from "../core/size-classes.js";
import {
  BlockIndex,
  EDGE_FIELD,
  EDGE_INTERNAL,
  EDGE_ITEM,
  EDGE_VALUE,
  EDGE_WEAK,
  Graph,
  NODE_BLOCK,
  NODE_BUFFER,
  NODE_GROUP,
  NODE_OBJECT,
  NODE_OVERHEAD,
} from "./graph.js";
import { eachFreeBlock, endOfArenas, stateWord, walkPages, type HeapMemory, type PoolPage } from "./pages.js";

/** What a graph has to know of a type besides its descriptor. */
export interface TypeShape {
  readonly id: number;
  readonly name: string;
  /** Reference fields by offset. */
  readonly fields: readonly (readonly [offset: number, name: string])[];
  /** Where items that are references lie; `offset` is that of the first one, or of the word that points to it. */
  readonly items:
    { readonly offset: number; readonly isBuffer: boolean; readonly length: number } | undefined;
}

/** References from outside of the heap. */
export interface RootSource {
  /** Name of their group: `(Handles)`. */
  readonly name: string;
  /** Whether they are counted references: what is left of a count is the host's. */
  readonly isCounted: boolean;
  /** Calls `add` with each object, and what to call the reference. */
  each(add: (p: number, label: string) => void): void;
}

/** All that a graph is made from. */
export interface GraphSource {
  readonly memory: HeapMemory;
  readonly types: readonly (TypeShape | undefined)[];
  readonly roots: readonly RootSource[];
  /** What to call a raw block of the host; undefined: by its size. */
  readonly blockName?: ((address: number) => string | undefined) | undefined;
}

/** Nodes that every graph begins with. */
export const ROOT = 0;
const GC_ROOTS = 1;
const HOST = 2;
const IMMORTALS = 3;
const UNREACHABLE = 4;
const BLOCKS = 5;
const FREE_LISTS = 6;
const INTERNALS = 7;
const FIXED_GROUPS = [
  "",
  "(GC roots)",
  "(References of the host)",
  "(Immortals)",
  "(Unreachable)",
  "(Blocks)",
  "(Free lists)",
  "(Heap internals)",
];
/** A span is the one block of its page. */
const SPAN_STRIDE = 2 ** 31;

/** Reads a heap as a graph. Nothing is allocated in the heap, and nothing may change it meanwhile. */
export function readGraph(source: GraphSource): Graph {
  return new GraphReader(source).read();
}

class GraphReader {
  readonly #source: GraphSource;
  readonly #memory: HeapMemory;
  readonly #graph: Graph;
  /** Number of the name of each type. */
  readonly #typeNames: Uint32Array;
  #tableBytes = 0;
  /** Bytes of free blocks by size class, and of what pages have left over. */
  readonly #freeBytes = new Float64Array(LAST_CLASS + 1);
  #leftOver = 0;
  /** References that are counted to each node. */
  readonly #counted: Uint32Array;

  constructor(source: GraphSource) {
    this.#source = source;
    this.#memory = source.memory;
    let blocks = 0;
    walkPages(source.memory, {
      pool: ({ carved }) => void (blocks += carved),
      span: () => void blocks++,
      table: () => void (this.#tableBytes += layout.PAGE_BYTES),
    });
    const index = new BlockIndex(endOfArenas(source.memory) >>> layout.PAGE_SHIFT, blocks);
    const others = FIXED_GROUPS.length + source.roots.length + source.types.length + LAST_CLASS + 4;
    this.#graph = new Graph(source.memory, index, blocks + others);
    this.#counted = new Uint32Array(blocks + others);
    const { names } = this.#graph;
    for (const name of FIXED_GROUPS) this.#addGroup(name);
    for (const { name } of source.roots) this.#addGroup(name);
    this.#typeNames = Uint32Array.from(source.types, (shape, id) =>
      names.number(shape?.name ?? `type ${id}`),
    );
  }

  read(): Graph {
    const first = this.#graph.nodeCount;
    walkPages(this.#memory, {
      pool: (pool) => {
        this.#leftOver += layout.PAGE_BYTES - pool.capacity * pool.stride;
        if (pool.domain === layout.DOMAIN_RAW) this.#readBlocks(pool);
        else this.#readObjects(pool);
      },
      span: (start, domain, bytes) => this.#readSpan(start, domain, bytes),
      table: () => {},
    });
    const end = this.#graph.nodeCount;
    this.#readEdges(first, end);
    const internals = this.#claimInternals();
    this.#nameQuarantine();
    this.#addFreeLists();
    this.#addOverheads(internals);
    this.#addRoots(first, end);
    return this.#graph;
  }

  // ---- nodes ----

  #addGroup(name: string): number {
    return this.#graph.addNode(NODE_GROUP, this.#graph.names.number(name), 0, 0);
  }

  #readObjects({ page, first, stride, carved, capacity, sizeClass }: PoolPage): void {
    const graph = this.#graph;
    const { u32 } = this.#memory.views;
    const base = graph.index.addPage(page, first, stride, carved);
    let objects = 0;
    for (let i = 0, block = first; i < carved; i++, block += stride) {
      const type = u32[(block >>> 2) + 1]! & layout.META_TYPE;
      if (type === 0) continue;
      objects++;
      graph.index.setNode(base + i, graph.addNode(NODE_OBJECT, this.#typeNames[type]!, block, stride, type));
    }
    this.#freeBytes[sizeClass]! += (capacity - objects) * stride;
  }

  #readBlocks(pool: PoolPage): void {
    const graph = this.#graph;
    const { page, first, stride, carved, capacity, sizeClass } = pool;
    const isFree = new Uint8Array(carved);
    eachFreeBlock(this.#memory, pool, (index) => (isFree[index] = 1));
    const base = graph.index.addPage(page, first, stride, carved);
    let live = 0;
    for (let i = 0; i < carved; i++) {
      if (isFree[i] === 1) continue;
      live++;
      const block = first + i * stride;
      graph.index.setNode(base + i, graph.addNode(NODE_BLOCK, this.#blockName(block, stride), block, stride));
    }
    this.#freeBytes[sizeClass]! += (capacity - live) * stride;
  }

  #readSpan(start: number, domain: number, bytes: number): void {
    const graph = this.#graph;
    const isObject = domain !== layout.DOMAIN_RAW;
    const type = isObject ? this.#memory.views.u32[(start >>> 2) + 1]! & layout.META_TYPE : 0;
    const node =
      type !== 0
        ? graph.addNode(NODE_OBJECT, this.#typeNames[type]!, start, bytes, type)
        : graph.addNode(NODE_BLOCK, this.#blockName(start, 0), start, bytes);
    graph.index.setNode(graph.index.addPage(start, start, SPAN_STRIDE, 1), node);
  }

  #blockName(block: number, bytes: number): number {
    const name = this.#source.blockName?.(block) ?? (bytes === 0 ? "large block" : `block of ${bytes} bytes`);
    return this.#graph.names.number(name);
  }

  // ---- edges ----

  #readEdges(first: number, end: number): void {
    const graph = this.#graph;
    const readers = this.#source.types.map((shape) => shape && this.#edgeReader(shape));
    for (let node = first; node < end; node++) {
      graph.edgeStart[node] = graph.edgeCount;
      readers[graph.type[node]!]?.(graph.address[node]!);
      graph.edgeEnd[node] = graph.edgeCount;
    }
  }

  /** What adds the edges of an object of a type. */
  #edgeReader(shape: TypeShape): ((p: number) => void) | undefined {
    const graph = this.#graph;
    const { u32 } = this.#memory.views;
    if (shape.id === layout.TYPE_DICT) return this.#dictReader();
    if (shape.id === layout.TYPE_WEAKREF) {
      const referent = graph.names.number("referent");
      return (p) => this.#refer(EDGE_WEAK, referent, u32[(p + layout.WEAKREF_REFERENT) >>> 2]!);
    }
    const fields = shape.fields.map(([offset, name]) => [offset >>> 2, graph.names.number(name)] as const);
    const { items } = shape;
    if (items === undefined) {
      if (fields.length === 0) return undefined;
      return (p) => {
        graph.reserveEdges(fields.length);
        for (const [word, name] of fields) this.#refer(EDGE_FIELD, name, u32[(p >>> 2) + word]!);
      };
    }
    const { offset, isBuffer, length } = items;
    return (p) => {
      const count = u32[(p + length) >>> 2]!;
      graph.reserveEdges(fields.length + count + 1);
      for (const [word, name] of fields) this.#refer(EDGE_FIELD, name, u32[(p >>> 2) + word]!);
      const place = isBuffer ? u32[(p + offset) >>> 2]! : p + offset;
      // Few items of a list lie inside of it.
      if (isBuffer && place !== p + layout.LIST_BYTES) this.#own(place, "items", "(items of lists)");
      for (let i = 0; i < count; i++) this.#refer(EDGE_ITEM, i, u32[(place >>> 2) + i]!);
    };
  }

  #dictReader(): (p: number) => void {
    const graph = this.#graph;
    const { u32 } = this.#memory.views;
    const keyName = graph.names.number("key");
    return (p) => {
      const filled = u32[(p + layout.DICT_FILLED) >>> 2]!;
      const table = u32[(p + layout.DICT_TABLE) >>> 2]!;
      graph.reserveEdges(2 * filled + 1);
      if (table !== 0) this.#own(table, "table", "(tables of dicts)");
      for (let i = 0; i < filled; i++) {
        const entry = table + i * layout.ENTRY_BYTES;
        const key = u32[(entry + layout.ENTRY_KEY) >>> 2]!;
        if (key === 0) continue;
        this.#refer(EDGE_INTERNAL, keyName, key);
        const value = u32[(entry + layout.ENTRY_VALUE) >>> 2]!;
        if (!isTagged(key)) this.#refer(EDGE_VALUE, graph.nodeAt(key), value);
        // No object, so no node to be named by.
        else this.#referByInt((key | 0) >> 1, value);
      }
    };
  }

  /** An edge to an object; none for null, nor for what is no address. Room was made for it, unless it is weak. */
  #refer(kind: number, label: number, p: number): void {
    // What is no multiple of 8 is a value and no address.
    if (p === 0 || (p & 7) !== 0) return;
    const node = this.#graph.index.nodeAt(p);
    if (node === 0) return;
    if (kind === EDGE_WEAK) this.#graph.reserveEdges(1);
    else this.#counted[node]!++;
    this.#graph.addEdge(kind, label, node);
  }

  /** The value of a dict under a tagged int: an item, or named by the text of a negative one. */
  #referByInt(key: number, value: number): void {
    if (key >= 0) this.#refer(EDGE_ITEM, key, value);
    else this.#refer(EDGE_FIELD, this.#graph.names.number(String(key)), value);
  }

  /** The raw block behind an object. */
  #own(block: number, edge: string, name: string): void {
    const graph = this.#graph;
    const node = graph.nodeAt(block);
    if (node === 0 || graph.kind[node] !== NODE_BLOCK) return;
    graph.kind[node] = NODE_BUFFER;
    graph.name[node] = graph.names.number(name);
    graph.addEdge(EDGE_INTERNAL, graph.names.number(edge), node);
  }

  // ---- what the heap takes for itself ----

  /** Names the blocks of the object layer; their nodes. */
  #claimInternals(): number[] {
    const graph = this.#graph;
    const nodes: number[] = [];
    const claim = (block: number, name: string): void => {
      const node = graph.nodeAt(block);
      if (node === 0 || graph.kind[node] !== NODE_BLOCK) return;
      graph.kind[node] = NODE_OVERHEAD;
      graph.name[node] = graph.names.number(name);
      nodes.push(node);
    };
    const types = stateWord(this.#memory, layout.STATE_TYPES);
    if (types === 0) return nodes;
    claim(types, "(table of types)");
    claim(stateWord(this.#memory, layout.STATE_INTERN), "(table of interned strs)");
    for (const shape of this.#source.types) if (shape) claim(this.#descriptor(shape.id), "(types)");
    return nodes;
  }

  /** Debug core: blocks that the host freed and the quarantine still holds. */
  #nameQuarantine(): void {
    const graph = this.#graph;
    const { u32 } = this.#memory.views;
    const debug = layout.STATE_DEBUG;
    if (stateWord(this.#memory, debug + layout.DEBUG_SERIAL) === 0) return;
    const live = new Set<number>();
    let block = stateWord(this.#memory, debug + layout.DEBUG_LIVE);
    for (let left = graph.nodeCount; block !== 0 && left > 0; left--) {
      live.add(graph.nodeAt(block - u32[(block - layout.DEBUG_PREFIX) >>> 2]!));
      block = u32[(block - layout.DEBUG_NEXT_BEFORE) >>> 2]!;
    }
    const name = graph.names.number("(quarantine)");
    for (let node = 0; node < graph.nodeCount; node++) {
      if (graph.kind[node] === NODE_BLOCK && !live.has(node)) graph.name[node] = name;
    }
  }

  /** A node for each private free list: dead objects that their type keeps. */
  #addFreeLists(): void {
    const graph = this.#graph;
    const { u32 } = this.#memory.views;
    const types = stateWord(this.#memory, layout.STATE_TYPES);
    graph.edgeStart[FREE_LISTS] = graph.edgeCount;
    graph.reserveEdges(this.#source.types.length);
    for (const shape of types === 0 ? [] : this.#source.types) {
      if (shape === undefined) continue;
      let bytes = 0;
      const add = (list: number): void => {
        let block = u32[list >>> 2]!;
        for (let left = u32[(list >>> 2) + 1]!; left > 0; left--) {
          const stride = graph.index.strideAt(block);
          if (stride === 0) return;
          bytes += stride;
          this.#freeBytes[this.#classOf(stride)]! -= stride;
          block = u32[block >>> 2]!;
        }
      };
      add(this.#descriptor(shape.id) + layout.TYPE_FREE_HEAD);
      const lists = this.#memory.state + layout.STATE_TUPLE_LISTS;
      if (shape.id === layout.TYPE_TUPLE)
        for (let length = 1; length < layout.TUPLE_LISTS; length++) add(lists + length * 8);
      if (bytes === 0) continue;
      const name = graph.names.number(`(free list of ${shape.name})`);
      graph.addEdge(EDGE_INTERNAL, name, graph.addNode(NODE_OVERHEAD, name, 0, bytes));
    }
    graph.edgeEnd[FREE_LISTS] = graph.edgeCount;
  }

  #addOverheads(internals: readonly number[]): void {
    const graph = this.#graph;
    graph.edgeStart[INTERNALS] = graph.edgeCount;
    graph.reserveEdges(internals.length + LAST_CLASS + 3);
    for (const node of internals) graph.addEdge(EDGE_INTERNAL, graph.name[node]!, node);
    const add = (label: string, bytes: number): void => {
      if (bytes <= 0) return;
      const name = graph.names.number(label);
      graph.addEdge(EDGE_INTERNAL, name, graph.addNode(NODE_OVERHEAD, name, 0, bytes));
    };
    this.#freeBytes.forEach((bytes, c) => c > 0 && add(`(free blocks of ${classBytes(c)} bytes)`, bytes));
    add("(page tables)", this.#tableBytes);
    add("(ends of pages)", this.#leftOver);
    graph.edgeEnd[INTERNALS] = graph.edgeCount;
  }

  #descriptor(id: number): number {
    return this.#memory.views.u32[(stateWord(this.#memory, layout.STATE_TYPES) >>> 2) + id]!;
  }

  #classOf(stride: number): number {
    let c = 1;
    while (classBytes(c) !== stride) c++;
    return c;
  }

  // ---- references from outside ----

  #addRoots(first: number, end: number): void {
    const graph = this.#graph;
    const groups = this.#source.roots.map((root, i) => this.#addSource(root, FIXED_GROUPS.length + i));
    this.#addHost(first, end);
    const blocks = this.#group(BLOCKS, first, end, (node) => graph.kind[node] === NODE_BLOCK, "block");
    // The root's own edges are read here already: what they lead to is reached.
    this.#edges(ROOT, [GC_ROOTS]);
    this.#edges(GC_ROOTS, [HOST, ...groups, IMMORTALS, UNREACHABLE, blocks, FREE_LISTS, INTERNALS]);
    this.#addUnreachable(first, end);
  }

  /** Edges from a group to nodes, by their names. */
  #edges(from: number, to: readonly number[]): void {
    const graph = this.#graph;
    graph.reserveEdges(to.length);
    graph.edgeStart[from] = graph.edgeCount;
    for (const node of to) graph.addEdge(EDGE_INTERNAL, graph.name[node]!, node);
    graph.edgeEnd[from] = graph.edgeCount;
  }

  #addSource({ isCounted, each }: RootSource, group: number): number {
    const graph = this.#graph;
    graph.edgeStart[group] = graph.edgeCount;
    each((p, label) => {
      const node = graph.nodeAt(p);
      if (node === 0) return;
      graph.reserveEdges(1);
      graph.addEdge(EDGE_INTERNAL, graph.names.number(label), node);
      if (isCounted) this.#counted[node]!++;
    });
    graph.edgeEnd[group] = graph.edgeCount;
    return group;
  }

  /** What the host holds with bare references: a count says how many references there are, the graph knows the others. */
  #addHost(first: number, end: number): void {
    const graph = this.#graph;
    const { i32 } = this.#memory.views;
    const isHeld = (node: number): boolean => {
      if (graph.kind[node] !== NODE_OBJECT) return false;
      const count = i32[graph.address[node]! >>> 2]!;
      return count < layout.COUNT_LIMIT && count > this.#counted[node]!;
    };
    this.#group(HOST, first, end, isHeld, "held");
    const isImmortal = (node: number): boolean =>
      graph.kind[node] === NODE_OBJECT && i32[graph.address[node]! >>> 2]! >= layout.COUNT_LIMIT;
    this.#group(IMMORTALS, first, end, isImmortal, "immortal");
  }

  /** Edges from a group to all nodes of a kind. */
  #group(group: number, first: number, end: number, has: (node: number) => boolean, label: string): number {
    const graph = this.#graph;
    const name = graph.names.number(label);
    graph.edgeStart[group] = graph.edgeCount;
    for (let node = first; node < end; node++) {
      if (!has(node)) continue;
      graph.reserveEdges(1);
      graph.addEdge(EDGE_INTERNAL, name, node);
    }
    graph.edgeEnd[group] = graph.edgeCount;
    return group;
  }

  /** Edges to the first of what nobody reaches, until everything is: cycles that wait for a collection. */
  #addUnreachable(first: number, end: number): void {
    const graph = this.#graph;
    const isReached = new Uint8Array(graph.nodeCount);
    const stack = new Uint32Array(graph.nodeCount);
    const reachFrom = (start: number): void => {
      let top = 0;
      stack[top++] = start;
      isReached[start] = 1;
      while (top > 0) {
        const node = stack[--top]!;
        for (let edge = graph.edgeStart[node]!; edge < graph.edgeEnd[node]!; edge++) {
          const to = graph.edgeTo[edge]!;
          if (graph.edgeKind[edge] === EDGE_WEAK || isReached[to] === 1) continue;
          isReached[to] = 1;
          stack[top++] = to;
        }
      }
    };
    reachFrom(ROOT);
    const name = graph.names.number("garbage");
    graph.edgeStart[UNREACHABLE] = graph.edgeCount;
    for (let node = first; node < end; node++) {
      if (isReached[node] === 1) continue;
      reachFrom(node);
      graph.reserveEdges(1);
      graph.addEdge(EDGE_INTERNAL, name, node);
    }
    graph.edgeEnd[UNREACHABLE] = graph.edgeCount;
  }
}
