import type { Core } from "./core.js";
import { takeCensus } from "./census.js";
import type { HeapError } from "./errors.js";
import { brokenError, faultError } from "./faults.js";
import type { LeakedBlocks } from "./leak-report.js";
import type { Ptr } from "./ptr.js";
import type { HeapStats } from "./stats.js";

/** Says what happened: the default entry from the core's codes, the debug entry from all it recorded. */
export interface Diagnostics {
  /** The error for a fault that the core reported about `ptr`. */
  fault(core: Core, fault: number, operation: string, ptr: Ptr): HeapError;
  /** The error for a broken invariant that verify() found. */
  broken(core: Core, broken: number): HeapError;
  /** What is still allocated; `own` is what belongs to objects and types, and is no leak. */
  leaks(core: Core, stats: HeapStats, own: OwnBlocks): LeakedBlocks;
  /** Where the caller is, if that is kept. */
  trace(): { readonly text: string } | undefined;
  /** Where a raw block of the host was made, if that is kept. */
  siteOf?(ptr: Ptr): string | undefined;
}

/** Blocks that the object layer takes. */
export interface OwnBlocks {
  readonly blocks: number;
  readonly bytes: number;
  /** Those among them that the host made: in fields of the kind `block`. */
  readonly given: ReadonlySet<Ptr>;
}

/** What the core itself can say. */
export const coreDiagnostics: Diagnostics = {
  fault: faultError,
  broken: brokenError,
  leaks: countLeaks,
  trace: () => undefined,
};

function countLeaks(core: Core, stats: HeapStats, own: OwnBlocks): LeakedBlocks {
  const counts = takeCensus(core);
  const blocks = counts.reduce((sum, { live }) => sum + live, stats.spans) - own.blocks;
  const bytes = counts.reduce((sum, { live, size }) => sum + live * size, stats.spanBytes) - own.bytes;
  return { blocks, bytes, leaked: [] };
}
