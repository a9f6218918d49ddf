/** Wasm modules to link, from text. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type binaryenTypes from "binaryen";

const entry = createRequire(import.meta.url).resolve("binaryen");
const { default: binaryen } = (await import(pathToFileURL(entry).href)) as { default: typeof binaryenTypes };

/** Bytes of a module in the text format; `names` keeps the names of functions. */
export function wat(text: string, names = false): Uint8Array<ArrayBuffer> {
  binaryen.setDebugInfo(names);
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  const bytes = module.emitBinary() as Uint8Array<ArrayBuffer>;
  module.dispose();
  return bytes;
}

/** The family as imports, exported again under other names, so that a test can call what the module would. */
export const FAMILY = `
  (import "env" "malloc" (func $malloc (param i32) (result i32)))
  (import "env" "calloc" (func $calloc (param i32 i32) (result i32)))
  (import "env" "realloc" (func $realloc (param i32 i32) (result i32)))
  (import "env" "free" (func $free (param i32)))
  (import "env" "aligned_alloc" (func $aligned (param i32 i32) (result i32)))
  (import "env" "posix_memalign" (func $posix (param i32 i32 i32) (result i32)))
  (import "env" "malloc_usable_size" (func $usable (param i32) (result i32)))
  (import "env" "mallinfo2" (func $info (param i32)))
  (import "env" "tallyheap_verify" (func $verify (result i32)))
  (export "make" (func $malloc)) (export "zeroed" (func $calloc)) (export "resize" (func $realloc))
  (export "release" (func $free)) (export "aligned" (func $aligned)) (export "posix" (func $posix))
  (export "usable" (func $usable)) (export "info" (func $info)) (export "verify" (func $verify))`;

/** A module with 100,000 bytes of statics and stack, and data in two places. */
export const CLIENT = `(module ${FAMILY}
  (memory (export "memory") 2)
  (global (export "__heap_base") i32 (i32.const 100000))
  (global $sp (mut i32) (i32.const 99000))
  (data (i32.const 1024) "first") (data (i32.const 99990) "last"))`;

/** An allocator that hands out what follows, as a libc defines one; \`grab\` calls it. */
export const DEFINED = `(module
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 2048))
  (func $sbrk (param i32) (result i32)
    (if (i32.gt_u (i32.add (global.get $next) (local.get 0)) (i32.mul (memory.size) (i32.const 65536)))
      (then (drop (memory.grow (i32.const 16)))))
    (global.set $next (i32.add (global.get $next) (local.get 0)))
    (i32.sub (global.get $next) (local.get 0)))
  (func $malloc (param i32) (result i32) (call $sbrk (local.get 0)))
  (func $free (param i32))
  (func $realloc (param i32 i32) (result i32) (call $sbrk (local.get 1)))
  (func (export "grab") (param i32) (result i32) (call $malloc (local.get 0)))
  (func (export "drop") (param i32) (call $free (local.get 0)))
  (func (export "resize") (param i32 i32) (result i32) (call $realloc (local.get 0) (local.get 1))))`;
