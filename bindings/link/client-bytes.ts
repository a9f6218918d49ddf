/** What a module that lives in a running heap needs reserved. */
import { HeapError } from "../core/errors.js";
import { ARENA_BYTES } from "../generated/layout.js";
import { LinkError } from "./errors.js";
import { readWasm, staticEnd } from "./wasm-file.js";

/** Where client arenas begin. */
const CLIENT_BASE = ARENA_BYTES;

/**
 * The option `clientBytes` for a module that imports the heap's memory: bytes from 256 KiB to the end of its static data
 * and its stack, as the module says.
 * @throws HeapError `ERR_HEAP_ARGUMENT` if the bytes are no such module, or its data or its stack is below 256 KiB
 */
export function clientBytes(module: Uint8Array<ArrayBuffer>): number {
  try {
    const file = readWasm(module);
    if (!file.memories[0]?.imported) throw new LinkError("imports no memory: link it with --import-memory");
    if (file.dataEnd > 0 && file.dataStart < CLIENT_BASE) {
      throw new LinkError(`has data at ${file.dataStart}: link it with --global-base=${CLIENT_BASE}`);
    }
    // wasm-ld's stack pointer is the first global of a module.
    const stack = file.mutable[0];
    if (stack !== undefined && stack <= CLIENT_BASE) {
      throw new LinkError(`has its stack below ${stack}: link it with --no-stack-first`);
    }
    return Math.max(0, staticEnd(file) - CLIENT_BASE);
  } catch (cause) {
    if (!(cause instanceof LinkError)) throw cause;
    const details = { operation: "clientBytes", argument: "module" };
    throw new HeapError("ERR_HEAP_ARGUMENT", `the module ${cause.message}`, details, { cause });
  }
}
