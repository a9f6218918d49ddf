import { FAULT_NONE, STATE_FAULT, STATE_GC_ENABLED, STATE_GC_THRESHOLDS } from "../generated/layout.js";
import { OBJECT_FUNCTIONS } from "../generated/exports.js";
import type { ObjectExports } from "../core/abi.js";
import type { AbiWrapper } from "../core/lifecycle.js";

/** What may take memory, and may therefore collect. */
const ALLOCATING =
  /^(new_type|alloc|\w+_(new|from|char|intern|append|insert|reserve|slice)|list_delete|dict_set)$/;

/**
 * Every `interval`-th call of a function that may allocate is followed by a full collection, unless they are off. Not
 * preceded by one: the core holds what a request borrows while it collects, and nobody would hold it before the core
 * was asked.
 */
export function collectEvery(interval: number): AbiWrapper {
  let calls = 0;
  return (abi, core) => {
    // A collection must not take the place of a fault that the caller is going to ask for.
    const mayCollect = (): boolean =>
      core.state(STATE_GC_ENABLED) !== 0 &&
      core.state(STATE_GC_THRESHOLDS) !== 0 &&
      core.state(STATE_FAULT) === FAULT_NONE;
    const wrapped: Record<string, unknown> = { ...abi };
    for (const name of OBJECT_FUNCTIONS.filter((name) => ALLOCATING.test(name))) {
      const allocate = abi[name] as (...values: never[]) => unknown;
      wrapped[name] = (...values: never[]) => {
        const result = allocate(...values);
        if (++calls % interval === 0 && mayCollect()) abi.gc(2);
        return result;
      };
    }
    // The `_quick` functions never collect, so under stress there are none.
    for (const name of OBJECT_FUNCTIONS) {
      if (name.endsWith("_quick")) wrapped[name] = () => 0;
    }
    return wrapped as unknown as ObjectExports;
  };
}
