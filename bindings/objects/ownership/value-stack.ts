import { STACK_LENGTH, STACK_VALUES } from "../../generated/layout.js";
import { makeDisposable } from "../../core/disposable.js";
import { HeapError } from "../../core/errors.js";
import { isU32, type Ptr } from "../../core/ptr.js";
import type { Counts } from "../access/counts.js";
import type { Ref, Value } from "../access/handle.js";
import type { ObjectCalls } from "../access/object-calls.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { looksLive } from "../access/pointer-check.js";

/** An index beyond every array: what a stack that has ended reads is `undefined`. */
const NOWHERE = 2 ** 32;

/** What stacks of one heap share. */
export interface StackOwner {
  readonly memory: ObjectMemory;
  readonly calls: ObjectCalls;
  readonly counts: Counts;
  /** The stack has ended. */
  forget(stack: ValueStack): void;
}

/**
 * A stack of references in linear memory that are *not counted*: pushing and popping are a few stores. What lies on it
 * lives: an object whose last counted reference goes while it may lie here dies at a `reclaim()` that does not find it on
 * a stack any more. Made by `heap.stack`.
 *
 * What was popped is *borrowed* until something is released or made: then it may be reclaimed. So operands stay on the
 * stack until what is made of them is on it.
 */
export class ValueStack implements Disposable {
  /** The same as `dispose()`. */
  declare readonly [Symbol.dispose]: () => void;
  /** How many references there is room for. */
  readonly slots: number;
  readonly #owner: StackOwner;
  readonly #checked: boolean;
  readonly #tag: number;
  #words!: Int32Array;
  #first = 0;
  #address: number;
  /** Indexes of words: of slot 0, and of the one with the length. */
  #base: number;
  #length: number;

  /** @internal Use `heap.stack`. */
  constructor(owner: StackOwner, address: number, slots: number) {
    this.slots = slots;
    this.#owner = owner;
    this.#checked = owner.memory.checked;
    this.#tag = owner.memory.tag;
    this.#address = address;
    this.#base = (address + STACK_VALUES) >>> 2;
    this.#length = (address + STACK_LENGTH) >>> 2;
  }

  /** @internal There are other arrays over the memory. */
  adoptViews(words: Int32Array, first: number): void {
    this.#words = words;
    this.#first = first;
  }

  /** How many references lie on the stack. */
  get length(): number {
    return this.#words[this.#length] ?? this.#fresh("length").#words[this.#length]!;
  }

  /**
   * Drops what lies above, or releases nothing and fills up with null. Counts nothing.
   * @throws HeapError `ERR_HEAP_RANGE` beyond `slots`
   */
  set length(value: number) {
    this.#fresh("length");
    if (!isU32(value) || value > this.slots) throw this.#rangeError("length", value);
    const length = this.length;
    if (value > length) this.#words.fill(0, this.#base + length, this.#base + value);
    this.#words[this.#length] = value;
  }

  /**
   * Index, in `heap.views.u32`, of the bottom slot; slot i is i further. With `lengthIndex` all that compiled code needs:
   * it may work on the words itself, as long as the word of the length is right whenever it calls the heap.
   */
  get firstIndex(): number {
    return this.#fresh("firstIndex").#base;
  }
  /** Index, in `heap.views.u32`, of the word that holds the length. */
  get lengthIndex(): number {
    return this.#fresh("lengthIndex").#length;
  }

  /**
   * Puts a reference, or null, on top. No count moves: the caller keeps what it owns.
   * @throws HeapError `ERR_HEAP_RANGE` if the stack is full
   */
  push(value: Value): void {
    const words = this.#words;
    const length = words[this.#length]!;
    const isGood =
      typeof value === "number" &&
      (value === 0 || !this.#checked || looksLive(words, this.#first, value) || (value & this.#tag) !== 0);
    if (!(isGood && length < this.slots)) return this.#pushSlow("push", value);
    words[this.#base + length] = value;
    words[this.#length] = length + 1;
  }

  /**
   * Puts a reference on top and *steals* the caller's own to it: what is new, or was taken from somewhere, lives on the
   * stack from now on. The result is the pointer, *borrowed*.
   * @throws HeapError `ERR_HEAP_RANGE` if the stack is full; the reference is the caller's still
   */
  adopt(value: Ref): Ptr {
    this.push(value);
    const { memory, counts } = this.#owner;
    const p = typeof value === "number" ? value : memory.steal("adopt", value);
    if (p !== 0) counts.drop(p);
    return p;
  }

  /**
   * Takes the top off: *borrowed*, or 0.
   * @throws HeapError `ERR_HEAP_RANGE` if the stack is empty
   */
  pop(): Ptr {
    const words = this.#words;
    const left = words[this.#length]! - 1;
    if (!(left >= 0)) return this.#popSlow();
    words[this.#length] = left;
    return (words[this.#base + left]! >>> 0) as Ptr;
  }

  /**
   * What lies `depth` below the top, *borrowed*, or 0.
   * @throws HeapError `ERR_HEAP_RANGE` if there is nothing
   */
  top(depth = 0): Ptr {
    const words = this.#words;
    const at = words[this.#length]! - 1 - depth;
    if (!(at >= 0 && depth >= 0 && Number.isInteger(depth))) return this.#topSlow(depth);
    return (words[this.#base + at]! >>> 0) as Ptr;
  }

  /**
   * What lies in a slot, counted from the bottom: *borrowed*, or 0.
   * @throws HeapError `ERR_HEAP_RANGE` if the stack is not as high
   */
  get(index: number): Ptr {
    return (this.#fresh("get").#words[this.#base + this.#requireIndex("get", index)]! >>> 0) as Ptr;
  }

  /**
   * Replaces what lies in a slot, counted from the bottom. No count moves.
   * @throws HeapError `ERR_HEAP_RANGE` if the stack is not as high
   */
  set(index: number, value: Value): void {
    const p = this.#fresh("set").#owner.memory.requireValue("set", value);
    this.#words[this.#base + this.#requireIndex("set", index)] = p;
  }

  /** Ends the stack; what lies on it is held by it no longer. May be repeated. */
  dispose(): void {
    const { calls } = this.#owner;
    if (this.#address === 0 || calls.lifecycle.isDisposed) return;
    const address = this.#address;
    calls.enter(() => calls.abi.stack_free(address));
    this.end();
    this.#owner.forget(this);
  }

  /** @internal The heap was reset, or the stack disposed of. */
  end(): void {
    this.#address = 0;
    this.#base = this.#length = NOWHERE;
  }

  /** Whether the stack has ended. */
  get disposed(): boolean {
    return this.#address === 0 || this.#owner.memory.lifecycle.isDisposed;
  }

  // ---- slow paths ----

  /** The stack, if it has not ended, with good arrays. */
  #fresh(operation: string): this {
    this.#owner.memory.lifecycle.started();
    if (!this.disposed) {
      if (this.#words.length === 0) this.#owner.memory.lifecycle.renew();
      return this;
    }
    const message = `${operation}: the stack has ended`;
    throw new HeapError("ERR_HEAP_USE_AFTER_DISPOSE", message, { operation });
  }

  #pushSlow(operation: string, value: Value): void {
    const p = this.#fresh(operation).#owner.memory.requireValue(operation, value);
    const length = this.#words[this.#length]!;
    if (length >= this.slots) throw this.#rangeError(operation, length + 1);
    this.#words[this.#base + length] = p;
    this.#words[this.#length] = length + 1;
  }

  #popSlow(): Ptr {
    const length = this.#fresh("pop").length;
    if (length === 0) throw this.#rangeError("pop", -1);
    return this.pop();
  }

  #topSlow(depth: number): Ptr {
    const { length } = this.#fresh("top");
    if (!isU32(depth) || depth >= length) throw this.#rangeError("top", depth);
    return this.top(depth);
  }

  #requireIndex(operation: string, index: number): number {
    if (isU32(index) && index < this.length) return index;
    throw this.#rangeError(operation, index);
  }

  #rangeError(operation: string, value: unknown): HeapError {
    const { length, slots } = this;
    const isNumber = typeof value === "number";
    const message = `${operation}: the stack holds ${length} of ${slots} references`;
    const details = { operation, argument: "index", value, minimum: 0, maximum: slots, length };
    return new HeapError(isNumber ? "ERR_HEAP_RANGE" : "ERR_HEAP_ARGUMENT", message, details);
  }
}

makeDisposable(ValueStack.prototype);
