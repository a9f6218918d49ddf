import {
  CollectorState,
  DebugState,
  ObjectState,
  STATE_BYTES,
  STATE_COLLECTOR,
  STATE_DEBUG,
  STATE_OBJECT,
  STATE_STATS,
  State,
  Statistics,
} from "./layout";

/**
 * The state block. All state of the heap that does not lie in arenas lies here: the core has no mutable wasm global,
 * so an image of the memory is an image of the heap. The address is a compile-time constant.
 */
export const STATE: usize = memory.data(isDefined(TALLYHEAP_LINKED) ? STATE_OBJECT : STATE_BYTES, 64);
// @ts-ignore: decorator
@inline
export const objects = changetype<ObjectState>(STATE + STATE_OBJECT);
// @ts-ignore: decorator
@inline
export const collector = changetype<CollectorState>(STATE + STATE_COLLECTOR);

// @ts-ignore: decorator
@inline
export const state = changetype<State>(STATE);
// @ts-ignore: decorator
@inline
export const statistics = changetype<Statistics>(STATE + STATE_STATS);
// @ts-ignore: decorator
@inline
export const debug = changetype<DebugState>(STATE + STATE_DEBUG);

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

// @ts-ignore: decorator
@inline
export function statistic(offset: u32): u32 {
  return load<u32>(STATE + STATE_STATS + offset);
}
