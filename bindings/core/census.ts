import * as layout from "../generated/layout.js";
import { LAST_CLASS, classBytes } from "./size-classes.js";
import type { Core } from "./core.js";

/** One size class as a walk over all pools counted it. */
export interface ClassCount {
  /** Number of the class, from 0 as in CPython. */
  readonly index: number;
  /** Bytes of its blocks. */
  readonly size: number;
  /** Pages that hold blocks of it. */
  readonly pools: number;
  /** Blocks handed out, and blocks that its pools could still hand out. */
  readonly live: number;
  readonly available: number;
}

/** Counts the blocks of every size class that has pools, over all domains. Cost: a walk over all pages. */
export function takeCensus(core: Core): ClassCount[] {
  core.exports.census();
  const counts: ClassCount[] = [];
  for (let c = 1; c <= LAST_CLASS; c++) {
    const pools = column(core, c, layout.CENSUS_POOLS);
    if (pools === 0) continue;
    const live = column(core, c, layout.CENSUS_LIVE);
    const available = column(core, c, layout.CENSUS_AVAILABLE);
    counts.push({ index: c - 1, size: classBytes(c), pools, live, available });
  }
  return counts;
}

/** A number of the census table, summed over the domains. */
function column(core: Core, c: number, offset: number): number {
  let sum = 0;
  for (let domain = 0; domain < layout.DOMAINS; domain++) {
    sum += core.state(layout.STATE_CENSUS + (domain * layout.CLASS_SLOTS + c) * layout.CENSUS_BYTES + offset);
  }
  return sum;
}
