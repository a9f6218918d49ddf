import * as layout from "../generated/layout.js";
import type { Core } from "./core.js";
import { WASM_PAGE_BYTES } from "./memory.js";

/**
 * What a heap takes, in bytes unless a name says otherwise; names as in `process.memoryUsage()` and
 * `v8.getHeapStatistics()` where they mean the same.
 *
 *     heapUsed = poolBytes + slabBytes + spanBytes + tableBytes  ≤  arenas · 256 KiB
 */
export interface HeapStats {
  /** Version of this shape. Fields may be added to a version, never changed. */
  readonly version: 1;
  /** Linear memory now. */
  readonly heapTotal: number;
  /** Pages in use. */
  readonly heapUsed: number;
  /** Hard limit on linear memory: the option `maxBytes`. */
  readonly heapSizeLimit: number;
  /**
   * What the heap can still take, by growth too: whole arenas that are neither reserved nor grown by somebody else. The
   * maximum of a memory that was passed in counts only where the host tells it (`WebAssembly.Memory.prototype.type`).
   */
  readonly totalAvailableSize: number;
  /** Pools: blocks of up to the small threshold. */
  readonly poolBytes: number;
  /** Slabs: blocks above it, to 32 KiB. */
  readonly slabBytes: number;
  /** Spans: everything larger. */
  readonly spanBytes: number;
  /** Page tables, one for each arena that is not the inside of a huge span. */
  readonly tableBytes: number;
  /** Null page, state block and client arenas, below the first arena. */
  readonly reservedBytes: number;
  /** Spans, a count. */
  readonly spans: number;
  /** Arenas of 256 KiB in use, a count. */
  readonly arenas: number;
  /** Counts since the start or the last `reset()`: arenas taken, arenas given back, and the most in use at a time. */
  readonly arenasAllocated: number;
  readonly arenasReclaimed: number;
  readonly arenasHighWater: number;
  /** Growths of the memory by this heap, and those that were refused; counts since the start. */
  readonly grows: number;
  readonly growsFailed: number;
}

/** The same numbers, read from memory when asked for: no call into the core, no copy, always current. */
export interface StatsView extends HeapStats {
  /** What `JSON.stringify` shows: the numbers of now. */
  toJSON(): HeapStats;
}

/** Reads a number of the statistics; `foreign` is asked for what is not counted. */
type Read = (core: Core, foreign: ForeignArenas) => number;

const READ: Readonly<Record<Exclude<keyof HeapStats, "version">, Read>> = {
  heapTotal: (core) => core.memory.buffer.byteLength,
  heapUsed,
  heapSizeLimit: (core) => core.state(layout.STATE_LIMIT) * WASM_PAGE_BYTES,
  totalAvailableSize: availableSize,
  poolBytes: pageBytes(layout.STAT_POOL_PAGES),
  slabBytes: pageBytes(layout.STAT_SLAB_PAGES),
  spanBytes: pageBytes(layout.STAT_SPAN_PAGES),
  tableBytes: pageBytes(layout.STAT_TABLE_PAGES),
  reservedBytes,
  spans: count(layout.STAT_SPANS),
  arenas: (core) => statistic(core, layout.STAT_ARENAS_PAGED) + statistic(core, layout.STAT_ARENAS_TAIL),
  arenasAllocated: count(layout.STAT_ARENAS_TAKEN),
  arenasReclaimed: count(layout.STAT_ARENAS_RECLAIMED),
  arenasHighWater: count(layout.STAT_ARENAS_HIGH_WATER),
  grows: count(layout.STAT_GROWS),
  growsFailed: count(layout.STAT_GROWS_FAILED),
};
const NUMBERS = Object.entries(READ);

/** A view of the core that `core` gives, which throws once there is none. */
export function makeStatsView(core: () => Core): StatsView {
  const foreign = new ForeignArenas();
  const toJSON = (): HeapStats => {
    const now = core();
    const stats: Record<string, number> = { version: 1 };
    for (const [name, read] of NUMBERS) stats[name] = read(now, foreign);
    return stats as unknown as HeapStats;
  };
  const view = { version: 1, toJSON };
  for (const [name, read] of NUMBERS) {
    Object.defineProperty(view, name, { get: () => read(core(), foreign), enumerable: true });
  }
  return view as StatsView;
}

function statistic(core: Core, offset: number): number {
  return core.state(layout.STATE_STATS + offset);
}

function count(offset: number): Read {
  return (core) => statistic(core, offset);
}

function pageBytes(offset: number): Read {
  return (core) => statistic(core, offset) * layout.PAGE_BYTES;
}

function heapUsed(core: Core): number {
  // No names taken out of the module: bundles would hold it as an object, with all constants.
  const small = statistic(core, layout.STAT_POOL_PAGES) + statistic(core, layout.STAT_SLAB_PAGES);
  const large = statistic(core, layout.STAT_SPAN_PAGES) + statistic(core, layout.STAT_TABLE_PAGES);
  return (small + large) * layout.PAGE_BYTES;
}

function reservedBytes(core: Core): number {
  return core.state(layout.STATE_FIRST) * layout.ARENA_BYTES;
}

function availableSize(core: Core, foreign: ForeignArenas): number {
  const pages = Math.min(core.state(layout.STATE_LIMIT), memoryMaximum(core.memory));
  const arenas =
    Math.min(Math.floor(pages / layout.ARENA_WASM_PAGES), layout.MAX_ARENAS) - foreign.count(core);
  return Math.max(0, arenas * layout.ARENA_BYTES - reservedBytes(core) - heapUsed(core));
}

/** Arenas above the first one that others took by growing the memory, seen by the core or not yet. */
class ForeignArenas {
  /** Those in a memory of so many pages: their number changes only when that does. */
  #seen = { pages: -1, arenas: 0 };

  count(core: Core): number {
    const seen = core.state(layout.STATE_MEMORY);
    const end = core.state(layout.STATE_END);
    if (this.#seen.pages !== seen) {
      let arenas = 0;
      for (let i = core.state(layout.STATE_FIRST); i < end; i++)
        if (core.arenaEntry(i) === layout.ARENA_FOREIGN) arenas++;
      this.#seen = { pages: seen, arenas };
    }
    const pages = core.memory.buffer.byteLength / WASM_PAGE_BYTES;
    const unseen =
      pages === seen ? 0 : Math.min(Math.ceil(pages / layout.ARENA_WASM_PAGES), layout.MAX_ARENAS) - end;
    return this.#seen.arenas + unseen;
  }
}

/** A memory that can tell its type: the JavaScript type reflection proposal. */
interface TypedMemory {
  type?(): { readonly maximum?: number | bigint };
}

/** The memory's own maximum in wasm pages, if it has one and the host tells. */
function memoryMaximum(memory: WebAssembly.Memory): number {
  return Number((memory as TypedMemory).type?.().maximum ?? Infinity);
}
