/**
 * What Node has and browsers have not: diagnostics channels, and heap snapshots in files.
 *
 *     import { publishCollections, writeHeapSnapshot } from "tallyheap/node";
 */
import { channel } from "node:diagnostics_channel";
import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import type { CollectionInfo } from "./collector/stats.js";
import type { Heap } from "./heap/heap.js";

/** What is published on the channels `tallyheap:gc:start` and `tallyheap:gc:stop`. */
export interface CollectionMessage extends CollectionInfo {
  readonly heap: Heap;
}

/**
 * Publishes the start and the end of each collection of a heap on the diagnostics channels `tallyheap:gc:start` and
 * `tallyheap:gc:stop`, as {@link CollectionMessage}. Costs next to nothing while nobody subscribes. Returns what ends
 * that.
 */
export function publishCollections(heap: Heap): () => void {
  const channels = { start: channel("tallyheap:gc:start"), stop: channel("tallyheap:gc:stop") };
  const callback = (phase: "start" | "stop", info: CollectionInfo): void => {
    if (channels[phase].hasSubscribers) channels[phase].publish({ heap, ...info });
  };
  heap.collector.callbacks.add(callback);
  return () => void heap.collector.callbacks.delete(callback);
}

/**
 * Writes a heap snapshot to a file: beside it first, and under its name when it is whole. Returns the name.
 * @throws HeapError as `heap.heapSnapshot`; what the file system throws, with nothing left behind
 */
export function writeHeapSnapshot(heap: Heap, file = `tallyheap-${Date.now()}.heapsnapshot`): string {
  const temporary = `${file}.${process.pid}.tmp`;
  const descriptor = openSync(temporary, "w");
  try {
    try {
      heap.heapSnapshot((chunk) => writeWhole(descriptor, Buffer.from(chunk)));
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return file;
}

/** The system may take less than it is given. */
function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
}
