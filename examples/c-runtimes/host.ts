/**
 * A process of its own: runs one module under WASI twice, and prints what the second run took; the engine has compiled it
 * then. Arguments: module, program file.
 */

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { WASI } from "node:wasi";
import { createHeap } from "tallyheap";
import { clientBytes } from "tallyheap/c";
import { processorNs } from "../../bench/lib/clock.js";

export interface Outcome {
  readonly output: string;
  readonly ns: number;
  readonly memoryBytes: number;
}

const [file = "", program = ""] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "tallyheap-c-runtimes-"));
try {
  const bytes = readFileSync(file);
  const module = await WebAssembly.compile(bytes);
  await run(module, bytes, join(folder, "stdout"));
  console.log(JSON.stringify(await run(module, bytes, join(folder, "stdout"))));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function run(
  module: WebAssembly.Module,
  bytes: Uint8Array<ArrayBuffer>,
  outputFile: string,
): Promise<Outcome> {
  const stdout = openSync(outputFile, "w");
  const wasi = new WASI({
    version: "preview1",
    args: [basename(file), `/programs/${basename(program)}`],
    preopens: { "/programs": dirname(program) },
    stdout,
  });
  const { memory, imports } = surroundings(module, bytes);
  const instance = await WebAssembly.instantiate(module, { ...imports, ...hostOf(wasi) });
  const exports = {
    ...instance.exports,
    memory: memory ?? (instance.exports["memory"] as WebAssembly.Memory),
  };
  const start = processorNs();
  const code = wasi.start({ exports });
  const ns = processorNs() - start;
  closeSync(stdout);
  if (code !== 0) throw new Error(`${basename(program)} ended with code ${code}`);
  return { output: readFileSync(outputFile, "utf8"), ns, memoryBytes: exports.memory.buffer.byteLength };
}

/** For a module that imports its memory: that of a heap, and the heap's functions. */
function surroundings(module: WebAssembly.Module, bytes: Uint8Array<ArrayBuffer>) {
  const importsMemory = WebAssembly.Module.imports(module).some(({ kind }) => kind === "memory");
  if (!importsMemory) return { memory: undefined, imports: {} };
  const heap = createHeap({ clientBytes: clientBytes(bytes) });
  const { malloc, calloc, free } = heap.raw.exports;
  // Parts of wasi-libc know the functions by these names.
  const own = { __libc_malloc: malloc, __libc_calloc: calloc, __libc_free: free };
  return { memory: heap.memory, imports: { env: { memory: heap.memory, ...heap.raw.exports, ...own } } };
}

/** WASI's functions behind closures: Node's fast calls of them may crash once a memory has grown (nodejs/node#53087). */
function hostOf(wasi: WASI): WebAssembly.Imports {
  const functions = Object.entries(wasi.wasiImport as Record<string, (...args: unknown[]) => unknown>);
  const wrapped = functions.map(([name, call]) => [name, (...args: unknown[]) => call(...args)] as const);
  return { wasi_snapshot_preview1: Object.fromEntries(wrapped) };
}
