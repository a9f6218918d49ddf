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
export class StatsView implements HeapStats {
  readonly version = 1;
  readonly #core: () => Core;
  /** Foreign arenas in a memory of so many pages: their number changes only when that does. */
  #foreign = { pages: -1, arenas: 0 };

  constructor(core: () => Core) {
    this.#core = core;
  }

  get heapTotal(): number {
    return this.#core().memory.buffer.byteLength;
  }
  get heapUsed(): number {
    return this.poolBytes + this.slabBytes + this.spanBytes + this.tableBytes;
  }
  get heapSizeLimit(): number {
    return this.#core().state(layout.STATE_LIMIT) * WASM_PAGE_BYTES;
  }
  get totalAvailableSize(): number {
    const core = this.#core();
    const pages = Math.min(core.state(layout.STATE_LIMIT), memoryMaximum(core.memory));
    const arenas =
      Math.min(Math.floor(pages / layout.ARENA_WASM_PAGES), layout.MAX_ARENAS) - this.#foreignArenas(core);
    return Math.max(0, arenas * layout.ARENA_BYTES - this.reservedBytes - this.heapUsed);
  }
  get poolBytes(): number {
    return this.#statistic(layout.STAT_POOL_PAGES) * layout.PAGE_BYTES;
  }
  get slabBytes(): number {
    return this.#statistic(layout.STAT_SLAB_PAGES) * layout.PAGE_BYTES;
  }
  get spanBytes(): number {
    return this.#statistic(layout.STAT_SPAN_PAGES) * layout.PAGE_BYTES;
  }
  get tableBytes(): number {
    return this.#statistic(layout.STAT_TABLE_PAGES) * layout.PAGE_BYTES;
  }
  get reservedBytes(): number {
    return this.#core().state(layout.STATE_FIRST) * layout.ARENA_BYTES;
  }
  get spans(): number {
    return this.#statistic(layout.STAT_SPANS);
  }
  get arenas(): number {
    return this.#statistic(layout.STAT_ARENAS_PAGED) + this.#statistic(layout.STAT_ARENAS_TAIL);
  }
  get arenasAllocated(): number {
    return this.#statistic(layout.STAT_ARENAS_TAKEN);
  }
  get arenasReclaimed(): number {
    return this.#statistic(layout.STAT_ARENAS_RECLAIMED);
  }
  get arenasHighWater(): number {
    return this.#statistic(layout.STAT_ARENAS_HIGH_WATER);
  }
  get grows(): number {
    return this.#statistic(layout.STAT_GROWS);
  }
  get growsFailed(): number {
    return this.#statistic(layout.STAT_GROWS_FAILED);
  }

  /** What `JSON.stringify` shows: the numbers of now. */
  toJSON(): HeapStats {
    return takeStats(this);
  }

  #statistic(offset: number): number {
    return this.#core().state(layout.STATE_STATS + offset);
  }

  /** Arenas above the first one that others took by growing the memory, seen by the core or not yet. */
  #foreignArenas(core: Core): number {
    const seen = core.state(layout.STATE_MEMORY);
    const end = core.state(layout.STATE_END);
    if (this.#foreign.pages !== seen) {
      let arenas = 0;
      for (let i = core.state(layout.STATE_FIRST); i < end; i++)
        if (core.arenaEntry(i) === layout.ARENA_FOREIGN) arenas++;
      this.#foreign = { pages: seen, arenas };
    }
    const pages = this.heapTotal / WASM_PAGE_BYTES;
    const unseen =
      pages === seen ? 0 : Math.min(Math.ceil(pages / layout.ARENA_WASM_PAGES), layout.MAX_ARENAS) - end;
    return this.#foreign.arenas + unseen;
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

/** The numbers of a view by name: its getters. */
const NUMBERS = Object.entries(Object.getOwnPropertyDescriptors(StatsView.prototype))
  .filter(([, { get }]) => get !== undefined)
  .map(([name]) => name as keyof HeapStats);

/** A plain object with the numbers of now; the same cost however large the heap is. */
export function takeStats(view: StatsView): HeapStats {
  const numbers = NUMBERS.map((name) => [name, view[name]]);
  return { version: view.version, ...(Object.fromEntries(numbers) as Omit<HeapStats, "version">) };
}
