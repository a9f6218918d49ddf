import {
  BYTES_DATA,
  COUNT_LIMIT,
  LIST_ITEMS,
  STATE_EMPTY_TUPLE,
  STATE_FALSE,
  STATE_NONE,
  STATE_TRUE,
  TUPLE_ITEMS,
  TYPE_STR,
} from "../../generated/layout.js";
import type { ObjectExports } from "../../core/abi.js";
import { argumentError, requireIterable, requirePair } from "../../core/arguments.js";
import { HeapError, show } from "../../core/errors.js";
import { NULL, type Ptr } from "../../core/ptr.js";
import { reserveStack } from "../../core/stack.js";
import type { Counts } from "../access/counts.js";
import type { Ref } from "../access/handle.js";
import type { Numbers } from "../access/numbers.js";
import type { ObjectCalls } from "../access/object-calls.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { looksLive } from "../access/pointer-check.js";
import type { Dicts } from "./dicts.js";
import { holdAll } from "./hold.js";
import { resetError } from "./reset-error.js";
import type { Strs } from "./strs.js";

/** Bytes of a number or of a small container, for the message when memory is out. */
const SMALL_OBJECT = 16;
const INT_BITS = 64;
const TAGGED_BITS = 31;
const NO_ITEMS: readonly Ref[] = [];
const NO_PAIRS: readonly (readonly [Ref, Ref])[] = [];
const ARRAY_ITERATOR = NO_ITEMS[Symbol.iterator];

/** Makes built-in values. */
export class Values {
  readonly #memory: ObjectMemory;
  /** See ObjectMemory.tag. */
  readonly #tag: number;
  readonly #calls: ObjectCalls;
  readonly #counts: Counts;
  readonly #numbers: Numbers;
  readonly #strs: Strs;
  readonly #dicts: Dicts;
  // Functions of the core that do nothing rather than fail.
  #tryTuple: ObjectExports["tuple_quick"] | undefined;
  #tryList: ObjectExports["list_quick"] | undefined;
  #tryDict: ObjectExports["dict_quick"] | undefined;

  constructor(
    memory: ObjectMemory,
    calls: ObjectCalls,
    counts: Counts,
    numbers: Numbers,
    strs: Strs,
    dicts: Dicts,
  ) {
    this.#memory = memory;
    this.#tag = memory.tag;
    this.#calls = calls;
    this.#counts = counts;
    this.#numbers = numbers;
    this.#strs = strs;
    this.#dicts = dicts;
    memory.lifecycle.follow(({ quick }) => {
      this.#tryTuple = quick?.tuple_quick;
      this.#tryList = quick?.list_quick;
      this.#tryDict = quick?.dict_quick;
    });
  }

  get none(): Ptr {
    return this.#memory.state(STATE_NONE) as Ptr;
  }

  bool(value: boolean): Ptr {
    return this.#memory.state(value ? STATE_TRUE : STATE_FALSE) as Ptr;
  }

  int(value: number | bigint): Ptr {
    const p = typeof value === "number" ? this.#numbers.int(value) : NULL;
    return p === 0 ? this.intCalling(value) : p;
  }

  float(value: number): Ptr {
    const p = typeof value === "number" ? this.#numbers.float(value) : NULL;
    return p === 0 ? this.floatCalling(value) : p;
  }

  /** What `Numbers.int` cannot make. */
  intCalling(value: number | bigint): Ptr {
    if (this.#tag !== 0 && typeof value === "bigint" && BigInt.asIntN(TAGGED_BITS, value) === value)
      return this.int(Number(value));
    const { quick } = this.#calls;
    const p = quick !== undefined && Number.isSafeInteger(value) ? quick.int_quick(value as number) : 0;
    return p === 0 ? this.#intSlow(value) : ((p >>> 0) as Ptr);
  }

  #intSlow(value: number | bigint): Ptr {
    const calls = this.#calls;
    if (typeof value === "number" && Number.isSafeInteger(value)) {
      return calls.make("int", SMALL_OBJECT, () => calls.abi.int_from(value));
    }
    const big = requireInt64(value);
    return calls.make("int", SMALL_OBJECT, () => calls.abi.int_new(big));
  }

  /** What `Numbers.float` cannot make. */
  floatCalling(value: number): Ptr {
    if (typeof value !== "number") throw argumentError("float", "value", value, "a number");
    return this.#calls.make("float", SMALL_OBJECT, () => this.#calls.abi.float_new(value));
  }

  str(value: string): Ptr {
    if (typeof value !== "string") throw argumentError("str", "value", value, "a string");
    return this.#strs.write(value);
  }

  /** The one str of its text that all who intern it share: a *new* reference. Takes a string or a str. */
  intern(value: string | Ref): Ptr {
    const own = typeof value === "string" ? this.#strs.write(value) : undefined;
    const s = own ?? this.#memory.requireType("intern", value, TYPE_STR, "str");
    try {
      return this.#calls.make("intern", SMALL_OBJECT, () => this.#calls.abi.str_intern(s), s);
    } finally {
      if (own !== undefined) this.#counts.drop(own);
    }
  }

  bytes(value: Uint8Array): Ptr {
    if (!(value instanceof Uint8Array)) throw argumentError("bytesObject", "value", value, "a Uint8Array");
    const { length } = value;
    // A view of the heap's own memory may be detached by what makes room.
    const source = value.buffer === this.#memory.fresh().u8.buffer ? value.slice() : value;
    const p = this.#calls.make("bytesObject", length, () => this.#calls.abi.bytes_new(length));
    if (source.length !== length) {
      this.#counts.drop(p);
      throw argumentError("bytesObject", "value", value, "as long as it was: onMemoryPressure changed it");
    }
    if (length > 0) this.#memory.fresh().u8.set(source, p + BYTES_DATA);
    return p;
  }

  tuple(items: Iterable<Ref>): Ptr {
    const tryTuple = this.#tryTuple;
    if (tryTuple !== undefined && isPlainArray(items)) {
      const { length } = items;
      // What is refused an item has to die, which must not be where the stack ends.
      if (length > 0) reserveStack(1);
      const p = tryTuple(length) >>> 0;
      const isMade = p !== 0 && (length === 0 || this.#fill("tuple", p as Ptr, p + TUPLE_ITEMS, items));
      if (isMade) return p as Ptr;
    }
    return this.#makeSlow("tuple", items);
  }

  list(items: Iterable<Ref> = NO_ITEMS): Ptr {
    const tryList = this.#tryList;
    if (tryList !== undefined && isPlainArray(items)) {
      const { length } = items;
      if (length > 0) reserveStack(1);
      const p = tryList(length) >>> 0;
      const isMade = p !== 0 && (length === 0 || this.#fill("list", p as Ptr, this.#itemsOf(p), items));
      if (isMade) return p as Ptr;
    }
    return this.#makeSlow("list", items);
  }

  dict(entries: Iterable<readonly [key: Ref, value: Ref]> = NO_PAIRS): Ptr {
    const tryDict = this.#tryDict;
    if (tryDict !== undefined && isPlainArray(entries)) {
      const { length } = entries;
      if (length > 0) reserveStack(1);
      const p = tryDict(length) >>> 0;
      if (p !== 0 && (length === 0 || this.#enterAll(p as Ptr, entries))) return p as Ptr;
    }
    return this.#dictSlow(entries);
  }

  #dictSlow(entries: Iterable<readonly [key: Ref, value: Ref]>): Ptr {
    // Held meanwhile: making the dict may collect, and a finalizer may let go of what is still to be entered.
    const owned = this.#holdPairs(entries);
    try {
      const p = this.#calls.make("dict", SMALL_OBJECT, () => this.#calls.abi.dict_new());
      try {
        for (let i = 0; i < owned.length; i += 2) this.#dicts.enter("dict", p, owned[i]!, owned[i + 1]!);
      } catch (error) {
        this.#counts.drop(p);
        throw error;
      }
      return p;
    } finally {
      for (const p of owned) this.#counts.drop(p);
    }
  }

  /**
   * Stores what is in an array in a tuple or list of as many nulls. If an item is refused the object dies, and also, with the result
   * false, if a getter made the array longer or shorter meanwhile.
   */
  #fill(operation: string, object: Ptr, address: number, items: readonly Ref[]): boolean {
    const memory = this.#memory;
    const { lifecycle } = memory;
    const { epoch } = lifecycle;
    const { length } = items;
    try {
      for (let i = 0, slot = address >>> 2; i < length; i++, slot++) {
        const item = items[i];
        if (items.length !== length) break;
        if (lifecycle.epoch !== epoch) throw resetError(operation);
        const words = memory.i32;
        if (typeof item === "number" && looksLive(words, memory.first, item)) {
          const count = words[item >>> 2]!;
          if (count < COUNT_LIMIT) words[item >>> 2] = count + 1;
          words[slot] = item;
        } else {
          const p = memory.requireReference(operation, item);
          this.#counts.keep(p);
          memory.i32[slot] = p;
        }
      }
    } catch (error) {
      this.#dropOf(epoch, [object]);
      throw error;
    }
    if (items.length === length) return true;
    this.#dropOf(epoch, [object]);
    return false;
  }

  /**
   * Enters pairs into a new dict, which dies if one is refused, or, with the result false, if one needs a slow path. Host
   * code may run until both are proved to live, and none from there on.
   */
  #enterAll(dict: Ptr, entries: readonly (readonly [key: Ref, value: Ref])[]): boolean {
    const memory = this.#memory;
    const { epoch } = memory.lifecycle;
    const { length } = entries;
    try {
      let i = 0;
      for (; i < length; i++) {
        const entry = entries[i]!;
        requirePair("dict", entry);
        const { 0: key, 1: value } = entry;
        if (entries.length !== length) break;
        if (memory.lifecycle.epoch !== epoch) throw resetError("dict");
        const k = memory.requireReference("dict", key);
        const v = memory.requireReference("dict", value);
        if (!this.#dicts.tryEnter(dict, k, v)) break;
      }
      if (i === length) return true;
    } catch (error) {
      this.#dropOf(epoch, [dict]);
      throw error;
    }
    this.#dropOf(epoch, [dict]);
    return false;
  }

  /** A tuple or list of what has to be counted first, or finds no block at hand. */
  #makeSlow(kind: "tuple" | "list", items: Iterable<Ref>): Ptr {
    const owned = holdAll(this.#memory, this.#counts, kind, items);
    const { length } = owned;
    if (kind === "tuple" && length === 0) return this.#memory.state(STATE_EMPTY_TUPLE) as Ptr;
    const request = (): number =>
      kind === "tuple" ? this.#calls.abi.tuple_new(length) : this.#calls.abi.list_new(length);
    try {
      const p = this.#calls.make(kind, length * 4, request);
      const first = kind === "tuple" ? p + TUPLE_ITEMS : this.#itemsOf(p);
      if (length > 0) this.#memory.fresh().u32.set(owned, first >>> 2);
      return p;
    } catch (error) {
      this.#counts.undoKeep(owned);
      throw error;
    }
  }

  /** Address of the items of a new list. */
  #itemsOf(list: number): number {
    return this.#memory.fresh().u32[(list + LIST_ITEMS) >>> 2]!;
  }

  /** A reference of its own to each key and value, in turns, or to none if one is refused. */
  #holdPairs(entries: Iterable<readonly [key: Ref, value: Ref]>): Ptr[] {
    requireIterable("dict", "entries", entries);
    const memory = this.#memory;
    const { epoch } = memory.lifecycle;
    const owned: Ptr[] = [];
    // As holdAll().
    reserveStack(1);
    const hold = (item: Ref): void => {
      if (memory.lifecycle.epoch !== epoch) throw resetError("dict");
      const p = memory.requireReference("dict", item);
      this.#counts.keep(p);
      owned.push(p);
    };
    try {
      for (const entry of entries) {
        requirePair("dict", entry);
        hold(entry[0]);
        hold(entry[1]);
      }
      if (memory.lifecycle.epoch !== epoch) throw resetError("dict");
    } catch (error) {
      this.#dropOf(epoch, owned);
      throw error;
    }
    return owned;
  }

  /** Releases what is owned since that epoch of the heap: a reset leaves nothing of it. */
  #dropOf(epoch: number, owned: readonly Ptr[]): void {
    if (this.#memory.lifecycle.epoch !== epoch) return;
    for (const p of owned) this.#counts.drop(p);
  }
}

/** An array whose items are those that its indexes name. */
function isPlainArray<T>(items: Iterable<T>): items is readonly T[] {
  return Array.isArray(items) && items[Symbol.iterator] === ARRAY_ITERATOR;
}

/** A whole number as a bigint of 64 bits. */
function requireInt64(value: unknown): bigint {
  const isWhole = typeof value === "bigint" || Number.isInteger(value);
  if (!isWhole) throw argumentError("int", "value", value, "a whole number");
  const big = BigInt(value as number | bigint);
  if (BigInt.asIntN(INT_BITS, big) === big) return big;
  const message = `int: ${show(value)} does not fit ${INT_BITS} bits`;
  throw new HeapError("ERR_HEAP_RANGE", message, { operation: "int", argument: "value", value });
}
