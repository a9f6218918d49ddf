/** The machine over objects of JavaScript: each value is one, and says what it is. */

import { FIELDS, Op, VARIABLES } from "./code.js";

class Int {
  readonly kind = 1;
  constructor(readonly value: number) {}
}
class Bool {
  readonly kind = 2;
  constructor(readonly value: boolean) {}
}
class Pair {
  readonly kind = 3;
  constructor(
    readonly car: Value,
    readonly cdr: Value,
  ) {}
}
class Thing {
  readonly kind = 4;
  readonly fields: Value[] = new Array<Value>(FIELDS).fill(ZERO);
}
type Value = Int | Bool | Pair | Thing;

const ZERO = new Int(0);
const TRUE = new Bool(true);
const FALSE = new Bool(false);

export class PlainMachine {
  readonly #stack: Value[] = new Array<Value>(64).fill(ZERO);

  run(code: Int32Array): number {
    const stack = this.#stack;
    stack.fill(ZERO);
    let top = VARIABLES - 1;
    for (let pc = 0; ;) {
      switch (code[pc++]) {
        case Op.number:
          stack[++top] = new Int(code[pc++]!);
          break;
        case Op.load:
          stack[++top] = stack[code[pc++]!]!;
          break;
        case Op.store:
          stack[code[pc++]!] = stack[top--]!;
          break;
        case Op.add: {
          const b = stack[top--]!;
          const a = stack[top]!;
          if (a.kind !== 1 || b.kind !== 1) throw new Error("not a number");
          stack[top] = new Int(a.value + b.value);
          break;
        }
        case Op.less: {
          const b = stack[top--]!;
          const a = stack[top]!;
          if (a.kind !== 1 || b.kind !== 1) throw new Error("not a number");
          stack[top] = a.value < b.value ? TRUE : FALSE;
          break;
        }
        case Op.jump:
          pc = code[pc]!;
          break;
        case Op.jumpUnless:
          pc = stack[top--] === FALSE ? code[pc]! : pc + 1;
          break;
        case Op.cons: {
          const cdr = stack[top--]!;
          stack[top] = new Pair(stack[top]!, cdr);
          break;
        }
        case Op.car: {
          const pair = stack[top]!;
          if (pair.kind !== 3) throw new Error("not a pair");
          stack[top] = pair.car;
          break;
        }
        case Op.get: {
          const thing = stack[top]!;
          if (thing.kind !== 4) throw new Error("not an object");
          stack[top] = thing.fields[code[pc++]!]!;
          break;
        }
        case Op.set: {
          const value = stack[top--]!;
          const thing = stack[top--]!;
          if (thing.kind !== 4) throw new Error("not an object");
          thing.fields[code[pc++]!] = value;
          break;
        }
        case Op.make:
          stack[++top] = new Thing();
          break;
        default: {
          const result = stack[top]!;
          if (result.kind !== 1) throw new Error("not a number");
          return result.value;
        }
      }
    }
  }
}
