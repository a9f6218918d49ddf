/** The report of a `.heapsnapshot`, of this heap or of V8's: by DevTools' own loader, so that figures are the same there. */

import { parse } from "heap-snapshot-toolkit";

import type { Holder, ReportData, TypeUse } from "./report-data.js";

/** What is used of the loader's result. */
interface Snapshot {
  readonly nodeCount: number;
  readonly nodeFieldCount: number;
  getStatistics(): { readonly total: number };
  aggregatesWithFilter(filter: object): Readonly<Record<string, Aggregate>>;
  createNode(index: number): SnapshotNode;
}

interface Aggregate {
  readonly name: string;
  readonly count: number;
  readonly self: number;
}

interface SnapshotNode {
  name(): string;
  className(): string;
  id(): number;
  type(): string;
  selfSize(): number;
  retainedSize(): number;
  distance(): number;
  retainers(): SnapshotEdges;
}

/** An iterator of the loader's over the edges that lead to a node. */
interface SnapshotEdges {
  hasNext(): boolean;
  next(): void;
  item(): SnapshotRetainer;
}

interface SnapshotRetainer {
  name(): string;
  type(): string;
  /** Where the edge comes from. */
  node(): SnapshotNode;
}

const HOLDERS = 25;
const PATH_STEPS = 6;
/** Bytes that are decoded together. */
const CHUNK = 1 << 20;

/** Reads a snapshot. Throws, in one line, for what DevTools would not load, or not load whole. */
export async function watchSnapshot(name: string, bytes: Uint8Array): Promise<ReportData> {
  const snapshot = await load(bytes);
  const types: TypeUse[] = Object.values(snapshot.aggregatesWithFilter({})).map(({ name, count, self }) => ({
    ...{ name, count, bytes: self },
  }));
  const holders = topHolders(snapshot);
  return {
    version: 1,
    title: `Heap snapshot ${name}`,
    facts: [
      ["Objects and blocks", snapshot.nodeCount.toLocaleString("en")],
      ["Memory", `${(snapshot.getStatistics().total / 2 ** 20).toFixed(2)} MiB`],
    ],
    notes: [
      "A heap snapshot says nothing of addresses and of time: no arenas, no memory over time, no pauses. A report of a trace, of an object graph or of an image of the heap has them.",
    ],
    types,
    holders,
  };
}

async function load(bytes: Uint8Array): Promise<Snapshot> {
  requireWhole(bytes);
  // The loader tells its progress.
  const { log, warn } = console;
  console.log = console.warn = () => {};
  try {
    const stream = new ReadableStream<string>({
      start: (controller) => {
        const decoder = new TextDecoder();
        for (let at = 0; at < bytes.length; at += CHUNK)
          controller.enqueue(decoder.decode(bytes.subarray(at, at + CHUNK), { stream: true }));
        controller.close();
      },
    });
    return (await parse(stream as never)) as unknown as Snapshot;
  } catch (cause) {
    throw new Error(`no heap snapshot that DevTools loads (${(cause as Error).message})`, { cause });
  } finally {
    Object.assign(console, { log, warn });
  }
}

/** The loader waits for the rest of what was cut off. */
function requireWhole(bytes: Uint8Array): void {
  const tail = Buffer.from(bytes.subarray(-64)).toString("latin1").trimEnd();
  if (!tail.endsWith("]}")) throw new Error("truncated: a heap snapshot ends with its strings");
}

/** The objects that retain most; groups, texts and what a heap takes for itself, all in brackets, are no objects. */
function topHolders(snapshot: Snapshot): Holder[] {
  const nodes: { node: SnapshotNode; retained: number }[] = [];
  for (let ordinal = 0; ordinal < snapshot.nodeCount; ordinal++) {
    const node = snapshot.createNode(ordinal * snapshot.nodeFieldCount);
    const retained = node.retainedSize();
    if (nodes.length === HOLDERS && retained <= nodes.at(-1)!.retained) continue;
    if (node.type() === "synthetic" || node.className().startsWith("(")) continue;
    const place = nodes.findIndex((other) => other.retained < retained);
    nodes.splice(place < 0 ? nodes.length : place, 0, { node, retained });
    if (nodes.length > HOLDERS) nodes.pop();
  }
  return nodes.map(({ node, retained }) => ({
    name: `${node.className()} @${node.id()}`,
    selfBytes: node.selfSize(),
    retainedBytes: retained,
    path: pathTo(node),
  }));
}

/** The way from the root that DevTools shows first: at each step the retainer that is nearest to it. */
function pathTo(node: SnapshotNode): string {
  const steps: string[] = [];
  for (let at = node; at.distance() > 0 && steps.length <= PATH_STEPS;) {
    let nearest: { node: SnapshotNode; label: string } | undefined;
    for (const edges = at.retainers(); edges.hasNext(); edges.next()) {
      // The iterator has one item, which moves on.
      const edge = edges.item();
      const node = edge.node();
      if (edge.type() === "weak" || node.distance() >= (nearest?.node ?? at).distance()) continue;
      nearest = { node, label: edge.name() };
    }
    if (nearest === undefined) break;
    const { node: holder, label } = nearest;
    // Of the groups at the root only the last one says something.
    const isGroup = holder.type() === "synthetic";
    if (!isGroup || at.type() !== "synthetic")
      steps.unshift(`${isGroup ? holder.name() : holder.className()} ${label}`);
    at = holder;
  }
  return steps.join(" → ");
}
