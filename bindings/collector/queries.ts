import type { Lifecycle } from "../core/lifecycle.js";
import { NULL, isTagged, type Ptr } from "../core/ptr.js";
import { retry } from "../core/requests.js";
import type { Counts } from "../objects/access/counts.js";
import type { Ref } from "../objects/access/handle.js";
import type { ObjectCalls } from "../objects/access/object-calls.js";
import type { ObjectMemory } from "../objects/access/object-memory.js";

/** In place of a generation: all but the permanent one. */
const EVERY = 4;
const WORD = 4;

/** Lists of objects that the core writes to a buffer in the heap, which is freed again: all *borrowed*. */
export class Queries {
  readonly #lifecycle: Lifecycle;
  readonly #memory: ObjectMemory;
  readonly #calls: ObjectCalls;
  readonly #counts: Counts;

  constructor(memory: ObjectMemory, calls: ObjectCalls, counts: Counts) {
    this.#lifecycle = memory.lifecycle;
    this.#memory = memory;
    this.#calls = calls;
    this.#counts = counts;
  }

  /** The tracked objects of a generation, or of all. */
  objects(generation: number | null | undefined): Ptr[] {
    return this.#list("objects", (buffer) => this.#calls.abi.gc_objects(generation ?? EVERY, buffer));
  }

  /** The tracked objects that refer to any of these. */
  referrers(objects: readonly Ref[]): Ptr[] {
    return this.#holding("referrers", objects, (targets) =>
      this.#withBuffer("referrers", targets.length, (place) => {
        this.#memory.fresh().u32.set(targets, place >>> 2);
        return this.#list("referrers", (buffer) =>
          this.#calls.abi.gc_referrers(place, targets.length, buffer),
        );
      }),
    );
  }

  /** What these objects refer to, duplicates included. */
  referents(objects: readonly Ref[]): Ptr[] {
    const childrenOf = (p: Ptr): Ptr[] =>
      isTagged(p) ? [] : this.#list("referents", (buffer) => this.#calls.abi.gc_referents(p, buffer));
    return this.#holding("referents", objects, (sources) =>
      sources.flatMap(childrenOf).filter((child) => child !== NULL),
    );
  }

  /** What a collection kept for the host, whose references become the caller's: *owned*. */
  saved(): Ptr[] {
    return this.#list("garbage", (buffer) => this.#calls.abi.gc_saved(buffer));
  }

  /** The addresses that `write` writes to a buffer; with buffer 0 it says how many. */
  #list(operation: string, write: (buffer: number) => number): Ptr[] {
    const count = (): number => this.#calls.enter(() => write(0));
    for (;;) {
      const words = count();
      if (words === 0) return [];
      const list = this.#withBuffer(operation, words, (buffer, wasThere) => {
        // What made room for the buffer may have made objects as well: they are counted anew.
        if (!wasThere && count() > words) return undefined;
        const written = this.#calls.enter(() => write(buffer));
        return [...this.#memory.fresh().u32.subarray(buffer >>> 2, (buffer >>> 2) + written)] as Ptr[];
      });
      if (list) return list;
    }
  }

  /** Uses a buffer of words; `wasThere` says whether nothing had to be collected or freed for it. */
  #withBuffer<T>(operation: string, words: number, use: (buffer: number, wasThere: boolean) => T): T {
    const lifecycle = this.#lifecycle;
    const { exports } = lifecycle.started();
    const request = (): number => exports.malloc(words * WORD);
    const found = lifecycle.protect(request) >>> 0;
    const buffer = found === 0 ? retry(lifecycle, operation, words * WORD, NULL, request) : found;
    try {
      return use(buffer, found !== 0);
    } finally {
      lifecycle.protect(() => exports.free(buffer));
    }
  }

  /** Uses objects that must not die meanwhile, whatever making room for a buffer may run. */
  #holding<T>(operation: string, objects: readonly Ref[], use: (held: Ptr[]) => T): T {
    const held = objects.map((p) => this.#memory.requireReference(operation, p));
    for (const p of held) this.#counts.keep(p);
    try {
      return use(held);
    } finally {
      for (const p of held) this.#counts.drop(p);
    }
  }
}
