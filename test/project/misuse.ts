import { createHeap, HeapError, type Heap, type HeapOptions, type Ptr } from "tallyheap";
import { createHeap as createDebugHeap } from "tallyheap/debug";

/** How a program reaches the malloc family, and which calls it has to go on with. */
interface Way {
  readonly heap: Heap;
  malloc(size: number): Ptr;
  free(ptr: Ptr): void;
}

const SIZE = 64;
const at = (address: number): Ptr => address as Ptr;

/** Runs are to repeat each other, the hardened core's random order as well. */
const options: HeapOptions = { hashSeed: 20260 };
const checked = (heap: Heap): Way => ({ heap, malloc: (n) => heap.malloc(n), free: (p) => heap.free(p) });
const raw = (heap: Heap): Way => ({ heap, malloc: (n) => heap.raw.malloc(n), free: (p) => heap.raw.free(p) });

/** The columns of the table. */
export const WAYS: Readonly<Record<string, () => Way>> = {
  "`Heap`": () => checked(createHeap(options)),
  "`heap.raw`": () => raw(createHeap(options)),
  hardened: () => checked(createHeap({ ...options, hardened: true })),
  "hardened `raw`": () => raw(createHeap({ ...options, hardened: true })),
  "hardened, `zeroOnFree`": () => checked(createHeap({ ...options, hardened: { zeroOnFree: true } })),
  debug: () => checked(createDebugHeap(options)),
};

function write(heap: Heap, address: number, bytes: number, value = 0x41): void {
  new Uint8Array(heap.memory.buffer).fill(value, address, address + bytes);
}

/** Live blocks, in the order in which they lie. */
function neighbours(way: Way): Ptr[] {
  return Array.from({ length: 12 }, () => way.malloc(SIZE)).sort((a, b) => a - b);
}

/** Misuses; what is live besides is what each returns. */
const MISUSES: Readonly<Record<string, (way: Way) => readonly Ptr[]>> = {
  "double free, at once": (way) => {
    const [a, b, ...live] = neighbours(way);
    way.free(a!);
    way.free(a!);
    return [b!, ...live];
  },
  "double free, after other frees": (way) => {
    const [a, b, c, ...live] = neighbours(way);
    way.free(a!);
    way.free(b!);
    way.free(c!);
    way.free(a!);
    return live;
  },
  "double free, with allocations in between": (way) => {
    const [a, b, ...live] = neighbours(way);
    way.free(a!);
    const others = Array.from({ length: 5 }, () => way.malloc(SIZE * 2));
    way.free(b!);
    way.free(a!);
    return [...live, ...others];
  },
  "double free, after the block was handed out anew": (way) => {
    const [a, ...live] = neighbours(way);
    way.free(a!);
    const others = Array.from({ length: 80 }, () => way.malloc(SIZE));
    way.free(a!);
    return [...live, ...others];
  },
  "free of a pointer into a block": (way) => {
    const live = neighbours(way);
    way.free(at(live[3]! + 16));
    return live;
  },
  "free of a misaligned pointer": (way) => {
    const live = neighbours(way);
    way.free(at(live[3]! + 1));
    return live;
  },
  "free of a pointer to nobody's memory": (way) => {
    const live = neighbours(way);
    way.free(at(0x4000_0000));
    way.free(at(8192));
    return live;
  },
  "free of a pointer in the null page": (way) => {
    const live = neighbours(way);
    way.free(at(64));
    return live;
  },
  "one byte behind a block": (way) => {
    const live = neighbours(way);
    write(way.heap, live[3]! + SIZE, 1);
    way.free(live[3]!);
    return live.filter((_, i) => i !== 3);
  },
  "32 bytes behind a block, the next one being free": (way) => {
    const live = neighbours(way);
    way.free(live[4]!);
    write(way.heap, live[3]! + SIZE, 32);
    way.free(live[3]!);
    return live.filter((_, i) => i !== 3 && i !== 4);
  },
  "32 bytes behind a large block": (way) => {
    const large = way.malloc(100_000);
    const bytes = way.heap.usableSize(large);
    write(way.heap, large + bytes, 32);
    way.free(large);
    return [];
  },
  "one byte before a block": (way) => {
    const live = neighbours(way);
    write(way.heap, live[3]! - 1, 1);
    way.free(live[3]!);
    return live.filter((_, i) => i !== 3);
  },
  "32 bytes before a block, the one there being free": (way) => {
    const live = neighbours(way);
    way.free(live[2]!);
    write(way.heap, live[3]! - 32, 32);
    way.free(live[3]!);
    return live.filter((_, i) => i !== 2 && i !== 3);
  },
  "write after free, to the first word": (way) => {
    const [a, b, ...live] = neighbours(way);
    way.free(a!);
    way.free(b!);
    write(way.heap, b!, 4, 0);
    return live;
  },
  "write after free, behind the second word": (way) => {
    const [a, b, ...live] = neighbours(way);
    way.free(a!);
    way.free(b!);
    write(way.heap, b! + 8, 16);
    return live;
  },
  "write after free, of a live block's address": (way) => {
    const [a, b, ...live] = neighbours(way);
    way.free(a!);
    way.free(b!);
    new Uint32Array(way.heap.memory.buffer)[b! >>> 2] = live[0]!;
    return live;
  },
};

/** What is read that is no misuse to ask for. */
const READINGS: Readonly<Record<string, (way: Way) => string>> = {
  "reading what was never written": (way) => {
    const block = way.malloc(SIZE);
    write(way.heap, block, SIZE, 0x77);
    way.malloc(SIZE);
    way.free(block);
    for (let i = 0; i < 200; i++) {
      const next = way.malloc(SIZE);
      const byte = way.heap.bytes(next, SIZE)[32]!;
      if (next === block) return byte === 0x77 ? "old bytes" : `0x${byte.toString(16).padStart(2, "0")}`;
    }
    return `0x${way.heap.bytes(way.malloc(SIZE), SIZE)[32]!.toString(16).padStart(2, "0")}`;
  },
  "a block of no bytes": (way) => {
    const [a, b] = [way.malloc(0), way.malloc(0)];
    const isDistinct = a !== b && a !== 0 && b !== 0;
    way.free(a);
    way.free(b);
    way.heap.verify();
    return isDistinct ? "distinct blocks" : "no block";
  },
};

function codeOf(error: unknown): string {
  if (error instanceof HeapError) return `\`${error.code}\``;
  if (error instanceof WebAssembly.RuntimeError) return "a trap";
  throw error;
}

/** What comes of a misuse: who finds it, or what it leads to. */
function consequence(way: Way, misuse: (way: Way) => readonly Ptr[]): string {
  let live: readonly Ptr[];
  try {
    live = misuse(way);
  } catch (error) {
    return codeOf(error);
  }
  const { heap } = way;
  try {
    const owned = new Set(live);
    for (let i = 0; i < 200; i++) {
      const block = way.malloc(SIZE);
      if (block === 0) continue;
      if (owned.has(block)) return "**a live block again**";
      owned.add(block);
      // What a program does with its block.
      write(heap, block, SIZE, 0);
    }
    for (let i = 0; i < 40; i++) heap.free(heap.malloc(60_000));
  } catch (error) {
    return `${codeOf(error)} later`;
  }
  try {
    heap.verify();
  } catch (error) {
    return `${codeOf(error)} by \`verify()\``;
  }
  return "not detected";
}

/** The table, row by row, as docs/checks.md has it. */
export function misuseTable(): string[][] {
  const names = Object.keys(WAYS);
  const rows = Object.entries(MISUSES).map(([name, misuse]) => [
    name,
    ...Object.values(WAYS).map((make) => consequence(make(), misuse)),
  ]);
  const readings = Object.entries(READINGS).map(([name, reading]) => [
    name,
    ...Object.values(WAYS).map((make) => reading(make())),
  ]);
  return [["what a program does", ...names], ...rows, ...readings];
}
