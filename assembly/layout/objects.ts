/** Objects: the header, what a type says of its instances, and the layouts of the built-in ones. */

// ---- header ----
//
//   0         4                          8
//   ├─ count ─┼─ meta ───────────────────┼─ fields …
//
//   count   1 … 2^30−1 mortal;  bit 30 set, sign clear: immortal;  0 and negative: never in a live object
//   meta    type 16 │ generation 2 │ colour 2 │ tracked │ dying │ finalized │ weak-referenced │ flags 8
//           0 = the block is free or waits on a private free list; word 0 is its link then
//   dying   the count word is the address of the slot that held the object (0 for the first one to die), and that slot
//           keeps the object's parent; on the deferred list it is the next object of that list

export const OBJECT_COUNT: u32 = 0;
export const OBJECT_META: u32 = 4;
export const OBJECT_FIELDS: u32 = 8;

export const COUNT_LIMIT: i32 = 1 << 30;
export const COUNT_IMMORTAL: i32 = 3 << 29;

export const META_TYPE: u32 = 0xffff;
/** Generation in unary, so that "up to generation g" is a bit that is not set: none 0, the first 1, both 2. */
export const META_OLDER: u32 = 1 << 16;
export const META_OLDEST: u32 = 1 << 17;
/** Colours that a collection gives, two bits side by side; see gc/colour.ts. */
export const META_WHITE: u32 = 1 << 18;
export const META_TRASH: u32 = 1 << 19;
/** The collector knows the object. */
export const META_TRACKED: u32 = 1 << 20;
/** Its death is under way: it owns nothing that may be handed out again. */
export const META_DYING: u32 = 1 << 21;
/** The finalizer of this container has run. */
export const META_FINALIZED: u32 = 1 << 22;
/** The list of its weak references is not empty. */
export const META_WEAK: u32 = 1 << 23;
/** The host wants to hear of its death (heap.finalize); set and cleared by the host, cleared by death. */
export const META_HOST: u32 = 1 << 24;
/** str: two bytes a code unit. */
export const META_WIDE: u32 = 1 << 25;
/** Tracked objects, in the same bit: freeze() set it aside. */
export const META_FROZEN: u32 = 1 << 25;
/** Untracked tuples, in the same bit: untracked tuples may hold it. */
export const META_HELD: u32 = 1 << 25;
/** str: it stands in the table of interned strings. */
export const META_INTERNED: u32 = 1 << 26;
/** Its type has a finalizer; a weak reference: it has a callback. */
export const META_FINALIZER: u32 = 1 << 27;
/** It owns nothing: death is the release of its block. */
export const META_LEAF: u32 = 1 << 28;
/** Its finalizer is running. */
export const META_RITES: u32 = 1 << 29;
/** tuple: a collection found that nothing in it can be part of a cycle. */
export const META_LOOSE: u32 = 1 << 30;
/** DEBUG_SAVEALL kept it: it waits for the host to put it into its list of garbage. */
export const META_SAVED: u32 = 1 << 31;
/** What a death has to attend to before the fields. */
export const META_HOOKS: u32 = META_WEAK | META_HOST | META_INTERNED | META_FINALIZER | META_RITES;

// ---- types ----
//
//   descriptor: a raw block, never moved; the type table (a raw block) holds its address at 4 · id
//   ├ flags │ size │ item bytes │ items │ length │ weak │ refs │ base ┤
//   ├ free head │ free count │ free cap │ meta │ active │ class │ chain │ scan ┤ refs × u32 ┤ size/4 × u16 ┤
//
//   refs    offsets of the reference slots, in the order in which death releases them
//   chain   for the word at offset o of an instance: offset of the slot that is released after the one at o, 0 = none;
//           for o = 0 that of the first one

export const TYPE_FLAGS: u32 = 0;
/** Bytes of an instance without items, header included; a multiple of 4. */
export const TYPE_SIZE: u32 = 4;
/** Bytes of an item; 0 = no items. */
export const TYPE_ITEM_BYTES: u32 = 8;
/** Offset of the first item; with FLAG_BUFFER offset of the word that points to it. */
export const TYPE_ITEMS: u32 = 12;
/** Offset of the word that holds the number of items; of a dict's, the number of entries written. */
export const TYPE_LENGTH: u32 = 16;
/** Offset of the head of the list of weak references; 0 = the type has none. */
export const TYPE_WEAK: u32 = 20;
/** Number of reference slots. */
export const TYPE_REFS: u32 = 24;
/** Id of the base type; 0 = none. */
export const TYPE_BASE: u32 = 28;
/** Private free list: first block, length, largest length (0: none; u32.MAX_VALUE: no limit). */
export const TYPE_FREE_HEAD: u32 = 32;
export const TYPE_FREE_COUNT: u32 = 36;
export const TYPE_FREE_CAP: u32 = 40;
/** Meta word of a new instance. */
export const TYPE_META: u32 = 44;
/** Address of the head of the active list that instances without items come from; 0 if they need a span. */
export const TYPE_ACTIVE: u32 = 48;
/** Size class of an instance without items; 0 if it needs a span. */
export const TYPE_CLASS: u32 = 52;
/** Address of the chain. */
export const TYPE_CHAIN: u32 = 56;
/**
 * Where a walk finds the references of an instance, in one word: ├ y 16 │ x 14 │ SCAN_ 2 ┤, x and y in bytes.
 *
 *   SCAN_FIELDS   [object + x, + y)                                    one run of fields; most types
 *   SCAN_ITEMS    [object + x, + 4 · length), length at object + y     tuple
 *   SCAN_BUFFER   the same behind the pointer at object + x            list
 *   SCAN_PIECES   anything else, as the offsets and flags say          dict
 */
export const TYPE_SCAN: u32 = 60;
export const SCAN_PIECES: u32 = 0;
export const SCAN_FIELDS: u32 = 1;
export const SCAN_ITEMS: u32 = 2;
export const SCAN_BUFFER: u32 = 3;
export const SCAN_KIND: u32 = 3;
export const SCAN_X: u32 = 0xfffc;
export const SCAN_Y_SHIFT: u32 = 16;
export const TYPE_OFFSETS: u32 = 64;
/** Largest size of a type: an offset fits 16 bits. */
export const TYPE_SIZE_LIMIT: u32 = 65536;

/** Instances can be part of cycles: they live in container pools and are tracked. */
export const FLAG_CONTAINER: u32 = 1;
/** Instances have a finalizer. */
export const FLAG_FINALIZER: u32 = 2;
/** The items are references. */
export const FLAG_ITEMS_REF: u32 = 4;
/** The items lie in a raw block of their own, or behind the last word of a short list; a word points to them. */
export const FLAG_BUFFER: u32 = 8;
/** The items are a dict's entries: hash, key, value; 12 bytes each. */
export const FLAG_ENTRIES: u32 = 16;
/** The type is weakref. */
export const FLAG_WEAKREF: u32 = 32;
/** What instances own is a row of items and nothing else; found when the type is defined. */
export const FLAG_ROW: u32 = 64;

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

// ---- built-in layouts ----
//
//   int, bool  ├ header 8 │ value i64 ┤                       float      ├ header 8 │ value f64 ┤
//   str        ├ header 8 │ length │ hash │ code units … ┤    bytes      ├ header 8 │ length │ bytes … ┤
//   tuple      ├ header 8 │ length │ items … ┤                list       ├ header 8 │ length │ items │ capacity ┤
//   dict       ├ header 8 │ length │ table │ filled │ mask │ moves │ first ┤
//   weakref    ├ header 8 │ referent │ callback │ previous │ next ┤

export const VALUE: u32 = 8;

/** Code units; bytes of bytes. */
export const STR_LENGTH: u32 = 8;
/** 0 = not computed yet. */
export const STR_HASH: u32 = 12;
export const STR_DATA: u32 = 16;
export const STR_BYTES: u32 = 16;

export const BYTES_LENGTH: u32 = 8;
export const BYTES_DATA: u32 = 12;

export const TUPLE_LENGTH: u32 = 8;
export const TUPLE_ITEMS: u32 = 12;

export const LIST_LENGTH: u32 = 8;
/** Address of `capacity` references: a raw block, or the list's own end; 0 while the capacity is 0. */
export const LIST_ITEMS: u32 = 12;
export const LIST_CAPACITY: u32 = 16;
export const LIST_BYTES: u32 = 20;
/**
 * A list that is made with at most so many items has them behind its last word, until it outgrows them:
 *
 *   ├ header 8 │ length │ items ──┐ capacity ├ items … ┤
 *                                 └──────────▲
 *
 * That spares birth and death a block and a collection a look at another place (bench:gc, trees and pairs of lists). Most
 * containers of the bundled graphs hold so few, and collections of them took the same time with 4, 16 and 32. A list
 * that outgrows its items leaves at most 36 bytes unused until it dies.
 */
export const LIST_INSIDE: u32 = 8;

/** Entries that are not deleted. */
export const DICT_LENGTH: u32 = 8;
/** Address of a raw block: entries, then the index; 0 while nothing was ever inserted. */
export const DICT_TABLE: u32 = 12;
/** Entries written, the deleted ones included. */
export const DICT_FILLED: u32 = 16;
/** Slots of the index − 1. The table has room for two thirds as many entries. */
export const DICT_MASK: u32 = 20;
/** Changes whenever entries change their places. */
export const DICT_MOVES: u32 = 24;
/** No entry before this one is left, so that the oldest key is found at once however many before it were deleted. */
export const DICT_FIRST: u32 = 28;
export const DICT_BYTES: u32 = 32;
/** Entry: hash, key, value; key and value are 0 in a deleted one. */
export const ENTRY_HASH: u32 = 0;
export const ENTRY_KEY: u32 = 4;
export const ENTRY_VALUE: u32 = 8;
export const ENTRY_BYTES: u32 = 12;
export const DICT_SMALLEST: u32 = 8;
/** Largest masks of indexes whose slots have one byte, and two: a slot holds at most its table's capacity + 1. */
export const DICT_BYTE_MASK: u32 = 0xff;
export const DICT_SHORT_MASK: u32 = 0xffff;

/** What it refers to, not counted; 0 = dead. */
export const WEAKREF_REFERENT: u32 = 8;
/** The host's number of the callback; 0 = none. */
export const WEAKREF_CALLBACK: u32 = 12;
export const WEAKREF_PREVIOUS: u32 = 16;
/** Next reference to the same object; next one in the queue while callbacks are pending. */
export const WEAKREF_NEXT: u32 = 20;
export const WEAKREF_BYTES: u32 = 24;

/** Small ints are shared: −5 … 256, as in CPython before 3.15. */
export const SMALL_INT_FIRST: i32 = -5;
export const SMALL_INTS: u32 = 262;
/** Tuples of 1 … 20 items have a private free list for each length. */
export const TUPLE_LISTS: u32 = 21;

// CPython's caps of private free lists (docs/objects.md).
export const INT_CAP: u32 = 100;
export const FLOAT_CAP: u32 = 100;
export const TUPLE_CAP: u32 = 2000;
export const LIST_CAP: u32 = 80;
export const DICT_CAP: u32 = 80;

/** Finalizers and callbacks may be nested this deep; a death below that is deferred (CPython's trashcan). */
export const NESTING_LIMIT: u32 = 50;
