/**
 * scale-worker.js objects COUNT | blocks BYTES: what operations cost in a heap of that size, as a line of JSON. Small heaps are
 * built again until enough is timed. Floors touch the same memory without the heap: what the processor's caches cost.
 */

import { createHeap, type Heap, type Ptr } from "tallyheap";
import { processorNs } from "../lib/clock.js";
import { randomFrom } from "../lib/random.js";

/** Figures by name: ns an operation, object or block; bytes an object; extent over live bytes. */
export type Scaled = Readonly<Record<string, number>>;

/** Objects and operations that are timed at least. */
const LEAST = 400_000;
const SMALLEST_BLOCK = 16;
const LARGEST_BLOCK = 65_536;
const ARENA_BYTES = 262_144;

const random = randomFrom(1);
const below = (limit: number): number => Math.floor(random() * limit);

/** Sums of processor time by name, and of what it is divided by. */
const spent = new Map<string, { ns: number; units: number }>();

function time(name: string, units: number, body: () => void): void {
  const start = processorNs();
  body();
  const ns = processorNs() - start;
  const sum = spent.get(name) ?? { ns: 0, units: 0 };
  spent.set(name, { ns: sum.ns + ns, units: sum.units + units });
}

const times = (): Scaled => Object.fromEntries([...spent].map(([name, { ns, units }]) => [name, ns / units]));

const extent = (heap: Heap): number => heap.stats().arenasHighWater * ARENA_BYTES;

function scaleObjects(count: number): Scaled {
  const half = count >>> 1;
  const heads = new Uint32Array(half);
  const nodes = new Uint32Array(count);
  let bytes = 0;
  for (let done = 0; done < LEAST; done += count) {
    const heap = createHeap({ autoCollect: false });
    const Half = heap.defineType({ name: "Half", fields: { other: "ref", friend: "ref" } });
    const { other, friend } = Half.fields;
    // Pairs that hold each other: alive by one reference, and garbage only a collection finds.
    time("create, ns/object", count, () => {
      for (let i = 0; i < half; i++) {
        const [first, second] = [heap.alloc(Half), heap.alloc(Half)];
        heap.setRef(first, other, second);
        heap.stealRef(second, other, first);
        heap.incref(first);
        heap.decref(second);
        heads[i] = first;
      }
    });
    bytes = extent(heap) / count;
    const stores = Math.min(LEAST, count);
    time("store at random, ns", stores, () => {
      for (let i = 0; i < stores; i++)
        heap.setRef(heads[below(half)] as Ptr, friend, heads[below(half)] as Ptr);
    });
    const words = new Uint32Array(heap.memory.buffer);
    time("store at random: floor, ns", stores, () => {
      for (let i = 0; i < stores; i++) {
        const [from, to] = [heads[below(half)]!, heads[below(half)]!];
        words[to >>> 2] = words[to >>> 2]! + words[(from >>> 2) + 2]!;
        words[to >>> 2] = words[to >>> 2]! - words[(from >>> 2) + 2]!;
      }
    });
    heap.gc(2);
    time("collection, ns/live object", count, () => void heap.gc(2));
    time("release, ns/pair", half, () => {
      for (let i = 0; i < half; i++) heap.decref(heads[i] as Ptr);
    });
    time("collection, ns/dead object", count, () => void heap.gc(2));
    // A tree, children first.
    for (let i = count - 1; i >= 0; i--) {
      const node = (nodes[i] = heap.alloc(Half));
      if (2 * i + 1 < count) heap.stealRef(node, other, nodes[2 * i + 1] as Ptr);
      if (2 * i + 2 < count) heap.stealRef(node, friend, nodes[2 * i + 2] as Ptr);
    }
    time("death of a tree, ns/object", count, () => heap.decref(nodes[0] as Ptr));
    heap.dispose();
  }
  return { ...times(), "extent, bytes/object": bytes };
}

/** Sizes are as likely from 16 to 32 bytes as from 32 to 64 KiB. */
const drawSize = (): number => Math.floor(SMALLEST_BLOCK * (LARGEST_BLOCK / SMALLEST_BLOCK) ** random());

function scaleBlocks(liveBytes: number): Scaled {
  const sizes = Float64Array.from({ length: 65_536 }, drawSize);
  let ratio = 0;
  for (let done = 0; done < LEAST;) {
    const heap = createHeap();
    const { raw } = heap;
    const blocks: Ptr[] = [];
    const lengths: number[] = [];
    let live = 0;
    let filled = 0;
    const start = processorNs();
    for (; live < liveBytes; filled++) {
      const size = sizes[filled & 0xffff]!;
      blocks.push(raw.malloc(size));
      lengths.push(size);
      live += size;
    }
    const ns = processorNs() - start;
    const sum = spent.get("fill, ns/block") ?? { ns: 0, units: 0 };
    spent.set("fill, ns/block", { ns: sum.ns + ns, units: sum.units + filled });
    const replaced = Math.min(LEAST, 50 * filled);
    let failed = 0;
    time("replace at random, ns", replaced, () => {
      for (let i = 0; i < replaced; i++) {
        const slot = below(filled);
        raw.free(blocks[slot]!);
        if ((blocks[slot] = raw.malloc(lengths[slot]!)) === 0) failed++;
      }
    });
    if (failed > 0) throw new Error(`${failed} requests failed with ${live} bytes alive`);
    const words = new Uint32Array(heap.memory.buffer);
    time("replace at random: floor, ns", replaced, () => {
      for (let i = 0; i < replaced; i++) {
        const slot = below(filled);
        const word = blocks[slot]! >>> 2;
        words[word] = (words[word]! + lengths[slot]!) | 0;
      }
    });
    ratio = extent(heap) / live;
    time("drain, ns/block", filled, () => {
      for (const block of blocks) raw.free(block);
    });
    heap.verify();
    heap.dispose();
    done += filled + replaced;
  }
  return { ...times(), "extent/live": ratio };
}

const [kind = "", size = ""] = process.argv.slice(2);
console.log(JSON.stringify(kind === "objects" ? scaleObjects(Number(size)) : scaleBlocks(Number(size))));
