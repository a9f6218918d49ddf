/**
 * Every operation that takes memory, with room for n pages and no more, for every n until it succeeds. A page serves one
 * size class of one domain, so its requests fail one after the other. After each failure nothing is lost: `verify()` is
 * clean, nothing has leaked, and with memory there again the operation succeeds.
 *
 * `npm run test:injection` runs it from 40 starting points of the heap, `npm test` from three.
 */
import { afterAll, describe, expect, test } from "vitest";
import { HeapError, type Heap, type HeapOptions, type Ptr } from "../../bindings/index.js";
import { assertNoLeaks, checkpoint } from "../../bindings/testing.js";
import { builds } from "../support/cores.js";
import { Random } from "../support/random.js";
import { seedOf } from "../support/objects.js";

const STARTS = process.env["MODE"] === "long" ? 40 : 3;
const MOST_PAGES = 400;
const PAGE = 4096;

let points = 0;
afterAll(() => console.log(`injection: ${points} points of failure`));

/** What an operation works on, made while there is memory. */
interface Stage {
  readonly heap: Heap;
  readonly list: Ptr;
  readonly dict: Ptr;
  readonly record: Ptr;
  readonly block: Ptr;
  readonly keys: readonly Ptr[];
}

/** Does something, and takes it back. */
type Operation = (stage: Stage) => void;

const drop =
  (make: (stage: Stage) => Ptr): Operation =>
  (stage) =>
    stage.heap.decref(make(stage));
const give =
  (make: (stage: Stage) => Ptr): Operation =>
  (stage) =>
    stage.heap.free(make(stage));

const OPERATIONS: Readonly<Record<string, Operation>> = {
  "malloc 1": give(({ heap }) => heap.malloc(1)),
  "malloc 500": give(({ heap }) => heap.malloc(500)),
  "malloc 3,000": give(({ heap }) => heap.malloc(3000)),
  "malloc 100,000": give(({ heap }) => heap.malloc(100_000)),
  calloc: give(({ heap }) => heap.calloc(10, 100)),
  alignedAlloc: give(({ heap }) => heap.alignedAlloc(4096, 5000)),
  "realloc of null": give(({ heap }) => heap.realloc(0 as Ptr, 700)),
  "realloc to more": ({ heap }) => {
    let block = heap.malloc(24);
    try {
      block = heap.realloc(block, 20_000);
    } finally {
      heap.free(block);
    }
  },
  "alloc of a record": drop(({ heap, record }) => heap.alloc(heap.typeOf(record))),
  defineType: ({ heap }) =>
    void heap.defineType({ name: "More", fields: { a: "ref", b: "f64" }, freeList: 4 }),
  int: drop(({ heap }) => heap.int(2n ** 40n)),
  float: drop(({ heap }) => heap.float(0.5)),
  "str of 8": drop(({ heap }) => heap.str("12345678")),
  "str of 10,000": drop(({ heap }) => heap.str("x".repeat(10_000))),
  intern: drop(({ heap }) => heap.intern("a name that is new")),
  bytesObject: drop(({ heap }) => heap.bytesObject(new Uint8Array(3000))),
  tuple: drop(({ heap, keys }) => heap.tuple(keys)),
  "list of many": drop(({ heap, keys }) => heap.list(keys)),
  "dict of many": drop(({ heap, keys }) => heap.dict(keys.map((key) => [key, key] as const))),
  "lists.append": ({ heap, list }) => {
    heap.lists.append(list, list);
    heap.decref(heap.lists.pop(list));
  },
  "lists.insert many": ({ heap, list, keys }) => {
    let made = 0;
    try {
      for (const key of keys) {
        heap.lists.insert(list, 0, key);
        made++;
      }
    } finally {
      heap.lists.delete(list, 0, made);
    }
  },
  "lists.extend": ({ heap, list, keys }) => {
    const length = heap.lists.length(list);
    heap.lists.extend(list, keys);
    heap.lists.delete(list, length, length + keys.length);
  },
  "lists.slice": drop(({ heap, list }) => heap.lists.slice(list, 0, heap.lists.length(list))),
  "dicts.set many": ({ heap, dict, keys }) => {
    const made: Ptr[] = [];
    try {
      for (const key of keys) {
        heap.dicts.set(dict, key, key);
        made.push(key);
      }
    } finally {
      for (const key of made) heap.dicts.delete(dict, key);
    }
  },
  weakref: drop(({ heap, record }) => heap.weakref(record)),
  "weakref with a callback": drop(({ heap, record }) => heap.weakref(record, () => undefined)),
  weakValueMap: ({ heap, record }) => heap.weakValueMap().set("key", record).dispose(),
  weakKeyMap: ({ heap, record }) => heap.weakKeyMap().set(record, "value").dispose(),
  weakSet: ({ heap, record }) => heap.weakSet().add(record).dispose(),
  own: ({ heap }) => heap.own(heap.list()).dispose(),
  scope: ({ heap }) => heap.scope((scope) => void scope.use(heap.own(heap.list([heap.none])))),
  fromJS: drop(({ heap }) =>
    heap.fromJS({ a: [1, 2.5, "text", { b: new Map([["c", [2n ** 50n]]]) }], d: "long ".repeat(100) }),
  ),
  toJS: ({ heap, list }) => void heap.toJS(list),
  gc: ({ heap }) => void heap.gc(),
  "collector.step": ({ heap }) => {
    while (!heap.collector.step({ budgetObjects: 50 }));
  },
  "collector.objects": ({ heap }) => void heap.collector.objects(),
  "collector.referrers": ({ heap, record }) => void heap.collector.referrers(record),
  "collector.referents": ({ heap, list }) => void heap.collector.referents(list),
  setBlock: ({ heap }) => {
    const Owner = heap.defineType({ name: "Owner", fields: { data: "block" }, acyclic: true });
    const owner = heap.alloc(Owner);
    try {
      heap.setBlock(owner, Owner.fields.data, heap.malloc(2000));
    } finally {
      heap.decref(owner);
    }
  },
  adjustExternalBytes: ({ heap, record }) => {
    heap.adjustExternalBytes(record, 1000);
    heap.adjustExternalBytes(record, -1000);
  },
  stack: ({ heap, record }) => {
    const stack = heap.stack({ slots: 1000 });
    stack.push(record);
    heap.reclaim();
    stack.dispose();
  },
  snapshot: ({ heap }) => void heap.snapshot(),
  heapSnapshot: ({ heap }) => heap.heapSnapshot(() => undefined),
};

function prepare(heap: Heap, random: Random): Stage {
  const Record = heap.defineType({ name: "Record", fields: { next: "ref", value: "f64" }, weakrefs: true });
  const keys = Array.from({ length: 40 }, (_, i) => heap.str(`key ${i}`));
  const list = heap.list(keys.slice(0, random.below(keys.length)));
  const dict = heap.dict(keys.slice(0, random.below(10)).map((key) => [key, key] as const));
  for (let i = random.below(3000); i > 0; i--) heap.decref(heap.alloc(Record));
  return { heap, list, dict, record: heap.alloc(Record), block: heap.malloc(100), keys };
}

function finish({ heap, list, dict, record, block, keys }: Stage): void {
  for (const p of [list, dict, record, ...keys]) heap.decref(p);
  heap.free(block);
}

/** Blocks of a page, and smaller ones where no more of those fit. */
function fill(heap: Heap): Ptr[][] {
  return [PAGE, 512, 64, 16, 8].map((size) => {
    const blocks: Ptr[] = [];
    for (let block = heap.raw.malloc(size); block !== 0; block = heap.raw.malloc(size)) blocks.push(block);
    return blocks;
  });
}

/** Whether an operation succeeds with so many pages of room. */
function succeeds(operation: Operation, stage: Stage, pages: number): boolean {
  const { heap } = stage;
  const [large, ...small] = fill(heap);
  for (const block of large!.splice(0, pages)) heap.free(block);
  let error: unknown;
  try {
    operation(stage);
  } catch (thrown) {
    error = thrown;
  }
  heap.verify();
  for (const block of [...large!, ...small.flat()]) heap.free(block);
  if (error === undefined) return true;
  if (!(error instanceof HeapError && error.code === "ERR_HEAP_OOM")) throw error;
  return false;
}

describe.each(builds)("memory that ends in the middle, $name core", (build) => {
  test.each(Object.keys(OPERATIONS))("%s", (name) => {
    const operation = OPERATIONS[name]!;
    const seed = seedOf(name);
    for (let start = 0; start < STARTS; start++) {
      const options: HeapOptions = { maxBytes: 2 ** 21, initialBytes: 2 ** 21, autoCollect: start % 2 === 0 };
      const heap = build.create(options);
      const random = new Random(seed + start);
      const stage = prepare(heap, random);
      operation(stage);
      const before = checkpoint(heap);
      let pages = 0;
      while (!succeeds(operation, stage, pages)) {
        points++;
        assertNoLeaks(before);
        operation(stage);
        assertNoLeaks(before);
        expect(++pages, `seed ${seed}`).toBeLessThan(MOST_PAGES);
      }
      assertNoLeaks(before);
      finish(stage);
      heap.dispose();
    }
  });
});
