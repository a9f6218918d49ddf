/** What a generation's collections have done so far. */
export interface GenerationStats {
  readonly collections: number;
  /** Objects found to be trash. */
  readonly collected: number;
  /** Trash that could not be freed: always 0, as no type has CPython's old `__del__` of the C API. */
  readonly uncollectable: number;
  /** Objects looked at. */
  readonly candidates: number;
  readonly durationMs: number;
}

/** What a callback of the collector hears. At the start all numbers but the generation are 0. */
export interface CollectionInfo {
  readonly generation: number;
  readonly collected: number;
  readonly uncollectable: number;
  readonly candidates: number;
  readonly durationMs: number;
}

/** Called before and after each collection. What it throws goes to `onUnraisable`. */
export type CollectionCallback = (phase: "start" | "stop", info: CollectionInfo) => void;

const BLANK: GenerationStats = {
  collections: 0,
  collected: 0,
  uncollectable: 0,
  candidates: 0,
  durationMs: 0,
};

export function blankStats(): GenerationStats[] {
  return [BLANK, BLANK, BLANK];
}

/** The statistics with one more collection in them. */
export function addCollection(stats: GenerationStats, info: CollectionInfo): GenerationStats {
  return {
    collections: stats.collections + 1,
    collected: stats.collected + info.collected,
    uncollectable: 0,
    candidates: stats.candidates + info.candidates,
    durationMs: stats.durationMs + info.durationMs,
  };
}
