import * as layout from "../generated/layout.js";
import type { Core } from "../core/core.js";
import { HeapError, hex, type HeapErrorCode, type HeapErrorDetails } from "../core/errors.js";
import { OVERRELEASED, brokenError, faultError, faultReason } from "../core/faults.js";
import { anyInvariantName } from "../objects/access/object-diagnostics.js";
import type { LeakedBlock, LeakedBlocks } from "../core/leak-report.js";
import { NULL, type Ptr } from "../core/ptr.js";
import type { Diagnostics, OwnBlocks } from "../core/diagnostics.js";
import type { HeapStats } from "../core/stats.js";
import { blockReport, damageDetails, damageSummary, readDamage, stacks } from "./report.js";
import type { Site, Sites } from "./sites.js";
import { Trace } from "./trace.js";

/** Tells faults with everything the debug core noted and the stacks the debug entry kept. */
export class DebugDiagnostics implements Diagnostics {
  readonly #sites: Sites;

  constructor(sites: Sites) {
    this.#sites = sites;
  }

  fault(core: Core, fault: number, operation: string, ptr: Ptr): HeapError {
    const error = this.#faultError(core, fault, operation, ptr);
    forgetBlock(core);
    return error;
  }

  /** The error for a pending fault: of one of C's functions, or of an object's release. */
  pending(core: Core, fault: number): HeapError {
    const block = core.state(layout.STATE_DEBUG + layout.DEBUG_BLOCK) as Ptr;
    if (block !== NULL) return this.fault(core, fault, "heap.raw", block);
    // Only guards note a block.
    const object = core.state(layout.STATE_FAULT_ADDRESS) as Ptr;
    if (fault !== layout.FAULT_DOUBLE_FREE) return faultError(core, fault, "decref", object);
    const details = { operation: "decref", ptr: object };
    return new HeapError("ERR_HEAP_DOUBLE_FREE", `${call("decref", object)}: ${OVERRELEASED}`, details);
  }

  broken(core: Core, broken: number): HeapError {
    if (broken !== layout.BROKEN_GUARD && broken !== layout.BROKEN_QUARANTINE)
      return brokenError(core, broken, anyInvariantName(broken));
    const details = { operation: "verify", invariant: anyInvariantName(broken), invariantCode: broken };
    const error = this.#damageError(core, "ERR_HEAP_CORRUPT", "verify()", details);
    forgetBlock(core);
    return error;
  }

  leaks(core: Core, _stats: HeapStats, own: OwnBlocks): LeakedBlocks {
    const leaked = this.#liveBlocks(core).filter(({ ptr }) => !own.given.has(ptr));
    return { blocks: leaked.length, bytes: leaked.reduce((sum, { size }) => sum + size, 0), leaked };
  }

  trace(): Trace {
    return new Trace(new Error());
  }

  siteOf(ptr: Ptr): string | undefined {
    return this.#sites.at(ptr)?.allocated.text;
  }

  #faultError(core: Core, fault: number, operation: string, ptr: Ptr): HeapError {
    if (fault === layout.FAULT_CORRUPT || fault === layout.FAULT_USE_AFTER_FREE) {
      const code = fault === layout.FAULT_CORRUPT ? "ERR_HEAP_CORRUPT" : "ERR_HEAP_USE_AFTER_FREE";
      return this.#damageError(core, code, call(operation, ptr), { operation, ptr });
    }
    const site = this.#sites.at(ptr);
    if (fault !== layout.FAULT_BAD_POINTER) {
      return site ? knownBlockError(core, fault, operation, site) : faultError(core, fault, operation, ptr);
    }
    // The core takes it for a bad pointer, but it was handed out: what says that it is a block is gone.
    if (site && !site.freed) {
      return this.#damageError(core, "ERR_HEAP_CORRUPT", call(operation, ptr), { operation, ptr });
    }
    return this.#strangerError(core, operation, ptr, site);
  }

  #damageError(core: Core, code: HeapErrorCode, call: string, details: HeapErrorDetails): HeapError {
    const damage = readDamage(core);
    const site = this.#sites.at(damage.block);
    const summary =
      damage.kind === layout.DAMAGE_NONE ? "the block's header is destroyed" : damageSummary(damage);
    const message = `${call}: ${summary}\n${blockReport(core, damage, site)}`;
    return new HeapError(code, message, { ...details, ...damageDetails(damage, site) });
  }

  /** A pointer that is no block's: perhaps it points into one, or was one's before that left the quarantine. */
  #strangerError(core: Core, operation: string, ptr: Ptr, freed: Site | undefined): HeapError {
    const around = this.#sites.around(ptr);
    if (around === undefined) {
      if (freed) return knownBlockError(core, layout.FAULT_DOUBLE_FREE, operation, freed);
      return faultError(core, layout.FAULT_BAD_POINTER, operation, ptr);
    }
    const error = faultError(core, layout.FAULT_BAD_POINTER, operation, ptr);
    const place = `it points ${ptr - around.ptr} bytes into the block of ${around.size} bytes at ${hex(around.ptr)}`;
    const message = `${error.message}: ${place}\nAllocated at:\n${around.allocated.text}`;
    const details = { operation, ptr, block: around.ptr, requestedSize: around.size, ...stacks(around) };
    return new HeapError(error.code, message, details);
  }

  /** The core's list of live blocks, oldest first, as far as it leads: damage may have overwritten its links. */
  #liveBlocks(core: Core): LeakedBlock[] {
    const blocks: LeakedBlock[] = [];
    const seen = new Set<number>();
    for (
      let ptr = core.state(layout.STATE_DEBUG + layout.DEBUG_LIVE);
      isBlockAddress(core, ptr) && !seen.has(ptr);
      ptr = core.linear.word(ptr - layout.DEBUG_NEXT_BEFORE)
    ) {
      seen.add(ptr);
      const size = bigEndian(core.linear.word(ptr - layout.DEBUG_SIZE_BEFORE));
      const allocationStack = this.#sites.at(ptr as Ptr)?.allocated.text ?? "";
      blocks.push({ ptr: ptr as Ptr, size, allocationStack });
    }
    return blocks.reverse();
  }
}

/** A block that was freed before, or whose state the fault names. */
function knownBlockError(core: Core, fault: number, operation: string, site: Site): HeapError {
  const { ptr, size, allocated, freed } = site;
  const error = faultError(core, fault, operation, ptr);
  const freedLines = freed ? `\nFreed before at:\n${freed.text}` : "";
  const message = `${operation}(${hex(ptr)}): ${faultReason(core, error.code, ptr)} (${size} bytes)`;
  const report = `${message}\nAllocated at:\n${allocated.text}${freedLines}`;
  return new HeapError(error.code, report, {
    operation,
    ptr,
    block: ptr,
    requestedSize: size,
    ...stacks(site),
  });
}

/** The block that the guards noted was told of: the next fault is another's. */
function forgetBlock(core: Core): void {
  core.setState(layout.STATE_DEBUG + layout.DEBUG_BLOCK, 0);
}

/** Whether a block could be there. */
function isBlockAddress(core: Core, ptr: number): boolean {
  const entry = core.arenaEntry(ptr >>> layout.ARENA_SHIFT);
  return ptr % 8 === 0 && (entry >= layout.ARENA_PAGED || entry === layout.ARENA_TAIL);
}

function call(operation: string, ptr: Ptr): string {
  return `${operation}(${hex(ptr)})`;
}

function bigEndian(word: number): number {
  return new DataView(Uint32Array.of(word).buffer).getUint32(0, false);
}
