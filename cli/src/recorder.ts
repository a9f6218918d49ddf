import type { AllocationSite, ArenaMap, CollectionInfo, Heap } from "tallyheap";

import {
  packMap,
  type ClassUse,
  type Holder,
  type PackedMap,
  type Pause,
  type ReportData,
} from "./report-data.js";

/** What a report is called, and what `sample` counts by. */
export interface RecorderOptions {
  readonly title: string;
  /** Default: milliseconds since the recorder was made. */
  readonly axis?: "operations" | "objects" | "ms";
}

/** What a heap holds at one moment. */
type Content = Required<Pick<ReportData, "classes" | "types" | "holders">> & Pick<ReportData, "sites">;

const NO_SITES =
  "No allocation sites: they are there if heap.profile runs while the program makes its objects.";
const HOLDERS = 20;
const SITES = 200;
const PATH_STEPS = 6;
/** Each path takes a walk over the whole heap: no more are looked for after so long. */
const PATHS_MS = 4000;

/**
 * Watches a heap of your program for a report: pauses from the start on, memory at each `sample`, the arenas at each
 * `snapshot`, and types, holders and, while `heap.profile` runs, allocation sites at the end.
 *
 *     const recorder = new HeapRecorder(heap, { title: "my program" });
 *     …; recorder.sample(); …
 *     writeFileSync("report.html", reportHtml(recorder.finish()));
 */
export class HeapRecorder {
  readonly #heap: Heap;
  readonly #title: string;
  readonly #axis: "operations" | "objects" | "ms";
  readonly #start = performance.now();
  readonly #curve = { x: [] as number[], live: [] as number[], used: [] as number[], extent: [] as number[] };
  readonly #maps: { label: string; map: PackedMap }[] = [];
  readonly #pauses: Pause[] = [];
  #content: Content | undefined;
  readonly #onCollection = (phase: "start" | "stop", info: CollectionInfo): void => this.#note(phase, info);

  constructor(heap: Heap, { title, axis = "ms" }: RecorderOptions) {
    this.#heap = heap;
    this.#title = title;
    this.#axis = axis;
    heap.collector.callbacks.add(this.#onCollection);
  }

  /**
   * Notes what the heap takes now. `at` is the place on the axis, `liveBytes` what the program has asked for; without it
   * the blocks in use are counted, which reads all free lists.
   */
  sample(at = performance.now() - this.#start, liveBytes?: number): void {
    const { heapUsed, arenas } = this.#heap.stats();
    const { x, live, used, extent } = this.#curve;
    x.push(Math.round(at * 100) / 100);
    live.push(liveBytes ?? liveBytesOf(this.#heap.arenaMap()));
    used.push(heapUsed);
    extent.push(arenas * 2 ** 18);
  }

  /** Keeps a map of the arenas as they are now. */
  snapshot(label: string): void {
    this.#maps.push({ label, map: packMap(this.#heap.arenaMap()) });
  }

  /**
   * Looks at the blocks, types, holders and allocation sites of now: they are what the report shows. Without a call `finish`
   * does it.
   */
  look(): void {
    const heap = this.#heap;
    const entries = heap.census().entries;
    const sites = heap.profile.isRunning ? heap.profile.take().sites() : [];
    const holders = holdersOf(heap);
    this.#content = {
      classes: classesOf(heap.arenaMap()),
      types: merged(entries.map(({ type, count, bytes }) => ({ name: type, count, bytes }))),
      holders,
      ...(sites.length > 0 && { sites: sites.slice(0, SITES).map(siteUse) }),
    };
  }

  /** Ends the record: its report, with `facts` at the top and a map of the arenas as they are now. */
  finish(facts: ReportData["facts"] = [], lastMap = "at the end"): ReportData {
    const heap = this.#heap;
    heap.collector.callbacks.delete(this.#onCollection);
    this.snapshot(lastMap);
    if (this.#content === undefined) this.look();
    const content = this.#content!;
    const { arenasHighWater, grows, heapTotal } = heap.stats();
    const hasSites = content.sites !== undefined || content.holders.length === 0;
    return {
      version: 1,
      title: this.#title,
      facts: [
        ...facts,
        ["Memory at the end", text(heapTotal)],
        ["Most arenas", String(arenasHighWater)],
        ["Growths", String(grows)],
      ],
      notes: hasSites ? [] : [NO_SITES],
      maps: this.#maps,
      ...content,
      ...(this.#curve.x.length > 1 && { memory: { axis: this.#axis, ...this.#curve } }),
      ...(this.#pauses.length > 0 && { pauses: this.#pauses }),
    };
  }

  #note(phase: "start" | "stop", info: CollectionInfo): void {
    if (phase === "start") return;
    const { generation, candidates, collected, durationMs } = info;
    const atMs = performance.now() - this.#start - durationMs;
    this.#pauses.push({ atMs, durationMs, generation, candidates, collected });
  }
}

/** The blocks of each size, pools only: a span is one block of its own size. */
export function classesOf({ uses }: ArenaMap): ClassUse[] {
  const classes = new Map<number, { pools: number; live: number; capacity: number }>();
  for (const { kind, blockBytes, live, capacity } of uses) {
    if (kind !== "pool") continue;
    const sum = classes.get(blockBytes) ?? { pools: 0, live: 0, capacity: 0 };
    classes.set(blockBytes, {
      pools: sum.pools + 1,
      live: sum.live + live,
      capacity: sum.capacity + capacity,
    });
  }
  return [...classes].sort(([a], [b]) => a - b).map(([blockBytes, sums]) => ({ blockBytes, ...sums }));
}

function liveBytesOf({ uses }: ArenaMap): number {
  return uses.reduce((sum, { live, blockBytes }) => sum + live * blockBytes, 0);
}

/** Types by name: what was made at several places is one type here. */
function merged(types: readonly { name: string; count: number; bytes: number }[]) {
  const byName = new Map<string, { name: string; count: number; bytes: number }>();
  for (const { name, count, bytes } of types) {
    const sum = byName.get(name);
    if (sum === undefined) byName.set(name, { name, count, bytes });
    else Object.assign(sum, { count: sum.count + count, bytes: sum.bytes + bytes });
  }
  return [...byName.values()];
}

function holdersOf(heap: Heap): Holder[] {
  const begin = performance.now();
  return heap
    .retainedSizes()
    .top(HOLDERS)
    .map(({ ptr, type, selfSize, retainedSize }) => ({
      name: `${type} at 0x${ptr.toString(16)}`,
      selfBytes: selfSize,
      retainedBytes: retainedSize,
      path: performance.now() - begin < PATHS_MS ? pathOf(heap, ptr) : "not looked for",
    }));
}

function pathOf(heap: Heap, ptr: Parameters<Heap["pathsToRoot"]>[0]): string {
  const [path] = heap.pathsToRoot(ptr, { limit: 1 });
  if (path === undefined) return "";
  // The last step is the object itself.
  const steps = path.steps.slice(0, -1).map(({ edge, type }) => `${edge} ${type}`);
  const shown =
    steps.length > PATH_STEPS ? [`… ${steps.length - PATH_STEPS} more`, ...steps.slice(-PATH_STEPS)] : steps;
  return [path.root, ...shown].join(" → ");
}

function siteUse({ type, frames, count, bytes, totalBytes }: AllocationSite) {
  const [frame] = frames;
  const place = frame === undefined ? "unknown" : `${frame.name} (${frame.file}:${frame.line})`;
  return { type, place, count: Math.round(count), bytes, totalBytes };
}

function text(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
