import { framesOf, type Frame } from "../inspect/frames.js";

/** A place in a program, and what it made of one type. Estimates, unless every allocation was noted. */
export interface AllocationSite {
  /** Name of the type; `block` for raw bytes. */
  readonly type: string;
  /** The calls that led there, innermost first; the heap's own are left out. */
  readonly frames: readonly Frame[];
  /** Alive when the profile was taken: a count, and bytes of their blocks. */
  readonly count: number;
  readonly bytes: number;
  /** The most bytes that were alive at a time. */
  readonly peakBytes: number;
  /** Made since the start, whatever became of it. */
  readonly totalCount: number;
  readonly totalBytes: number;
}

/** The numbers of one site while the profile runs. */
interface Site {
  readonly type: string;
  readonly stack: string;
  count: number;
  bytes: number;
  peakBytes: number;
  totalCount: number;
  totalBytes: number;
}

/** A sample that lives: its site, and what it stands for. */
interface Sample {
  readonly site: Site;
  readonly count: number;
  readonly bytes: number;
}

/** What a running profile has noted. */
export class Sites {
  readonly #sites = new Map<string, Site>();
  readonly #live = new Map<number, Sample>();
  readonly #depth: number;
  #bytes = 0;
  peakBytes = 0;

  constructor(depth: number) {
    this.#depth = depth;
  }

  /** Something was made: `count` objects or blocks of `bytes` bytes together, of which `p` is the one to watch. */
  made(p: number, type: string, stack: string, count: number, bytes: number): void {
    this.died(p);
    const key = `${type}\n${stack}`;
    let site = this.#sites.get(key);
    if (site === undefined) {
      site = { type, stack, count: 0, bytes: 0, peakBytes: 0, totalCount: 0, totalBytes: 0 };
      this.#sites.set(key, site);
    }
    site.count += count;
    site.bytes += bytes;
    site.totalCount += count;
    site.totalBytes += bytes;
    site.peakBytes = Math.max(site.peakBytes, site.bytes);
    this.#bytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.#bytes);
    this.#live.set(p, { site, count, bytes });
  }

  /** What was made at `p`, if it was noted, is gone. */
  died(p: number): void {
    const sample = this.#live.get(p);
    if (sample === undefined) return;
    this.#live.delete(p);
    const { site, count, bytes } = sample;
    site.count -= count;
    site.bytes -= bytes;
    this.#bytes -= bytes;
  }

  /** Everything is gone: the heap was reset. */
  allDied(): void {
    for (const p of [...this.#live.keys()]) this.died(p);
  }

  /** The stack of what was made at an address. */
  stackAt(p: number): string | undefined {
    return this.#live.get(p)?.site.stack;
  }

  /** The sites as they are now: a *new* array, those with most bytes alive first. Stacks that look alike are one. */
  list(): AllocationSite[] {
    const merged = new Map<string, { -readonly [K in keyof AllocationSite]: AllocationSite[K] }>();
    for (const { type, stack, ...numbers } of this.#sites.values()) {
      const frames = framesOf(stack).slice(0, this.#depth);
      const key = JSON.stringify([type, frames]);
      const same = merged.get(key);
      if (same === undefined) {
        merged.set(key, { type, frames, ...numbers });
        continue;
      }
      same.count += numbers.count;
      same.bytes += numbers.bytes;
      same.peakBytes += numbers.peakBytes;
      same.totalCount += numbers.totalCount;
      same.totalBytes += numbers.totalBytes;
    }
    return [...merged.values()].sort((a, b) => b.bytes - a.bytes || b.totalBytes - a.totalBytes);
  }
}
