import { BYTE_FUNCTIONS, OBJECT_FUNCTIONS } from "../generated/exports.js";

/**
 * What the core exports for objects. Pointers are unsigned going in and signed coming back; a result of 0 where a
 * pointer is due means that the state word FAULT says why; functions that return a code return the fault itself.
 * Nothing has changed after a fault.
 */
export interface ObjectExports {
  /** Makes the built-in types and the shared values, once. */
  objects_start(): number;
  new_type(size: number, refs: number): number;
  define_type(descriptor: number): number;
  alloc(type: number, items: number): number;
  /**
   * These do their work, or with the result 0 none that anybody can see, and call nothing after their first store: no
   * guard against traps is needed around them, and engines inline them where there is none. `release_quick` takes the
   * last reference; what it could not finish is an object in order that owns what is left, for `release`.
   */
  alloc_quick(type: number, items: number): number;
  int_quick(value: number): number;
  str_quick(length: number, wide: number): number;
  tuple_quick(length: number): number;
  list_quick(length: number): number;
  dict_quick(entries: number): number;
  dict_set_quick(dict: number, key: number, value: number): number;
  release_quick(p: number): number;
  incref(p: number): undefined;
  decref(p: number): undefined;
  /** `decref` that returns the fault. */
  release(p: number): number;
  make_immortal(p: number): undefined;
  int_new(value: bigint): number;
  int_from(value: number): number;
  float_new(value: number): number;
  str_new(length: number, wide: number): number;
  str_char(code: number): number;
  str_intern(s: number): number;
  str_hash(s: number): number;
  str_equals(a: number, b: number): number;
  bytes_new(length: number): number;
  tuple_new(length: number): number;
  list_new(length: number): number;
  list_append(list: number, value: number): number;
  list_insert(list: number, index: number, value: number): number;
  list_pop(list: number, index: number): number;
  list_delete(list: number, from: number, to: number): number;
  list_slice(list: number, from: number, to: number): number;
  dict_new(): number;
  dict_set(dict: number, key: number, value: number): number;
  dict_get(dict: number, key: number): number;
  dict_delete(dict: number, key: number): number;
  weakref_new(p: number, token: number): number;
  deref(weakref: number): number;
  clear_free_lists(type: number): undefined;
  object_next(p: number): number;
  /** Proves that `p` is the start of a live object. */
  check_object(p: number): number;
  /** Objects found to be trash; −1 with the fault CORRUPT. */
  gc(generation: number): number;
  /** A request failed for want of memory: collects. 1 if it is worth another try. */
  gc_rescue(): number;
  /** Thresholds or the switch were changed in the state block. */
  gc_retune(): undefined;
  gc_freeze(): undefined;
  gc_unfreeze(): undefined;
  gc_retrack(): undefined;
  /** These four write addresses to a buffer and return their number; with buffer 0 they only count. */
  gc_objects(generation: number, buffer: number): number;
  gc_referents(p: number, buffer: number): number;
  gc_referrers(targets: number, count: number, buffer: number): number;
  gc_saved(buffer: number): number;
}

/**
 * What the core exports. C names are the unchecked C functions; `checked_` ones test their pointer first and return a
 * fault code, or 0 with the code in the state word FAULT. Sizes and pointers arrive as signed 32-bit numbers.
 */
export interface CoreExports extends ObjectExports {
  malloc(size: number): number;
  calloc(count: number, size: number): number;
  realloc(ptr: number, size: number): number;
  free(ptr: number): undefined;
  aligned_alloc(alignment: number, size: number): number;
  malloc_usable_size(ptr: number): number;
  checked_malloc(size: number): number;
  checked_calloc(count: number, size: number): number;
  checked_realloc(ptr: number, size: number): number;
  checked_free(ptr: number): number;
  checked_aligned_alloc(alignment: number, size: number): number;
  checked_usable_size(ptr: number): number;
  /** 0, or a fault code. Before anything else, once a memory. */
  initialize(
    maxPages: number,
    smallThreshold: number,
    poolPages: number,
    clientArenas: number,
    secret: number,
  ): number;
  /** 0 if `ptr` is the start of a live block as far as that is provable, else a fault code. */
  check(ptr: number): number;
  /** Retires idle pools now instead of later. */
  retire_idle_pools(): undefined;
  reset(): undefined;
  /** 0, or the number of the first broken invariant, with details in the FAULT words. */
  verify(): number;
  /** Fills the census table of the state block. */
  census(): undefined;
  /** Address of the state block. */
  readonly stateBase: WebAssembly.Global;
  /** Which layout the core was compiled with, and whether it is the debug core; see core.ts. */
  readonly layoutVersion: WebAssembly.Global;
}

type FunctionName = Exclude<keyof CoreExports, "stateBase" | "layoutVersion">;
type Listed = (typeof BYTE_FUNCTIONS | typeof OBJECT_FUNCTIONS)[number];

/** All functions of the core, as the build lists them: a type error unless those are the functions of {@link CoreExports}. */
export const CORE_FUNCTIONS: [FunctionName, Listed] extends [Listed, FunctionName]
  ? readonly Listed[]
  : never = [...BYTE_FUNCTIONS, ...OBJECT_FUNCTIONS];

/** A copy of the object functions that engines read quickly, unlike the exports of a module. */
export function copyObjectFunctions(exports: ObjectExports): ObjectExports {
  return withObjectFunctions((name) => exports[name]);
}

/** An object with a function by the name of each object function. V8 turns one that grows by assignments by name into a hash table. */
export function withObjectFunctions(of: (name: keyof ObjectExports) => unknown): ObjectExports {
  return Object.fromEntries(OBJECT_FUNCTIONS.map((name) => [name, of(name)])) as unknown as ObjectExports;
}
