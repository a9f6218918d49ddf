import { META_WIDE, STATE_CHARS, STR_DATA, STR_LENGTH, TYPE_STR } from "../../generated/layout.js";
import type { ObjectExports } from "../../core/abi.js";
import { sliceBound } from "../../core/arguments.js";
import { MAX_U32, type Ptr } from "../../core/ptr.js";
import type { Ref } from "../access/handle.js";
import type { ObjectCalls } from "../access/object-calls.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { Decoder, encodeAscii } from "./text-codec.js";

/** Largest code unit that a byte holds. */
const NARROW_MAX = 0xff;
/**
 * Up to so many code units are read eight by eight, and written one by one. A view of the memory and a decoder take as
 * long as 40 of them; the encoder as long as 24, a view for it as long again (bench:objects -- str). Longer texts would
 * be slower by the unit: 2,000 take twenty times as long.
 */
const SHORT_READ = 40;
const SHORT_WRITE = 24;
/** Up to so many units are copied one by one: a call of the host takes as long as 15 of them, however many it copies. */
const SHORT_COPY = 12;
/** Where the encoder puts texts that are copied from there sooner than a view is made, and its words. */
const desk = new Uint8Array(160);
const deskWords = new Uint32Array(desk.buffer);
/** Code units that are turned into a string at a time. */
const CHUNK = 8192;

/**
 * Strings: UTF-16 code units as in JavaScript, lone surrogates included, a byte each where all are below 256. The
 * methods throw `ERR_HEAP_TYPE` for what is no str, and what every method throws for a dead object.
 */
export class Strs {
  readonly #memory: ObjectMemory;
  readonly #calls: ObjectCalls;
  readonly #decoder = new Decoder();
  #tryStr: ObjectExports["str_quick"] | undefined;
  /** Index of the word of the first shared str of one character; 0 where only the core may read it. */
  #chars = 0;

  /** @internal */
  constructor(memory: ObjectMemory, calls: ObjectCalls) {
    this.#memory = memory;
    this.#calls = calls;
    memory.lifecycle.follow(({ core, quick, isBare }) => {
      this.#tryStr = quick?.str_quick;
      this.#decoder.forget();
      this.#chars = core && isBare ? core.stateAddress(STATE_CHARS) >>> 2 : 0;
    });
  }

  /** Number of UTF-16 code units. */
  length(str: Ref): number {
    return this.#lengthOf(this.#require("strs.length", str));
  }

  /** The same text as a JavaScript string. */
  toJS(str: Ref): string {
    return this.read(this.#require("strs.toJS", str));
  }

  /** Whether both have the same text. */
  equals(a: Ref, b: Ref): boolean {
    const left = this.#require("strs.equals", a);
    const right = this.#require("strs.equals", b);
    return this.#calls.enter(() => this.#calls.abi.str_equals(left, right)) !== 0;
  }

  /** The hash of the text, 32 bits unsigned: equal strings have equal hashes within a heap. */
  hash(str: Ref): number {
    const s = this.#require("strs.hash", str);
    return this.#calls.enter(() => this.#calls.abi.str_hash(s)) >>> 0;
  }

  /**
   * A *new* str of the texts one after the other. (CPython: PyUnicode_Concat) Always a copy: that only one reference is
   * counted does not say that the str is nobody else's, as stacks and roots hold what is not counted.
   * @throws HeapError also `ERR_HEAP_OOM`
   */
  concat(...parts: Ref[]): Ptr {
    let length = 0;
    let wide: 0 | 1 = 0;
    for (let i = 0; i < parts.length; i++) {
      const s = this.#require("strs.concat", parts[i]!);
      parts[i] = s;
      length += this.#lengthOf(s);
      if (this.#isWide(s)) wide = 1;
    }
    const strs = parts as Ptr[];
    if (length <= 1) return this.write(strs.map((s) => this.read(s)).join(""));
    const made = this.#make("strs.concat", Math.min(length, MAX_U32), wide, strs);
    let to = 0;
    for (let i = 0; i < strs.length; i++)
      to = this.#copy(strs[i]!, 0, this.#lengthOf(strs[i]!), made, to, wide);
    return made;
  }

  /**
   * A *new* str of the code units from `from` up to `to`; bounds as in `String.prototype.slice`, but numbers only. (CPython:
   * PyUnicode_Substring)
   * @throws HeapError also `ERR_HEAP_ARGUMENT` for a bound that is none, `ERR_HEAP_OOM`
   */
  slice(str: Ref, from = 0, to?: number): Ptr {
    const s = this.#require("strs.slice", str);
    const length = this.#lengthOf(s);
    const first = sliceBound("strs.slice", from, length);
    const count = Math.max(0, (to === undefined ? length : sliceBound("strs.slice", to, length)) - first);
    // Of a wide text the part may be narrow.
    if (count <= 1 || this.#isWide(s)) return this.write(this.read(s).slice(first, first + count));
    const made = this.#make("strs.slice", count, 0, [s]);
    this.#copy(s, first, count, made, 0, 0);
    return made;
  }

  /** @internal The text of a str. */
  read(s: Ptr): string {
    const { u8, u16 } = this.#memory;
    const length = this.#lengthOf(s);
    const isWide = this.#isWide(s);
    const units = isWide ? u16 : u8;
    const first = isWide ? (s + STR_DATA) >>> 1 : s + STR_DATA;
    if (length <= SHORT_READ) return readEights(units, first, length);
    const decoded = isWide
      ? this.#decoder.wide(u8, u16, first, length)
      : this.#decoder.narrow(u8, first, length);
    if (decoded !== undefined) return decoded;
    let text = "";
    for (let at = 0; at < length; at += CHUNK) {
      const part = units.subarray(first + at, first + Math.min(at + CHUNK, length));
      text += String.fromCharCode.apply(null, part as unknown as number[]);
    }
    return text;
  }

  /** @internal A *new* str. */
  write(text: string): Ptr {
    const { length } = text;
    if (length === 1 && text.charCodeAt(0) <= NARROW_MAX) return this.#char(text.charCodeAt(0));
    const s = this.#make("str", length, 0);
    const { u8, i32 } = this.#memory.fresh();
    const first = s + STR_DATA;
    if (length > SHORT_WRITE && this.#writeAscii(text, first)) return s;
    let units = 0;
    let i = 0;
    for (let word = first >>> 2; i + 4 <= length; i += 4) {
      const a = text.charCodeAt(i);
      const b = text.charCodeAt(i + 1);
      const c = text.charCodeAt(i + 2);
      const d = text.charCodeAt(i + 3);
      units |= a | b | c | d;
      i32[word++] = a | (b << 8) | (c << 16) | (d << 24);
    }
    for (; i < length; i++) {
      const unit = text.charCodeAt(i);
      units |= unit;
      u8[first + i] = unit;
    }
    return units > NARROW_MAX ? this.#writeWide(text, s) : s;
  }

  /** The shared str of one character. */
  #char(code: number): Ptr {
    const known = this.#chars === 0 ? 0 : (this.#memory.u32[this.#chars + code] ?? 0);
    return known === 0 ? this.#charSlow(code) : (known as Ptr);
  }

  #charSlow(code: number): Ptr {
    return this.#calls.make("str", STR_DATA, () => this.#calls.abi.str_char(code));
  }

  /** Writes a text if it is ASCII; false if it is not, or not certainly. */
  #writeAscii(text: string, first: number): boolean {
    const { u8, u32 } = this.#memory;
    const { length } = text;
    if (length > desk.length) return encodeAscii(text, u8.subarray(first, first + length));
    if (!encodeAscii(text, desk)) return false;
    const words = length >>> 2;
    for (let i = 0; i < words; i++) u32[(first >>> 2) + i] = deskWords[i]!;
    for (let i = words << 2; i < length; i++) u8[first + i] = desk[i]!;
    return true;
  }

  /** The same after `narrow`, which was begun for it, has turned out to be too narrow. */
  #writeWide(text: string, narrow: Ptr): Ptr {
    this.#calls.enter(() => this.#calls.abi.release(narrow));
    const s = this.#make("str", text.length, 1);
    const { u16 } = this.#memory.fresh();
    const first = (s + STR_DATA) >>> 1;
    for (let i = 0; i < text.length; i++) u16[first + i] = text.charCodeAt(i);
    return s;
  }

  /** A str of zeros; `wide` says whether its units have two bytes. `borrowed` is what will be read after that. */
  #make(operation: string, length: number, wide: 0 | 1, borrowed?: readonly Ptr[]): Ptr {
    const tryStr = this.#tryStr;
    const p = tryStr === undefined ? 0 : tryStr(length, wide);
    return p === 0 ? this.#makeSlow(operation, length, wide, borrowed) : ((p >>> 0) as Ptr);
  }

  #makeSlow(operation: string, length: number, wide: 0 | 1, borrowed?: readonly Ptr[]): Ptr {
    const request = (): number => this.#calls.abi.str_new(length, wide);
    return this.#calls.make(operation, length << wide, request, borrowed);
  }

  /** Copies code units of `s` to those of `made` from `to` on; the index behind them. */
  #copy(s: Ptr, first: number, count: number, made: Ptr, to: number, wide: 0 | 1): number {
    const { u8, u16 } = this.#memory.fresh();
    const target = (made + STR_DATA) >>> wide;
    if (wide === 0) copyUnits(u8, target + to, s + STR_DATA + first, count);
    else if (this.#isWide(s)) copyUnits(u16, target + to, ((s + STR_DATA) >>> 1) + first, count);
    else for (let i = 0; i < count; i++) u16[target + to + i] = u8[s + STR_DATA + first + i]!;
    return to + count;
  }

  #lengthOf(s: Ptr): number {
    return this.#memory.u32[(s + STR_LENGTH) >>> 2]!;
  }

  #isWide(s: Ptr): boolean {
    return (this.#memory.u32[(s >>> 2) + 1]! & META_WIDE) !== 0;
  }

  #require(operation: string, str: Ref): Ptr {
    return this.#memory.requireType(operation, str, TYPE_STR, "str");
  }
}

/**
 * Eight units at a time, as a call with eight arguments takes no longer than one with one: those behind the end are cut
 * off. They lie in the same block or in the next, or behind the memory, where they read as `undefined`.
 */
function readEights(units: Uint8Array | Uint16Array, first: number, length: number): string {
  let text = "";
  for (let i = 0, at = first; i < length; i += 8, at += 8) {
    // prettier-ignore
    const part = String.fromCharCode(
      units[at]!, units[at + 1]!, units[at + 2]!, units[at + 3]!, units[at + 4]!, units[at + 5]!, units[at + 6]!, units[at + 7]!,
    );
    text += i + 8 <= length ? part : part.slice(0, length - i);
  }
  return text;
}

function copyUnits(units: Uint8Array | Uint16Array, to: number, from: number, count: number): void {
  if (count > SHORT_COPY) units.copyWithin(to, from, from + count);
  else for (let i = 0; i < count; i++) units[to + i] = units[from + i]!;
}
