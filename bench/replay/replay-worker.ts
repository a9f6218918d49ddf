/** Process of a wasm contender: replay-worker.js MODULE SLOTS FLAT-FILE PASSES time|inspect */

import { failOnError, runPasses, type Replayer } from "./chunks.js";
import { readFlat, type FlatTrace } from "../lib/flat.js";
import { instantiate } from "../lib/module.js";

function wasmReplayer(file: string, slots: number, largest: number): Replayer {
  const { exports, memory } = instantiate(file, slots);
  exports.prepare(largest);
  const copy = (address: number, words: Uint32Array): void => {
    new Uint32Array(memory.buffer, address, words.length).set(words);
  };
  return {
    load(trace: FlatTrace, from: number, count: number): void {
      copy(exports.opsAddress(), trace.ops.subarray(from, from + count));
      copy(exports.sizesAddress(), trace.sizes.subarray(from, from + count));
      copy(exports.previousAddress(), trace.previous.subarray(from, from + count));
    },
    replay: exports.replay,
    inspect: exports.inspect,
    faultAt: () => exports.faultAt(),
    extent: () => (exports.highestEnd() >>> 0) - (exports.heapBase() >>> 0),
    verify(): void {
      const broken = exports.verify?.() ?? 0;
      if (broken !== 0) throw new Error(`verify() found invariant ${broken} broken`);
    },
  };
}

const [file = "", slots = "", flat = "", passes = "", mode = ""] = process.argv.slice(2);
failOnError(() => {
  const trace = readFlat(flat);
  runPasses(trace, wasmReplayer(file, Number(slots), trace.largestBytes), Number(passes), mode);
});
