/**
 * The header of an object: a count and a meta word.
 *
 *   0         4                          8
 *   ├─ count ─┼─ meta ───────────────────┼─ fields …
 *
 *   count   1 … 2^30−1 mortal;  bit 30 set, sign clear: immortal;  0 and negative: never in a live object
 *   meta    type 16 │ generation 2 │ colour 2 │ tracked │ dying │ finalized │ weak-referenced │ flags 8
 *           0 = the block is free or waits on a private free list; word 0 is its link then
 *   dying   the count word is the address of the slot that held the object (0 for the first one to die), and that slot
 *           keeps the object's parent; on the deferred list it is the next object of that list
 */
@unmanaged
export class ObjectHeader {
  count: i32;
  meta: u32;

  /**
   * Count in the low half, meta in the high one. Where both are needed they are read and written by one access: a load
   * of eight bytes waits for a store of four that has not left the processor's store buffer.
   */
  @inline
  get whole(): u64 {
    return load<u64>(changetype<usize>(this));
  }

  // @ts-ignore: decorator
  @inline
  set whole(value: u64) {
    store<u64>(changetype<usize>(this), value);
  }

  /** Id of the type: the low half of the meta word. */
  @inline
  get typeId(): u32 {
    return load<u16>(changetype<usize>(this), offsetof<ObjectHeader>("meta"));
  }
}

export const OBJECT_META: u32 = offsetof<ObjectHeader>("meta");
export const OBJECT_FIELDS: u32 = offsetof<ObjectHeader>();

export const COUNT_LIMIT: i32 = 1 << 30;
export const COUNT_IMMORTAL: i32 = 3 << 29;

export const META_TYPE: u32 = 0xffff;
/** Generation in unary, so that "up to generation g" is a bit that is not set: none 0, the first 1, both 2. */
export const META_OLDER: u32 = 1 << 16;
export const META_OLDEST: u32 = 1 << 17;
/** Colours that a collection gives, two bits side by side; see gc/heap/colour.ts. */
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
export const META_FINALIZING: u32 = 1 << 29;
/** tuple: a collection found that nothing in it can be part of a cycle. */
export const META_UNTRACKABLE: u32 = 1 << 30;
/** DEBUG_SAVEALL kept it: it waits for the host to put it into its list of garbage. */
export const META_SAVED: u32 = 1 << 31;
/** What a death has to attend to before the fields. */
export const META_HOOKS: u32 = META_WEAK | META_HOST | META_INTERNED | META_FINALIZER | META_FINALIZING;
