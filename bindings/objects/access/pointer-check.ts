import { META_DYING, META_TYPE } from "../../generated/layout.js";

// Imported constants are read from memory at every use, a module's own are part of the code.
const LIFE = META_TYPE | META_DYING;
const IDS = META_TYPE;

/**
 * Is `p` the address of a live object, as far as the words of the memory tell, with no object below `first`? Less than
 * `Space.live`: it does not look whether another holder of the memory took the arena for itself. For hot methods, which
 * look once more at what is refused here: stale words may well refuse.
 */
export function isLive(words: Int32Array, first: number, p: number): boolean {
  return p >>> 0 === p && (p & 7) === 0 && p >= first && ((words[(p >>> 2) + 1]! & LIFE) - 1) >>> 0 < IDS;
}

/** The same for an object of exactly one type: what is dead or dying is of none. */
export function isOf(words: Int32Array, first: number, p: number, type: number): boolean {
  return p >>> 0 === p && (p & 7) === 0 && p >= first && (words[(p >>> 2) + 1]! & LIFE) === type;
}
