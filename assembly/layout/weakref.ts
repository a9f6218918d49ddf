import { ObjectHeader } from "./object-header";

/**
 * weakref: linked with the others of its referent to a list whose head is a hidden word of the referent.
 *
 *   ├ header 8 │ referent │ callback │ previous │ next ┤
 */
@unmanaged
@final
export class Weakref extends ObjectHeader {
  /** What it refers to, not counted; 0 = dead. */
  referent: usize;
  /** The host's number of the callback; 0 = none. */
  callback: u32;
  previous: Weakref | null;
  /** Next reference to the same object; next one in the queue while callbacks are pending. */
  next: Weakref | null;
}

export const WEAKREF_REFERENT: u32 = offsetof<Weakref>("referent");
export const WEAKREF_CALLBACK: u32 = offsetof<Weakref>("callback");
export const WEAKREF_PREVIOUS: u32 = offsetof<Weakref>("previous");
export const WEAKREF_BYTES: u32 = offsetof<Weakref>();
