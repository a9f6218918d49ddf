/** What a report shows: plain data, which the page holds as JSON. A part that is absent has no section. */

import type { ArenaMap, PageUse } from "tallyheap";

export interface ReportData {
  readonly version: 1;
  readonly title: string;
  /** What the figures are of: a name and a text each, shown at the top. */
  readonly facts: readonly (readonly [name: string, text: string])[];
  /** What the report cannot show, and why: a sentence each. */
  readonly notes: readonly string[];
  readonly maps?: readonly { readonly label: string; readonly map: PackedMap }[];
  readonly memory?: MemoryCurve;
  readonly classes?: readonly ClassUse[];
  readonly types?: readonly TypeUse[];
  readonly pauses?: readonly Pause[];
  readonly holders?: readonly Holder[];
  readonly sites?: readonly SiteUse[];
  readonly ratios?: Ratios;
  readonly curves?: readonly Curves[];
}

/** Memory over time: a value a sample, in bytes. */
export interface MemoryCurve {
  /** What `x` counts. */
  readonly axis: "operations" | "objects" | "ms";
  readonly x: readonly number[];
  /** What the program has: bytes asked for in a trace, else bytes of its blocks. */
  readonly live: readonly number[];
  /** Pages in use. */
  readonly used: readonly number[];
  /** Arenas in use. */
  readonly extent: readonly number[];
}

/** The blocks of one size. */
export interface ClassUse {
  readonly blockBytes: number;
  readonly pools: number;
  /** Blocks: handed out, and those that start in the pools. */
  readonly live: number;
  readonly capacity: number;
}

export interface TypeUse {
  readonly name: string;
  readonly count: number;
  readonly bytes: number;
}

/** One collection. */
export interface Pause {
  /** Since the start of the record. */
  readonly atMs: number;
  readonly durationMs: number;
  readonly generation: number;
  readonly candidates: number;
  readonly collected: number;
}

/** An object and what would be free without it. */
export interface Holder {
  readonly name: string;
  readonly selfBytes: number;
  readonly retainedBytes: number;
  /** The shortest way from outside to it. */
  readonly path: string;
}

/** Where objects or blocks were made. */
export interface SiteUse {
  readonly type: string;
  readonly place: string;
  readonly count: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** Contenders of a benchmark: ratios to one of them, by workload. */
export interface Ratios {
  /** What the length of a bar is. */
  readonly axis: string;
  readonly workloads: readonly string[];
  readonly contenders: readonly {
    readonly name: string;
    /** By workload; null where there is none. */
    readonly values: readonly ({
      readonly median: number;
      readonly low: number;
      readonly high: number;
    } | null)[];
  }[];
}

/** Costs against a size, both on logarithmic axes: what is level does not grow. */
export interface Curves {
  readonly title: string;
  readonly xLabel: string;
  readonly x: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** An `ArenaMap` in fewer characters: seven numbers for each of its uses. */
export interface PackedMap {
  readonly arenaBytes: number;
  readonly pageBytes: number;
  readonly arenas: readonly number[];
  /** Page number, kind, pages, domain, bytes of a block, live, capacity. */
  readonly uses: readonly number[];
}

/** By the numbers that a report has for them. */
const KINDS = ["pool", "span", "table"] as const satisfies readonly PageUse["kind"][];
const DOMAINS = ["raw", "object", "container"] as const satisfies readonly PageUse["domain"][];
const NUMBERS = 7;

export function packMap({ arenaBytes, pageBytes, arenas, uses }: ArenaMap): PackedMap {
  return {
    arenaBytes,
    pageBytes,
    arenas,
    uses: uses.flatMap(({ kind, address, pages, domain, blockBytes, live, capacity }) => [
      ...[address / pageBytes, KINDS.indexOf(kind), pages, DOMAINS.indexOf(domain)],
      ...[blockBytes, live, capacity],
    ]),
  };
}

export function unpackMap({ arenaBytes, pageBytes, arenas, uses: numbers }: PackedMap): ArenaMap {
  const uses: PageUse[] = [];
  for (let at = 0; at < numbers.length; at += NUMBERS) {
    const [page, kind, pages, domain, blockBytes, live, capacity] = numbers.slice(at, at + NUMBERS);
    uses.push({
      ...{ kind: KINDS[kind!]!, address: page! * pageBytes, pages: pages!, domain: DOMAINS[domain!]! },
      ...{ blockBytes: blockBytes!, live: live!, capacity: capacity! },
    });
  }
  return { arenaBytes, pageBytes, arenas, uses };
}
