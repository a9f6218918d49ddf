/**
 * What the core can do for a request that found no memory: the host asks, and tries the request once more
 * (bindings/core/lifecycle.ts, which holds what the request borrows meanwhile).
 */
import { FAULT_NONE, STATE_COLLECTING, STATE_FAULT, STATE_TYPES } from "../layout";
import { setWord, word } from "../state";
import { releaseQuarantine } from "../debug/guard";
import { collect } from "./collect";

/**
 * A full collection; in the debug core also what quarantine holds, after it, for its finalizers may have freed some. True
 * if the request is worth another try.
 */
export function makeRoom(): bool {
  const collects = !word(STATE_COLLECTING) && word(STATE_TYPES) != 0;
  if (collects) collect(2);
  const released = isDefined(TALLYHEAP_DEBUG) && releaseQuarantine();
  if (!collects && !released) return false;
  setWord(STATE_FAULT, FAULT_NONE);
  return true;
}
