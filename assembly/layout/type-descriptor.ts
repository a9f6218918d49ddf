import { FreeList } from "./free-list";
import { DOMAIN_OBJECT } from "./size-classes";

/**
 * What a type says of its instances. The descriptor is a raw block and never moves; the type table, another raw block,
 * holds its address at 4 · id.
 *
 *   0        ├ flags │ size │ item bytes │ items │ length │ weak │ refs │ base ┤
 *   32       ├ free list 8 │ free cap │ meta │ active │ class │ chain │ scan ┤
 *   64       ├ blocks ┤ offsets: (refs + blocks) × u32 ┤ chain: size/4 × u16 ┤
 *
 *   offsets  those of the reference slots, in the order in which death releases them, then of those with blocks
 *   chain    for the word at offset o of an instance: offset of the slot that is released after the one at o, 0 = none;
 *            for o = 0 that of the first one
 */
@unmanaged
@final
export class TypeDescriptor {
  flags: u32;
  /** Bytes of an instance without items, header included; a multiple of 4. */
  size: u32;
  /** Bytes of an item; 0 = no items. */
  itemBytes: u32;
  /** Offset of the first item; with FLAG_BUFFER offset of the word that points to it. */
  itemsOffset: u32;
  /** Offset of the word that holds the number of items; of a dict's, the number of entries written. */
  lengthOffset: u32;
  /** Offset of the head of the list of weak references; 0 = the type has none. */
  weakOffset: u32;
  /** Number of reference slots. */
  refs: u32;
  /** Id of the base type; 0 = none. */
  base: u32;
  /** Private free list; see FreeList. */
  freeFirst: usize;
  freeCount: u32;
  /** Largest length of the private free list: 0 = none, u32.MAX_VALUE = no limit. */
  freeCap: u32;
  /** Meta word of a new instance. */
  meta: u32;
  /** Address of the head of the active list that instances without items come from; of a zero if they need a span. */
  active: usize;
  /** Size class of an instance without items; 0 if it has items inside it, or needs a span. */
  sizeClass: u32;
  /** Address of the chain. */
  chain: usize;
  /** Where a walk finds the references of an instance, in one word; see SCAN_. */
  scan: u32;
  /** Number of slots with blocks that instances own. */
  blocks: u32;


  @inline
  get freeList(): FreeList {
    return changetype<FreeList>(changetype<usize>(this) + offsetof<TypeDescriptor>("freeFirst"));
  }

  /** Domain of the blocks of instances. */
  @inline
  get domain(): u32 {
    return DOMAIN_OBJECT + (this.flags & FLAG_CONTAINER);
  }

  /** Offset of the reference slot that is released as number `i`; from `refs` on those of the slots with blocks. */
  @inline
  refOffset(i: u32): u32 {
    return load<u32>(changetype<usize>(this) + (i << 2), offsetof<TypeDescriptor>());
  }
}

export const TYPE_FLAGS: u32 = offsetof<TypeDescriptor>("flags");
export const TYPE_SIZE: u32 = offsetof<TypeDescriptor>("size");
export const TYPE_ITEM_BYTES: u32 = offsetof<TypeDescriptor>("itemBytes");
export const TYPE_ITEMS: u32 = offsetof<TypeDescriptor>("itemsOffset");
export const TYPE_LENGTH: u32 = offsetof<TypeDescriptor>("lengthOffset");
export const TYPE_WEAK: u32 = offsetof<TypeDescriptor>("weakOffset");
export const TYPE_BASE: u32 = offsetof<TypeDescriptor>("base");
export const TYPE_FREE_HEAD: u32 = offsetof<TypeDescriptor>("freeFirst");
export const TYPE_FREE_COUNT: u32 = offsetof<TypeDescriptor>("freeCount");
export const TYPE_FREE_CAP: u32 = offsetof<TypeDescriptor>("freeCap");
export const TYPE_REFS: u32 = offsetof<TypeDescriptor>("refs");
export const TYPE_BLOCKS: u32 = offsetof<TypeDescriptor>("blocks");
export const TYPE_ACTIVE: u32 = offsetof<TypeDescriptor>("active");
export const TYPE_OFFSETS: u32 = offsetof<TypeDescriptor>();
/** Largest size of a type: an offset fits 16 bits. */
export const TYPE_SIZE_LIMIT: u32 = 65536;

// ---- scan words ----
//
// ├ y 16 │ x 14 │ SCAN_ 2 ┤, x and y in bytes:
//
//   SCAN_FIELDS   [object + x, + y)                                    one run of fields; most types
//   SCAN_ITEMS    [object + x, + 4 · length), length at object + y     tuple
//   SCAN_BUFFER   the same behind the pointer at object + x            list
//   SCAN_PIECES   anything else, as the offsets and flags say          dict
//
// So bit 1 says that it is an array of items, and bit 0 then that a pointer leads to them, else that it is a run of fields.

export const SCAN_PIECES: u32 = 0;
export const SCAN_FIELDS: u32 = 1;
export const SCAN_ITEMS: u32 = 2;
export const SCAN_BUFFER: u32 = 3;
export const SCAN_KIND: u32 = 3;
export const SCAN_X: u32 = 0xfffc;
export const SCAN_Y_SHIFT: u32 = 16;

// ---- flags ----

/** Instances can be part of cycles: they live in container pools and are tracked. */
export const FLAG_CONTAINER: u32 = 1;
/** Instances have a finalizer. */
export const FLAG_FINALIZER: u32 = 2;
/** The items are references. */
export const FLAG_ITEMS_REF: u32 = 4;
/** The items lie in a raw block of their own, or behind the last word of a short list; a word points to them. */
export const FLAG_BUFFER: u32 = 8;
/** The items are a dict's entries. */
export const FLAG_ENTRIES: u32 = 16;
/** The type is weakref. */
export const FLAG_WEAKREF: u32 = 32;
/** Instances own raw blocks; found when the type is defined. */
export const FLAG_BLOCKS: u32 = 64;

// ---- ids ----

export const TYPE_NONE: u32 = 1;
export const TYPE_BOOL: u32 = 2;
export const TYPE_INT: u32 = 3;
export const TYPE_FLOAT: u32 = 4;
export const TYPE_STR: u32 = 5;
export const TYPE_BYTES: u32 = 6;
export const TYPE_TUPLE: u32 = 7;
export const TYPE_LIST: u32 = 8;
export const TYPE_DICT: u32 = 9;
export const TYPE_WEAKREF: u32 = 10;
/** Types of the host have ids from here on. */
export const TYPE_FIRST: u32 = 16;
/** Ids end here. */
export const TYPE_LIMIT: u32 = 65536;
