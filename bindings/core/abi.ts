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
   * guard against traps is needed around them, and engines inline them where there is none.
   */
  alloc_quick(type: number, items: number): number;
  int_quick(value: number): number;
  str_quick(length: number, wide: number): number;
  tuple_quick(length: number): number;
  list_quick(length: number): number;
  dict_quick(entries: number): number;
  dict_set_quick(dict: number, key: number, value: number): number;
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

/** The functions of {@link ObjectExports}. */
export const OBJECT_FUNCTIONS = [
  "objects_start",
  "new_type",
  "define_type",
  "alloc",
  "alloc_quick",
  "int_quick",
  "str_quick",
  "tuple_quick",
  "list_quick",
  "dict_quick",
  "dict_set_quick",
  "incref",
  "decref",
  "release",
  "make_immortal",
  "int_new",
  "int_from",
  "float_new",
  "str_new",
  "str_char",
  "str_intern",
  "str_hash",
  "str_equals",
  "bytes_new",
  "tuple_new",
  "list_new",
  "list_append",
  "list_insert",
  "list_pop",
  "list_delete",
  "list_slice",
  "dict_new",
  "dict_set",
  "dict_get",
  "dict_delete",
  "weakref_new",
  "deref",
  "clear_free_lists",
  "object_next",
  "check_object",
  "gc",
  "gc_rescue",
  "gc_retune",
  "gc_freeze",
  "gc_unfreeze",
  "gc_retrack",
  "gc_objects",
  "gc_referents",
  "gc_referrers",
  "gc_saved",
] as const satisfies readonly (keyof ObjectExports)[];

/** A copy that engines read quickly, unlike the exports of a module. */
export function openAbi(exports: ObjectExports): ObjectExports {
  return withFunctions((name) => exports[name]);
}

/** The same functions, each behind `attend`, which may throw. */
export function guardedAbi(attend: () => void, abi: () => ObjectExports): ObjectExports {
  return withFunctions((name) => (...values: never[]) => {
    attend();
    return (abi()[name] as (...values: never[]) => unknown)(...values);
  });
}

/** All functions of the core by name. V8 turns an object that grows by assignments by name into a hash table. */
function withFunctions(of: (name: (typeof OBJECT_FUNCTIONS)[number]) => unknown): ObjectExports {
  return Object.fromEntries(OBJECT_FUNCTIONS.map((name) => [name, of(name)])) as unknown as ObjectExports;
}
