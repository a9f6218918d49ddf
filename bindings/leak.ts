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
