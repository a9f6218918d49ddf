import { expect } from "vitest";
import { createHeap as createDebugHeap } from "../../bindings/debug.js";
import { createHeap as createHardenedHeap } from "../../bindings/hardened.js";
import {
  createHeap,
  HeapError,
  type Heap,
  type HeapErrorCode,
  type HeapOptions,
  type Ptr,
} from "../../bindings/index.js";
import { coreOf } from "../../bindings/heap/heap.js";
import { STATE_FAIL_GROWTH } from "../../bindings/generated/layout.js";
import { stress } from "../../bindings/testing.js";
import { STRESS } from "./stress.js";

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
export const PAGE = 4 * KIB;
export const ARENA = 256 * KIB;

/** A build of the core, and how to make a heap on it. */
export interface Build {
  readonly name: "release" | "debug" | "hardened";
  readonly create: (options?: HeapOptions) => Heap;
}

export const release: Build = { name: "release", create: (options) => stressed(createHeap(options)) };
export const debug: Build = { name: "debug", create: (options) => stressed(createDebugHeap(options)) };
const hardened: Build = { name: "hardened", create: (options) => stressed(createHardenedHeap(options)) };
export const allBuilds: readonly Build[] = [release, debug, hardened];
/**
 * For describe.each: what holds for one holds for the other. `npm run test:hardened` and `npm run test:mutants` name the
 * only one to test.
 */
export const builds: readonly Build[] =
  process.env["TALLYHEAP_BUILD"] === undefined
    ? [release, debug]
    : allBuilds.filter(({ name }) => name === process.env["TALLYHEAP_BUILD"]);

function stressed(heap: Heap): Heap {
  if (STRESS > 0) stress(heap, STRESS);
  return heap;
}

/** A plain number as a pointer: for the addresses that no heap handed out. */
export function at(address: number): Ptr {
  return address as Ptr;
}

/** The HeapError that `action` throws; anything else fails the test. */
export function errorOf(action: () => unknown): HeapError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(HeapError);
    return error as HeapError;
  }
  throw new Error("nothing was thrown");
}

/** Asserts that `action` throws a HeapError of this code, and that the heap is none the worse for it. */
export function expectRefused(heap: Heap, code: HeapErrorCode, action: () => unknown): HeapError {
  const error = errorOf(action);
  expect(`${error.code}: ${error.message}`).toContain(code);
  heap.verify();
  return error;
}

/** Writes a pattern over a block. */
export function fill(heap: Heap, ptr: Ptr, size: number, seed: number): void {
  const bytes = heap.bytes(ptr, size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 7 + seed) & 0xff;
}

/** Does the block still hold the pattern? */
export function holds(heap: Heap, ptr: Ptr, size: number, seed: number): boolean {
  const bytes = heap.bytes(ptr, size);
  for (let i = 0; i < size; i++) if (bytes[i] !== ((i * 7 + seed) & 0xff)) return false;
  return true;
}

export function allBytes(heap: Heap, ptr: Ptr, size: number, value: number): boolean {
  return heap.bytes(ptr, size).every((byte) => byte === value);
}

/** Debug core: the n-th growth of the memory from now fails; 0 = none. */
export function failGrowth(heap: Heap, n: number): void {
  coreOf(heap).setState(STATE_FAIL_GROWTH, n);
}
