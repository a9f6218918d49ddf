import { NODE_BLOCK, NODE_BUFFER, NODE_OBJECT, type Graph } from "./graph.js";

const COUNTED: ReadonlySet<number> = new Set([NODE_OBJECT, NODE_BUFFER, NODE_BLOCK]);

/** What a heap holds of one kind. */
export interface CensusEntry {
  /** Name of the type; of raw blocks what they are called in a heap snapshot. */
  readonly type: string;
  /** Where instances were made, innermost frame first; "" if that is not known (`heap.profile` knows). */
  readonly site: string;
  readonly count: number;
  /** Bytes of their blocks. */
  readonly bytes: number;
}

/** How the number of one kind changed. */
export interface HeapChange {
  readonly type: string;
  readonly site: string;
  /** After minus before. */
  readonly count: number;
  readonly bytes: number;
  readonly countBefore: number;
  readonly countAfter: number;
}

const inspect = Symbol.for("nodejs.util.inspect.custom");

/** The objects and blocks of a heap at one moment, counted by type and by where they were made. */
export class HeapCensus {
  /** Largest first. */
  readonly entries: readonly CensusEntry[];

  /** @internal Use `heap.census()`. */
  constructor(entries: readonly CensusEntry[]) {
    this.entries = [...entries].sort((a, b) => b.bytes - a.bytes);
  }

  /** A table for people. */
  toString(): string {
    const rows = this.entries.map(
      ({ type, site, count, bytes }) => `${pad(bytes, 12)} ${pad(count, 10)}  ${named(type, site)}`,
    );
    return [`${"bytes".padStart(12)} ${"count".padStart(10)}  type`, ...rows].join("\n");
  }

  [inspect](): string {
    return this.toString();
  }
}

/** What became more or less between two moments. */
export class HeapDiff implements Iterable<HeapChange> {
  /** What changed; what grew most first. */
  readonly changes: readonly HeapChange[];

  /** @internal Use `heap.diff()`. */
  constructor(before: HeapCensus, after: HeapCensus) {
    const old = new Map(before.entries.map((entry) => [keyOf(entry), entry]));
    const changes: HeapChange[] = [];
    for (const entry of after.entries) {
      const key = keyOf(entry);
      changes.push(change(old.get(key), entry));
      old.delete(key);
    }
    for (const entry of old.values()) changes.push(change(entry, undefined));
    this.changes = changes
      .filter(({ count, bytes }) => count !== 0 || bytes !== 0)
      .sort((a, b) => b.bytes - a.bytes || b.count - a.count);
  }

  [Symbol.iterator](): IterableIterator<HeapChange> {
    return this.changes[Symbol.iterator]();
  }

  /** A table for people. */
  toString(): string {
    if (this.changes.length === 0) return "no change";
    const rows = this.changes.map(
      ({ type, site, count, bytes, countAfter }) =>
        `${signed(bytes, 12)} ${signed(count, 10)} ${pad(countAfter, 10)}  ${named(type, site)}`,
    );
    return [`${"bytes".padStart(12)} ${"count".padStart(10)} ${"now".padStart(10)}  type`, ...rows].join(
      "\n",
    );
  }

  [inspect](): string {
    return this.toString();
  }
}

/** Counts the objects of a graph, what belongs to them, and the host's raw blocks. */
export function takeCensus(graph: Graph, siteAt: (address: number) => string): HeapCensus {
  type Count = { readonly type: string; readonly site: string; count: number; bytes: number };
  const bySite = new Map<string, (Count | undefined)[]>();
  for (let node = 0; node < graph.nodeCount; node++) {
    if (!COUNTED.has(graph.kind[node]!)) continue;
    const site = siteAt(graph.address[node]!);
    let counts = bySite.get(site);
    if (counts === undefined) bySite.set(site, (counts = []));
    const count = (counts[graph.name[node]!] ??= { type: graph.nameOf(node), site, count: 0, bytes: 0 });
    count.count++;
    count.bytes += graph.size[node]!;
  }
  return new HeapCensus([...bySite.values()].flat().filter((count) => count !== undefined));
}

function keyOf({ type, site }: { readonly type: string; readonly site: string }): string {
  return `${type}\n${site}`;
}

function change(before: CensusEntry | undefined, after: CensusEntry | undefined): HeapChange {
  const { type, site } = (after ?? before)!;
  const countBefore = before?.count ?? 0;
  const countAfter = after?.count ?? 0;
  const bytes = (after?.bytes ?? 0) - (before?.bytes ?? 0);
  return { type, site, count: countAfter - countBefore, bytes, countBefore, countAfter };
}

function named(type: string, site: string): string {
  return site === "" ? type : `${type}, made at ${site.split("\n")[0]!.trim().replace(/^at /, "")}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width);
}

function signed(value: number, width: number): string {
  return (value > 0 ? `+${value}` : String(value)).padStart(width);
}
