import type { Collector, CollectorSettings } from "../collector/collector.js";
import { FLAG_CONTAINER, TYPE_FIRST } from "../generated/layout.js";
import { kindName, kindOf, offsetOf } from "../objects/types/field.js";
import type { FieldKind } from "../objects/types/kinds.js";
import { factsOf, type KnownType, type TypeOptions } from "../objects/types/type.js";
import type { Types } from "../objects/types/types.js";
import type { ExternalBytes } from "../objects/ownership/external-bytes.js";
import type { Finalizers } from "../objects/weak/finalizers.js";
import type { Watches } from "../objects/weak/watches.js";
import type { Weakrefs } from "../objects/weak/weakrefs.js";

/** What of the object layer an image is made from, and restored to. */
export interface ObjectParts {
  readonly types: Types;
  readonly weakrefs: Weakrefs;
  readonly finalizers: Finalizers;
  readonly watches: Watches;
  readonly collector: Collector;
  readonly externalBytes: ExternalBytes;
}

/** A record type as an image keeps it: what `defineType` would be told, but for functions. */
export interface TypeNote extends Omit<TypeOptions, "extends" | "finalize" | "freeList"> {
  readonly id: number;
  /** Id of the base; 0 = none. */
  readonly base: number;
  /** Whether it has a finalizer of its own. */
  readonly hasFinalizer: boolean;
  /** −1 stands for no limit. */
  readonly freeList: number;
}

/** What the bindings know of a heap besides its memory. Functions go by their names. */
export interface Notes {
  readonly types: readonly TypeNote[];
  /** Callbacks of weak references: the core's number for each, its name. */
  readonly callbacks: readonly (readonly [token: number, name: string])[];
  /** What waits for the death of objects, newest last: the object, the function's name, whether it runs at the end. */
  readonly finalizers: readonly (readonly [ptr: number, name: string, atexit: boolean])[];
  /** Weak references that weak collections own, which belong to the program and not to the heap. */
  readonly watches: readonly number[];
  readonly collector: CollectorSettings;
  /** Bytes outside of the heap, by the objects that own them. */
  readonly externalBytes: readonly (readonly [ptr: number, bytes: number])[];
}

const NO_LIMIT = 0xffff_ffff;

/** Notes of a heap. */
export function takeNotes(parts: ObjectParts): Notes {
  const { types, weakrefs, finalizers, watches, collector, externalBytes } = parts;
  return {
    types: types.all().flatMap((type) => (type.id < TYPE_FIRST ? [] : [noteOf(type)])),
    callbacks: weakrefs.all().map(([token, callback]) => [token, callback.name]),
    finalizers: finalizers.all().map(({ ptr, fn, atexit }) => [ptr, fn.name, atexit]),
    watches: watches.all(),
    collector: collector.settings(),
    externalBytes: externalBytes.all(),
  };
}

function noteOf(type: KnownType): TypeNote {
  const { id, name, items, base } = type;
  const facts = factsOf(type);
  const inherited = base && factsOf(base);
  return {
    id,
    name,
    base: base?.id ?? 0,
    fields: ownFields(type),
    ...(items === undefined ? {} : { items }),
    acyclic: (facts.flags & FLAG_CONTAINER) === 0,
    weakrefs: facts.weak !== 0 && (inherited?.weak ?? 0) === 0,
    freeList: facts.freeCap === NO_LIMIT ? -1 : facts.freeCap,
    hasFinalizer: facts.finalize !== undefined && facts.finalize !== inherited?.finalize,
  };
}

/** Fields that are not the base's, in the order of their places. */
function ownFields({ fields, base }: KnownType): Record<string, FieldKind> {
  const own = Object.entries(fields).filter(([name]) => !(base && name in base.fields));
  own.sort(([, a], [, b]) => offsetOf(a) - offsetOf(b));
  return Object.fromEntries(own.map(([name, field]) => [name, kindName(kindOf(field))!]));
}

/** What `defineType` would be told of a type. */
export function typeOptions(
  note: TypeNote,
  base: KnownType | undefined,
  finalize: TypeOptions["finalize"],
): TypeOptions {
  const { name, fields, items, acyclic = false, weakrefs = false, freeList } = note;
  return {
    name,
    ...(fields ? { fields } : {}),
    ...(items === undefined ? {} : { items }),
    acyclic,
    weakrefs,
    freeList: freeList < 0 ? Infinity : freeList,
    ...(finalize ? { finalize } : {}),
    ...(base ? { extends: base as never } : {}),
  };
}
