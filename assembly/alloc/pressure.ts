/**
 * Bytes that few objects can hold many of, taken since the last full collection: whoever allocates containers collects when
 * there are too many (gc/thresholds.ts). Spans are counted here, and what is given back again is taken off; the object
 * layer adds buffers, blocks that objects own, and bytes outside of the heap.
 */
import { state } from "../state";

/** Counts bytes, up to 2³² − 1 of them. */
export function addPressure(bytes: u32): void {
  const taken = state.takenBytes + bytes;
  state.takenBytes = taken < bytes ? u32.MAX_VALUE : taken;
}

/** Bytes are given back. */
export function relievePressure(bytes: u32): void {
  const taken = state.takenBytes;
  state.takenBytes = taken > bytes ? taken - bytes : 0;
}
