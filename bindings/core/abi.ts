import {
  BYTE_FUNCTIONS,
  OBJECT_FUNCTIONS,
  type ByteExports,
  type ObjectExports,
} from "../generated/exports.js";

export type { ObjectExports };

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

/** The functions of the core. */
export const CORE_FUNCTIONS = [...BYTE_FUNCTIONS, ...OBJECT_FUNCTIONS] as const;

/** A copy of the object functions that engines read quickly, unlike the exports of a module. */
export function copyObjectFunctions(exports: ObjectExports): ObjectExports {
  return withObjectFunctions((name) => exports[name]);
}

/** An object with a function by the name of each object function. V8 turns one that grows by assignments by name into a hash table. */
export function withObjectFunctions(of: (name: keyof ObjectExports) => unknown): ObjectExports {
  return Object.fromEntries(OBJECT_FUNCTIONS.map((name) => [name, of(name)])) as unknown as ObjectExports;
}
