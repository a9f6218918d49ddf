/** The collector's state. As all else that a heap remembers it lies in linear memory: no wasm global. */

// ---- phases ----

export const PHASE_IDLE: u32 = 0;
/** Objects are marked; `__link` marks what is stored. */
export const PHASE_MARK: u32 = 1;
/** What is not marked is dead and goes back to its pool, page by page. */
export const PHASE_SWEEP: u32 = 2;


@unmanaged
@final
export class RuntimeState {
  phase: u32;
  /** 1 while the collector works: a finalizer that allocates must not start it again. */
  busy: u32;
  /** The mark bits, one for each 16 bytes of [0, limit), in a span that has room for `room` bytes of memory. */
  marks: usize;
  limit: usize;
  room: usize;
  /** Marked objects whose members were not visited:  stack ≤ top ≤ end */
  stack: usize;
  top: usize;
  end: usize;
  /** 1 if an object was marked and the stack had no place for it. */
  overflowed: u32;
  /** The page to be swept next, and bytes of the objects that the sweep has left. */
  cursor: usize;
  live: usize;
  /** Bytes of blocks taken for objects since the last collection, and with how many the next one begins. */
  taken: usize;
  threshold: usize;
  /** A hash table of pinned objects: its span, its length less one, and how many there are. */
  pins: usize;
  pinMask: u32;
  pinCount: u32;
  /** An object that a call of `__renew` holds and no root may know. */
  held: usize;
  /** `__new` called since the last collection; counted with TALLYHEAP_STRESS only. */
  news: u32;
}

// @ts-ignore: decorator
@lazy
export const runtime = changetype<RuntimeState>(memory.data(offsetof<RuntimeState>(), 16));
