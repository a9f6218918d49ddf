import type { Ptr } from "tallyheap";
import { COUNTED, NIL, type Proto, type TValue } from "./types.js";
import type { Values } from "./values.js";

const NULL = 0 as Ptr;

/** Closures, the variables they capture, and userdata. */
export class Functions {
  readonly #values: Values;

  constructor(values: Values) {
    this.#values = values;
  }

  // ---- compiled code ----

  /** A *new* record for compiled code; when it dies, the code releases what it owns. */
  newProto(proto: Proto): Ptr {
    return this.#values.newHost(proto, () => this.#releaseProto(proto));
  }

  /** The compiled code of a closure. */
  proto(closure: Ptr): Proto {
    const { heap, types } = this.#values;
    return this.#values.hostAt(heap.getI32(closure, types.closure.fields.index)) as Proto;
  }

  #releaseProto(proto: Proto): void {
    for (const { type, value } of proto.k) if (COUNTED[type]) this.#values.decref(value as Ptr);
    for (const inner of proto.p) this.#values.decref(inner.ptr);
    if (proto.cache !== NULL) this.#values.decref(proto.cache);
  }

  // ---- closures of Lua ----

  /** A *new* closure without code and variables. */
  newClosure(upvalues: number): Ptr {
    return this.#values.heap.alloc(this.#values.types.closure, upvalues);
  }

  setProto(closure: Ptr, proto: Proto): void {
    const { heap, types } = this.#values;
    heap.setRef(closure, types.closure.fields.code, proto.ptr);
    heap.setI32(closure, types.closure.fields.index, this.#values.hostIndex(proto.ptr));
  }

  /** Number of variables that a closure of either kind has captured. */
  upvalues(closure: Ptr): number {
    return this.#values.heap.length(closure);
  }

  /** The captured variable, borrowed from the closure. */
  cell(closure: Ptr, index: number): Ptr {
    return this.#values.heap.getItem(closure, index) as Ptr;
  }

  setCell(closure: Ptr, index: number, cell: Ptr): void {
    this.#values.heap.setItem(closure, index, cell);
  }

  /** A *new* variable with a value. */
  newCell(type: number, value: unknown): Ptr {
    const { heap, types } = this.#values;
    const cell = heap.alloc(types.upvalue);
    try {
      heap.stealRef(cell, types.upvalue.fields.value, this.#values.box(type, value));
      return cell;
    } catch (error) {
      heap.decref(cell);
      throw error;
    }
  }

  /** What a captured variable holds, borrowed from it. */
  read(cell: Ptr): TValue {
    const { heap, types } = this.#values;
    const value = this.#values.unbox(heap.getRef(cell, types.upvalue.fields.value));
    value.cell = cell;
    return value;
  }

  write(cell: Ptr, type: number, value: unknown): void {
    const { heap, types } = this.#values;
    heap.stealRef(cell, types.upvalue.fields.value, this.#values.box(type, value));
  }

  /** Remembers the closure that was made last, without holding it. */
  remember(proto: Proto, closure: Ptr): void {
    const { heap } = this.#values;
    const old = proto.cache;
    proto.cache = heap.weakref(closure);
    if (old !== NULL) heap.decref(old);
  }

  /** A *new* reference to that closure, or 0. */
  remembered(proto: Proto): Ptr {
    return proto.cache === NULL ? NULL : this.#values.heap.deref(proto.cache);
  }

  // ---- closures of JavaScript ----

  /** A *new* closure of a JavaScript function, its values all nil. */
  newCClosure(fn: unknown, upvalues: number): Ptr {
    const { heap, types } = this.#values;
    const closure = heap.alloc(types.cclosure, upvalues);
    try {
      const { fields } = types.cclosure;
      heap.stealRef(closure, fields.code, this.#values.newHost(fn));
      heap.setI32(closure, fields.index, this.#values.hostIndex(heap.getRef(closure, fields.code)));
      for (let i = 0; i < upvalues; i++) heap.setItem(closure, i, heap.none);
      return closure;
    } catch (error) {
      heap.decref(closure);
      throw error;
    }
  }

  cfunction(closure: Ptr): unknown {
    const { heap, types } = this.#values;
    return this.#values.hostAt(heap.getI32(closure, types.cclosure.fields.index));
  }

  readItem(closure: Ptr, index: number): TValue {
    return this.#values.unbox(this.cell(closure, index));
  }

  writeItem(closure: Ptr, index: number, type: number, value: unknown): void {
    const box = this.#values.box(type, value);
    this.#values.heap.setItem(closure, index, box);
    this.#values.decref(box);
  }

  // ---- userdata ----

  /** A *new* userdata; `data` is what JavaScript sees of it. */
  newUserdata(data: unknown, length: number): Ptr {
    const { heap, types } = this.#values;
    const { fields } = types.userdata;
    const userdata = heap.alloc(types.userdata);
    try {
      heap.setF64(userdata, fields.length, length);
      heap.stealRef(userdata, fields.data, this.#values.newHost(data));
      return userdata;
    } catch (error) {
      heap.decref(userdata);
      throw error;
    }
  }

  data(userdata: Ptr): unknown {
    const { heap, types } = this.#values;
    return this.#values.hostAt(this.#values.hostIndex(heap.getRef(userdata, types.userdata.fields.data)));
  }

  userdataLength(userdata: Ptr): number {
    return this.#values.heap.getF64(userdata, this.#values.types.userdata.fields.length);
  }

  uservalue(userdata: Ptr): TValue {
    const { heap, types } = this.#values;
    const box = heap.getRef(userdata, types.userdata.fields.uservalue);
    return box === NULL ? new this.#values.TValue(NIL, null) : this.#values.unbox(box);
  }

  setUservalue(userdata: Ptr, value: TValue): void {
    const { heap, types } = this.#values;
    heap.stealRef(userdata, types.userdata.fields.uservalue, this.#values.box(value.type, value.value));
  }
}
