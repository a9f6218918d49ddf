import { errorOf } from "../../support/cores.js";
import { must } from "../holding.js";
import type { Actions } from "../stage.js";

/** The heap as a whole, and its end of memory. */
export const WHOLE: Actions = {
  /** Memory is out, at least for what is of that size, until it is relieved. */
  exhaust({ heap, setting, filling, random }) {
    if (setting.maxBytes >= 2 ** 32) return;
    filling.fill(random.pick([16, 100, 600, 5000]));
    heap.verify();
  },
  relieve({ filling }) {
    filling.release();
  },
  reset({ heap, holdings }) {
    heap.reset();
    for (const holding of holdings) holding.forget();
  },
  trim({ heap, setting }) {
    if (!setting.isShared) heap.trim();
    else {
      void heap.raw;
      must(errorOf(() => heap.trim()).code === "ERR_HEAP_SHARED", "a heap that cannot move was trimmed");
    }
  },
  tellStatistics({ heap }) {
    must(heap.debugMallocStats().includes("Total"), "the statistics have no total");
  },
};
