/** The state block, continued: what the object layer keeps. */
import { MAP_ENTRIES } from "./arenas";
import { STATE_ARENA_PREVIOUS } from "./state";
import { SMALL_INTS, TUPLE_LISTS } from "./objects";

export const STATE_OBJECT: u32 = STATE_ARENA_PREVIOUS + (MAP_ENTRIES << 1);
/** Address of the type table; 0 until the object layer has started. */
export const STATE_TYPES: u32 = STATE_OBJECT + 0;
/** One past the highest id in use. */
export const STATE_TYPE_COUNT: u32 = STATE_OBJECT + 4;
export const STATE_TYPE_CAPACITY: u32 = STATE_OBJECT + 8;
/** Finalizers and callbacks of the host that are running. */
export const STATE_NESTING: u32 = STATE_OBJECT + 12;
/** Objects whose death waits for the outermost one, linked through their count words. */
export const STATE_DEFERRED: u32 = STATE_OBJECT + 16;
export const STATE_DRAINING: u32 = STATE_OBJECT + 20;
/** 1 while a death rearranges objects, 2 for good after a trap in one: objects are no longer released then. */
export const STATE_CRITICAL: u32 = STATE_OBJECT + 24;
/** Raw blocks that belong to objects and types, not to the host. */
export const STATE_INTERNAL_BLOCKS: u32 = STATE_OBJECT + 28;
/** Bytes of buffers of lists and dicts taken since the last collection (the collector clears it). */
export const STATE_BUFFER_BYTES: u32 = STATE_OBJECT + 32;
/** Table of interned strings: address, slots − 1, strings, strings and tombstones. */
export const STATE_INTERN: u32 = STATE_OBJECT + 36;
export const STATE_INTERN_MASK: u32 = STATE_OBJECT + 40;
export const STATE_INTERN_LIVE: u32 = STATE_OBJECT + 44;
export const STATE_INTERN_FILLED: u32 = STATE_OBJECT + 48;
/** Count of generation 0: +1 for a container's birth, −1 for its death, never below 0. */
export const STATE_YOUNG_COUNT: u32 = STATE_OBJECT + 52;
export const STATE_NONE: u32 = STATE_OBJECT + 56;
export const STATE_FALSE: u32 = STATE_OBJECT + 60;
export const STATE_TRUE: u32 = STATE_OBJECT + 64;
export const STATE_EMPTY_STR: u32 = STATE_OBJECT + 68;
export const STATE_EMPTY_BYTES: u32 = STATE_OBJECT + 72;
export const STATE_EMPTY_TUPLE: u32 = STATE_OBJECT + 76;
/** 1 once a death may call the host: a type with a finalizer or a weak reference with a callback was made. */
export const STATE_HOSTED: u32 = STATE_OBJECT + 80;
/** Between two batches of a death: the slot that was released last, plus STUCK of object/records.ts. */
export const STATE_DEATH_SLOT: u32 = STATE_OBJECT + 84;
/** Addresses of the shared ints, and of the strings of one Latin-1 character (0 until first used). */
export const STATE_SMALL_INTS: u32 = STATE_OBJECT + 88;
export const STATE_CHARS: u32 = STATE_SMALL_INTS + (SMALL_INTS << 2);
/** Private free lists of tuples by length: first block, length of the list. */
export const STATE_TUPLE_LISTS: u32 = STATE_CHARS + (256 << 2);
/** Bytes of a table with a bit for each arena. */
export const ARENA_BIT_BYTES: u32 = MAP_ENTRIES >>> 3;
/** One bit an arena: some HEADER_YOUNG bit may be set in it. */
export const STATE_YOUNG_ARENAS: u32 = STATE_TUPLE_LISTS + (TUPLE_LISTS << 3);
/** The same for HEADER_MIDDLE, HEADER_TRASH, HEADER_RESCAN. */
export const STATE_MIDDLE_ARENAS: u32 = STATE_YOUNG_ARENAS + ARENA_BIT_BYTES;
export const STATE_TRASH_ARENAS: u32 = STATE_MIDDLE_ARENAS + ARENA_BIT_BYTES;
export const STATE_RESCAN_ARENAS: u32 = STATE_TRASH_ARENAS + ARENA_BIT_BYTES;
