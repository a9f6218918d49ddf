// Builds client.c and objects.c with clang, lets them live in a heap's memory, and checks that all are sound afterwards.
// Run it with: npm run example:c

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createHeap } from "tallyheap";
import { CClient, clientBytes } from "tallyheap/c";

const OPERATIONS = 1_000_000;
const CLIENT_BASE = 262_144;
const STACK_BYTES = 65_536;
const CYCLES = 1000;

const [bytes, objects] = [compile("client.c"), compile("objects.c")];
if (bytes && objects) {
  await runBytes(bytes);
  await runObjects(objects);
} else console.log("left out: no clang that links for wasm32 (set CLANG to the path of one)");

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function runBytes(bytes) {
  const reserved = clientBytes(bytes);
  const heap = createHeap({ clientBytes: reserved });
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
      address >= CLIENT_BASE && address < CLIENT_BASE + reserved,
      `${address} is not in the client arena`,
    );
  }
  check(drain() === 0, "a block lost its contents");
  heap.verify();

  console.log(`${OPERATIONS} operations of a C client, ${nanoseconds.toFixed(0)} ns each`);
  console.log("contents, statics and stack intact, heap.verify() passed");
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function runObjects(bytes) {
  const heap = createHeap({ clientBytes: clientBytes(bytes), autoCollect: false });
  const host = new CClient(heap);
  const { instance } = await WebAssembly.instantiate(bytes, host.imports);
  host.attach(instance);
  const { start, check: checkAll, collect, finalized_sum } = /** @type {any} */ (instance.exports);
  check(start() > 0, "the type could not be defined");
  check(collect(CYCLES) === 3 * CYCLES, "the collector did not find every cycle");
  check(finalized_sum() === (CYCLES * (CYCLES + 1)) / 2, "a finalizer did not run");
  const line = checkAll();
  check(line === 0, `objects.c, line ${line}`);
  heap.verify();
  console.log(
    `${CYCLES} cycles of a C client through records, lists and dicts collected, heap.verify() passed`,
  );
}

/**
 * The module, or undefined where no clang can link for wasm32. `--global-base` puts statics and, behind them, the
 * stack into the client arena.
 * @param {string} file beside this one
 * @returns {Uint8Array<ArrayBuffer> | undefined}
 */
function compile(file) {
  const folder = mkdtempSync(join(tmpdir(), "tallyheap-c-client-"));
  const output = join(folder, "client.wasm");
  const source = fileURLToPath(new URL(file, import.meta.url));
  const include = `-I${fileURLToPath(new URL("../../include", import.meta.url))}`;
  const flags = ["--target=wasm32", "-O2", "-nostdlib", "-fno-builtin", include, source, "-o", output];
  const base = [
    "--no-entry",
    "--import-memory",
    "--export-table",
    "--export=__heap_base",
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
