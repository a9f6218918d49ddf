import { describe, expect, test } from "vitest";
import { HeapError, type Heap, type Ptr } from "../../../bindings/index.js";
import { builds, errorOf } from "../../support/cores.js";
import { NULL, fillUp, newHeap, release } from "../../support/objects.js";
import { STRESS } from "../../support/stress.js";

// Operations that collect, or ask the host for memory, between looking at their arguments and using them; the table of
// docs/objects.md. Each is run with a finalizer that does something to what it works on.

/** What an operation works on: a list, a dict and a record with weak references, each with one reference. */
interface Subject {
  readonly heap: Heap;
  readonly list: Ptr;
  readonly dict: Ptr;
  readonly record: Ptr;
  /** Whether the three were released. */
  isFreed: boolean;
}

const ITEMS = 10;

/** What host code does meanwhile. */
const MISCHIEF: Record<string, (subject: Subject) => void> = {
  "empties it": ({ heap, list, dict }) => {
    heap.lists.delete(list, 0, heap.lists.length(list));
    for (const key of [...heap.dicts.keys(dict)]) heap.dicts.delete(dict, key);
  },
  "cuts it short": ({ heap, list }) => heap.lists.delete(list, 2, heap.lists.length(list)),
  "makes it longer": ({ heap, list, dict }) => {
    for (let i = 0; i < 200; i++) {
      const item = heap.int(i + 1000);
      heap.lists.append(list, item);
      heap.dicts.set(dict, item, item);
      heap.decref(item);
    }
  },
  "grows the memory": ({ heap }) => heap.free(heap.malloc(3_000_000)),
  "frees it": (subject) => {
    const { heap, list, dict, record } = subject;
    release(heap, list, dict, record);
    subject.isFreed = true;
  },
  "frees it and takes its place": (subject) => {
    const { heap, list, dict, record } = subject;
    release(heap, list, dict, record);
    subject.isFreed = true;
    heap.decref(heap.fromJS([[1], [2, 3], new Map([[1, 2]])]));
  },
  collects: ({ heap }) => void heap.gc(),
  "tries to reset": ({ heap }) => void expect(errorOf(() => heap.reset()).code).toBe("ERR_HEAP_BUSY"),
  "tries to dispose": ({ heap }) => void expect(errorOf(() => heap.dispose()).code).toBe("ERR_HEAP_BUSY"),
  throws: () => {
    throw new Error("mischief");
  },
};

/** What is asked for; what it gives is released. Those of `COLLECT` allocate a container, those of `ASK` only bytes. */
const COLLECT: Record<string, (subject: Subject) => Ptr> = {
  alloc: ({ heap, record }) => heap.alloc(heap.typeOf(record)),
  "list of it": ({ heap, list }) => heap.list([list, list]),
  "list of many": ({ heap, list }) => heap.list(new Set(Array.from({ length: 50 }, () => list))),
  "tuple of it": ({ heap, list }) => heap.tuple([list, list]),
  "dict of it": ({ heap, list, record }) => heap.dict([[list, record]]),
  fromJS: ({ heap, list }) => {
    const inner = heap.own(heap.list([list]));
    const made = heap.fromJS([[1, 2], new Map([[1, [3]]]), inner]);
    inner.dispose();
    return made;
  },
  "lists.slice": ({ heap, list }) => {
    const part = heap.lists.slice(list, 1, 8);
    expect([0, 1, 7]).toContain(heap.lists.length(part));
    return part;
  },
  "lists.slice from the end": ({ heap, list }) => heap.lists.slice(list, -3),
  weakref: ({ heap, record }) => heap.weakref(record),
  "weakref with a callback": ({ heap, record }) => heap.weakref(record, () => {}),
  "weakValueMap.set": (subject) => {
    const map = subject.heap.weakValueMap<number>();
    map.set(1, subject.record);
    expect(map.size).toBe(subject.isFreed ? 0 : 1);
    map.dispose();
    return NULL;
  },
  "weakKeyMap.set": (subject) => {
    const map = subject.heap.weakKeyMap<number>();
    map.set(subject.record, 1);
    expect(map.size).toBe(subject.isFreed ? 0 : 1);
    map.dispose();
    return NULL;
  },
  "weakSet.add": (subject) => {
    const set = subject.heap.weakSet();
    set.add(subject.record);
    expect(set.size).toBe(subject.isFreed ? 0 : 1);
    set.dispose();
    return NULL;
  },
};

const ASK: Record<string, (subject: Subject) => Ptr> = {
  "lists.append": ({ heap, list }) => (heap.lists.append(list, heap.none), NULL),
  "lists.insert": ({ heap, list }) => (heap.lists.insert(list, 9, heap.none), NULL),
  "lists.insert at the end": ({ heap, list }) => (heap.lists.insert(list, ITEMS, heap.none), NULL),
  "lists.delete": ({ heap, list }) => (heap.lists.delete(list, 2, 9), NULL),
  "dicts.set": ({ heap, dict }) => {
    const key = heap.int(3);
    for (let i = 0; i < 40; i++) heap.dicts.set(dict, heap.int(200 + i), key);
    return NULL;
  },
  intern: ({ heap }) => heap.intern("a text of its own, and rather a long one ".repeat(40)),
  str: ({ heap }) => heap.str("a text of its own, and rather a long one ".repeat(400)),
  bytesObject: ({ heap }) => heap.bytesObject(new Uint8Array(20_000)),
  "collector.objects": ({ heap }) => (heap.collector.objects(), NULL),
  "collector.referrers": ({ heap, list }) => (heap.collector.referrers(list), NULL),
  "collector.referents": ({ heap, list }) => (heap.collector.referents(list), NULL),
  defineType: ({ heap }) => {
    heap.defineType({ name: "Late", fields: { a: "ref", b: "block" } });
    return NULL;
  },
  malloc: ({ heap }) => (heap.free(heap.malloc(40_000)), NULL),
  ...COLLECT,
};

/** What a caller may be told once what he passed was freed under it. */
const GONE = ["ERR_HEAP_USE_AFTER_FREE", "ERR_HEAP_BAD_POINTER", "ERR_HEAP_TYPE", "ERR_HEAP_OOM"];

function makeSubject(heap: Heap): Subject {
  const Record = heap.defineType({ name: "Record", fields: { next: "ref" }, weakrefs: true });
  const items = Array.from({ length: ITEMS }, (_, i) => heap.int(i + 5000));
  const list = heap.list();
  for (const item of items) heap.lists.append(list, item);
  const dict = heap.dict(items.slice(0, 4).map((item) => [item, item]));
  release(heap, ...items);
  return { heap, list, dict, record: heap.alloc(Record), isFreed: false };
}

/** Runs an operation, which may be refused only for what was freed under it. */
function run(subject: Subject, operation: (subject: Subject) => Ptr): void {
  const { heap } = subject;
  try {
    const result = operation(subject);
    if (result !== NULL) heap.decref(result);
  } catch (error) {
    if (!(error instanceof HeapError) || !subject.isFreed || !GONE.includes(error.code)) throw error;
  }
  heap.verify();
  if (!subject.isFreed) release(heap, subject.list, subject.dict, subject.record);
}

describe.each(builds)("host code within an operation, $name core", (build) => {
  describe.each(Object.entries(MISCHIEF))("a finalizer that %s", (_, mischief) => {
    test.each(Object.entries(COLLECT))("while it collects: %s", (_, operation) => {
      const heap = newHeap(build, { onUnraisable: () => {} });
      const subject = makeSubject(heap);
      let ran = 0;
      const Final = heap.defineType({
        name: "Final",
        fields: { self: "ref" },
        finalize: () => {
          ran++;
          mischief(subject);
        },
      });
      heap.collector.disable();
      const garbage = heap.alloc(Final);
      heap.setRef(garbage, Final.fields.self, garbage);
      heap.decref(garbage);
      heap.collector.thresholds = [1, 1, 1];
      heap.collector.enable();
      run(subject, operation);
      expect(ran).toBe(1);
    });

    test.skipIf(STRESS > 0).each(Object.entries(ASK))("while it finds no memory: %s", (_, operation) => {
      let asked = 0;
      let filler: Ptr[] = [];
      const heap: Heap = newHeap(build, {
        maxBytes: 2 ** 20,
        autoCollect: false,
        onUnraisable: () => {},
        onMemoryPressure: () => {
          for (const block of filler.splice(0)) heap.raw.free(block);
          if (asked++ === 0) mischief(subject);
        },
      });
      const subject = makeSubject(heap);
      filler = fillUp(heap);
      run(subject, operation);
      for (const block of filler.splice(0)) heap.raw.free(block);
    });
  });

  describe("what JavaScript runs while fromJS reads", () => {
    test.each(["getter", "iterator", "proxy"])("%s that resets the heap", (kind) => {
      const heap = newHeap(build);
      const reset = (): number => {
        heap.reset();
        // Something else takes the place of what was made.
        for (let i = 0; i < 20; i++) heap.list([heap.int(i + 1000)]);
        return 1;
      };
      const values: Record<string, unknown> = {
        getter: [[1, 2], { get a() { return reset(); } }, [3]], // prettier-ignore
        iterator: [[1], new (class extends Map { override *[Symbol.iterator](): MapIterator<[1, 2]> { yield [1, 2]; reset(); yield [1, 2]; } })(), [2]], // prettier-ignore
        proxy: [[1], new Proxy([1, 2, 3], { get: (target, key) => (key === "1" ? reset() : Reflect.get(target, key)) })], // prettier-ignore
      };
      expect(errorOf(() => heap.fromJS(values[kind])).code).toBe("ERR_HEAP_USE_AFTER_FREE");
      heap.verify();
      heap.reset();
    });

    test("a getter that makes the array shorter, or throws", () => {
      const heap = newHeap(build);
      const array: unknown[] = [1, [2], 3, [4]];
      Object.defineProperty(array, 1, { get: () => ((array.length = 2), [5]) });
      const list = heap.fromJS(array);
      expect(heap.toJS(list)).toEqual([1, [5]]);
      heap.decref(list);
      expect(() => heap.fromJS([[1], { get a() { throw new Error("in a getter"); } }])).toThrow("in a getter"); // prettier-ignore
    });
  });

  test("bytesObject of a view of the heap itself, which grows meanwhile", () => {
    const heap = newHeap(build);
    const block = heap.malloc(900_000);
    heap.bytes(block, 900_000).fill(7);
    const made = Array.from({ length: 6 }, () => heap.bytesObject(heap.bytes(block, 900_000)));
    for (const p of made) expect((heap.toJS(p) as Uint8Array).every((byte) => byte === 7)).toBe(true);
    release(heap, ...made);
    heap.free(block);
  });
});
