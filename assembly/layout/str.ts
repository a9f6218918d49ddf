import { META_WIDE, ObjectHeader } from "./object-header";

/**
 * str:  ├ header 8 │ length │ hash │ code units … ┤
 *
 * A code unit has two bytes with META_WIDE, else one. Behind the last unit the block is zero up to a multiple of 8.
 */
@unmanaged
@final
export class Str extends ObjectHeader {
  /** Code units. */
  length: u32;
  /** 0 = not computed yet. */
  hash: u32;

  /** Bytes of the code units. */
  @inline
  get bytes(): u32 {
    return this.length << u32((this.meta & META_WIDE) != 0);
  }
}

export const STR_LENGTH: u32 = offsetof<Str>("length");
export const STR_HASH: u32 = offsetof<Str>("hash");
export const STR_DATA: u32 = offsetof<Str>();
