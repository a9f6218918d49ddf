/** What bench:gc asks of a contender, as a line of JSON, and what it answers; bench/native/gc.py knows them too. */

import type { Order } from "./shapes.js";

export type Container = "list" | "record";

/** A structure: `isHeld` is collected several times while it is alive, otherwise once when nobody holds it any more. */
interface Structure {
  readonly measure: "collect";
  readonly isHeld: boolean;
  readonly objects: number;
}

export type Request =
  | (Structure & { readonly shape: "tree"; readonly of: Container; readonly order: Order })
  | (Structure & { readonly shape: "rows" | "pairs" | "ring"; readonly of: Container })
  /** `types`: not as lists, but with the types of the program. */
  | (Structure & { readonly shape: "graph"; readonly of: "list" | "types"; readonly file: string })
  /** A collection of the youngest generation, with so many older objects alive. */
  | { readonly measure: "young"; readonly objects: number; readonly old: number }
  /** Live lists, made with automatic collection or without. */
  | { readonly measure: "build"; readonly objects: number; readonly isAutomatic: boolean };

export interface Answer {
  /** Processor time: of one collection, less that of one with nothing there; young, build: of all of it. */
  readonly ns: number;
  /** Objects found to be trash; not everybody says. */
  readonly found?: number;
}

/** Collections of a structure that is held; the median counts. */
export const COLLECTIONS = 3;
/** Collections of the youngest generation; the median counts. */
export const YOUNG_COLLECTIONS = 100;
