import { STATE_FAULT_ADDRESS } from "../generated/layout.js";
import type { Core } from "../core/core.js";
import { HeapError } from "../core/errors.js";
import { faultError } from "../core/faults.js";
import type { Settings } from "../core/options.js";
import type { Ptr } from "../core/ptr.js";
import { compile, openCore } from "./create.js";
import { registerEntry } from "./entries.js";
import type { Heap } from "./heap.js";
import { PendingFaultsHeap } from "./pending-faults.js";

/** A heap on the hardened core. */
class HardenedHeap extends PendingFaultsHeap {
  protected override pendingError(core: Core, fault: number): HeapError {
    return faultError(core, fault, "heap.raw", core.state(STATE_FAULT_ADDRESS) as Ptr);
  }
}

/** A heap on the hardened core, which `load` compiles. Pointers are always checked. */
export function createHardened(settings: Settings, load: () => WebAssembly.Module): Heap {
  registerEntry("hardened", {
    module: load,
    make: (core, restored) => new HardenedHeap(core, { ...restored, checks: true }),
  });
  const module = settings.module === undefined ? load() : compile(settings.module);
  const hardened = settings.hardened ?? {};
  const own = { ...settings, hardened, checks: true };
  return new HardenedHeap(openCore(module, "hardened", own), own);
}

/** The hardened core from the file beside the package's modules, where the host reads files at once. */
export function readHardenedCore(): WebAssembly.Module {
  try {
    // No literal, which bundlers would take for a file to add.
    const file = new URL(["..", "hardened.wasm"].join("/"), import.meta.url);
    return compile(readFile(file));
  } catch (cause) {
    const message =
      "option hardened: the hardened core cannot be read here; use createHeap of tallyheap/hardened, " +
      "or pass what its heapModule() gives as option module";
    const details = { operation: "createHeap", argument: "hardened", value: true };
    throw new HeapError("ERR_HEAP_ARGUMENT", message, details, { cause });
  }
}

/** What of Node's `process` is needed; Deno and Bun have it too. */
interface Process {
  getBuiltinModule(name: "node:fs"): { readFileSync(file: URL): Uint8Array<ArrayBuffer> };
}

function readFile(file: URL): Uint8Array<ArrayBuffer> {
  const { process } = globalThis as unknown as { process: Process };
  return process.getBuiltinModule("node:fs").readFileSync(file);
}
