/**
 * What the core can do for a request that found no memory. The host asks for it, and tries the request again
 * (bindings/core/lifecycle.ts has the order of what it tries; bindings/objects/access/object-calls.ts holds what a request
 * borrows meanwhile).
 */
import { FAULT_NONE } from "../layout";
import { collector, objects, state } from "../state";
import { releaseQuarantine } from "../debug/guard";
import { collect } from "./collect";

/**
 * A full collection; in the debug core also what quarantine holds, after it, for its finalizers may have freed some. True
 * if the request is worth another try.
 */
export function makeRoom(): bool {
  const collects = !collector.collecting && objects.types != 0;
  if (collects) collect(2);
  const released = isDefined(TALLYHEAP_DEBUG) && releaseQuarantine();
  if (!collects && !released) return false;
  state.fault = FAULT_NONE;
  return true;
}
