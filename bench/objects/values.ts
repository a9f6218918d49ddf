/**
 * What a runtime does most with built-in values, for bench:objects: through the heap's public interface, and the same
 * with plain JavaScript values. bench/native/objects.py has CPython's side under the same names.
 */

import type { Heap, Ptr } from "tallyheap";

import { timed } from "../lib/clock.js";

/** Workloads by name, each run once: ns a unit. */
export type Workloads = Record<string, () => number>;

const LOOP = 1_000_000;
const KEYS = 64;
const VISITS = 15_000;
const ITEMS = 10;
const TEXTS = 100_000;
const BATCH = 1000;
const BATCHES = 1000;
const TEXT = "spam+egg".repeat(250);

export function heapValues(heap: Heap): Workloads {
  const pair = [heap.int(1000), heap.int(2000)];
  const list = heap.list(Array.from({ length: ITEMS }, () => heap.none));
  const batch = Array.from({ length: BATCH }, (_, i) => pair[i & 1]!);
  const target = heap.list();
  const data = new Uint8Array(TEXT.length);
  const keys = Array.from({ length: KEYS }, (_, i) => heap.intern(`key ${i}`));
  const entries = pair.map((value, i): [Ptr, Ptr] => [keys[i]!, value]);
  const dict = heap.dict(keys.map((key): [Ptr, Ptr] => [key, heap.none]));
  return {
    "int: create, destroy": () =>
      timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) heap.decref(heap.int(i + 1000));
      }),
    "str of 8: create, destroy": () =>
      timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) heap.decref(heap.str("spam+egg"));
      }),
    "str of 2,000: create, read, destroy": () =>
      timed(TEXTS, () => {
        for (let i = 0; i < TEXTS; i++) {
          const str = heap.str(TEXT);
          if (heap.strs.toJS(str).length !== TEXT.length) throw new Error("a text became another");
          heap.decref(str);
        }
      }),
    "list of 2: create, destroy": () =>
      timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) heap.decref(heap.list(pair));
      }),
    "empty dict: create, destroy": () =>
      timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) heap.decref(heap.dict());
      }),
    "dict of 2: create, destroy": () =>
      timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) heap.decref(heap.dict(entries));
      }),
    "list: append, pop": () =>
      timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) {
          heap.lists.append(list, pair[0]!);
          heap.decref(heap.lists.pop(list));
        }
      }),
    "list: extend by 1,000, clear": () =>
      timed(BATCH * BATCHES, () => {
        for (let i = 0; i < BATCHES; i++) {
          heap.lists.extend(target, batch);
          heap.lists.delete(target, 0, BATCH);
        }
      }),
    "1,000 references: take, release": () =>
      timed(BATCH * BATCHES, () => {
        for (let i = 0; i < BATCHES; i++) {
          for (const ref of batch) heap.incref(ref);
          heap.releaseRange(batch);
        }
      }),
    "2,000 bytes: create, read, destroy": () =>
      timed(TEXTS, () => {
        for (let i = 0; i < TEXTS; i++) {
          const object = heap.fromJS(data);
          if ((heap.toJS(object) as Uint8Array).length !== data.length) throw new Error("bytes were lost");
          heap.decref(object);
        }
      }),
    "dict of 64: get": () => {
      let found = 0;
      const ns = timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) if (heap.dicts.get(dict, keys[i % KEYS]!) !== 0) found++;
      });
      if (found !== LOOP) throw new Error(`found ${found} of ${LOOP} keys`);
      return ns;
    },
    "dict of 64: visit": () =>
      timed(VISITS * KEYS, () => {
        let last: Ptr | undefined;
        for (let i = 0; i < VISITS; i++) for (const key of heap.dicts.keys(dict)) last = key;
        if (last !== keys.at(-1)) throw new Error("the last key was not visited");
      }),
  };
}

export function plainValues(): Workloads {
  // What is created escapes, or the engine would not create it.
  const recent = new Array<unknown>(1024).fill(null);
  const list = new Array<unknown>(ITEMS).fill(null);
  const batch = new Array<unknown>(BATCH).fill(recent);
  const target: unknown[] = [];
  const data = new Uint8Array(TEXT.length);
  const keys = Array.from({ length: KEYS }, (_, i) => `key ${i}`);
  const dict = new Map(keys.map((key) => [key, null]));
  return {
    "list of 2: create, destroy": () =>
      timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) recent[i & 1023] = [recent, list];
      }),
    "dict of 2: create, destroy": () =>
      timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) {
          recent[i & 1023] = new Map([
            [keys[1], list],
            [keys[2], null],
          ]);
        }
      }),
    "list: append, pop": () =>
      timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) {
          list.push(recent);
          recent[i & 1023] = list.pop();
        }
      }),
    "list: extend by 1,000, clear": () =>
      timed(BATCH * BATCHES, () => {
        for (let i = 0; i < BATCHES; i++) {
          target.push(...batch);
          target.length = 0;
        }
      }),
    "2,000 bytes: create, read, destroy": () =>
      timed(TEXTS, () => {
        for (let i = 0; i < TEXTS; i++) recent[i & 1023] = data.slice().slice();
      }),
    "dict of 64: get": () => {
      let found = 0;
      const ns = timed(LOOP, () => {
        for (let i = 0; i < LOOP; i++) if (dict.get(keys[i % KEYS]!) === null) found++;
      });
      if (found !== LOOP) throw new Error(`found ${found} of ${LOOP} keys`);
      return ns;
    },
    "dict of 64: visit": () =>
      timed(VISITS * KEYS, () => {
        let last: string | undefined;
        for (let i = 0; i < VISITS; i++) for (const key of dict.keys()) last = key;
        if (last !== keys.at(-1)) throw new Error("the last key was not visited");
      }),
  };
}
