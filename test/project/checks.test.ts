import { describe, expect, test } from "vitest";
import { createHeap, HeapError, type Heap, type Ptr } from "tallyheap";
import { createHeap as createDebugHeap } from "tallyheap/debug";
import { read } from "./repository.js";

const ARENA = 262_144;

const at = (address: number): Ptr => address as Ptr;

function freed(heap: Heap, size: number): Ptr {
  // A neighbour keeps the page of a small block in use.
  heap.malloc(size);
  const ptr = heap.malloc(size);
  heap.free(ptr);
  return ptr;
}

/** Wrong pointers, each made in a new heap. */
const POINTERS: Record<string, (heap: Heap) => Ptr> = {
  "a pointer in the null page": () => at(64),
  "a misaligned pointer": (heap) => at(heap.malloc(64) + 1),
  "a pointer inside a small block": (heap) => at(heap.malloc(64) + 16),
  "a pointer inside a large block": (heap) => at(heap.malloc(50_000) + 4096),
  "a pointer inside a block of several arenas": (heap) => at(heap.malloc(3 * ARENA) + ARENA),
  "a pointer into the heap's own state": () => at(8192),
  "a pointer into a client arena": () => at(ARENA + 4096),
  "a pointer into memory that was never handed out": (heap) => at(heap.malloc(64) + 131_072),
  "a pointer beyond the end of the memory": () => at(0xffff_fff0),
  "the pointer of an object": (heap) => heap.list(),
  "a handle, which stands for an object": (heap) => heap.own(heap.list()) as unknown as Ptr,
  "a small block that was freed": (heap) => freed(heap, 64),
  "a large block that was freed": (heap) => freed(heap, 50_000),
  "a block that was freed and then handed out anew": (heap) => {
    const stale = freed(heap, 64);
    for (let i = 0; i < 100; i++) heap.malloc(64);
    return stale;
  },
  "a freed block whose second word was overwritten": (heap) => {
    const ptr = freed(heap, 64);
    heap.bytes(ptr, 8).fill(0x55, 4);
    return ptr;
  },
  "a block that was freed through `heap.raw`": (heap) => {
    const ptr = heap.malloc(64);
    heap.raw.free(ptr);
    return ptr;
  },
  "a live block of the same address in another heap": (heap) => {
    heap.malloc(64);
    return createSame(heap).malloc(64);
  },
};

/** The calls that take a pointer. */
const CALLS: Record<string, (heap: Heap, ptr: Ptr) => void> = {
  free: (heap, ptr) => heap.free(ptr),
  realloc: (heap, ptr) => void heap.realloc(ptr, 200),
  usableSize: (heap, ptr) => void heap.usableSize(ptr),
};

/** Damage done to a new heap, and the call that may notice it. */
const DAMAGE: Record<string, (heap: Heap) => void> = {
  "the byte behind a block was written": (heap) => {
    const ptr = heap.malloc(64);
    heap.bytes(ptr, 65)[64] = 1;
    heap.free(ptr);
  },
  "the byte before a block was written": (heap) => {
    const ptr = heap.malloc(64);
    heap.bytes(at(ptr - 1), 1)[0] = 1;
    heap.free(ptr);
  },
  "a freed block was written to, seen by `verify()`": (heap) => {
    const ptr = freed(heap, 64);
    heap.bytes(ptr, 64).fill(1, 16);
    heap.verify();
  },
  "a freed block was written to, seen when it leaves the quarantine": (heap) => {
    const ptr = freed(heap, 64);
    heap.bytes(ptr, 64).fill(1, 16);
    for (let i = 0; i < 40; i++) heap.free(heap.malloc(60_000));
  },
  "the null page was written to": (heap) => {
    new Uint8Array(heap.memory.buffer)[100] = 1;
    heap.verify();
  },
  "the count of an object is below the references to it": (heap) => {
    const value = heap.float(1.5);
    heap.list([value, value]);
    heap.decref(value);
    heap.decref(value);
    heap.verify();
  },
  "a byte far behind a block, inside another one, was written": (heap) => {
    const [first, second] = [heap.malloc(64), heap.malloc(64)];
    heap.bytes(second, 64)[32] = 1;
    heap.free(first);
    heap.free(second);
    heap.verify();
  },
  "memory was read that was never written, or after it was freed": (heap) => {
    const ptr = heap.malloc(64);
    heap.bytes(ptr, 64).slice();
    heap.free(ptr);
    heap.bytes(ptr, 64).slice();
    heap.verify();
  },
};

const options = { clientBytes: ARENA };
const debugHeaps = new WeakSet<Heap>();

function createSame(heap: Heap): Heap {
  return debugHeaps.has(heap) ? createDebug() : createHeap(options);
}

function createDebug(): Heap {
  const heap = createDebugHeap(options);
  debugHeaps.add(heap);
  return heap;
}

/** What a row of the table says about this. */
function outcome(misuse: () => void): string {
  try {
    misuse();
    return "not detected";
  } catch (error) {
    if (!(error instanceof HeapError)) throw error;
    return `\`${error.code}\``;
  }
}

const rows = read("docs/checks.md")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| --"))
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, misuse, checked, debug]) => ({ misuse: misuse!, checked: checked!, debug: debug! }))
  .filter(({ checked }) => checked !== "`Heap`");

describe("docs/checks.md says what is detected", () => {
  test("of every misuse that is tried here", () => {
    const tried = [...Object.keys(POINTERS), ...Object.keys(DAMAGE)];
    expect(rows.map(({ misuse }) => misuse).sort()).toEqual(tried.sort());
  });

  const pointers = rows.filter(({ misuse }) => misuse in POINTERS);
  test.each(pointers)("free, realloc and usableSize of $misuse", ({ misuse, checked, debug }) => {
    for (const [name, call] of Object.entries(CALLS)) {
      const judge = (heap: Heap): string => {
        const ptr = POINTERS[misuse]!(heap);
        return outcome(() => call(heap, ptr));
      };
      expect({ name, verdict: judge(createHeap(options)) }).toEqual({ name, verdict: checked });
      expect({ name, verdict: judge(createDebug()) }).toEqual({ name, verdict: debug });
    }
  });

  test.each(rows.filter(({ misuse }) => misuse in DAMAGE))("$misuse", ({ misuse, checked, debug }) => {
    const judge = (heap: Heap): string => outcome(() => DAMAGE[misuse]!(heap));
    expect(judge(createHeap(options))).toBe(checked);
    expect(judge(createDebug())).toBe(debug);
  });

  test("a refused call changes nothing", () => {
    for (const { misuse, checked } of pointers.filter((row) => row.checked !== "not detected")) {
      for (const call of Object.values(CALLS)) {
        const heap = createHeap(options);
        const block = heap.malloc(100);
        heap.bytes(block, 100).fill(7);
        const wrong = POINTERS[misuse]!(heap);
        const before = heap.stats();
        expect(outcome(() => call(heap, wrong))).toBe(checked);
        expect(heap.stats()).toEqual(before);
        heap.verify();
        expect(heap.bytes(block, 100).every((byte) => byte === 7)).toBe(true);
        heap.free(block);
      }
    }
  });
});
