/** The host's half of the probe of grow-probe.ts; the process that is measured needs no compiler in it. */

import { processorNs } from "../lib/clock.js";

/** What has been seen so far. */
export interface Growth {
  calls: number;
  /** Processor time in ns. */
  ns: number;
}

/** The imports of a module with the probe. */
export function probeImports(growth: Growth): WebAssembly.Imports {
  let start = 0;
  return {
    probe: {
      begin: () => {
        growth.calls++;
        start = processorNs();
      },
      end: () => {
        growth.ns += processorNs() - start;
      },
    },
  };
}
