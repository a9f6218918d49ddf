import { createHeap, type Handle, type Heap, type Ptr } from "tallyheap";

const PAIRS = 1000;
const BLOCKS = 20_000;
/** One block of so many stays, wherever it lies. */
const KEPT = 12;

/** What the buttons do with a heap; each says in a sentence what happened. */
export class Actions {
  readonly heap: Heap = createHeap({ autoCollect: false });
  readonly #node;
  #held: Handle[] = [];
  #blocks: Ptr[] = [];

  constructor() {
    this.#node = this.heap.defineType({ name: "Node", fields: { other: "ref" } });
  }

  /** Pairs of objects that refer to each other, each pair held by a handle. */
  makeCycles(): string {
    const { heap } = this;
    const { other } = this.#node.fields;
    for (let i = 0; i < PAIRS; i++) {
      const first = heap.alloc(this.#node);
      const second = heap.alloc(this.#node);
      heap.setRef(second, other, first);
      heap.stealRef(first, other, second);
      this.#held.push(heap.own(first));
    }
    return `${PAIRS} cycles of two objects were made.`;
  }

  /** The handles are disposed of; what they held keeps itself alive. */
  drop(): string {
    const held = this.#held.length;
    for (const handle of this.#held.splice(0)) handle.dispose();
    return held === 0
      ? "There is nothing to drop."
      : `${held} cycles were dropped: their counts are not 0, so they stay.`;
  }

  gc(): string {
    const start = performance.now();
    const found = this.heap.gc();
    return `The collection freed ${found} objects in ${(performance.now() - start).toFixed(2)} ms.`;
  }

  /** Many blocks of all sizes, of which a few are left here and there. */
  fragment(): string {
    const { heap } = this;
    const blocks = Array.from({ length: BLOCKS }, (_, i) => heap.malloc(16 + ((i * 7919) % 600)));
    blocks.forEach((block, i) => {
      if (i % KEPT === 0) this.#blocks.push(block);
      else heap.free(block);
    });
    return `${BLOCKS} blocks were allocated, and all but every ${KEPT}th freed.`;
  }

  free(): string {
    const blocks = this.#blocks.splice(0);
    for (const block of blocks) this.heap.free(block);
    return `${blocks.length} blocks were freed.`;
  }

  trim(): string {
    return `${this.heap.trim()} bytes were given back to the system.`;
  }

  /** What the page shows of the heap. */
  facts(): readonly (readonly [name: string, text: string])[] {
    const { heap } = this;
    const { heapUsed, arenas, heapTotal } = heap.stats();
    return [
      ["Memory", kib(heapTotal)],
      ["Pages in use", kib(heapUsed)],
      ["Arenas in use", String(arenas)],
      ["Tracked objects", String(heap.collector.objects().length)],
      ["Handles", String(this.#held.length)],
    ];
  }
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toLocaleString("en")} KiB`;
}
