import type { Heap, HeapError, HeapErrorCode, HeapOptions } from "../../bindings/index.js";
import { errorOf, type Build } from "./cores.js";
import { newHeap } from "./objects.js";

/** Asserts that `action` is refused with one of these codes, and that the heap is none the worse for it. */
export function refused(
  heap: Heap,
  codes: HeapErrorCode | readonly HeapErrorCode[],
  action: () => unknown,
): HeapError {
  const error = errorOf(action);
  if (![codes].flat().includes(error.code)) throw error;
  heap.verify();
  return error;
}

/** A heap that collects what callbacks threw, and a record type. */
export function heapWithNodes(build: Build, options: HeapOptions = {}) {
  const unraisable: unknown[] = [];
  const heap = newHeap(build, { onUnraisable: (error) => unraisable.push(error), ...options });
  const Node = heap.defineType({
    name: "Node",
    fields: { next: "ref", id: "i32", weight: "f64" },
    weakrefs: true,
  });
  return { heap, Node, unraisable };
}
