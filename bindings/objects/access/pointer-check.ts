import { META_DYING, META_TYPE } from "../../generated/layout.js";

/** The type of an object that lives: what is dead has none, and what is dying is of none. */
const LIVE_TYPE = META_TYPE | META_DYING;
/** All bits of an address but those that objects, at multiples of 8, have not. */
const ALIGNED = -8;

/**
 * Whether `p` is the address of a live object, as far as the words of the memory tell, with no object below `first`. Less
 * than `ObjectMemory.isLive`: it does not look whether another holder of the memory took the arena for itself. For hot
 * methods, which look once more at what is refused here: stale words may well refuse, and tagged ints are no addresses.
 */
export function looksLive(words: Int32Array, first: number, p: number): boolean {
  return (
    (p & ALIGNED) >>> 0 === p && p >= first && ((words[(p >>> 2) + 1]! & LIVE_TYPE) - 1) >>> 0 < META_TYPE
  );
}

/** The same for an object of exactly one type. */
export function looksLiveOf(words: Int32Array, first: number, p: number, type: number): boolean {
  return (p & ALIGNED) >>> 0 === p && p >= first && (words[(p >>> 2) + 1]! & LIVE_TYPE) === type;
}
