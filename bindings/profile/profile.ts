import { frameText } from "../inspect/frames.js";
import { encodePprof } from "./pprof.js";
import type { AllocationSite } from "./sites.js";

/** What a collapsed stack counts: bytes alive, or bytes made. */
export type ProfileValue = "inuse_space" | "alloc_space";

/** A site whose numbers changed between two profiles. */
export interface SiteChange {
  readonly type: string;
  readonly frames: AllocationSite["frames"];
  /** Alive in the later profile, minus alive in the earlier one. */
  readonly count: number;
  readonly bytes: number;
}

/** What a profile was taken with, and when. */
export interface ProfileFacts {
  readonly sampleBytes: number;
  /** Milliseconds since 1970, and of running. */
  readonly startMs: number;
  readonly durationMs: number;
  /** The most bytes that were alive at a time, of what was made since the start. */
  readonly peakBytes: number;
}

const SHOWN = 20;

/** Where the objects and blocks of a heap were made, from the start of a profile to one moment. */
export class Profile {
  readonly facts: ProfileFacts;
  readonly #sites: readonly AllocationSite[];

  /** @internal Use `heap.profile`. */
  constructor(sites: readonly AllocationSite[], facts: ProfileFacts) {
    this.#sites = sites;
    this.facts = facts;
  }

  /** Places by type: those with most bytes alive first. */
  sites(): readonly AllocationSite[] {
    return this.#sites;
  }

  /**
   * The profile for pprof, speedscope and others: a *new* protobuf message, not compressed, with the four values of Go's
   * heap profiles (`alloc_objects`, `alloc_space`, `inuse_objects`, `inuse_space`).
   */
  pprof(): Uint8Array {
    return encodePprof(this.#sites, this.facts);
  }

  /** A line for each place: functions from the outermost in, joined by semicolons, the type, a space, bytes. */
  collapsed(value: ProfileValue = "inuse_space"): string {
    const lines = this.#sites.flatMap(({ frames, type, bytes, totalBytes }) => {
      const weight = Math.round(value === "inuse_space" ? bytes : totalBytes);
      const names = [...frames].reverse().map(({ name, file, line }) => `${name} (${base(file)}:${line})`);
      return weight === 0 ? [] : [`${[...names, type].map(plain).join(";")} ${weight}`];
    });
    return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
  }

  /** What is alive here and was not, or was and is not, in an earlier profile: what grew most first. */
  compare(earlier: Profile): SiteChange[] {
    const before = new Map(earlier.#sites.map((site) => [keyOf(site), site]));
    const changes = this.#sites.map((site) => {
      const old = before.get(keyOf(site));
      before.delete(keyOf(site));
      const { type, frames } = site;
      return { type, frames, count: site.count - (old?.count ?? 0), bytes: site.bytes - (old?.bytes ?? 0) };
    });
    for (const { type, frames, count, bytes } of before.values())
      changes.push({ type, frames, count: -count, bytes: -bytes });
    return changes.filter(({ count, bytes }) => count !== 0 || bytes !== 0).sort((a, b) => b.bytes - a.bytes);
  }

  /** A table for people. */
  toString(): string {
    const rows = this.#sites.slice(0, SHOWN).map(({ bytes, count, totalBytes, type, frames }) => {
      const numbers = [bytes, count, totalBytes].map((n) => String(Math.round(n)).padStart(12)).join(" ");
      return `${numbers}  ${type}${frames[0] ? ` at ${frameText(frames[0])}` : ""}`;
    });
    const head = ["bytes", "count", "bytes made"].map((name) => name.padStart(12)).join(" ");
    return [`${head}  type`, ...rows].join("\n");
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

function keyOf({ type, frames }: AllocationSite): string {
  return JSON.stringify([type, frames]);
}

/** What would end a frame or a line. */
function plain(text: string): string {
  return text.replaceAll(/[;\n]/g, ",");
}

function base(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1);
}
