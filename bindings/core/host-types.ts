/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Types of the host that the package's declarations name, for programs that are compiled without the library "DOM". Where
 * it is there, or where Node's types are, these empty interfaces merge with theirs.
 */
/* eslint-disable @typescript-eslint/no-empty-object-type, @typescript-eslint/no-namespace */
declare global {
  namespace WebAssembly {
    interface Module {}
    interface Memory {}
    interface Global {}
    interface Instance {}
  }
  interface Response {}
  interface URL {}
}

/** Bytes in the host's memory; what DOM calls BufferSource. */
export type HostBytes = ArrayBuffer | ArrayBufferView<ArrayBuffer>;

/** Imports of a wasm module; what DOM calls WebAssembly.ModuleImports. */
export type HostImports = Record<string, WebAssembly.Memory | ((...values: never[]) => unknown)>;
