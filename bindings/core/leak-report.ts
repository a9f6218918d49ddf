import { hex } from "./errors.js";
import type { Ptr } from "./ptr.js";

/** A block that was still allocated when its heap was disposed. */
export interface LeakedBlock {
  readonly ptr: Ptr;
  /** Bytes asked for in the debug entry, else bytes of the block. */
  readonly size: number;
  /** Debug entry: JavaScript stack of the call that made the block. Else "". */
  readonly allocationStack: string;
}

/** An object that something outside of the heap still holds. */
export interface LeakedObject {
  readonly ptr: Ptr;
  /** Name of its type. */
  readonly type: string;
  /** References to it that no other object holds: handles, and bare references that were not released. */
  readonly references: number;
  /** How many of them are handles. */
  readonly handles: number;
  /** Bytes that `adjustExternalBytes` says it owns. */
  readonly externalBytes: number;
  /** Debug entry: JavaScript stacks of the calls that made the handles. */
  readonly handleStacks: readonly string[];
}

/** What `dispose()` found still allocated. */
export interface LeakReport {
  /** Blocks of raw bytes. */
  readonly blocks: number;
  /** Their bytes, as handed out (not as asked for). */
  readonly bytes: number;
  /** Debug entry: each block made through `Heap`, oldest first. Else the first hundred in address order. */
  readonly leaked: readonly LeakedBlock[];
  /** Mortal objects that are alive, those in cycles that nobody holds included. */
  readonly objects: number;
  /** Handles that were not disposed of. */
  readonly handles: number;
  /** Objects that are held from outside, in address order; no more than a hundred. */
  readonly held: readonly LeakedObject[];
}

/** The blocks among a {@link LeakReport}: what the bytes layer knows. */
export type LeakedBlocks = Pick<LeakReport, "blocks" | "bytes" | "leaked">;

/** A report as text for people: the totals, then each block and each held object that is known, with its stacks. */
export function describeLeaks(report: LeakReport): string {
  const { blocks, bytes, leaked, objects, handles, held } = report;
  const lines = blocks === 0 ? [] : [`tallyheap: never freed: ${blocks} blocks, ${bytes} bytes`];
  for (const { ptr, size, allocationStack } of leaked) {
    lines.push(`${size} bytes at ${hex(ptr)}`);
    if (allocationStack !== "") lines.push(allocationStack);
  }
  if (objects === 0 && handles === 0) return lines.join("\n");
  lines.push(`tallyheap: ${objects} objects are alive, ${handles} handles were not disposed of`);
  for (const { ptr, type, references, handles: own, handleStacks } of held) {
    lines.push(`${type} at ${hex(ptr)}: ${references} references from outside, ${own} of them by handles`);
    for (const stack of handleStacks) lines.push(`handle made at:\n${stack}`);
  }
  return lines.join("\n");
}
