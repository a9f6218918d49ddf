/**
 * The machine over the heap: values are references, ints are tagged, variables and operands lie on a stack that is not
 * counted. docs/machines.md says how it is done.
 */

import type { Heap, Ptr, Type, ValueStack } from "tallyheap";

import { Op, VARIABLES } from "./code.js";

export class HeapMachine {
  readonly #heap: Heap;
  readonly #stack: ValueStack;
  readonly #pair: Type<{ car: "ref"; cdr: "ref" }>;
  readonly #thing: Type<{ a: "ref"; b: "ref"; c: "ref"; d: "ref" }>;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#stack = heap.stack({ slots: 64 });
    this.#pair = heap.defineType({ name: "Pair", fields: { car: "ref", cdr: "ref" }, freeList: 10_000 });
    this.#thing = heap.defineType({ name: "Thing", fields: { a: "ref", b: "ref", c: "ref", d: "ref" } });
  }

  run(code: Int32Array): number {
    const heap = this.#heap;
    const stack = this.#stack;
    const pairType = this.#pair;
    const thingType = this.#thing;
    const zero = heap.int(0);
    const [TRUE, FALSE] = [heap.true | 0, heap.false | 0];
    // Offsets in words, as an inline cache has them.
    const CAR = heap.fieldOffset(pairType.fields.car) >>> 2;
    const CDR = heap.fieldOffset(pairType.fields.cdr) >>> 2;
    const FIRST = heap.fieldOffset(thingType.fields.a) >>> 2;
    const PAIR = pairType.id;
    const THING = thingType.id;
    stack.length = 0;
    stack.length = stack.slots;
    const memory = heap.views;
    let words = memory.i32;
    const base = stack.firstIndex;
    const length = stack.lengthIndex;
    for (let i = 0; i < VARIABLES; i++) words[base + i] = zero;
    let top = base + VARIABLES - 1;
    /** A call may look at the stack, and the memory may grow. */
    for (let pc = 0; ;) {
      switch (code[pc++]) {
        case Op.number:
          words[++top] = (code[pc++]! << 1) | 1;
          break;
        case Op.load:
          words[++top] = words[base + code[pc++]!]!;
          break;
        case Op.store:
          words[base + code[pc++]!] = words[top--]!;
          break;
        case Op.add: {
          const b = words[top--]!;
          const a = words[top]!;
          const sum = a + b - 1;
          if ((a & b & 1) === 0 || sum !== (sum | 0)) throw new Error("not a small int");
          words[top] = sum;
          break;
        }
        case Op.less: {
          const b = words[top--]!;
          const a = words[top]!;
          if ((a & b & 1) === 0) throw new Error("not a small int");
          words[top] = a < b ? TRUE : FALSE;
          break;
        }
        case Op.jump:
          pc = code[pc]!;
          break;
        case Op.jumpUnless:
          pc = words[top--] === FALSE ? code[pc]! : pc + 1;
          break;
        case Op.cons: {
          words[length] = top - base + 1;
          const pair = heap.alloc(pairType);
          words = memory.i32;
          const word = pair >>> 2;
          const cdr = words[top--]!;
          const car = words[top]!;
          words[word + CAR] = car;
          words[word + CDR] = cdr;
          if ((car & 1) === 0 && car !== 0) heap.incref((car >>> 0) as Ptr);
          if ((cdr & 1) === 0 && cdr !== 0) heap.incref((cdr >>> 0) as Ptr);
          words[top] = pair;
          words[length] = top - base + 1;
          heap.decref(pair);
          break;
        }
        case Op.car: {
          const pair = words[top]!;
          if ((pair & 1) !== 0 || (words[(pair >>> 2) + 1]! & 0xffff) !== PAIR) throw new Error("not a pair");
          words[top] = words[(pair >>> 2) + CAR]!;
          break;
        }
        case Op.get: {
          const thing = words[top]!;
          if ((thing & 1) !== 0 || (words[(thing >>> 2) + 1]! & 0xffff) !== THING)
            throw new Error("not an object");
          words[top] = words[(thing >>> 2) + FIRST + code[pc++]!]!;
          break;
        }
        case Op.set: {
          const value = words[top--]!;
          const thing = words[top--]!;
          if ((thing & 1) !== 0 || (words[(thing >>> 2) + 1]! & 0xffff) !== THING)
            throw new Error("not an object");
          const slot = (thing >>> 2) + FIRST + code[pc++]!;
          const old = words[slot]!;
          if ((value & 1) === 0 && value !== 0) heap.incref((value >>> 0) as Ptr);
          words[slot] = value;
          if ((old & 1) === 0 && old !== 0) {
            words[length] = top - base + 1;
            heap.decref((old >>> 0) as Ptr);
            words = memory.i32;
          }
          break;
        }
        case Op.make: {
          words[length] = top - base + 1;
          const thing = heap.alloc(thingType);
          words = memory.i32;
          words.fill(zero, (thing >>> 2) + FIRST, (thing >>> 2) + FIRST + 4);
          words[++top] = thing;
          words[length] = top - base + 1;
          heap.decref(thing);
          break;
        }
        default: {
          const result = heap.intValue((words[top]! >>> 0) as Ptr);
          words[length] = 0;
          return result;
        }
      }
    }
  }
}
