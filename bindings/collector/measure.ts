import type { CollectionCallback } from "./stats.js";

/** Where the collections of a heap stand in a timeline. */
export interface MeasureOptions {
  /** Name of their track. Default `"tallyheap"`. */
  readonly track?: string;
  /** Group that the track belongs to. Default: none. */
  readonly trackGroup?: string;
}

/** Colours of DevTools' palette by generation: the more a collection looks at, the darker. */
const COLORS = ["tertiary-light", "tertiary", "tertiary-dark"] as const;

/**
 * A callback that notes collections with `performance.measure`, in the form that Chrome's Performance panel knows
 * (https://developer.chrome.com/docs/devtools/performance/extension).
 */
export function measuring({ track = "tallyheap", trackGroup }: MeasureOptions): CollectionCallback {
  return (phase, info) => {
    if (phase !== "stop") return;
    const end = performance.now();
    const devtools = {
      dataType: "track-entry",
      track,
      ...(trackGroup === undefined ? {} : { trackGroup }),
      color: COLORS[info.generation],
      tooltipText: `Generation ${info.generation}: ${info.collected} of ${info.candidates} objects were trash`,
      properties: [
        ["Generation", String(info.generation)],
        ["Candidates", String(info.candidates)],
        ["Collected", String(info.collected)],
      ],
    };
    const detail = { ...info, devtools };
    performance.measure(`gc ${info.generation}`, { start: end - info.durationMs, end, detail });
  };
}
