// Builds client.c with clang, lets it live in a heap's memory, and checks that both are sound afterwards. Run it with:
// npm run example:c

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createHeap } from "tallyheap";

const OPERATIONS = 1_000_000;
const CLIENT_BASE = 262_144;
const CLIENT_BYTES = 262_144;
const STACK_BYTES = 65_536;

const bytes = compile();
if (bytes) await run(bytes);
else console.log("left out: no clang that links for wasm32 (set CLANG to the path of one)");

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function run(bytes) {
  const heap = createHeap({ clientBytes: CLIENT_BYTES });
  const { instance } = await WebAssembly.instantiate(bytes, {
    env: { memory: heap.memory },
    heap: heap.raw.exports,
  });
  const client = /** @type {Record<string, (argument?: number) => number>} */ (
    /** @type {unknown} */ (instance.exports)
  );
  const { churn, drain, operations, weights, statics, stack } = client;
  if (!churn || !drain || !operations || !weights || !statics || !stack)
    throw new Error("an export is missing");

  const sum = weights();
  const start = performance.now();
  const damaged = churn(OPERATIONS / 2) + churn(OPERATIONS / 2);
  const nanoseconds = ((performance.now() - start) * 1e6) / OPERATIONS;

  heap.verify();
  check(damaged === 0, `${damaged} blocks lost their contents`);
  check(operations() === OPERATIONS && weights() === sum, "a static has changed");
  for (const address of [statics(), stack()]) {
    check(
      address >= CLIENT_BASE && address < CLIENT_BASE + CLIENT_BYTES,
      `${address} is not in the client arena`,
    );
  }
  check(drain() === 0, "a block lost its contents");
  heap.verify();

  console.log(`${OPERATIONS} operations of a C client, ${nanoseconds.toFixed(0)} ns each`);
  console.log("contents, statics and stack intact, heap.verify() passed");
}

/**
 * The module, or undefined where no clang can link for wasm32. `--global-base` puts statics and, behind them, the
 * stack into the client arena.
 * @returns {Uint8Array<ArrayBuffer> | undefined}
 */
function compile() {
  const folder = mkdtempSync(join(tmpdir(), "tallyheap-c-client-"));
  const output = join(folder, "client.wasm");
  const source = fileURLToPath(new URL("client.c", import.meta.url));
  const flags = ["--target=wasm32", "-O2", "-nostdlib", "-fno-builtin", source, "-o", output];
  const base = [
    "--no-entry",
    "--import-memory",
    `--global-base=${CLIENT_BASE}`,
    `-zstack-size=${STACK_BYTES}`,
  ];
  try {
    for (const clang of compilers()) {
      // Newer linkers put the stack at address 0 unless told otherwise; older ones do not know the option.
      for (const link of [[...base, "--no-stack-first"], base]) {
        const { status } = spawnSync(clang, [...flags, `-Wl,${link.join(",")}`], { stdio: "ignore" });
        if (status === 0) return readFileSync(output);
      }
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compilers() {
  const versions = Array.from({ length: 12 }, (_, index) => `clang-${24 - index}`);
  return [process.env["CLANG"] ?? "clang", "clang", ...versions];
}

/** @param {boolean} condition @param {string} message */
function check(condition, message) {
  if (!condition) throw new Error(message);
}
