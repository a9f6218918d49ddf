/** The state block, continued: deferred reference counting. */
import { ARENA_BIT_BYTES, STATE_YOUNG_ARENAS } from "./object-state";

/**
 * The zero-count table (Deutsch and Bobrow, CACM 19:9, 1976): objects whose last counted reference was released while
 * references that nobody counts may lead to them, from value stacks and from the host's roots.
 *
 *   table ├ dealt with … │ entry │ entry … │ unused ┤        each entry owns one reference
 *         0            first            length     capacity
 *
 *   first ≤ length ≤ capacity;   limit ≤ capacity: from so many entries on they are reclaimed before another comes
 *
 * An entry keeps its object's count at 1 or more, so that nothing but this table knows of counts of zero.
 */
@unmanaged
@final
export class ZeroCounts {
  /** 1 once there was a value stack or a function that knows roots: deaths wait from then on. */
  deferring: u32;
  /** Nesting + 1 of the code that may let objects die at once, as all stacks and roots are counted; 0 = none. */
  exact: u32;
  table: usize;
  first: u32;
  length: u32;
  limit: u32;
  capacity: u32;
  /** The first value stack, and the slots of all of them. */
  stacks: usize;
  slots: u32;
  /** Functions of the host that know roots. */
  rootFunctions: u32;
  /** Roots as they were found last, with a reference each: a raw block; `found` are those of the search under way. */
  roots: usize;
  rootCount: u32;
  rootCapacity: u32;
  found: u32;
  /** What the host is being asked for: see GATHERING_. */
  gathering: u32;
  /** A slot held what is no live object; 0 = none was found. */
  damaged: usize;
}

export const STATE_ZEROS: u32 = STATE_YOUNG_ARENAS + 4 * ARENA_BIT_BYTES;
export const STATE_DEFERRING: u32 = STATE_ZEROS + offsetof<ZeroCounts>("deferring");
export const STATE_ZERO_TABLE: u32 = STATE_ZEROS + offsetof<ZeroCounts>("table");
export const STATE_ZERO_FIRST: u32 = STATE_ZEROS + offsetof<ZeroCounts>("first");
export const STATE_ZERO_LENGTH: u32 = STATE_ZEROS + offsetof<ZeroCounts>("length");
export const STATE_ZERO_LIMIT: u32 = STATE_ZEROS + offsetof<ZeroCounts>("limit");
export const STATE_STACKS: u32 = STATE_ZEROS + offsetof<ZeroCounts>("stacks");
export const STATE_ROOT_FUNCTIONS: u32 = STATE_ZEROS + offsetof<ZeroCounts>("rootFunctions");
export const STATE_ROOTS: u32 = STATE_ZEROS + offsetof<ZeroCounts>("roots");
export const STATE_ZERO_DAMAGED: u32 = STATE_ZEROS + offsetof<ZeroCounts>("damaged");
export const STATE_ZEROS_END: u32 = STATE_ZEROS + offsetof<ZeroCounts>();

export const GATHERING_NOTHING: u32 = 0;
export const GATHERING_ROOTS: u32 = 1;
export const GATHERING_EDGES: u32 = 2;

/**
 * Entries that may come between two reclaims, at least. More keep the dead longer and out of the caches, fewer look at the
 * stacks more often.
 */
export const ZERO_ROOM: u32 = 4096;

/**
 * A value stack: references that are not counted, but while objects may die.
 *
 *   ├ next │ slots │ length │ counted ┤ values: slots × reference ┤ copy: slots × reference ┤
 *
 *   length ≤ slots, written by the host;   counted = 0, or: of each of copy[0 … counted) the stack owns a reference
 */
@unmanaged
@final
export class ValueStack {
  next: ValueStack | null;
  slots: u32;
  length: u32;
  counted: u32;

  /** Address of a value. */
  @inline
  at(index: u32): usize {
    return changetype<usize>(this) + offsetof<ValueStack>() + (index << 2);
  }

  /** Address of the copy of a value. */
  @inline
  copyAt(index: u32): usize {
    return this.at(this.slots + index);
  }
}

export const STACK_NEXT: u32 = offsetof<ValueStack>("next");
export const STACK_SLOTS: u32 = offsetof<ValueStack>("slots");
export const STACK_LENGTH: u32 = offsetof<ValueStack>("length");
export const STACK_VALUES: u32 = offsetof<ValueStack>();
/** Slots of the largest stack. */
export const STACK_LIMIT: u32 = 1 << 24;
