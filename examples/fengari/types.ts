import type { Heap, Ptr } from "tallyheap";

/** Type tags of Lua values, as in fengari's defs.js: the kind in bits 0–3, its variant in bits 4–5. */
export const NIL = 0;
export const BOOLEAN = 1;
export const LIGHT_USERDATA = 2;
export const FLOAT = 3;
export const INTEGER = 19;
export const SHORT_STRING = 4;
export const STRING = 20;
export const TABLE = 5;
export const LUA_CLOSURE = 6;
export const C_FUNCTION = 22;
export const C_CLOSURE = 38;
export const USERDATA = 7;
export const THREAD = 8;

/** By tag: 1 where the value is a pointer to an object of the heap, which whoever holds the value owns a reference to. */
export const COUNTED = new Uint8Array(64);
for (const tag of [SHORT_STRING, STRING, TABLE, LUA_CLOSURE, C_CLOSURE, USERDATA, THREAD]) COUNTED[tag] = 1;

/**
 * The objects of a Lua state and where each lives in the heap:
 *
 * | Lua | heap |
 * |---|---|
 * | nil, booleans, integers, floats | none, true and false, int, float |
 * | string | str with one character a byte |
 * | table | record `table`: a list for the keys 1 … n, a dict for the others |
 * | function of Lua | record `function` with one `upvalue` record for each captured variable |
 * | function of JavaScript | record `cfunction`, one for each function; with upvalues record `cclosure` |
 * | userdata | record `userdata` |
 * | light userdata | record `lightuserdata`, one for each value |
 * | coroutine | record `thread`, with a list for the references of its stack while it is suspended |
 *
 * What only JavaScript can hold (functions, compiled code, the data of a userdata) stands in an array beside the heap;
 * a `host` record has its index, and empties the place when it dies. Such records are acyclic, so they die after the
 * cycle that held them: one that a finalizer resurrects finds them as they were.
 */
export function defineTypes(
  heap: Heap,
  onHostDeath: (index: number, kind: number) => void,
  onGuard: (guard: Ptr) => void,
) {
  const index = (record: Ptr): number => heap.getI32(record, host.fields.index);
  const host = heap.defineType({
    name: "host",
    fields: { index: "i32" },
    acyclic: true,
    finalize: (self): void => onHostDeath(index(self), NIL),
  });
  const hostOf = (name: string, kind: number) =>
    heap.defineType({
      name,
      extends: host,
      acyclic: true,
      finalize: (self) => onHostDeath(index(self), kind),
    });
  const cfunction = hostOf("cfunction", C_FUNCTION);
  const lightuserdata = hostOf("lightuserdata", LIGHT_USERDATA);
  const table = heap.defineType({
    name: "table",
    fields: {
      array: "ref", // list: the values of 1 … n, none where there is none; null while n = 0
      hash: "ref", // dict: see Tables
      metatable: "ref",
      order: "ref", // list: the keys of the hash as a traversal found them; null while there is none
      guard: "ref", // the record `guard` of a table whose metatable has __gc
      watch: "ref", // host: tells the weak keys of this table that it is dead
      absent: "i32", // bit set: metamethods that this table is known not to have (fengari's `flags`)
      cursor: "i32", // position in `order` of the key that was returned last
      mode: "i32", // WEAK_KEYS | WEAK_VALUES
    },
    weakrefs: true,
    freeList: 200,
  });
  /** Entry of a table with weak keys; the key of the hash is made from the address. */
  const weakEntry = heap.defineType({ name: "weak entry", fields: { key: "ref", value: "ref" } });
  const upvalue = heap.defineType({ name: "upvalue", fields: { value: "ref" }, freeList: 200 });
  const closure = heap.defineType({
    name: "function",
    fields: { code: "ref", index: "i32" },
    items: "ref",
    weakrefs: true,
  });
  const cclosure = heap.defineType({
    name: "cclosure",
    fields: { code: "ref", index: "i32" },
    items: "ref",
    weakrefs: true,
  });
  const userdata = heap.defineType({
    name: "userdata",
    fields: { metatable: "ref", uservalue: "ref", data: "ref", guard: "ref", length: "f64" },
    weakrefs: true,
  });
  const thread = heap.defineType({ name: "thread", fields: { stack: "ref", peer: "ref" }, weakrefs: true });
  /** In a cycle with an object whose metatable has __gc: finalized when nothing else holds that. */
  const guard = heap.defineType({
    name: "guard",
    fields: { object: "ref", number: "f64", state: "i32" },
    finalize: onGuard,
  });
  return {
    host,
    cfunction,
    lightuserdata,
    table,
    weakEntry,
    upvalue,
    closure,
    cclosure,
    userdata,
    thread,
    guard,
  };
}

export type Types = ReturnType<typeof defineTypes>;

// ---- what of fengari the port sees ----

/** A value of Lua: of a stack, then it owns a reference to what `value` points to; or on its way, then it does not. */
export interface TValue {
  type: number;
  value: unknown;
  /** The captured variable that the value was read from, or 0. */
  cell: Ptr;
  setfrom(value: TValue): void;
  /** Gives up the reference it owns. */
  release(): void;
}

/** A string of the compiler; `ptr` is its str in the heap, where it was pinned. */
export interface TString {
  ptr: Ptr;
  getstr(): Uint8Array;
}

/** Compiled code. Owns its constants, and one reference to each function within it. */
export interface Proto {
  ptr: Ptr;
  k: TValue[];
  p: Proto[];
  /** Weak reference to the closure that was made last. */
  cache: Ptr;
}

export interface LuaState {
  ptr: Ptr;
  l_G: GlobalState;
  stack: (TValue | undefined)[];
  /** The same without waking the coroutine up. */
  slots: (TValue | undefined)[];
  /** The references of the stack are in the heap. */
  asleep: boolean;
  /** Calls of `lua_resume` that have not returned. */
  running: number;
  top: number;
  ci: { callstatus: number; top: number };
  allowhook: number;
}

export interface GlobalState {
  number: number;
  mainthread: LuaState;
  l_registry: TValue;
  mt: (Ptr | null | undefined)[];
  tmname: TString[];
  proxies: Ptr[];
}
