import type { Ptr } from "../core/ptr.js";
import type { Trace } from "./trace.js";

/** What is known of a block: how large it was asked for, and who made and who freed it. */
export interface Site {
  readonly ptr: Ptr;
  readonly size: number;
  readonly allocated: Trace;
  readonly freed: Trace | undefined;
}

/** Freed blocks to remember: as many as a quarantine of small blocks holds. */
const FREED_LIMIT = 32_768;

/** The blocks that were made through a `Heap`, live and lately freed, by pointer. */
export class Sites {
  readonly #live = new Map<Ptr, Site>();
  /** Freed blocks in two generations; the older one is forgotten when the younger is full. */
  #freed = new Map<Ptr, Site>();
  #freedBefore = new Map<Ptr, Site>();

  allocated(ptr: Ptr, size: number, trace: Trace): void {
    this.#live.set(ptr, { ptr, size, allocated: trace, freed: undefined });
  }

  freed(ptr: Ptr, trace: Trace): void {
    const site = this.#live.get(ptr);
    if (site === undefined) return;
    this.#live.delete(ptr);
    this.#freed.set(ptr, { ptr, size: site.size, allocated: site.allocated, freed: trace });
    if (this.#freed.size >= FREED_LIMIT) this.#age();
  }

  /** The block at `ptr`, live or freed. */
  at(ptr: Ptr): Site | undefined {
    return this.#live.get(ptr) ?? this.#freed.get(ptr) ?? this.#freedBefore.get(ptr);
  }

  /** The live block that `ptr` points into. Looks at all of them: for reports only. */
  around(ptr: Ptr): Site | undefined {
    for (const site of this.#live.values()) {
      if (ptr > site.ptr && ptr < site.ptr + Math.max(site.size, 1)) return site;
    }
    return undefined;
  }

  clear(): void {
    this.#live.clear();
    this.#freed.clear();
    this.#freedBefore.clear();
  }

  #age(): void {
    this.#freedBefore = this.#freed;
    this.#freed = new Map();
  }
}
