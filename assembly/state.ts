import {
  CollectorState,
  ObjectState,
  STATE_BYTES,
  STATE_COLLECTOR,
  STATE_OBJECT,
  STATE_STATS,
} from "./layout";

/**
 * The state block. All state of the heap that does not lie in arenas lies here: the core has no mutable wasm global,
 * so an image of the memory is an image of the heap. The address is a compile-time constant.
 */
export const STATE: usize = memory.data(STATE_BYTES, 64);
// @ts-ignore: decorator
@inline
export const objects = changetype<ObjectState>(STATE + STATE_OBJECT);
// @ts-ignore: decorator
@inline
export const collector = changetype<CollectorState>(STATE + STATE_COLLECTOR);

// @ts-ignore: decorator
@inline
export function word(offset: u32): u32 {
  return load<u32>(STATE + offset);
}

// @ts-ignore: decorator
@inline
export function setWord(offset: u32, value: u32): void {
  store<u32>(STATE + offset, value);
}

/** Changes a statistic. */
export function count(statistic: u32, change: i32): void {
  store<u32>(STATE + STATE_STATS + statistic, load<u32>(STATE + STATE_STATS + statistic) + change);
}

// @ts-ignore: decorator
@inline
export function statistic(offset: u32): u32 {
  return load<u32>(STATE + STATE_STATS + offset);
}
