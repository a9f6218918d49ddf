import {
  META_FINALIZING,
  STATE_ZERO_LENGTH,
  STATE_ZERO_LIMIT,
  STATE_ZERO_TABLE,
} from "../../generated/layout.js";
import type { Lifecycle } from "../../core/lifecycle.js";
import type { Ptr } from "../../core/ptr.js";

const FINALIZING = META_FINALIZING;
const LENGTH = (STATE_ZERO_LENGTH - STATE_ZERO_TABLE) >>> 2;
const LIMIT = (STATE_ZERO_LIMIT - STATE_ZERO_TABLE) >>> 2;

/**
 * The core's zero-count table, filled without a call: the last references to objects that stacks and roots may hold, until
 * the next reclaim. What runs in JavaScript defers all deaths once there was a stack or a root; see
 * assembly/object/core/zero-counts.ts.
 */
export class ZeroCounts {
  #words!: Int32Array;
  /** Index of the word with the address of the table; 0 while nothing is deferred, or the core has to do it. */
  #table = 0;

  constructor(lifecycle: Lifecycle) {
    lifecycle.follow(({ views, core, isBare, isDeferring }) => {
      this.#words = views.i32;
      const isFast = isDeferring && isBare && core !== undefined;
      this.#table = isFast ? core.stateAddress(STATE_ZERO_TABLE) >>> 2 : 0;
    });
  }

  /** Takes over the last reference to an object; false if nothing is deferred, or the core has to look at it. */
  add(p: Ptr): boolean {
    const table = this.#table;
    if (table === 0) return false;
    const words = this.#words;
    const length = words[table + LENGTH]!;
    if (!(length < words[table + LIMIT]!) || (words[(p >>> 2) + 1]! & FINALIZING) !== 0) return false;
    words[(words[table]! >>> 2) + length] = p;
    words[table + LENGTH] = length + 1;
    return true;
  }
}
