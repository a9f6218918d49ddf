/** The state block, continued: what the collector keeps; and where the block ends. */
import { ARENA_BIT_BYTES, STATE_RESCAN_ARENAS } from "./object-state";

export const STATE_COLLECTOR: u32 = STATE_RESCAN_ARENAS + ARENA_BIT_BYTES;
/** 1 while a collection is under way. */
export const STATE_COLLECTING: u32 = STATE_COLLECTOR + 0;
/** 1 if collections may start by themselves. */
export const STATE_GC_ENABLED: u32 = STATE_COLLECTOR + 4;
/** Three words. */
export const STATE_GC_THRESHOLDS: u32 = STATE_COLLECTOR + 8;
/** Collections of generation 0 since the last one of generation 1, and of 1 since the last one of 2. */
export const STATE_GC_COUNT1: u32 = STATE_COLLECTOR + 20;
export const STATE_GC_COUNT2: u32 = STATE_COLLECTOR + 24;
/** Count of generation 0, and bytes of buffers, from which on an allocation of a container collects first. */
export const STATE_GC_TRIGGER: u32 = STATE_COLLECTOR + 28;
export const STATE_GC_PRESSURE: u32 = STATE_COLLECTOR + 32;
/** Survivors of the last full collection, and of those of generation 1 since. */
export const STATE_GC_TOTAL: u32 = STATE_COLLECTOR + 36;
export const STATE_GC_PENDING: u32 = STATE_COLLECTOR + 40;
/** The DEBUG_ flags. */
export const STATE_GC_DEBUG: u32 = STATE_COLLECTOR + 44;
/** What the last collection looked at, and what it found; before its end, how much of it was released. */
export const STATE_GC_CANDIDATES: u32 = STATE_COLLECTOR + 48;
export const STATE_GC_COLLECTED: u32 = STATE_COLLECTOR + 52;
/** Objects that trash alone held and that have more to do at death than release a block, linked by their count words. */
export const STATE_GC_ORPHANS: u32 = STATE_COLLECTOR + 56;
/** Some tuple has META_LOOSE. */
export const STATE_GC_LOOSE: u32 = STATE_COLLECTOR + 60;
/** Entries of the mark stack that may be used; 0 = all. */
export const STATE_GC_STACK_LIMIT: u32 = STATE_COLLECTOR + 64;
/** Host code has run since the trash was found. */
export const STATE_GC_HOST: u32 = STATE_COLLECTOR + 68;
/** Objects that are known to be reached. */
export const STATE_GC_REACHED: u32 = STATE_COLLECTOR + 72;
/** An object with more references than its count says; 0 = none was found. */
export const STATE_GC_DAMAGED: u32 = STATE_COLLECTOR + 84;
/** End of the part of the mark stack that may be used. */
export const STATE_GC_STACK_END: u32 = STATE_COLLECTOR + 80;
/** All bits that any object that the collection looked at has in its meta word. */
export const STATE_GC_METAS: u32 = STATE_COLLECTOR + 76;
/** Flags of STATE_GC_DEBUG, with CPython's values: tell the host of all trash; keep it instead of releasing it. */
export const DEBUG_COLLECTABLE: u32 = 2;
export const DEBUG_SAVEALL: u32 = 32;
/** What the host hears of a collection: its start, its end, an object that is trash. */
export const COLLECTION_START: u32 = 0;
export const COLLECTION_STOP: u32 = 1;
export const COLLECTION_TRASH: u32 = 2;
/** Between calls: the top of the mark stack after a sweep, and the last object that was taken from it. */
export const STATE_GC_STACK_TOP: u32 = STATE_COLLECTOR + 88;
export const STATE_GC_LAST: u32 = STATE_COLLECTOR + 92;
/** The page that was looked at last has tuples. */
export const STATE_GC_TUPLES: u32 = STATE_COLLECTOR + 96;
/** The mark stack: reached objects whose references were not followed yet. */
export const STATE_MARK_STACK: u32 = STATE_COLLECTOR + 100;
export const MARK_STACK_ENTRIES: u32 = 4096;
/** One byte a page, by its number: 0 = no page of that number holds containers. Pages 128 MiB apart share one. */
export const STATE_CONTAINER_PAGES: u32 = STATE_MARK_STACK + (MARK_STACK_ENTRIES << 2);
export const CONTAINER_PAGES: u32 = 1 << 15;
export const STATE_OBJECT_END: u32 = STATE_CONTAINER_PAGES + CONTAINER_PAGES;

export const STATE_BYTES: u32 = STATE_OBJECT_END;

/**
 * Bytes of buffers and large objects that may be taken between two full collections: at least so many, and at least
 * half of what the heap had in use after the last one. Few large objects in cycles cannot fill the memory then.
 */
export const PRESSURE_MIN_BYTES: u32 = 1 << 24;
