import {
  BYTES_DATA,
  BYTES_LENGTH,
  DICT_LENGTH,
  FAULT_MEMORY,
  FLAG_CONTAINER,
  FLAG_FINALIZER,
  FLAG_ITEMS_REF,
  LIST_ITEMS,
  LIST_LENGTH,
  META_TYPE,
  OBJECT_FIELDS,
  STATE_TYPES,
  STATE_TYPE_COUNT,
  STR_LENGTH,
  TUPLE_ITEMS,
  TUPLE_LENGTH,
  TYPE_BASE,
  TYPE_BOOL,
  TYPE_BYTES,
  TYPE_DICT,
  TYPE_FIRST,
  TYPE_FLAGS,
  TYPE_FLOAT,
  TYPE_FREE_CAP,
  TYPE_INT,
  TYPE_ITEMS,
  TYPE_ITEM_BYTES,
  TYPE_LENGTH,
  TYPE_LIMIT,
  TYPE_LIST,
  TYPE_NONE,
  TYPE_OFFSETS,
  TYPE_SIZE,
  TYPE_SIZE_LIMIT,
  TYPE_STR,
  TYPE_TUPLE,
  TYPE_WEAK,
  TYPE_WEAKREF,
} from "../../generated/layout.js";
import { HeapError } from "../../core/errors.js";
import { MAX_U32, isU32, type Ptr } from "../../core/ptr.js";
import { FIELD_OFFSETS, packField, type Field } from "../access/field.js";
import { KINDS, isFieldKind, type FieldKind } from "./kinds.js";
import { argumentError, type Ref, type Space } from "../access/object-memory.js";

/** Fields of a record by name, in the order in which they lie and die. */
export type FieldSpec = Readonly<Record<string, FieldKind>>;

/** No fields, or none known. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export type NoFields = {};

/** What `defineType` is told. */
export interface TypeOptions<
  F extends FieldSpec = FieldSpec,
  I extends FieldKind | undefined = FieldKind | undefined,
  B extends FieldSpec = FieldSpec,
> {
  /** For people: messages, reports. Need not be unique. */
  readonly name: string;
  /** Fields by name; each lies at the next multiple of its width. Default: none. */
  readonly fields?: F;
  /** A tail of any number of items of one kind; how many is said when an instance is made. Default: none. */
  readonly items?: I;
  /** Instances never take part in cycles, so the collector need not know them. Default false. */
  readonly acyclic?: boolean;
  /** Instances can be weakly referenced: 4 bytes more. Default: as the base, else false. */
  readonly weakrefs?: boolean;
  /** Dead instances to keep for reuse, 0 … 2³² − 2 or `Infinity`. Default 0. Types with items have none. */
  readonly freeList?: number;
  /**
   * Called when an instance is about to die, intact and *borrowed*; who takes a reference to it resurrects it. At most
   * once for each container (PEP 442), at every death of an acyclic instance. Default: the base's.
   */
  readonly finalize?: ((self: Ptr) => void) | undefined;
  /** A type whose fields come first, at the same offsets; its fields work on instances of this type. */
  readonly extends?: Type<B, undefined>;
}

/**
 * A type: of a record as `defineType` made it, or built in. `fields` holds what the field methods take; `items` is the
 * kind of the variable tail, if the type has one.
 */
export interface Type<
  F extends FieldSpec = FieldSpec,
  I extends FieldKind | undefined = FieldKind | undefined,
> {
  readonly name: string;
  /** 1 … 65535; those below 16 are built in. */
  readonly id: number;
  /** Bytes of an instance without items, the header of 8 included. */
  readonly size: number;
  readonly fields: { readonly [N in keyof F]: Field<F[N]> };
  readonly items: I;
  readonly base: Type | undefined;
}

/** Where the items of a type's instances are. */
export interface ItemLayout {
  readonly kind: FieldKind;
  /** Offset of the first item, or of the word that points to it. */
  readonly offset: number;
  readonly isBuffer: boolean;
}

/** What the bindings know of a type besides. */
export let factsOf: (type: KnownType) => TypeFacts;

/** A type with what the bindings must know of it. */
export class KnownType implements Type {
  readonly name: string;
  readonly id: number;
  readonly size: number;
  readonly fields: Readonly<Record<string, Field>>;
  readonly items: FieldKind | undefined;
  readonly base: KnownType | undefined;
  readonly #facts: TypeFacts;

  constructor(shape: Omit<Type, "fields">, fields: Readonly<Record<string, Field>>, facts: TypeFacts) {
    this.name = shape.name;
    this.id = shape.id;
    this.size = shape.size;
    this.items = shape.items;
    this.base = shape.base as KnownType | undefined;
    this.fields = fields;
    this.#facts = facts;
    Object.freeze(this);
  }

  static {
    factsOf = (type) => type.#facts;
  }
}

/** What only the bindings look at. */
export interface TypeFacts {
  readonly finalize: ((self: Ptr) => void) | undefined;
  readonly itemLayout: ItemLayout | undefined;
  /** Offset of the word with the number of items; 0 = none. */
  readonly length: number;
  /** Offset of the list head of weak references; 0 = none. */
  readonly weak: number;
  /** Reference slots by offset, own before the base's: the order of release. */
  readonly refs: readonly number[];
  readonly flags: number;
  readonly freeCap: number;
}

const BUILT_IN: readonly (readonly [id: number, name: string, length: number, items?: ItemLayout])[] = [
  [TYPE_NONE, "NoneType", 0],
  [TYPE_BOOL, "bool", 0],
  [TYPE_INT, "int", 0],
  [TYPE_FLOAT, "float", 0],
  [TYPE_STR, "str", STR_LENGTH],
  [TYPE_BYTES, "bytes", BYTES_LENGTH, { kind: "u8", offset: BYTES_DATA, isBuffer: false }],
  [TYPE_TUPLE, "tuple", TUPLE_LENGTH, { kind: "ref", offset: TUPLE_ITEMS, isBuffer: false }],
  [TYPE_LIST, "list", LIST_LENGTH, { kind: "ref", offset: LIST_ITEMS, isBuffer: true }],
  [TYPE_DICT, "dict", DICT_LENGTH],
  [TYPE_WEAKREF, "weakref", 0],
];

/** The types of one heap by id, and the making of new ones. */
export class Types {
  readonly #space: Space;
  /** Types by id. */
  readonly byId: (KnownType | undefined)[] = [];
  /** Id of the base of each type, 0 = none. */
  readonly #bases: number[] = [];
  /** Finalizer of each type, if any. */
  readonly #finalizers: (((self: Ptr) => void) | undefined)[] = [];

  constructor(space: Space) {
    this.#space = space;
  }

  /** Learns the built-in types; defines those of the host once more if the heap was reset. */
  start(): void {
    for (const [id, name, length, itemLayout] of BUILT_IN) {
      if (this.byId[id]) continue;
      const size = this.#descriptorWord(id, TYPE_SIZE);
      const weak = this.#descriptorWord(id, TYPE_WEAK);
      const facts: TypeFacts = {
        finalize: undefined,
        itemLayout,
        length,
        weak,
        refs: [],
        flags: 0,
        freeCap: 0,
      };
      this.#add(new KnownType({ name, id, size, items: itemLayout?.kind, base: undefined }, {}, facts));
    }
    // The core counts what it has: an earlier try may have ended half-way for want of memory.
    for (const type of this.byId.slice(this.#space.state(STATE_TYPE_COUNT))) {
      if (!type) continue;
      const id = this.#space.enter(this.#installer(type.size, type.base, factsOf(type)));
      if (id === 0) this.#space.begun(FAULT_MEMORY);
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
    this.#space.state(STATE_TYPES);
    const base = this.#readBase(options.extends);
    this.#requireRoom();
    const { size, own, facts } = layOut(options, base);
    // A finalizer or onMemoryPressure may define a type meanwhile: the core knows the id.
    const id = this.#install(size, base, facts);
    const fields: Record<string, Field> = Object.assign(Object.create(null), base?.fields);
    for (const [field, { kind, offset }] of own) fields[field] = packField(id, kind, offset);
    const { name, items } = options;
    const type = new KnownType({ name, id, size, items, base }, Object.freeze(fields), facts);
    this.#add(type);
    return type;
  }

  /** The type of a live object. */
  of(operation: string, ref: Ref): KnownType {
    return this.typeAt(operation, this.#space.require(operation, ref));
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
    return this.#space.u32[(p >>> 2) + 1]! & META_TYPE;
  }

  /** The name of the type of an object, for messages: also when there is no such object. */
  nameAt(p: Ptr): string {
    return this.byId[this.idAt(p)]?.name ?? "object";
  }

  /** Is `id` the type `ancestor`, or derived from it? */
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
    if (known.id < TYPE_FIRST) {
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

  /** All types, by id. */
  all(): KnownType[] {
    return this.byId.filter((type) => type !== undefined);
  }

  /** A word of a type's descriptor in memory. */
  #descriptorWord(id: number, offset: number): number {
    return this.#space.u32[(this.descriptor(id) + offset) >>> 2]!;
  }

  /** Address of a type's descriptor. */
  descriptor(id: number): number {
    const table = this.#space.state(STATE_TYPES);
    return this.#space.u32[(table >>> 2) + id]!;
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
    if (this.byId.length < TYPE_LIMIT) return;
    const message = `defineType: there are ${TYPE_LIMIT - TYPE_FIRST} types already`;
    throw new HeapError("ERR_HEAP_RANGE", message, { operation: "defineType", maximum: TYPE_LIMIT - 1 });
  }

  /** Makes a type known to the core, which gives the ids out in order. The id. */
  #install(size: number, base: KnownType | undefined, facts: TypeFacts): number {
    const space = this.#space;
    const request = this.#installer(size, base, facts);
    return space.made(space.enter(request), "defineType", TYPE_OFFSETS + size, request);
  }

  /** What writes the descriptor; 0 if there is no memory, and a second try begins anew. */
  #installer(size: number, base: KnownType | undefined, facts: TypeFacts): () => number {
    const space = this.#space;
    const { refs, flags, itemLayout, length, weak, freeCap } = facts;
    return () => {
      const descriptor = space.abi.new_type(size, refs.length) >>> 0;
      if (descriptor === 0) return 0;
      const words = space.fresh().u32;
      const word = descriptor >>> 2;
      words[word + (TYPE_FLAGS >>> 2)] = flags;
      words[word + (TYPE_ITEM_BYTES >>> 2)] = itemLayout ? 1 << KINDS[itemLayout.kind].shift : 0;
      words[word + (TYPE_ITEMS >>> 2)] = itemLayout?.offset ?? 0;
      words[word + (TYPE_LENGTH >>> 2)] = length;
      words[word + (TYPE_WEAK >>> 2)] = weak;
      words[word + (TYPE_BASE >>> 2)] = base?.id ?? 0;
      words[word + (TYPE_FREE_CAP >>> 2)] = freeCap;
      refs.forEach((offset, index) => (words[word + (TYPE_OFFSETS >>> 2) + index] = offset));
      return space.abi.define_type(descriptor);
    };
  }

  #readBase(base: unknown): KnownType | undefined {
    if (base === undefined) return undefined;
    const known = this.require("defineType", base);
    if (known.id < TYPE_FIRST || known.items !== undefined) {
      const why = known.items === undefined ? "is built in" : "has items";
      const message = `defineType: ${known.name} ${why} and cannot be extended`;
      throw new HeapError("ERR_HEAP_TYPE", message, { operation: "defineType", argument: "extends" });
    }
    return known;
  }

  #unknown(operation: string, p: Ptr): never {
    throw this.#space.deadError(operation, p);
  }
}

interface Draft {
  readonly size: number;
  /** The fields but for the base's, by name. */
  readonly own: ReadonlyMap<string, { readonly kind: FieldKind; readonly offset: number }>;
  readonly facts: TypeFacts;
}

/**
 * Places the fields: the base's where they are, then each at the next multiple of its width, the list head of weak
 * references, and the number of items right before the first of them.
 */
function layOut(options: TypeOptions, base: KnownType | undefined): Draft {
  const { name, items, fields: declared = {} } = options;
  if (typeof name !== "string") throw argumentError("defineType", "name", name, "a string");
  if (typeof declared !== "object" || declared === null) {
    throw argumentError("defineType", "fields", declared, "an object of field kinds");
  }
  if (items !== undefined && !isFieldKind(items)) {
    throw argumentError("defineType", "items", items, "the kind of a field");
  }
  const wantsWeakrefs = readFlag("weakrefs", options.weakrefs);
  const isAcyclic = readFlag("acyclic", options.acyclic);
  const inherited = base && factsOf(base);
  const own = new Map<string, { readonly kind: FieldKind; readonly offset: number }>();
  const refs: number[] = [];
  let end = base?.size ?? OBJECT_FIELDS;
  for (const [field, kind] of Object.entries(declared)) {
    if (!isFieldKind(kind)) throw argumentError("defineType", `fields.${field}`, kind, "the kind of a field");
    if (base && field in base.fields) {
      throw argumentError("defineType", `fields.${field}`, field, `no field of ${base.name} too`);
    }
    const { shift } = KINDS[kind];
    const offset = alignUp(end, shift);
    if (offset >>> shift >= FIELD_OFFSETS) throw tooLarge(name, field);
    own.set(field, { kind, offset });
    if (kind === "ref") refs.push(offset);
    end = offset + (1 << shift);
  }
  end = alignUp(end, 2);
  let weak = inherited?.weak ?? 0;
  if (weak === 0 && wantsWeakrefs) {
    weak = end;
    end += 4;
  }
  let length = 0;
  let itemLayout: ItemLayout | undefined;
  if (items !== undefined) {
    length = end;
    end += 4;
    itemLayout = { kind: items, offset: alignUp(end, KINDS[items].shift), isBuffer: false };
  }
  if (end >= TYPE_SIZE_LIMIT) throw tooLarge(name, "its last field");
  const finalize = readFinalizer(options.finalize) ?? inherited?.finalize;
  const allRefs = [...refs, ...(inherited?.refs ?? [])];
  const holds = allRefs.length > 0 || items === "ref";
  const flags =
    (holds && !isAcyclic ? FLAG_CONTAINER : 0) |
    (finalize ? FLAG_FINALIZER : 0) |
    (items === "ref" ? FLAG_ITEMS_REF : 0);
  const freeCap = readCap(options.freeList);
  const facts: TypeFacts = { finalize, itemLayout, length, weak, refs: allRefs, flags, freeCap };
  return { size: end, own, facts };
}

function alignUp(offset: number, shift: number): number {
  return ((offset + (1 << shift) - 1) >>> shift) << shift;
}

function readFlag(argument: string, value: unknown): boolean {
  if (value === undefined || typeof value === "boolean") return value === true;
  throw argumentError("defineType", argument, value, "a boolean");
}

function readFinalizer(value: ((self: Ptr) => void) | undefined): ((self: Ptr) => void) | undefined {
  if (value === undefined || typeof value === "function") return value;
  throw argumentError("defineType", "finalize", value, "a function");
}

/** The cap of a private free list; the largest number stands for none. */
function readCap(value: unknown): number {
  if (value === undefined) return 0;
  if (value === Infinity) return MAX_U32;
  if (isU32(value) && value < MAX_U32) return value;
  throw argumentError("defineType", "freeList", value, "a count of objects, or Infinity");
}

function tooLarge(name: string, field: string): HeapError {
  const message = `defineType: ${name} is too large, ${field} lies out of reach`;
  return new HeapError("ERR_HEAP_RANGE", message, { operation: "defineType", argument: "fields" });
}
