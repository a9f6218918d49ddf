import { createHeap, type Heap, type HeapOptions, type Ptr } from "tallyheap";
import { HeapWorld } from "./heap-world.js";
import { MAX_DEPTH, Machine, SLOTS_PER_CALL, type MachineOptions } from "./machine.js";
import { PlainWorld, type Plain } from "./plain-world.js";

export { SchemeError } from "./errors.js";

export interface InterpreterOptions extends HeapOptions, MachineOptions {}

const slotsFor = ({ maxDepth = MAX_DEPTH }: MachineOptions): number => (maxDepth + 1) * SLOTS_PER_CALL;

/** The language with all its values in a heap, and nowhere else: what evaluates it holds pointers only. */
export class Interpreter extends Machine<Ptr> {
  readonly heap: Heap;

  constructor(options: InterpreterOptions = {}, heap: Heap = createHeap({ taggedInts: true, ...options })) {
    super(new HeapWorld(heap, slotsFor(options)), options);
    this.heap = heap;
  }
}

/** The same over JavaScript's own values. */
export class PlainInterpreter extends Machine<Plain> {
  constructor(options: MachineOptions = {}) {
    super(new PlainWorld(slotsFor(options)), options);
  }
}
