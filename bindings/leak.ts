import { hex } from "./errors.js";
import type { Ptr } from "./ptr.js";

/** A block that was still allocated when its heap was disposed. */
export interface LeakedBlock {
  readonly ptr: Ptr;
  /** Bytes asked for. */
  readonly size: number;
  /** JavaScript stack of the call that made the block. */
  readonly allocationStack: string;
}

/** What `dispose()` found still allocated. */
export interface LeakReport {
  /** Blocks of raw bytes. */
  readonly blocks: number;
  /** Their bytes, as handed out (not as asked for). */
  readonly bytes: number;
  /** Debug entry: each block made through `Heap`, with the stack that made it, oldest first. Else empty. */
  readonly leaked: readonly LeakedBlock[];
}

/** A leak report as text for people: the totals, then each block that is known with its stack. */
export function describeLeaks({ blocks, bytes, leaked }: LeakReport): string {
  const known = leaked.map(({ ptr, size, allocationStack }) => {
    const stack = allocationStack === "" ? "" : `\n${allocationStack}`;
    return `${size} bytes at ${hex(ptr)}${stack}`;
  });
  return [`tallyheap: never freed: ${blocks} blocks, ${bytes} bytes`, ...known].join("\n");
}
