import type { Heap, Ptr } from "tallyheap";
import { Finalizers, type Caller } from "./finalizers.js";
import { Functions } from "./functions.js";
import { Tables } from "./tables.js";
import { Threads } from "./threads.js";
import { COUNTED, type GlobalState, type LuaState, type Proto, type TString, type TValue } from "./types.js";
import { Values } from "./values.js";

const KIB = 1024;

/** What the store needs of fengari. */
export interface Interpreter extends Caller {
  runError(L: LuaState, message: string): never;
}

/** The functions that the patched sources of fengari call: the module `lheap.js`. */
export type Store = ReturnType<typeof createStore>["store"];

/** A heap as the memory of one copy of fengari. */
export function createStore(heap: Heap, interpreter: Interpreter) {
  const values = new Values(heap);
  const tables = new Tables(values, (L, message) => interpreter.runError(L, message));
  const functions = new Functions(values);
  const threads = new Threads(values);
  const finalizers = new Finalizers(values, tables, interpreter);
  /** `setpause` and `setstepmul` of Lua's own collector, which are kept and mean nothing here. */
  const parameters = [200, 200];

  /** What `lua_topointer` gives for an object: the same for the same object. */
  class Address {
    constructor(readonly id: Ptr) {}
  }
  const addresses = new Map<Ptr, WeakRef<Address>>();

  const store = {
    COUNTED,
    Address,
    use: (TValue: Values["TValue"]): void => void (values.TValue = TValue),
    incref: (p: Ptr): void => heap.incref(p),
    decref: (p: Ptr): void => heap.decref(p),
    isOutOfMemory: (error: unknown): boolean => values.isOutOfMemory(error),
    address: (p: Ptr): Address => {
      const known = addresses.get(p)?.deref();
      if (known !== undefined) return known;
      const address = new Address(p);
      addresses.set(p, new WeakRef(address));
      return address;
    },

    strOf: (string: TString): Ptr => values.strOf(string),
    bytes: (str: Ptr): Uint8Array => values.bytes(str),
    text: (str: Ptr): string => values.text(str),
    strLength: (str: Ptr): number => values.strLength(str),
    strEquals: (a: Ptr, b: Ptr): boolean => values.strEquals(a, b),
    pin: (string: TString): void => values.pin(string),
    unpin: (string: TString): void => values.unpin(string),

    newTable: (): Ptr => tables.make(),
    get: (t: Ptr, key: TValue): TValue => tables.get(t, key),
    getInt: (t: Ptr, index: number): TValue => tables.getInt(t, index),
    getStr: (t: Ptr, key: TString): TValue => tables.getStr(t, key),
    set: (L: LuaState, t: Ptr, key: TValue, value: TValue): void => tables.set(L, t, key, value),
    setInt: (t: Ptr, index: number, value: TValue): void => tables.setInt(t, index, value),
    length: (t: Ptr): number => tables.length(t),
    next: (L: LuaState, t: Ptr, key: TValue): readonly [TValue, TValue] | undefined => tables.next(L, t, key),
    absent: (t: Ptr): number => tables.absent(t),
    setAbsent: (t: Ptr, bits: number): void => tables.setAbsent(t, bits),

    newProto: (proto: Proto): Ptr => functions.newProto(proto),
    proto: (closure: Ptr): Proto => functions.proto(closure),
    newClosure: (upvalues: number): Ptr => functions.newClosure(upvalues),
    setProto: (closure: Ptr, proto: Proto): void => functions.setProto(closure, proto),
    upvalues: (closure: Ptr): number => functions.upvalues(closure),
    cell: (closure: Ptr, index: number): Ptr => functions.cell(closure, index),
    setCell: (closure: Ptr, index: number, cell: Ptr): void => functions.setCell(closure, index, cell),
    newCell: (type: number, value: unknown): Ptr => functions.newCell(type, value),
    read: (cell: Ptr): TValue => functions.read(cell),
    write: (cell: Ptr, type: number, value: unknown): void => functions.write(cell, type, value),
    remember: (proto: Proto, closure: Ptr): void => functions.remember(proto, closure),
    remembered: (proto: Proto): Ptr => functions.remembered(proto),
    newCClosure: (fn: unknown, upvalues: number): Ptr => functions.newCClosure(fn, upvalues),
    cfunction: (closure: Ptr): unknown => functions.cfunction(closure),
    readItem: (closure: Ptr, index: number): TValue => functions.readItem(closure, index),
    writeItem: (closure: Ptr, index: number, type: number, value: unknown): void =>
      functions.writeItem(closure, index, type, value),
    newUserdata: (data: unknown, length: number): Ptr => functions.newUserdata(data, length),
    data: (userdata: Ptr): unknown => functions.data(userdata),
    userdataLength: (userdata: Ptr): number => functions.userdataLength(userdata),
    uservalue: (userdata: Ptr): TValue => functions.uservalue(userdata),
    setUservalue: (userdata: Ptr, value: TValue): void => functions.setUservalue(userdata, value),

    newThread: (L: LuaState): Ptr => threads.make(L),
    peer: (record: Ptr): LuaState => threads.peer(record),
    reserve: (L: LuaState, size: number): void => threads.reserve(L, size),
    wake: (L: LuaState): void => threads.wake(L),
    clear: (L: LuaState): void => threads.clear(L),

    metatable: (object: Ptr): Ptr => finalizers.metatable(object),
    setMetatable: (L: LuaState, tag: number, object: Ptr, metatable: Ptr): void =>
      finalizers.setMetatable(L, tag, object, metatable),
    open: (state: GlobalState): void => finalizers.open(state),
    runAll: (L: LuaState): void => finalizers.runAll(L),
    /** Where Lua's own collector would make a step: makes the calls of finalizers that are due. */
    check: (L: LuaState): void => {
      if (finalizers.pending) finalizers.run(L);
    },
    /** `lua_gc`. */
    gc: (L: LuaState, what: number, data: number): number => {
      switch (what) {
        case 0:
          heap.collector.disable();
          return 0;
        case 1:
          heap.collector.enable();
          return 0;
        case 2:
          heap.gc();
          finalizers.run(L);
          return 0;
        case 3:
          return Math.floor(bytesInUse(heap) / KIB);
        case 4:
          return bytesInUse(heap) % KIB;
        case 5:
          // A step of ours is a whole cycle, as one of Lua's may be.
          heap.gc();
          finalizers.run(L);
          return 1;
        case 6:
        case 7: {
          const old = parameters[what - 6]!;
          parameters[what - 6] = data;
          return old;
        }
        case 9:
          return heap.collector.isEnabled ? 1 : 0;
        default:
          return -1;
      }
    },
  };

  const close = (): void => threads.dispose();
  return { store, finalizers, close };
}

function bytesInUse(heap: Heap): number {
  return heap.stats().heapUsed;
}
