import { PAGE_BYTES } from "../../generated/layout.js";
import { argumentError, requireRange, requireSize } from "../../core/arguments.js";
import { HeapError } from "../../core/errors.js";
import { isU32, type Ptr } from "../../core/ptr.js";
import type { Counts } from "../access/counts.js";
import type { Ref } from "../access/handle.js";
import type { ObjectMemory } from "../access/object-memory.js";

const WORD = 4;

/** References that are released or moved many at a time: arrays of them, or words of linear memory that hold them. */
export class Ranges {
  readonly #memory: ObjectMemory;
  readonly #counts: Counts;

  constructor(memory: ObjectMemory, counts: Counts) {
    this.#memory = memory;
    this.#counts = counts;
  }

  /** Releases the references of an array, the last one first; what is null is passed over. All are proved first. */
  releaseAll(refs: ArrayLike<Ref | null>): void {
    if (typeof refs !== "object" || refs === null || !isU32(refs.length)) {
      throw argumentError("releaseRange", "refs", refs, "an array of references, or an address");
    }
    const memory = this.#memory;
    const owned: Ptr[] = [];
    for (let i = 0; i < refs.length; i++) owned.push(memory.requireValue("releaseRange", refs[i]));
    // Nothing is refused any more: handles end now.
    for (let i = 0; i < owned.length; i++)
      if (typeof refs[i] === "object" && refs[i] !== null) memory.steal("releaseRange", refs[i]);
    this.#drop(owned);
  }

  /** Releases the references in words of memory, the last one first; the words are null then. */
  releaseWords(address: number, count: number): void {
    const first = this.#requireWords("releaseRange", address, count);
    const words = this.#memory.u32;
    const owned = [...words.subarray(first, first + count)] as Ptr[];
    this.#requireLive("releaseRange", owned);
    words.fill(0, first, first + count);
    this.#drop(owned);
  }

  /** Moves references from words to others; the ranges may overlap. */
  move(to: number, from: number, count: number): void {
    const target = this.#requireWords("moveRange", to, count);
    const source = this.#requireWords("moveRange", from, count);
    const words = this.#memory.u32;
    // What the target holds outside of the source is lost by the copy.
    const distance = Math.min(Math.abs(target - source), count);
    const lost = target < source ? target : target + count - distance;
    const owned = [...words.subarray(lost, lost + distance)] as Ptr[];
    this.#requireLive("moveRange", owned);
    words.copyWithin(target, source, source + count);
    const left = target < source ? source + count - distance : source;
    words.fill(0, left, left + distance);
    this.#drop(owned);
  }

  /** An object whose death meets something broken has died all the same: the others follow before that is thrown. */
  #drop(owned: readonly Ptr[]): void {
    let first: { readonly error: unknown } | undefined;
    for (let i = owned.length; i-- > 0;) {
      try {
        if (owned[i] !== 0) this.#counts.drop(owned[i]!);
      } catch (error) {
        if (!(error instanceof HeapError)) throw error;
        first ??= { error };
      }
    }
    if (first) throw first.error;
  }

  #requireLive(operation: string, owned: readonly Ptr[]): void {
    for (const p of owned) this.#memory.requireValue(operation, p);
  }

  /** Index of the first of `count` words that start at an address. */
  #requireWords(operation: string, address: number, count: number): number {
    requireSize(operation, "count", count);
    if (!isU32(address) || address % WORD !== 0) {
      throw argumentError(operation, "address", address, "the address of a word");
    }
    const { byteLength } = this.#memory.fresh().u8;
    if (count * WORD > byteLength) {
      const message = `${operation}: there are no ${count} words`;
      throw new HeapError("ERR_HEAP_RANGE", message, { operation, count, maximum: byteLength / WORD });
    }
    requireRange(operation, address as Ptr, count * WORD, PAGE_BYTES, byteLength);
    return address / WORD;
  }
}
