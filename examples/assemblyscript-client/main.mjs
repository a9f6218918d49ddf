// Builds the AssemblyScript module beside this file, lets it live in a heap's memory, and checks that both are sound
// afterwards. Run it with: npm run example:assemblyscript

import { fileURLToPath } from "node:url";
import { instantiate } from "@assemblyscript/loader";
import asc from "assemblyscript/asc";
import { createHeap } from "tallyheap";

const OPERATIONS = 1_000_000;
const CLIENT_BASE = 262_144;
const CLIENT_BYTES = 262_144;

const bytes = await compile();
const heap = createHeap({ clientBytes: CLIENT_BYTES });

/** @typedef {{ churn(count: number): number, drain(): number }} Work what is done with blocks; returns damaged ones */
/** @typedef {{ operations(): number, weights(): number, statics(): number }} Statics what the module remembers */

const { exports } = await instantiate(bytes, { env: { memory: heap.memory }, heap: heap.raw.exports });
const client = /** @type {Work & Statics} */ (/** @type {unknown} */ (exports));

const weights = client.weights();
const start = performance.now();
const damaged = client.churn(OPERATIONS / 2) + client.churn(OPERATIONS / 2);
const nanoseconds = ((performance.now() - start) * 1e6) / OPERATIONS;

heap.verify();
check(damaged === 0, `${damaged} blocks lost their contents`);
check(client.operations() === OPERATIONS && client.weights() === weights, "a static has changed");
check(
  client.statics() >= CLIENT_BASE && client.statics() < CLIENT_BASE + CLIENT_BYTES,
  "statics are elsewhere",
);
check(client.drain() === 0, "a block lost its contents");
heap.verify();

console.log(`${OPERATIONS} operations of an AssemblyScript client, ${nanoseconds.toFixed(0)} ns each`);
console.log("contents and statics intact, heap.verify() passed");

/**
 * The module. `--memoryBase` puts its statics into the client arena; `--importMemory` shares the heap's memory, which
 * is zero there, so the binary need not carry zeros; the empty runtime leaves no allocator but the imported one.
 * @returns {Promise<Uint8Array>}
 */
async function compile() {
  /** @type {Uint8Array | undefined} */
  let binary;
  const { error, stderr } = await asc.main(
    [
      ...["assembly/index.ts", "--outFile", "client.wasm", "--optimize", "--use", "abort="],
      ...["--runtime", "assembly/runtime", "--stackSize", "4"],
      ...["--importMemory", "--zeroFilledMemory", "--memoryBase", String(CLIENT_BASE)],
      ...["--baseDir", fileURLToPath(new URL(".", import.meta.url))],
    ],
    { writeFile: (_name, contents) => void (binary = /** @type {Uint8Array} */ (contents)) },
  );
  if (error || !binary) throw new Error(`asc failed: ${stderr.toString()}`);
  return binary;
}

/** @param {boolean} condition @param {string} message */
function check(condition, message) {
  if (!condition) throw new Error(message);
}
