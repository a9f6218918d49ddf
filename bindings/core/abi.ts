import { BYTE_FUNCTIONS, type ByteExports, type ObjectExports } from "../generated/exports.js";

export { BYTE_FUNCTIONS, type ObjectExports };

/**
 * What the core exports; the functions are documented in assembly/abi. Sizes and pointers are unsigned going in and
 * signed coming back; a result of 0 where a pointer is due means that the state word FAULT says why; functions that
 * return a code return the fault itself. Nothing has changed after a fault.
 */
export interface CoreExports extends ByteExports, ObjectExports {
  /** Address of the state block. */
  readonly stateBase: WebAssembly.Global;
  /** Which layout the core was compiled with, and whether it is the debug core. */
  readonly layoutVersion: WebAssembly.Global;
}

/**
 * Names of the object functions that a core has. Read off the core: a bundle of the bytes layer alone then holds no list of
 * them.
 */
export function objectFunctionNames(exports: CoreExports): (keyof ObjectExports)[] {
  const bytes: readonly string[] = BYTE_FUNCTIONS;
  return Object.entries(exports)
    .filter(([name, value]) => typeof value === "function" && !bytes.includes(name))
    .map(([name]) => name as keyof ObjectExports);
}

/** An object with a function by each of these names, which engines read quickly: V8 turns one that grows by assignments by name into a hash table. */
export function withObjectFunctions(
  names: readonly (keyof ObjectExports)[],
  of: (name: keyof ObjectExports) => unknown,
): ObjectExports {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as unknown as ObjectExports;
}
