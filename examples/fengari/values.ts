import { HeapError, type Heap, type Ptr } from "tallyheap";
import {
  BOOLEAN,
  COUNTED,
  C_CLOSURE,
  C_FUNCTION,
  FLOAT,
  INTEGER,
  LIGHT_USERDATA,
  LUA_CLOSURE,
  NIL,
  STRING,
  TABLE,
  THREAD,
  USERDATA,
  defineTypes,
  type TString,
  type TValue,
  type Types,
} from "./types.js";

const NULL = 0 as Ptr;
/** Of `String.fromCharCode.apply`: arguments that fit on the stack of every engine. */
const CHUNK = 4096;
/** The tag of heap objects that stand for other objects: see `unbox`. */
const WEAK = 64;

/**
 * Values between fengari's stacks, where a number is a number and an object a pointer, and the heap's containers, where
 * all are pointers; and what JavaScript keeps for objects of the heap.
 */
export class Values {
  readonly heap: Heap;
  readonly types: Types;
  /** Called when a guard's object is unreachable. */
  onGuard: (guard: Ptr) => void = () => {};
  /** fengari's class; set when its module is loaded. */
  TValue!: new (type: number, value: unknown) => TValue;
  readonly #tags = new Map<number, number>();
  readonly #hosts: unknown[] = [];
  readonly #releases: ((() => void) | undefined)[] = [];
  readonly #freeHosts: number[] = [];
  /** The records of JavaScript functions and light userdata, borrowed: an entry goes when its record dies. */
  readonly #functions = new Map<unknown, Ptr>();
  readonly #lights = new Map<unknown, Ptr>();

  constructor(heap: Heap) {
    this.heap = heap;
    this.types = defineTypes(
      heap,
      (index, kind) => this.#hostDied(index, kind),
      (guard) => this.onGuard(guard),
    );
    const { types } = this;
    const tags: [number, number][] = [
      [types.cfunction.id, C_FUNCTION],
      [types.lightuserdata.id, LIGHT_USERDATA],
      [types.table.id, TABLE],
      [types.closure.id, LUA_CLOSURE],
      [types.cclosure.id, C_CLOSURE],
      [types.userdata.id, USERDATA],
      [types.thread.id, THREAD],
    ];
    const sample = heap.alloc(types.table);
    const builtIn: [Ptr, number][] = [
      [heap.none, NIL],
      [heap.true, BOOLEAN],
      [heap.int(0), INTEGER],
      [heap.float(0.5), FLOAT],
      [heap.str(""), STRING],
      [heap.weakref(sample), WEAK],
    ];
    for (const [value, tag] of builtIn) {
      tags.push([heap.typeOf(value).id, tag]);
      if (!heap.isImmortal(value)) heap.decref(value);
    }
    heap.decref(sample);
    for (const [id, tag] of tags) this.#tags.set(id, tag);
  }

  // ---- counts ----

  readonly incref = (p: Ptr): void => this.heap.incref(p);
  readonly decref = (p: Ptr): void => this.heap.decref(p);

  // ---- between stacks and the heap ----

  /** A *new* reference to the object that stands for a value in the heap. */
  box(type: number, value: unknown): Ptr {
    const { heap } = this;
    switch (type) {
      case NIL:
        return heap.none;
      case BOOLEAN:
        return value ? heap.true : heap.false;
      case INTEGER:
        return heap.int(value as number);
      case FLOAT:
        return heap.float(value as number);
      case C_FUNCTION:
        return this.#interned(this.#functions, this.types.cfunction, value);
      case LIGHT_USERDATA:
        return this.#interned(this.#lights, this.types.lightuserdata, value);
      default:
        heap.incref(value as Ptr);
        return value as Ptr;
    }
  }

  /** The value that an object of the heap stands for; what it points to is borrowed. A dead weak reference is nil. */
  unbox(p: Ptr): TValue {
    const { heap, TValue } = this;
    const tag = this.#tags.get(heap.typeOf(p).id)!;
    switch (tag) {
      case NIL:
        return new TValue(NIL, null);
      case BOOLEAN:
        return new TValue(BOOLEAN, p === heap.true);
      case INTEGER:
      case FLOAT:
        return new TValue(tag, heap.toJS(p));
      case C_FUNCTION:
      case LIGHT_USERDATA:
        return new TValue(tag, this.hostAt(heap.getI32(p, this.types.host.fields.index)));
      case WEAK: {
        const referent = this.peek(p);
        return referent === NULL ? new TValue(NIL, null) : this.unbox(referent);
      }
      default:
        return new TValue(tag, p);
    }
  }

  /** The referent of a weak reference, borrowed from those who hold it; 0 if it is dead. */
  peek(weakref: Ptr): Ptr {
    const referent = this.heap.deref(weakref);
    if (referent !== NULL) this.heap.decref(referent);
    return referent;
  }

  isWeakref(p: Ptr): boolean {
    return this.#tags.get(this.heap.typeOf(p).id) === WEAK;
  }

  /** Whether a value is an object with an identity, which weak tables do not keep alive. */
  isObject(type: number): boolean {
    return COUNTED[type] === 1 && (type & 15) !== (STRING & 15);
  }

  // ---- strings ----

  /** A *new* str of these bytes. */
  str(bytes: Uint8Array): Ptr {
    return this.heap.str(textOf(bytes));
  }

  /** A *new* reference to the str of a string of the compiler. */
  strOf(string: TString): Ptr {
    if (string.ptr === NULL) return this.str(string.getstr());
    this.heap.incref(string.ptr);
    return string.ptr;
  }

  /** Makes the str of a string once for all; `unpin` releases it. */
  pin(string: TString): void {
    if (string.ptr === NULL) string.ptr = this.str(string.getstr());
  }

  unpin(string: TString): void {
    if (string.ptr !== NULL) this.heap.decref(string.ptr);
    string.ptr = NULL;
  }

  /** The bytes of a str, copied. */
  bytes(str: Ptr): Uint8Array {
    const text = this.text(str);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  /** A character a byte. */
  text(str: Ptr): string {
    return this.heap.strs.toJS(str);
  }

  strLength(str: Ptr): number {
    return this.heap.strs.length(str);
  }

  strEquals(a: Ptr, b: Ptr): boolean {
    return a === b || this.heap.strs.equals(a, b);
  }

  // ---- what JavaScript keeps ----

  /** A *new* record for a value of JavaScript, which is kept until the record dies; then `release` is called. */
  newHost(value: unknown, release?: () => void, type = this.types.host): Ptr {
    const record = this.heap.alloc(type);
    const index = this.#freeHosts.pop() ?? this.#hosts.length;
    this.#hosts[index] = value;
    this.#releases[index] = release;
    // Index 0 is what a record has that was never filled.
    this.heap.setI32(record, this.types.host.fields.index, index + 1);
    return record;
  }

  /** The number under which `hostAt` finds the value of a record. */
  hostIndex(record: Ptr): number {
    return this.heap.getI32(record, this.types.host.fields.index);
  }

  hostAt(index: number): unknown {
    return this.#hosts[index - 1];
  }

  /** Whether an error says that the heap's memory is exhausted. */
  isOutOfMemory(error: unknown): boolean {
    return error instanceof HeapError && error.code === "ERR_HEAP_OOM";
  }

  #interned(records: Map<unknown, Ptr>, type: Types["host"], value: unknown): Ptr {
    const known = records.get(value);
    if (known !== undefined) {
      this.heap.incref(known);
      return known;
    }
    const record = this.newHost(value, undefined, type);
    records.set(value, record);
    return record;
  }

  #hostDied(index: number, kind: number): void {
    if (index === 0) return;
    const [value, release] = [this.#hosts[index - 1], this.#releases[index - 1]];
    this.#hosts[index - 1] = this.#releases[index - 1] = undefined;
    this.#freeHosts.push(index - 1);
    const records =
      kind === C_FUNCTION ? this.#functions : kind === LIGHT_USERDATA ? this.#lights : undefined;
    records?.delete(value);
    release?.();
  }
}

function textOf(bytes: Uint8Array): string {
  if (bytes.length <= CHUNK) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) parts.push(textOf(bytes.subarray(at, at + CHUNK)));
  return parts.join("");
}
