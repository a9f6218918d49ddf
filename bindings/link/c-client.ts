import { HeapError, type HeapErrorCode } from "../core/errors.js";
import type { HostImports } from "../core/host-types.js";
import type { Ptr } from "../core/ptr.js";
import type { Heap } from "../heap/heap.js";
import { offsetOf, type Field } from "../objects/types/field.js";
import type { FieldKind } from "../objects/types/kinds.js";
import type { Type } from "../objects/types/type.js";

/** What the numbers of `enum th_error` stand for, from 1 on. */
export const C_ERRORS: readonly HeapErrorCode[] = [
  "ERR_HEAP_OOM",
  "ERR_HEAP_ARGUMENT",
  "ERR_HEAP_BAD_POINTER",
  "ERR_HEAP_DOUBLE_FREE",
  "ERR_HEAP_USE_AFTER_FREE",
  "ERR_HEAP_TYPE",
  "ERR_HEAP_RANGE",
  "ERR_HEAP_FOREIGN_HANDLE",
  "ERR_HEAP_LEAK",
  "ERR_HEAP_CORRUPT",
  "ERR_HEAP_SHARED",
  "ERR_HEAP_BUSY",
  "ERR_HEAP_USE_AFTER_DISPOSE",
];

/** `enum th_kind`. */
const KINDS: readonly FieldKind[] = ["ref", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "f32", "f64"];

/** `struct th_field`, in words: name and kind, then the field and its offset, which defining the type fills in. */
const FIELD_WORDS = 4;
/** `flags` of th_define_type. */
const ACYCLIC = 1;
const WEAKREFS = 2;

type Call = (...args: never[]) => unknown;

/**
 * A C module as a client of a heap: what it imports, and where its finalizers are found. Functions of objects do what the
 * heap's methods of these names do, checks included; where those throw a `HeapError`, C gets 0 (a pointer, a truth) or −1
 * (a count, a code), and `th_error()` the number. Nothing unwinds through C's frames.
 */
export class CClient {
  /** For `WebAssembly.instantiate`: `env` with the memory and C's malloc family, `tallyheap` with all of tallyheap.h. */
  readonly imports: {
    readonly env: HostImports;
    readonly tallyheap: HostImports;
  };
  readonly #heap: Heap;
  readonly #types = new Map<number, Type>();
  #table: WebAssembly.Table | undefined;
  #error = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
    const family = { ...heap.raw.exports };
    this.imports = {
      env: { memory: heap.memory, ...family },
      tallyheap: { ...family, ...this.#objectFunctions() },
    };
  }

  /** Lets finalizers be called: indices of the function table, which the module exports (`--export-table`). */
  attach(instance: WebAssembly.Instance): void {
    const table = instance.exports["__indirect_function_table"];
    this.#table = table instanceof WebAssembly.Table ? table : undefined;
  }

  /** By name without `th_`; the words say of each parameter whether it is a pointer or a size (`u`), or as it is (`_`). */
  #objectFunctions(): Record<string, Call> {
    const heap = this.#heap;
    const { lists, dicts, tuples, strs } = heap;
    const pointer = (words: string, call: Call) => this.#guarded(words, 0, call);
    const number = (words: string, call: Call) => this.#guarded(words, -1, call);
    const code = (words: string, call: Call) =>
      this.#guarded(words, -1, (...args: never[]) => {
        call(...args);
        return 0;
      });
    return {
      error: () => this.#error,

      incref: code("u", (p: Ptr) => heap.incref(p)),
      decref: code("u", (p: Ptr) => heap.decref(p)),
      refcount: number("u", (p: Ptr) => heap.refcount(p)),
      type_of: number("u", (p: Ptr) => heap.typeOf(p).id),

      define_type: number(
        "uuuuu",
        (name: number, fields: number, count: number, flags: number, finalizer: number) =>
          this.#defineType(name, fields, count, flags, finalizer),
      ),
      alloc: pointer("u", (type: number) => heap.alloc(this.#type(type))),
      get_ref: pointer("u_", (p: Ptr, field: Field<"ref">) => heap.getRef(p, field)),
      set_ref: code("u_u", (p: Ptr, field: Field<"ref">, value: Ptr) => heap.setRef(p, field, value)),
      steal_ref: code("u_u", (p: Ptr, field: Field<"ref">, value: Ptr) => heap.stealRef(p, field, value)),

      none: () => heap.none,
      bool_new: (value: number) => (value ? heap.true : heap.false),
      int_new: pointer("_", (value: bigint) => heap.int(value)),
      int_value: this.#guarded("u", 0n, (p: Ptr) => BigInt(heap.toJS(p) as number | bigint)),
      float_new: pointer("_", (value: number) => heap.float(value)),
      float_value: this.#guarded("u", 0, (p: Ptr) => Number(heap.toJS(p))),
      str_new: pointer("uu", (text: number, length: number) => heap.str(this.#readText(text, length))),
      str_utf8: number("uuu", (p: Ptr, buffer: number, size: number) =>
        this.#writeText(strs.toJS(p), buffer, size),
      ),

      tuple_new: pointer("uu", (items: number, count: number) => heap.tuple(this.#pointers(items, count))),
      tuple_get: pointer("uu", (p: Ptr, index: number) => tuples.get(p, index)),
      tuple_length: number("u", (p: Ptr) => tuples.length(p)),

      list_new: pointer("", () => heap.list()),
      list_append: code("uu", (p: Ptr, value: Ptr) => lists.append(p, value)),
      list_insert: code("uuu", (p: Ptr, index: number, value: Ptr) => lists.insert(p, index, value)),
      list_get: pointer("uu", (p: Ptr, index: number) => lists.get(p, index)),
      list_set: code("uuu", (p: Ptr, index: number, value: Ptr) => lists.set(p, index, value)),
      list_pop: pointer("u", (p: Ptr) => lists.pop(p)),
      list_length: number("u", (p: Ptr) => lists.length(p)),

      dict_new: pointer("", () => heap.dict()),
      dict_set: code("uuu", (p: Ptr, key: Ptr, value: Ptr) => dicts.set(p, key, value)),
      dict_get: pointer("uu", (p: Ptr, key: Ptr) => dicts.get(p, key)),
      dict_delete: number("uu", (p: Ptr, key: Ptr) => Number(dicts.delete(p, key))),
      dict_size: number("u", (p: Ptr) => dicts.size(p)),

      weakref_new: pointer("u", (p: Ptr) => heap.weakref(p)),
      deref: pointer("u", (p: Ptr) => heap.deref(p)),

      gc: number("_", (generation: 0 | 1 | 2) => heap.gc(generation)),
      verify: code("", () => heap.verify()),
    };
  }

  /** The function; `failed` is its result where it throws a `HeapError`. */
  #guarded(words: string, failed: number | bigint, call: Call): Call {
    const untyped = call as (...args: unknown[]) => unknown;
    return (...args: unknown[]) => {
      try {
        const values = args.map((value, i) => (words[i] === "u" ? (value as number) >>> 0 : value));
        const result = untyped(...values);
        // A finalizer may have failed meanwhile, in a call of its own.
        this.#error = 0;
        return result;
      } catch (error) {
        if (!(error instanceof HeapError)) throw error;
        this.#error = C_ERRORS.indexOf(error.code) + 1;
        return failed;
      }
    };
  }

  #type(id: number): Type {
    const type = this.#types.get(id);
    if (type) return type;
    const details = { operation: "th_alloc", argument: "type", value: id };
    throw new HeapError("ERR_HEAP_TYPE", `th_alloc: ${id} is no type of this client`, details);
  }

  #defineType(name: number, fields: number, count: number, flags: number, finalizer: number): number {
    const places = Array.from({ length: count }, (_, i) => {
      const at = fields + i * FIELD_WORDS * 4;
      const words = this.#words(at, FIELD_WORDS);
      const kind = KINDS[words[1]!];
      if (kind !== undefined) return { at, name: this.#readString(words[0]!), kind };
      const details = { operation: "th_define_type", argument: "kind", value: words[1] };
      throw new HeapError("ERR_HEAP_ARGUMENT", `th_define_type: there is no kind ${words[1]}`, details);
    });
    const type = this.#heap.defineType({
      name: this.#readString(name),
      fields: Object.fromEntries(places.map((place) => [place.name, place.kind])),
      acyclic: (flags & ACYCLIC) !== 0,
      weakrefs: (flags & WEAKREFS) !== 0,
      ...(finalizer === 0 ? {} : { finalize: (self: Ptr) => this.#finalize(finalizer, self) }),
    });
    for (const place of places) {
      const field = (type.fields as Record<string, Field>)[place.name]!;
      this.#words(place.at + 8, 2).set([field, offsetOf(field)]);
    }
    this.#types.set(type.id, type);
    return type.id;
  }

  #finalize(index: number, self: Ptr): void {
    const call: unknown = this.#table?.get(index);
    if (typeof call === "function") (call as (self: number) => void)(self);
    else throw new Error(`finalizer ${index}: attach() the instance, whose module exports its table`);
  }

  // ---- the client's memory ----

  #words(address: number, count: number): Uint32Array {
    return new Uint32Array(this.#heap.memory.buffer, address, count);
  }

  #pointers(address: number, count: number): Ptr[] {
    return [...this.#words(address, count)] as Ptr[];
  }

  #readText(address: number, length: number): string {
    return new TextDecoder().decode(new Uint8Array(this.#heap.memory.buffer, address, length));
  }

  #readString(address: number): string {
    const bytes = new Uint8Array(this.#heap.memory.buffer);
    return this.#readText(address, bytes.indexOf(0, address) - address);
  }

  /** Writes as much as fits, and a zero; the bytes that the whole text takes without it. */
  #writeText(text: string, buffer: number, size: number): number {
    const utf8 = new TextEncoder().encode(text);
    if (size > 0) {
      const part = utf8.subarray(0, size - 1);
      const target = new Uint8Array(this.#heap.memory.buffer, buffer, size);
      target.set(part);
      target[part.length] = 0;
    }
    return utf8.length;
  }
}
