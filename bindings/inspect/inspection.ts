import { ARENA_BYTES, DEBUG_PREFIX, TYPE_FIRST } from "../generated/layout.js";
import { argumentError, requireFunction } from "../core/arguments.js";
import type { Core } from "../core/core.js";
import type { LeakedBlock } from "../core/leak-report.js";
import type { Lifecycle } from "../core/lifecycle.js";
import { makeViews } from "../core/memory.js";
import { isU32, type Ptr } from "../core/ptr.js";
import type { HeapStats } from "../core/stats.js";
import { readImage } from "../image/image.js";
import type { Notes } from "../image/notes.js";
import type { Ref } from "../objects/access/handle.js";
import type { ObjectMemory } from "../objects/access/object-memory.js";
import type { Handles } from "../objects/ownership/handles.js";
import { kindName, kindOf, offsetOf } from "../objects/types/field.js";
import { factsOf, type KnownType } from "../objects/types/type.js";
import type { Types } from "../objects/types/types.js";
import { readArenaMap, type ArenaMap } from "./arena-map.js";
import { Births, recordBirths } from "./births.js";
import { HeapCensus, HeapDiff, takeCensus } from "./census.js";
import { callerOf } from "./frames.js";
import { NODE_BLOCK, type Graph } from "./graph.js";
import { writeHeapSnapshot } from "./heap-snapshot.js";
import { SnapshotIds } from "./ids.js";
import type { HeapMemory } from "./pages.js";
import { pathsToRoot, type PathToRoot } from "./paths.js";
import { readGraph, type RootSource, type TypeShape } from "./read-graph.js";
import { RetainedSizes } from "./retained.js";

/** How many paths `pathsToRoot` looks for. */
export interface PathOptions {
  /** A whole number. Default 10. */
  readonly limit?: number;
}

/** What takes text: a `WritableStream` of strings. */
export interface TextStream {
  getWriter(): {
    write(chunk: string): Promise<void>;
    close(): Promise<void>;
    abort(reason?: unknown): Promise<void>;
  };
}

const DEFAULT_PATHS = 10;

/** Looks at a heap as a graph of objects. Each method reads the whole heap anew, and allocates nothing in it. */
export class Inspection {
  readonly #lifecycle: Lifecycle;
  readonly #memory: ObjectMemory;
  readonly #types: Types;
  readonly #ids = new SnapshotIds();
  /** Births since the last snapshot, once there was one and serials are wanted. */
  #births: Births | undefined;
  /** References from outside that are known, in the order in which they are shown. */
  readonly roots: RootSource[];
  readonly #siteAt: (address: number) => string;

  /** `siteAt` says where an object or block was made, innermost frame first; "" if nobody knows. */
  constructor(memory: ObjectMemory, types: Types, handles: Handles, siteAt: (address: number) => string) {
    this.#lifecycle = memory.lifecycle;
    this.#memory = memory;
    this.#types = types;
    this.#siteAt = siteAt;
    this.roots = [handleRoots(handles)];
  }

  /** Writes V8's `.heapsnapshot`. */
  heapSnapshot(write: unknown, stats: HeapStats): void {
    requireFunction("heapSnapshot", "write", write);
    const graph = this.#read("heapSnapshot");
    const ids = this.#ids.assign(graph, (address) => this.#births?.has(address) ?? false);
    this.#births?.clear();
    this.#recordBirths();
    writeHeapSnapshot(graph, ids, stats.heapTotal - stats.heapUsed, write as (chunk: string) => void);
  }

  /** The same into a stream, which is closed at the end, or aborted. */
  async heapSnapshotStream(stream: TextStream, stats: HeapStats): Promise<void> {
    if (typeof (stream as Partial<TextStream> | null | undefined)?.getWriter !== "function")
      throw argumentError("heapSnapshotStream", "stream", stream, "a WritableStream");
    // The heap may change while the stream takes its time.
    const chunks: string[] = [];
    this.heapSnapshot((chunk: string) => chunks.push(chunk), stats);
    const writer = stream.getWriter();
    try {
      for (const chunk of chunks) await writer.write(chunk);
      await writer.close();
    } catch (error) {
      await writer.abort(error).catch(() => {});
      throw error;
    }
  }

  pathsToRoot(ref: Ref, { limit = DEFAULT_PATHS }: PathOptions): PathToRoot[] {
    const p = this.#memory.require("pathsToRoot", ref);
    if (!isU32(limit)) throw argumentError("pathsToRoot", "limit", limit, "a whole number");
    const graph = this.#read("pathsToRoot");
    return pathsToRoot(graph, graph.nodeAt(p), limit);
  }

  retainedSizes(): RetainedSizes {
    return new RetainedSizes(this.#read("retainedSizes"));
  }

  census(): HeapCensus {
    return takeCensus(this.#read("census"), this.#siteAt);
  }

  arenaMap(): ArenaMap {
    const core = this.#lifecycle.live();
    this.#lifecycle.callbacks.requireNone("arenaMap");
    return readArenaMap(memoryOf(core));
  }

  /** Raw blocks of the host in address order, at most `limit`. */
  blocks(limit: number): LeakedBlock[] {
    const graph = this.#graph();
    const blocks: LeakedBlock[] = [];
    for (let node = 0; node < graph.nodeCount && blocks.length < limit; node++) {
      if (graph.kind[node] !== NODE_BLOCK) continue;
      blocks.push({ ptr: graph.address[node]! as Ptr, size: graph.size[node]!, allocationStack: "" });
    }
    return blocks;
  }

  diff(before: unknown, after: unknown): HeapDiff {
    const old = this.#censusOf("before", before);
    return new HeapDiff(old, after === undefined ? this.census() : this.#censusOf("after", after));
  }

  /** A census, or that of an image. */
  #censusOf(argument: string, value: unknown): HeapCensus {
    if (value instanceof HeapCensus) return value;
    if (value instanceof Uint8Array) return this.#censusOfImage(value);
    throw argumentError("diff", argument, value, "what `heap.census()` or `heap.snapshot()` gave");
  }

  #censusOfImage(bytes: Uint8Array): HeapCensus {
    const image = readImage(bytes);
    const buffer = new ArrayBuffer(image.arenas * ARENA_BYTES);
    image.copyTo(new Uint8Array(buffer));
    const types = shapesOf(this.#types.byId.slice(0, TYPE_FIRST));
    // Names are all that is counted by.
    for (const { id, name } of (image.notes as Notes).types)
      types[id] = { id, name, fields: [], items: undefined };
    const state = this.#lifecycle.live().stateAddress(0);
    return takeCensus(readGraph({ memory: { views: makeViews(buffer), state }, types, roots: [] }), () => "");
  }

  /** From the first snapshot on births are noted, if the heap is to tell objects from those that took their place. */
  #recordBirths(): void {
    const { settings } = this.#lifecycle;
    if (this.#births !== undefined || !(settings.serials || settings.strict)) return;
    this.#births = new Births();
    this.#lifecycle.wrap("serials", recordBirths(this.#births));
  }

  #read(operation: string): Graph {
    this.#lifecycle.live();
    this.#lifecycle.callbacks.requireNone(operation);
    return this.#graph();
  }

  #graph(): Graph {
    const core = this.#lifecycle.live();
    const types = this.#lifecycle.hasObjectLayer ? shapesOf(this.#types.byId) : [];
    const { diagnostics } = this.#lifecycle;
    const blockName =
      diagnostics.siteOf && ((address: number) => siteName(diagnostics.siteOf?.(hostPtr(address))));
    return readGraph({ memory: memoryOf(core), types, roots: this.roots, blockName });
  }
}

/** The memory of a core. */
function memoryOf(core: Core): HeapMemory {
  return { views: core.linear.views, state: core.stateAddress(0) };
}

/** What a graph has to know of types. */
function shapesOf(types: readonly (KnownType | undefined)[]): (TypeShape | undefined)[] {
  return types.map((type) => {
    if (type === undefined) return undefined;
    const { id, name, fields } = type;
    const { itemLayout, length } = factsOf(type);
    const refs = Object.entries(fields)
      .filter(([, field]) => kindName(kindOf(field)) === "ref")
      .map(([field, packed]) => [offsetOf(packed), field] as const)
      .sort(([a], [b]) => a - b);
    const hasRefs = itemLayout?.kind === "ref";
    const items = hasRefs ? { offset: itemLayout.offset, isBuffer: itemLayout.isBuffer, length } : undefined;
    return { id, name, fields: refs, items };
  });
}

function handleRoots(handles: Handles): RootSource {
  return {
    name: "(Handles)",
    isCounted: true,
    each: (add) => {
      for (const { ptr, trace } of handles.records)
        add(ptr, trace ? `made at ${callerOf(trace.text)}` : "handle");
    },
  };
}

function siteName(site: string | undefined): string | undefined {
  return site === undefined ? undefined : `block made at ${callerOf(site)}`;
}

/** Debug core: what the host has of a raw block. */
function hostPtr(block: number): Ptr {
  return (block + DEBUG_PREFIX) as Ptr;
}
