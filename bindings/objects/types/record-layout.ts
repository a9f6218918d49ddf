import {
  FLAG_BLOCKS,
  FLAG_CONTAINER,
  FLAG_FINALIZER,
  FLAG_ITEMS_REF,
  OBJECT_FIELDS,
  TYPE_SIZE_LIMIT,
} from "../../generated/layout.js";
import { argumentError } from "../../core/arguments.js";
import { HeapError } from "../../core/errors.js";
import { MAX_U32, isU32, type Ptr } from "../../core/ptr.js";
import { FIELD_OFFSETS } from "./field.js";
import { KINDS, isFieldKind, isItemKind, type FieldKind } from "./kinds.js";
import { factsOf, type ItemLayout, type KnownType, type TypeFacts, type TypeOptions } from "./type.js";

/** A record type as it is laid out, before it has an id. */
export interface RecordLayout {
  readonly size: number;
  /** The fields but for the base's, by name. */
  readonly own: ReadonlyMap<string, { readonly kind: FieldKind; readonly offset: number }>;
  readonly facts: TypeFacts;
}

/**
 * Places the fields: the base's where they are, then each at the next multiple of its width, the list head of weak
 * references, and the number of items right before the first of them.
 */
export function layOutRecord(options: TypeOptions, base: KnownType | undefined): RecordLayout {
  const { name, items, fields: declared = {} } = options;
  if (typeof name !== "string") throw argumentError("defineType", "name", name, "a string");
  if (typeof declared !== "object" || declared === null) {
    throw argumentError("defineType", "fields", declared, "an object of field kinds");
  }
  if (items !== undefined && !isItemKind(items)) {
    throw argumentError("defineType", "items", items, "a kind of items");
  }
  const wantsWeakrefs = readFlag("weakrefs", options.weakrefs);
  const isAcyclic = readFlag("acyclic", options.acyclic);
  const inherited = base && factsOf(base);
  const own = new Map<string, { readonly kind: FieldKind; readonly offset: number }>();
  const refs: number[] = [];
  const blocks: number[] = [];
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
    if (kind === "block") blocks.push(offset);
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
  const allBlocks = [...blocks, ...(inherited?.blocks ?? [])];
  const holds = allRefs.length > 0 || items === "ref";
  const flags =
    (holds && !isAcyclic ? FLAG_CONTAINER : 0) |
    (finalize ? FLAG_FINALIZER : 0) |
    (items === "ref" ? FLAG_ITEMS_REF : 0) |
    (allBlocks.length > 0 ? FLAG_BLOCKS : 0);
  const freeCap = readCap(options.freeList);
  const facts = { finalize, itemLayout, length, weak, refs: allRefs, blocks: allBlocks, flags, freeCap };
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
