/** The state block, continued: what the object layer keeps. */
import { MAP_ENTRIES } from "./arenas";
import { FreeList, TUPLE_LISTS } from "./free-list";
import { SMALL_INTS } from "./number";
import { STATE_RUN_TREE_END } from "./state";

/**
 *   STATE_OBJECT   ├ ObjectState ┤ small ints ┤ one-character strs ┤ free lists of tuples ┤ four sets of arenas, bits ┤
 */
@unmanaged
@final
export class ObjectState {
  /** Address of the type table; 0 until the object layer has started. */
  types: usize;
  /** One past the highest id in use. */
  typeCount: u32;
  typeCapacity: u32;
  /** Finalizers and callbacks of the host that are running. */
  nesting: u32;
  /** Objects whose death waits for the outermost one, linked through their count words. */
  deferred: usize;
  draining: u32;
  /** 1 while a death rearranges objects, 2 for good after a trap in one: objects are no longer released then. */
  critical: u32;
  /** Raw blocks that belong to objects and types, not to the host. */
  internalBlocks: u32;
  /** Table of interned strings: address, slots − 1, strings, strings and tombstones. */
  intern: usize;
  internMask: u32;
  internLive: u32;
  internFilled: u32;
  /** Count of generation 0: +1 when a container is made, −1 when one dies, never below 0. */
  youngCount: u32;
  none: usize;
  false_: usize;
  true_: usize;
  emptyStr: usize;
  emptyBytes: usize;
  emptyTuple: usize;
  /** 1 once a death may call the host: a type with a finalizer or a weak reference with a callback was made. */
  hosted: u32;
  /** Between two batches of a death: the slot that holds the last reference to the next child; 0 = there is none left. */
  deathSlot: usize;
  /** Bytes outside of the heap that its objects own; a whole number. */
  externalBytes: f64;
  /** 1 if references may be tagged ints. */
  tagged: u32;
  /** An object of which more references were released than taken, met by the walk that is under way; 0 = none. */
  overreleased: usize;
}

export const STATE_OBJECT: u32 = STATE_RUN_TREE_END;
export const STATE_TYPES: u32 = STATE_OBJECT + offsetof<ObjectState>("types");
export const STATE_TYPE_COUNT: u32 = STATE_OBJECT + offsetof<ObjectState>("typeCount");
export const STATE_NESTING: u32 = STATE_OBJECT + offsetof<ObjectState>("nesting");
export const STATE_DEFERRED: u32 = STATE_OBJECT + offsetof<ObjectState>("deferred");
export const STATE_CRITICAL: u32 = STATE_OBJECT + offsetof<ObjectState>("critical");
export const STATE_INTERNAL_BLOCKS: u32 = STATE_OBJECT + offsetof<ObjectState>("internalBlocks");
export const STATE_INTERN: u32 = STATE_OBJECT + offsetof<ObjectState>("intern");
export const STATE_INTERN_LIVE: u32 = STATE_OBJECT + offsetof<ObjectState>("internLive");
export const STATE_YOUNG_COUNT: u32 = STATE_OBJECT + offsetof<ObjectState>("youngCount");
export const STATE_NONE: u32 = STATE_OBJECT + offsetof<ObjectState>("none");
export const STATE_FALSE: u32 = STATE_OBJECT + offsetof<ObjectState>("false_");
export const STATE_TRUE: u32 = STATE_OBJECT + offsetof<ObjectState>("true_");
export const STATE_EMPTY_TUPLE: u32 = STATE_OBJECT + offsetof<ObjectState>("emptyTuple");
export const STATE_TAGGED: u32 = STATE_OBJECT + offsetof<ObjectState>("tagged");
export const STATE_HOSTED: u32 = STATE_OBJECT + offsetof<ObjectState>("hosted");

// Tables, which no field of a class can be.

/** Addresses of the shared ints, and of the strings of one Latin-1 character (0 until first used). */
export const STATE_SMALL_INTS: u32 = STATE_OBJECT + offsetof<ObjectState>();
export const STATE_CHARS: u32 = STATE_SMALL_INTS + (SMALL_INTS << 2);
/** Private free lists of tuples by length. */
export const STATE_TUPLE_LISTS: u32 = STATE_CHARS + (256 << 2);
/** Bytes of a table with a bit for each arena. */
export const ARENA_BIT_BYTES: u32 = MAP_ENTRIES >>> 3;
/** Four sets of arenas: bit n set = a bit of `young`, `middle`, `trash` or `rescan` may be set in the header of arena n. */
export const STATE_YOUNG_ARENAS: u32 = STATE_TUPLE_LISTS + TUPLE_LISTS * offsetof<FreeList>();

/** Finalizers and callbacks may be nested this deep; a death below that is deferred (CPython's trashcan). */
export const NESTING_LIMIT: u32 = 50;
