/** Documents as JSON has them: taken in, read, edited, given out and dropped. */

import type { Heap, Ptr } from "tallyheap";

import { randomFrom } from "../lib/random.js";
import type { Pick, Program } from "./program.js";

/** Makes a document, and does with it in the heap what one does; a number that depends on what was read. */
interface Kind {
  readonly name: string;
  readonly documents: number;
  make(pick: Pick): unknown;
  use(heap: Heap, document: Ptr, pick: Pick): number;
}

const COLUMNS = ["id", "name", "email", "age", "balance", "active", "tags", "city"];

/** A table: dicts of the same keys. */
const table: Kind = {
  name: "documents: table",
  documents: 4,
  make: (pick) =>
    Array.from({ length: 250 }, (_, id) => ({
      id: 1000 + id,
      name: `person ${pick(500)}`,
      email: `person${id}@example.org`,
      age: pick(90),
      balance: pick(100_000) / 100,
      active: pick(2) === 0,
      tags: ["new", `group ${pick(9)}`],
      city: null,
    })),
  use: (heap, document, pick) => {
    const { lists, dicts } = heap;
    const keys = COLUMNS.map((column) => heap.intern(column));
    const [age, balance, city] = [keys[3]!, keys[4]!, keys[7]!];
    let sum = 0;
    const length = lists.length(document);
    for (let i = 0; i < length; i++) {
      const row = lists.get(document, i);
      sum += heap.toJS(dicts.get(row, age)) as number;
      const more = heap.float((heap.toJS(dicts.get(row, balance)) as number) + pick(10));
      dicts.set(row, balance, more);
      heap.decref(more);
      if (i % 3 === 0) dicts.delete(row, city);
      for (const key of dicts.keys(row)) if (key !== age) sum++;
    }
    for (const key of keys) heap.decref(key);
    return sum;
  },
};

/** A map: shapes of many positions, as GeoJSON has them. */
const shapes: Kind = {
  name: "documents: shapes",
  documents: 4,
  make: (pick) => ({
    type: "FeatureCollection",
    features: Array.from({ length: 20 }, () => ({
      type: "Feature",
      properties: { name: `shape ${pick(100)}` },
      geometry: {
        type: "MultiPolygon",
        coordinates: Array.from({ length: 3 }, () => [
          Array.from({ length: 40 }, () => [pick(36_000) / 100 + 0.5, pick(18_000) / 100 + 0.5]),
        ]),
      },
    })),
  }),
  use: (heap, document, pick) => {
    const { lists, dicts } = heap;
    const keys = ["features", "geometry", "coordinates"].map((key) => heap.intern(key));
    const [features, geometry, coordinates] = keys as [Ptr, Ptr, Ptr];
    let sum = 0;
    const all = dicts.get(document, features);
    for (let i = lists.length(all); i-- > 0;) {
      const polygons = dicts.get(dicts.get(lists.get(all, i), geometry), coordinates);
      for (let j = lists.length(polygons); j-- > 0;) {
        const ring = lists.get(lists.get(polygons, j), 0);
        for (let k = lists.length(ring); k-- > 0;) {
          const position = lists.get(ring, k);
          sum +=
            (heap.toJS(lists.get(position, 0)) as number) + (heap.toJS(lists.get(position, 1)) as number);
        }
        lists.delete(ring, pick(lists.length(ring)));
      }
    }
    for (const key of keys) heap.decref(key);
    return sum;
  },
};

/** Settings: dicts of dicts. */
const settings: Kind = {
  name: "documents: settings",
  documents: 6,
  make: (pick) => branch(pick, 4),
  use: (heap, document, pick) => visit(heap, document, pick),
};

function branch(pick: Pick, depth: number): unknown {
  const entries = Array.from({ length: 5 }, (_, i): [string, unknown] => {
    if (depth > 0 && i < 4) return [`section ${i}`, branch(pick, depth - 1)];
    return [`option ${i}`, pick(2) === 0 ? pick(1e6) : `value ${pick(1000)}`];
  });
  return Object.fromEntries(entries);
}

function visit(heap: Heap, dict: Ptr, pick: Pick): number {
  let sum = heap.dicts.size(dict);
  for (const [key, value] of heap.dicts.entries(dict)) {
    sum += heap.strs.length(key);
    const { name } = heap.typeOf(value);
    if (name === "dict") sum += visit(heap, value, pick);
    else if (name === "int") {
      const next = heap.int((heap.toJS(value) as number) + 1000);
      heap.dicts.set(dict, key, next);
      heap.decref(next);
    }
  }
  return sum;
}

export const documentPrograms: readonly Program[] = [table, shapes, settings].map((kind) => ({
  name: kind.name,
  prepare: (heap) => {
    const random = randomFrom(1);
    const pick: Pick = (limit) => Math.floor(random() * limit);
    const sources = Array.from({ length: kind.documents }, () => kind.make(pick));
    return () => {
      let sum = 0;
      for (const source of sources) {
        const document = heap.fromJS(source);
        sum += kind.use(heap, document, pick);
        heap.decref(document);
      }
      return sum;
    };
  },
}));
