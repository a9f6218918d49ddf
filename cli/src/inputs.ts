/** Files that commands read: what they are is seen from their contents. */

import { basename } from "node:path";

import { Heap } from "tallyheap";
import "tallyheap/debug";
import "tallyheap/hardened";

import { readUnpacked } from "../../bench/lib/files.js";
import { decodeGraph, graphName, type Graph } from "../../bench/lib/graph.js";
import { decodeTrace, traceName, type Trace } from "../../bench/lib/trace.js";

export type Input =
  | { readonly kind: "trace"; readonly name: string; readonly trace: Trace }
  | { readonly kind: "graph"; readonly name: string; readonly graph: Graph }
  | { readonly kind: "image"; readonly name: string; readonly heap: Heap }
  | { readonly kind: "heap snapshot"; readonly name: string; readonly bytes: Uint8Array };

const MAGICS = [
  ["trace", "ATRC"],
  ["graph", "HGPH"],
  ["image", "tallyheap image"],
  ["heap snapshot", '{"snapshot"'],
] as const;

/** Reads a file, gzipped or plain. Throws in one line what is wrong with it. */
export function readInput(file: string): Input {
  const bytes = readUnpacked(file, (reason) => new Error(`${file}: ${reason}`));
  const head = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
  const kind = MAGICS.find(([, magic]) => head.startsWith(magic))?.[0];
  switch (kind) {
    case "trace":
      return { kind, name: traceName(file), trace: decodeTrace(bytes, traceName(file), file) };
    case "graph":
      return { kind, name: graphName(file), graph: decodeGraph(bytes, graphName(file), file) };
    case "image":
      return { kind, name: basename(file).replace(/\.\w+$/, ""), heap: restore(file, bytes) };
    case "heap snapshot":
      return { kind, name: basename(file).replace(/\.(gz|heapsnapshot)$/g, ""), bytes };
  }
  throw new Error(
    `${file}: neither a trace (ATRC) nor an object graph (HGPH), an image of a heap or a .heapsnapshot`,
  );
}

/** An input of one of the kinds that a command works on. */
export function readInputOf<K extends Input["kind"]>(
  file: string,
  ...kinds: readonly K[]
): Extract<Input, { kind: K }> {
  const input = readInput(file);
  if (!(kinds as readonly string[]).includes(input.kind))
    throw new Error(`${file}: this is a ${input.kind}; the command wants a ${kinds.join(" or a ")}`);
  return input as Extract<Input, { kind: K }>;
}

/** A heap to look at: its finalizers and callbacks are not here, and do nothing. */
function restore(file: string, bytes: Uint8Array): Heap {
  const nothing = (): void => {};
  const types = new Proxy({}, { get: () => ({ finalize: null }) });
  try {
    return Heap.restore(bytes, {
      types,
      callbacks: () => nothing,
      finalizers: () => nothing,
      autoCollect: false,
      forgottenHandles: "off",
      onLeak: nothing,
    });
  } catch (cause) {
    throw new Error(`${file}: ${(cause as Error).message}`, { cause });
  }
}
