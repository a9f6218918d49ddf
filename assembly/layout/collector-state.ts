/** The state block, continued: what the collector keeps; and where the block ends. */
import { STATE_ZEROS_END } from "./zero-counts";

/**
 *   STATE_COLLECTOR   ├ CollectorState ┤ mark stack ┤ pages of containers ┤
 */
@unmanaged
@final
export class CollectorState {
  /** 1 while a collection is under way. */
  collecting: u32;
  /** 1 if collections may start by themselves. */
  enabled: u32;
  threshold0: u32;
  threshold1: u32;
  threshold2: u32;
  /** Collections of generation 0 since the last one of generation 1, and of 1 since the last one of 2. */
  count1: u32;
  count2: u32;
  /** Count of generation 0, and bytes of buffers, from which on an allocation of a container collects first. */
  trigger: u32;
  pressure: u32;
  /** Survivors of the last full collection, and of those of generation 1 since. */
  total: u32;
  pending: u32;
  /** The DEBUG_ flags. */
  debug: u32;
  /** What the last collection looked at, and what it found; before its end, how much of it was released. */
  candidates: u32;
  collected: u32;
  /** Objects that trash alone held and that have more to do at death than release a block, linked by their count words. */
  orphans: usize;
  /** Some tuple has META_UNTRACKABLE. */
  untrackable: u32;
  /** Entries of the mark stack that may be used; 0 = all. */
  stackLimit: u32;
  /** Host code has run since the trash was found. */
  host: u32;
  /** Objects that are known to be reached. */
  reached: u32;
  /** All bits that any object that the collection looked at has in its meta word. */
  metas: u32;
  /** End of the part of the mark stack that may be used. */
  stackEnd: usize;
  /** An object with more references than its count says; 0 = none was found. */
  damaged: usize;
  /** Between calls: the top of the mark stack after a sweep, and the last object that was taken from it. */
  stackTop: usize;
  last: usize;
  /** The page that was looked at last has tuples. */
  tuples: u32;
  /** References that the host holds for objects: a raw block of pairs, owner and child, by address of the owner. */
  edges: usize;
  edgeCount: u32;
  edgeCapacity: u32;
  /** The object whose edges the host is being asked for. */
  edgeOwner: usize;
  /** 1 once the host holds references for objects of some type. */
  traversed: u32;

  // A collection in slices; gc/step.

  /** Addresses of its tables, by arena, and how many arenas; 0 = none is under way. */
  tables: usize;
  tableArenas: u32;
  stepPhase: u32;
  /** The page that was looked at last in this phase; 0 = none. */
  stepPage: usize;
  /** Top of its stack; what lies below the other one was there before this slice. */
  stepTop: usize;
  stepProven: usize;
  /** An object was reached, or gathered, that found no room. */
  stepWaiting: u32;
  /** Objects reached; further rounds of guessing; garbage found. */
  stepReached: u32;
  stepRound: u32;
  stepFound: u32;
  /** Which flag of a shadow the second and third look take, 0 in the first; objects that were looked at. */
  stepTakes: u32;
  stepLooked: u32;
  /** The piece is no list; see gc/step/piece.ts. */
  stepWhole: u32;
  /** What was spared, in a list of which this entry is the next. */
  spared: u32;
  stepEntry: u32;
  /** Where to go on in the page, 0 = at its first object; and in a long object, by its next item. */
  stepObject: usize;
  stepItem: u32;
  /** Objects with more references than a shadow counts. */
  stepHubs: u32;
  /** References that one slice of an automatic full collection looks at; 0 = those take no slices. */
  sliceUnits: u32;
}

export const STATE_COLLECTOR: u32 = STATE_ZEROS_END;
export const STATE_COLLECTING: u32 = STATE_COLLECTOR + offsetof<CollectorState>("collecting");
export const STATE_GC_ENABLED: u32 = STATE_COLLECTOR + offsetof<CollectorState>("enabled");
/** Three words. */
export const STATE_GC_THRESHOLDS: u32 = STATE_COLLECTOR + offsetof<CollectorState>("threshold0");
export const STATE_GC_COUNT1: u32 = STATE_COLLECTOR + offsetof<CollectorState>("count1");
export const STATE_GC_COUNT2: u32 = STATE_COLLECTOR + offsetof<CollectorState>("count2");
export const STATE_GC_SLICE_UNITS: u32 = STATE_COLLECTOR + offsetof<CollectorState>("sliceUnits");
export const STATE_GC_DEBUG: u32 = STATE_COLLECTOR + offsetof<CollectorState>("debug");
export const STATE_GC_CANDIDATES: u32 = STATE_COLLECTOR + offsetof<CollectorState>("candidates");
export const STATE_GC_COLLECTED: u32 = STATE_COLLECTOR + offsetof<CollectorState>("collected");
export const STATE_GC_ORPHANS: u32 = STATE_COLLECTOR + offsetof<CollectorState>("orphans");
export const STATE_GC_STACK_LIMIT: u32 = STATE_COLLECTOR + offsetof<CollectorState>("stackLimit");
export const STATE_GC_EDGES: u32 = STATE_COLLECTOR + offsetof<CollectorState>("edges");

// Tables, which no field of a class can be.

/** The mark stack: reached objects whose references were not followed yet. */
export const STATE_MARK_STACK: u32 = STATE_COLLECTOR + offsetof<CollectorState>();
export const MARK_STACK_ENTRIES: u32 = 4096;
/** One byte a page, by its number: 0 = no page of that number holds containers. Pages 128 MiB apart share one. */
export const STATE_CONTAINER_PAGES: u32 = STATE_MARK_STACK + (MARK_STACK_ENTRIES << 2);
export const CONTAINER_PAGES: u32 = 1 << 15;
export const STATE_OBJECT_END: u32 = STATE_CONTAINER_PAGES + CONTAINER_PAGES;

export const STATE_BYTES: u32 = STATE_OBJECT_END;

// ---- codes ----

/** Flags of CollectorState.debug, with CPython's values: tell the host of all trash; keep it instead of releasing it. */
export const DEBUG_COLLECTABLE: u32 = 2;
export const DEBUG_SAVEALL: u32 = 32;
/** What the host hears of a collection: its start, its end, an object that is trash. */
export const COLLECTION_START: u32 = 0;
export const COLLECTION_STOP: u32 = 1;
export const COLLECTION_TRASH: u32 = 2;

/**
 * Bytes of buffers and large objects that may be taken between two full collections: at least so many, and at least
 * half of what the heap had in use after the last one. Few large objects in cycles cannot fill the memory then.
 */
export const PRESSURE_MIN_BYTES: u32 = 1 << 24;
