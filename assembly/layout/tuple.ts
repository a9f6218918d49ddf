import { ObjectHeader } from "./object-header";

/** tuple:  ├ header 8 │ length │ items: length × reference ┤ */
@unmanaged
@final
export class Tuple extends ObjectHeader {
  length: u32;
}

export const TUPLE_LENGTH: u32 = offsetof<Tuple>("length");
export const TUPLE_ITEMS: u32 = offsetof<Tuple>();
