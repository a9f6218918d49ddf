import { must } from "../holding.js";
import type { Actions } from "../stage.js";

export const BYTES: Actions = {
  malloc({ heap, blocks, random }) {
    const size = random.pick([64, 600, 3000, 3000, 40_000, 200_000]);
    const length = random.below(size);
    blocks.add(heap.malloc(length), length);
  },
  calloc({ heap, blocks, random }) {
    const count = random.below(2000);
    const size = 1 + random.below(2);
    const block = heap.calloc(count, size);
    must(
      heap.bytes(block, count * size).every((byte) => byte === 0),
      "calloc is not zero",
    );
    blocks.add(block, count * size);
  },
  alignedAlloc({ heap, blocks, random }) {
    const alignment = 2 ** random.below(17);
    const size = random.below(5000);
    const block = heap.alignedAlloc(alignment, size);
    must(block % alignment === 0, `${block} is not aligned to ${alignment}`);
    blocks.add(block, size);
  },
  realloc({ blocks, random }) {
    const block = blocks.any(random);
    if (block !== undefined) blocks.resize(block, random.below(random.pick([100, 5000, 100_000])));
  },
  free({ blocks, random }) {
    const block = blocks.any(random);
    if (block !== undefined) blocks.free(block);
  },
  raw({ heap, setting, random }) {
    if (!setting.isShared) return;
    const { raw } = heap;
    const block = raw.malloc(random.below(700));
    if (block === 0) return;
    raw.free(raw.realloc(block, 0) || block);
  },
};
