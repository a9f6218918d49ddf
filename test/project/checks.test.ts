import { describe, expect, test } from "vitest";
import { createHeap, HeapError, type Heap, type Ptr } from "tallyheap";
import { createHeap as createDebugHeap } from "tallyheap/debug";
import { Random } from "../support/random.js";
import { seedOf } from "../support/objects.js";
import { read } from "./repository.js";

const PAGE = 4096;
const ARENA = 262_144;
/** Draws for each cell of the table. */
const DRAWS = 25;

const at = (address: number): Ptr => address as Ptr;

function freed(heap: Heap, size: number): Ptr {
  // A neighbour keeps the page of a small block in use.
  heap.malloc(size);
  const ptr = heap.malloc(size);
  heap.free(ptr);
  return ptr;
}

/** Sizes to draw from: evenly by their logarithm. */
type Draw = (least: number, most: number) => number;

const LARGEST = 2 ** 20;
/** Largest block of a pool or slab; a larger one is a span of pages. */
const MEDIUM = 32_768;

/** Wrong pointers, each made in a new heap, with sizes drawn at random. */
const POINTERS: Record<string, (heap: Heap, draw: Draw) => Ptr> = {
  "a pointer in the null page": (_, draw) => at(draw(1, 4095)),
  "a misaligned pointer": (heap, draw) => at(heap.malloc(draw(8, LARGEST)) + draw(1, 7)),
  "a pointer inside a small block": (heap, draw) => {
    const size = draw(2, MEDIUM);
    return at(heap.malloc(size) + draw(1, size - 1));
  },
  "a pointer inside a large block": (heap, draw) => {
    const size = draw(MEDIUM + 1, ARENA);
    return at(heap.malloc(size) + draw(1, size - 1));
  },
  "a pointer inside a block of several arenas": (heap, draw) => {
    const size = draw(2 * ARENA, LARGEST);
    return at(heap.malloc(size) + draw(1, size - 1));
  },
  "a pointer into the heap's own state": (_, draw) => at(draw(4096, ARENA - 1)),
  "a pointer into a client arena": (_, draw) => at(ARENA + draw(1, ARENA - 1)),
  "a block of a pool that was never handed out": (heap, draw) => {
    const ptr = heap.malloc(draw(1, 512));
    const bytes = Math.max(heap.usableSize(ptr), 8);
    // Some of those behind it were carved with it, the others not yet.
    return at(ptr + bytes * draw(1, Math.floor((PAGE - (ptr % PAGE)) / bytes) - 1));
  },
  "a pointer into memory that was never handed out": (heap, draw) =>
    at(heap.malloc(draw(1, 512)) + 131_072 + draw(1, 65_536)),
  "a pointer beyond the end of the memory": (_, draw) => at(2 ** 32 - draw(1, 2 ** 30)),
  "the pointer of an object": (heap, draw) => heap.str("x".repeat(draw(2, LARGEST))),
  "a handle, which stands for an object": (heap) => heap.own(heap.list()) as unknown as Ptr,
  "a small block that was freed": (heap, draw) => freed(heap, draw(1, MEDIUM)),
  "a large block that was freed": (heap, draw) => freed(heap, draw(MEDIUM + 1, LARGEST)),
  "a block that was freed and then handed out anew": (heap, draw) => {
    const size = draw(1, 512);
    const stale = freed(heap, size);
    for (let i = 0; i < 600; i++) heap.malloc(size);
    return stale;
  },
  "a freed block whose second word was overwritten": (heap, draw) => {
    const ptr = freed(heap, draw(8, 512));
    heap.bytes(ptr, 8).fill(0x55, 4);
    return ptr;
  },
  "a block that was freed through `heap.raw`": (heap, draw) => {
    const ptr = heap.malloc(draw(1, 512));
    // A pool without live blocks knows that there is nothing to free.
    heap.malloc(heap.usableSize(ptr));
    heap.raw.free(ptr);
    return ptr;
  },
  "a live block of the same address in another heap": (heap, draw) => {
    const size = draw(1, LARGEST);
    heap.malloc(size);
    return createSame(heap).malloc(size);
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

function drawFrom(random: Random): Draw {
  return (least, most) => {
    const spread = Math.log2(most + 1) - Math.log2(least);
    return Math.min(most, Math.floor(least * 2 ** ((random.below(2 ** 20) / 2 ** 20) * spread)));
  };
}
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
  // The table of misuses on all cores has more columns, and a test of its own.
  .filter((cells) => cells.length === 5)
  .map(([, misuse, checked, debug]) => ({ misuse: misuse!, checked: checked!, debug: debug! }))
  .filter(({ checked }) => checked !== "`Heap`");

describe("docs/checks.md says what is detected", () => {
  test("of every misuse that is tried here", () => {
    const tried = [...Object.keys(POINTERS), ...Object.keys(DAMAGE)];
    expect(rows.map(({ misuse }) => misuse).sort()).toEqual(tried.sort());
  });

  const pointers = rows.filter(({ misuse }) => misuse in POINTERS);
  test.each(pointers)("free, realloc and usableSize of $misuse", ({ misuse, checked, debug }) => {
    const seed = seedOf(misuse);
    const draw = drawFrom(new Random(seed));
    for (let i = 0; i < DRAWS; i++) {
      for (const [name, call] of Object.entries(CALLS)) {
        const judge = (heap: Heap): string => {
          const ptr = POINTERS[misuse]!(heap, draw);
          return outcome(() => call(heap, ptr));
        };
        expect({ seed, i, name, verdict: judge(createHeap(options)) }).toMatchObject({ verdict: checked });
        expect({ seed, i, name, verdict: judge(createDebug()) }).toMatchObject({ verdict: debug });
      }
    }
  });

  test.each(rows.filter(({ misuse }) => misuse in DAMAGE))("$misuse", ({ misuse, checked, debug }) => {
    const judge = (heap: Heap): string => outcome(() => DAMAGE[misuse]!(heap));
    expect(judge(createHeap(options))).toBe(checked);
    expect(judge(createDebug())).toBe(debug);
  });

  test("a refused call changes nothing", () => {
    const draw = drawFrom(new Random(seedOf("refused calls")));
    for (const { misuse, checked } of pointers.filter((row) => row.checked !== "not detected")) {
      for (const call of Object.values(CALLS)) {
        const heap = createHeap(options);
        const block = heap.malloc(100);
        heap.bytes(block, 100).fill(7);
        const wrong = POINTERS[misuse]!(heap, draw);
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
