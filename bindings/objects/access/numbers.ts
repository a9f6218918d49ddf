import {
  META_LEAF,
  SMALL_INTS,
  SMALL_INT_FIRST,
  STATE_SMALL_INTS,
  STATE_TYPES,
  TYPE_ACTIVE,
  TYPE_FLOAT,
  TYPE_FREE_CAP,
  TYPE_FREE_COUNT,
  TYPE_FREE_HEAD,
  TYPE_INT,
  VALUE,
} from "../../generated/layout.js";
import { NO_BLOCKS } from "../../core/blocks.js";
import type { Access, Lifecycle } from "../../core/lifecycle.js";
import { NULL, type Ptr } from "../../core/ptr.js";

/** The meta words of an int and of a float that nobody watches. */
export const INT_META = META_LEAF | TYPE_INT;
export const FLOAT_META = META_LEAF | TYPE_FLOAT;
// Both words of a new header, as the double that has these bits: one store.
const INT_HEADER = headerOf(INT_META);
const FLOAT_HEADER = headerOf(FLOAT_META);
const SMALL_FIRST = SMALL_INT_FIRST;
const SMALL_END = SMALL_INT_FIRST + SMALL_INTS;
const HEAD = TYPE_FREE_HEAD;
const COUNT = (TYPE_FREE_COUNT - TYPE_FREE_HEAD) >>> 2;
const CAP = (TYPE_FREE_CAP - TYPE_FREE_HEAD) >>> 2;
const ACTIVE = TYPE_ACTIVE;
const IN_WORDS = VALUE >>> 2;
const IN_DOUBLES = VALUE >>> 3;

/**
 * Allocation and deallocation of ints and floats that need no slow path, on the cached words of the memory: what `tryInt` and
 * `newFloat` of assembly/object/values/number.ts and `release` of assembly/object/death/death.ts do in the core. That took a
 * fifth to a half off the life of a number (bench:objects). Records stay with the core: what their lives read and write
 * costs as much in checked accesses as the calls.
 *
 * Where the words are stale they read as `undefined`, which is no hit, and there is none where something stands between
 * the bindings and the core's functions.
 */
export class Numbers {
  #words!: Int32Array;
  #doubles!: Float64Array;
  // Indexes of words; 0 while the core has to make all numbers.
  #ints = 0;
  #intActive = 0;
  /** Of the shared int 0. */
  #smalls = 0;
  #floats = 0;
  #floatActive = 0;
  /** The lists that dead ones go to; 0 also while deaths are deferred. */
  #deadInts = 0;
  #deadFloats = 0;
  #blocks = NO_BLOCKS;

  /** The bit that tells a tagged int; 0 if there are none. */
  readonly #tag: number;

  constructor(lifecycle: Lifecycle, tag: number) {
    this.#tag = tag;
    lifecycle.follow((access) => {
      this.#words = access.views.i32;
      this.#doubles = access.views.f64;
      this.#ints = this.#intActive = this.#floats = this.#floatActive = 0;
      this.#deadInts = this.#deadFloats = 0;
      this.#blocks = NO_BLOCKS;
      if (access.isBare && lifecycle.isObjectLayerComplete) this.#locate(access);
    });
  }

  /** A *new* int, or a tagged one; 0 if the core has to make it. */
  int(value: number): Ptr {
    if ((value | 0) !== value) return NULL;
    if (this.#tag !== 0 && (value << 1) >> 1 === value) return (((value << 1) | this.#tag) >>> 0) as Ptr;
    const words = this.#words;
    if (value >= SMALL_FIRST && value < SMALL_END)
      return (this.#ints === 0 ? 0 : words[this.#smalls + value]! >>> 0) as Ptr;
    const block = take(words, this.#ints, this.#intActive);
    if (block !== 0) {
      this.#doubles[block >>> 3] = INT_HEADER;
      const word = block >>> 2;
      words[word + IN_WORDS] = value;
      words[word + IN_WORDS + 1] = value >> 31;
    }
    return (block >>> 0) as Ptr;
  }

  /** A *new* float; 0 if the core has to make it. */
  float(value: number): Ptr {
    const words = this.#words;
    const block = take(words, this.#floats, this.#floatActive);
    if (block !== 0) {
      const doubles = this.#doubles;
      doubles[block >>> 3] = FLOAT_HEADER;
      doubles[(block >>> 3) + IN_DOUBLES] = value;
    }
    return (block >>> 0) as Ptr;
  }

  /** The last reference to an int or a float with this meta word goes, and the object with it; false if the core has to do it. */
  death(p: Ptr, meta: number): boolean {
    const words = this.#words;
    const list = meta === INT_META ? this.#deadInts : this.#deadFloats;
    if (list === 0) return false;
    const cached = words[list + COUNT]!;
    // Both are unsigned; an unlimited cap reads as −1 here.
    if (cached >>> 0 < words[list + CAP]! >>> 0) {
      words[p >>> 2] = words[list]!;
      words[list] = p;
      words[list + COUNT] = cached + 1;
    } else if (!this.#blocks.push(p)) return false;
    words[(p >>> 2) + 1] = 0;
    return true;
  }

  /** Finds the private lists of the two types, and the active lists of their size class. Hardened lists are the core's. */
  #locate({ core, views: { u32 }, isDeferring }: Access): void {
    if (core === undefined || core.kind === "hardened") return;
    const types = core.state(STATE_TYPES) >>> 2;
    const place = (id: number): number => (u32[types + id]! + HEAD) >>> 2;
    const active = (id: number): number => u32[(u32[types + id]! + ACTIVE) >>> 2]! >>> 2;
    this.#blocks = core.blocks;
    this.#ints = place(TYPE_INT);
    this.#smalls = (core.stateAddress(STATE_SMALL_INTS) >>> 2) - SMALL_FIRST;
    this.#floats = place(TYPE_FLOAT);
    this.#intActive = active(TYPE_INT);
    this.#floatActive = active(TYPE_FLOAT);
    if (isDeferring) return;
    this.#deadInts = this.#ints;
    this.#deadFloats = this.#floats;
  }
}

/** A block from a private list, else from the active list of its class; 0 if both are empty, or not known. */
function take(words: Int32Array, list: number, active: number): number {
  if (list === 0) return 0;
  let block = words[list]! | 0;
  if (block !== 0) {
    words[list] = words[block >>> 2]!;
    words[list + COUNT] = words[list + COUNT]! - 1;
    return block;
  }
  block = words[active]! | 0;
  if (block !== 0) words[active] = words[block >>> 2]!;
  return block;
}

function headerOf(meta: number): number {
  return new Float64Array(new Uint32Array([1, meta]).buffer)[0]!;
}
