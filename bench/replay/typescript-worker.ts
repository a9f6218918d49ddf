/** Process of a contender that is called from TypeScript: typescript-worker.js raw|checked|FLOOR-MODULE FLAT-FILE PASSES time|inspect */

import { createHeap, type Ptr } from "tallyheap";

import { failOnError, runPasses } from "./chunks.js";
import { readFlat } from "../lib/flat.js";
import { instantiate } from "../lib/module.js";
import { heapReplayer, TypeScriptReplayer, type HeapCalls } from "./typescript-replay.js";

/** What the calls across the border cost, with nothing behind them. */
function floorReplayer(file: string, largest: number, slots: number): TypeScriptReplayer {
  const { exports, memory } = instantiate(file, 2 ** 18);
  const { heapMalloc, heapCalloc, heapRealloc, heapFree, heapMemalign } = exports;
  exports.prepare(largest);
  const calls: HeapCalls = {
    malloc: (size) => (heapMalloc(size) >>> 0) as Ptr,
    calloc: (_count, size) => (heapCalloc(size) >>> 0) as Ptr,
    realloc: (block, size) => (heapRealloc(block, size) >>> 0) as Ptr,
    free: (block) => heapFree(block),
    alignedAlloc: (alignment, size) => (heapMemalign(31 - Math.clz32(alignment), size) >>> 0) as Ptr,
  };
  return new TypeScriptReplayer(calls, memory, slots, exports.heapBase(), () => {});
}

const [contender = "", flat = "", passes = "", mode = ""] = process.argv.slice(2);
failOnError(() => {
  const trace = readFlat(flat);
  let replayer: TypeScriptReplayer;
  if (contender === "raw" || contender === "checked") {
    const heap = createHeap();
    replayer = heapReplayer(heap, contender === "raw" ? heap.raw : heap, trace.slotCount);
  } else {
    replayer = floorReplayer(contender, trace.largestBytes, trace.slotCount);
  }
  runPasses(trace, replayer, Number(passes), mode);
});
