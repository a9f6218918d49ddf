import { ObjectHeader } from "./object-header";

/** bytes:  ├ header 8 │ length │ bytes … ┤ */
@unmanaged
@final
export class Bytes extends ObjectHeader {
  length: u32;
}

export const BYTES_LENGTH: u32 = offsetof<Bytes>("length");
export const BYTES_DATA: u32 = offsetof<Bytes>();
