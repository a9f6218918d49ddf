import type { Ptr } from "../../core/ptr.js";
import { kindName, kindOf, type Field } from "./field.js";
import type { FieldKind, ItemKind } from "./kinds.js";

/** Fields of a record by name, in the order in which they lie and die. */
export type FieldSpec = Readonly<Record<string, FieldKind>>;

/** No fields, or none known. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export type NoFields = {};

/** What `defineType` is told. */
export interface TypeOptions<
  F extends FieldSpec = FieldSpec,
  I extends ItemKind | undefined = ItemKind | undefined,
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
  I extends ItemKind | undefined = ItemKind | undefined,
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
  readonly kind: ItemKind;
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
  readonly items: ItemKind | undefined;
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

  /** For consoles: `Type Node (id 16, 24 bytes) { next: ref, value: f64 }`. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    const { name, id, size, base, items } = this;
    const fields = Object.entries(this.fields).map(
      ([field, packed]) => `${field}: ${kindName(kindOf(packed))}`,
    );
    if (items !== undefined) fields.push(`items: ${items}`);
    const from = base === undefined ? "" : ` extends ${base.name}`;
    return `Type ${name}${from} (id ${id}, ${size} bytes) { ${fields.join(", ") || "no fields"} }`;
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
  /** Slots of blocks that instances own, by offset. */
  readonly blocks: readonly number[];
  readonly flags: number;
  readonly freeCap: number;
}
