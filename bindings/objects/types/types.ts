import * as layout from "../../generated/layout.js";
import { argumentError } from "../../core/arguments.js";
import { HeapError, hex, show } from "../../core/errors.js";
import { isTagged, type Ptr } from "../../core/ptr.js";
import type { Ref } from "../access/handle.js";
import type { ObjectCalls } from "../access/object-calls.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { TYPE_SHIFT, kindName, kindOf, packField, type Field } from "./field.js";
import { KINDS } from "./kinds.js";
import { layOutRecord, type RecordLayout } from "./record-layout.js";
import { KnownType, factsOf, type ItemLayout, type TypeFacts, type TypeOptions } from "./type.js";

const BUILT_IN: readonly (readonly [id: number, name: string, length: number, items?: ItemLayout])[] = [
  [layout.TYPE_NONE, "NoneType", 0],
  [layout.TYPE_BOOL, "bool", 0],
  [layout.TYPE_INT, "int", 0],
  [layout.TYPE_FLOAT, "float", 0],
  [layout.TYPE_STR, "str", layout.STR_LENGTH],
  [
    layout.TYPE_BYTES,
    "bytes",
    layout.BYTES_LENGTH,
    { kind: "u8", offset: layout.BYTES_DATA, isBuffer: false },
  ],
  [
    layout.TYPE_TUPLE,
    "tuple",
    layout.TUPLE_LENGTH,
    { kind: "ref", offset: layout.TUPLE_ITEMS, isBuffer: false },
  ],
  [layout.TYPE_LIST, "list", layout.LIST_LENGTH, { kind: "ref", offset: layout.LIST_ITEMS, isBuffer: true }],
  [layout.TYPE_DICT, "dict", layout.DICT_LENGTH],
  [layout.TYPE_WEAKREF, "weakref", 0],
];

/** The types of one heap by id, and the making of new ones. */
export class Types {
  readonly #memory: ObjectMemory;
  readonly #calls: ObjectCalls;
  /** Types by id. */
  readonly byId: (KnownType | undefined)[] = [];
  /** Id of the base of each type, 0 = none. */
  readonly #bases: number[] = [];
  /** Finalizer of each type, if any. */
  readonly #finalizers: (((self: Ptr) => void) | undefined)[] = [];

  constructor(memory: ObjectMemory, calls: ObjectCalls) {
    this.#memory = memory;
    this.#calls = calls;
  }

  /** Learns the built-in types; defines those of the host once more if the heap was reset. */
  start(): void {
    for (const [id, name, length, itemLayout] of BUILT_IN) {
      if (this.byId[id]) continue;
      const size = this.#descriptorWord(id, layout.TYPE_SIZE);
      const weak = this.#descriptorWord(id, layout.TYPE_WEAK);
      const facts: TypeFacts = {
        finalize: undefined,
        itemLayout,
        length,
        weak,
        refs: [],
        blocks: [],
        flags: 0,
        freeCap: 0,
      };
      this.#add(new KnownType({ name, id, size, items: itemLayout?.kind, base: undefined }, {}, facts));
    }
    // The core counts what it has: an earlier try may have ended half-way for want of memory.
    for (const type of this.byId.slice(this.#memory.state(layout.STATE_TYPE_COUNT))) {
      if (!type) continue;
      const id = this.#calls.enter(this.#installer(type.size, type.base, factsOf(type)));
      if (id === 0) this.#calls.requireStarted(layout.FAULT_MEMORY);
      if (id !== type.id) throw new HeapError("ERR_HEAP_CORRUPT", "reset: types out of step");
    }
  }

  /**
   * Makes a type.
   * @throws HeapError `ERR_HEAP_ARGUMENT`, `ERR_HEAP_TYPE`, `ERR_HEAP_RANGE`, `ERR_HEAP_OOM`
   */
  define(options: TypeOptions): KnownType {
    if (typeof options !== "object" || options === null) {
      throw argumentError("defineType", "options", options, "an object");
    }
    this.#memory.state(layout.STATE_TYPES);
    const base = this.#readBase(options.extends);
    this.#requireRoom();
    const { size, own, facts } = layOutRecord(options, base);
    // A finalizer or onMemoryPressure may define a type meanwhile: the core knows the id.
    const id = this.#install(size, base, facts);
    return this.#make(id, options, { size, own, facts }, base);
  }

  /**
   * Learns a type that the memory has already, as that of a heap whose image it is.
   * @throws HeapError `ERR_HEAP_CORRUPT` if its descriptor is not what the options make of it
   */
  adopt(id: number, options: TypeOptions): KnownType {
    const base = this.#readBase(options.extends);
    const record = layOutRecord(options, base);
    const { size, facts } = record;
    const flags =
      id < this.#memory.state(layout.STATE_TYPE_COUNT) ? this.#descriptorWord(id, layout.TYPE_FLAGS) : 0;
    // What addTraverse() adds to a type; the host that restores it adds its function anew.
    const added = flags & layout.FLAG_TRAVERSED ? layout.FLAG_TRAVERSED | layout.FLAG_CONTAINER : 0;
    const same =
      id < this.#memory.state(layout.STATE_TYPE_COUNT) &&
      this.#descriptorWord(id, layout.TYPE_SIZE) === size &&
      this.#descriptorWord(id, layout.TYPE_BASE) === (base?.id ?? 0) &&
      (flags & ~added) === (facts.flags & ~added);
    if (!same)
      throw new HeapError("ERR_HEAP_CORRUPT", `restore: the type ${options.name} is another in the memory`);
    return this.#make(id, options, record, base);
  }

  #make(
    id: number,
    options: TypeOptions,
    { size, own, facts }: RecordLayout,
    base: KnownType | undefined,
  ): KnownType {
    const fields: Record<string, Field> = Object.assign(Object.create(null), base?.fields);
    for (const [field, { kind, offset }] of own) fields[field] = packField(id, kind, offset);
    const { name, items } = options;
    const type = new KnownType({ name, id, size, items, base }, Object.freeze(fields), facts);
    this.#add(type);
    return type;
  }

  /** The type of a live object. */
  of(operation: string, ref: Ref): KnownType {
    return this.typeAt(operation, this.#memory.requireReference(operation, ref));
  }

  /** The type of an object that was checked before. */
  typeAt(operation: string, p: Ptr): KnownType {
    return this.byId[this.idAt(p)] ?? this.#unknown(operation, p);
  }

  /** The type with an id, if there is one. */
  at(id: number): KnownType | undefined {
    return this.byId[id];
  }

  idAt(p: Ptr): number {
    return isTagged(p) ? layout.TYPE_INT : this.#memory.u32[(p >>> 2) + 1]! & layout.META_TYPE;
  }

  /** The name of the type of an object, for messages: also when there is no such object. */
  nameAt(p: Ptr): string {
    return this.byId[this.idAt(p)]?.name ?? "object";
  }

  /** Whether `id` is the type `ancestor`, or derived from it. */
  isDerived(id: number, ancestor: number): boolean {
    for (let type = id; type !== 0; type = this.#bases[type] ?? 0) if (type === ancestor) return true;
    return false;
  }

  /** The finalizer of a type. */
  finalizer(id: number): ((self: Ptr) => void) | undefined {
    return this.#finalizers[id];
  }

  /** The known type behind what a caller passed. */
  require(operation: string, type: unknown): KnownType {
    if (type instanceof KnownType && this.byId[type.id] === type) return type;
    if (!(type instanceof KnownType)) {
      throw argumentError(operation, "type", type, "a type that defineType of this heap made");
    }
    const message = `${operation}: the type ${type.name} belongs to another heap`;
    throw new HeapError("ERR_HEAP_TYPE", message, { operation, argument: "type", value: type });
  }

  /** The same type, or why instances of it cannot be made. */
  requireRecord(operation: string, type: unknown): KnownType {
    const known = this.require(operation, type);
    if (known.id < layout.TYPE_FIRST) {
      const message = `${operation}: instances of ${known.name} are made by a method of their own`;
      throw new HeapError("ERR_HEAP_TYPE", message, { operation, argument: "type", value: type });
    }
    return known;
  }

  /** Bytes of an instance. */
  bytesOf(type: KnownType, items: number): number {
    const { itemLayout } = factsOf(type);
    return itemLayout ? itemLayout.offset + items * 2 ** KINDS[itemLayout.kind].shift : type.size;
  }

  /** Proves that a field is of the kind with this code, and belongs to the type of a live object, or to a base of it. */
  requireField(operation: string, p: Ptr, field: Field, code: number): void {
    const details = { operation, ptr: p, argument: "field", value: field };
    if (typeof field !== "number" || kindOf(field) !== code) {
      const is = typeof field === "number" ? `of kind ${kindName(kindOf(field)) ?? "none"}` : show(field);
      const message = `${operation}(${hex(p)}): the field must be of kind ${kindName(code)}, it is ${is}`;
      throw new HeapError("ERR_HEAP_TYPE", message, details);
    }
    const id = this.idAt(p);
    if (this.isDerived(id, field >>> TYPE_SHIFT)) return;
    const has = this.at(id)?.name ?? `type ${id}`;
    const owner = this.at(field >>> TYPE_SHIFT)?.name ?? "no type of this heap";
    const message = `${operation}(${hex(p)}): the object is a ${has}, the field belongs to ${owner}`;
    throw new HeapError("ERR_HEAP_TYPE", message, details);
  }

  /** All types, by id. */
  all(): KnownType[] {
    return this.byId.filter((type) => type !== undefined);
  }

  /** A word of a type's descriptor in memory. */
  #descriptorWord(id: number, offset: number): number {
    return this.#memory.u32[(this.descriptor(id) + offset) >>> 2]!;
  }

  /** Address of a type's descriptor. */
  descriptor(id: number): number {
    const table = this.#memory.state(layout.STATE_TYPES);
    return this.#memory.u32[(table >>> 2) + id]!;
  }

  #add(type: KnownType): void {
    const { finalize } = factsOf(type);
    while (this.byId.length < type.id) {
      this.byId.push(undefined);
      this.#bases.push(0);
      this.#finalizers.push(undefined);
    }
    this.byId[type.id] = type;
    this.#bases[type.id] = type.base?.id ?? 0;
    this.#finalizers[type.id] = finalize;
  }

  #requireRoom(): void {
    if (this.byId.length < layout.TYPE_LIMIT) return;
    const message = `defineType: there are ${layout.TYPE_LIMIT - layout.TYPE_FIRST} types already`;
    throw new HeapError("ERR_HEAP_RANGE", message, {
      operation: "defineType",
      maximum: layout.TYPE_LIMIT - 1,
    });
  }

  /** Makes a type known to the core, which gives the ids out in order. The id. */
  #install(size: number, base: KnownType | undefined, facts: TypeFacts): number {
    return this.#calls.make("defineType", layout.TYPE_OFFSETS + size, this.#installer(size, base, facts));
  }

  /** What writes the descriptor; 0 if there is no memory, and a second try begins anew. */
  #installer(size: number, base: KnownType | undefined, facts: TypeFacts): () => number {
    const { refs, blocks, flags, itemLayout, length, weak, freeCap } = facts;
    const slots = [...refs, ...blocks];
    return () => {
      const descriptor = this.#calls.abi.new_type(size, slots.length) >>> 0;
      if (descriptor === 0) return 0;
      const words = this.#memory.fresh().u32;
      const word = descriptor >>> 2;
      words[word + (layout.TYPE_FLAGS >>> 2)] = flags;
      words[word + (layout.TYPE_ITEM_BYTES >>> 2)] = itemLayout ? 1 << KINDS[itemLayout.kind].shift : 0;
      words[word + (layout.TYPE_ITEMS >>> 2)] = itemLayout?.offset ?? 0;
      words[word + (layout.TYPE_LENGTH >>> 2)] = length;
      words[word + (layout.TYPE_WEAK >>> 2)] = weak;
      words[word + (layout.TYPE_BASE >>> 2)] = base?.id ?? 0;
      words[word + (layout.TYPE_FREE_CAP >>> 2)] = freeCap;
      words[word + (layout.TYPE_REFS >>> 2)] = refs.length;
      words[word + (layout.TYPE_BLOCKS >>> 2)] = blocks.length;
      slots.forEach((offset, index) => (words[word + (layout.TYPE_OFFSETS >>> 2) + index] = offset));
      return this.#calls.abi.define_type(descriptor);
    };
  }

  #readBase(base: unknown): KnownType | undefined {
    if (base === undefined) return undefined;
    const known = this.require("defineType", base);
    if (known.id < layout.TYPE_FIRST || known.items !== undefined) {
      const why = known.items === undefined ? "is built in" : "has items";
      const message = `defineType: ${known.name} ${why} and cannot be extended`;
      throw new HeapError("ERR_HEAP_TYPE", message, { operation: "defineType", argument: "extends" });
    }
    return known;
  }

  #unknown(operation: string, p: Ptr): never {
    throw this.#memory.deadError(operation, p);
  }
}
