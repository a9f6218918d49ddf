/** Bytecode of a small stack machine: what bench:interpreter runs over the heap, and over objects of JavaScript. */

/** Operations, one word each; those with an operand have it in the next word. */
export const Op = {
  /** Pushes a number. */
  number: 0,
  /** Pushes a variable; sets a variable to the top, which goes. */
  load: 1,
  store: 2,
  add: 3,
  less: 4,
  jump: 5,
  /** Takes the top off; jumps if it is false. */
  jumpUnless: 6,
  /** Makes a pair of the two on top. */
  cons: 7,
  car: 8,
  /** Reads a field of the object on top; stores the top into a field of the object below, both go. */
  get: 9,
  set: 10,
  /** Makes an object with all fields 0. */
  make: 11,
  /** The top is the result. */
  halt: 12,
} as const;

/** Fields of the machine's objects. */
export const FIELDS = 4;
/** Variables lie at the bottom of the stack. */
export const VARIABLES = 4;

/** `while (i < n) { body; i = i + 1 }; return s`, with i in variable 0 and s in variable 1. */
function loop(n: number, before: readonly number[], body: readonly number[]): Int32Array {
  const start = before.length;
  const test = [Op.load, 0, Op.number, n, Op.less];
  const step = [Op.load, 0, Op.number, 1, Op.add, Op.store, 0];
  const end = start + test.length + 2 + body.length + step.length + 2;
  return Int32Array.from([
    ...before,
    ...test,
    ...[Op.jumpUnless, end],
    ...body,
    ...step,
    ...[Op.jump, start],
    ...[Op.load, 1, Op.halt],
  ]);
}

/** Programs by name; each gives a number. */
export const PROGRAMS: Readonly<Record<string, (n: number) => Int32Array>> = {
  // s = i + i + 1
  integers: (n) => loop(n, [], [Op.load, 0, Op.load, 0, Op.add, Op.number, 1, Op.add, Op.store, 1]),
  // p = cons(i, 7); s = i + car(p)
  "a pair an iteration": (n) =>
    loop(
      n,
      [],
      [
        ...[Op.load, 0, Op.number, 7, Op.cons, Op.store, 2],
        ...[Op.load, 0, Op.load, 2, Op.car, Op.add, Op.store, 1],
      ],
    ),
  // o.a = o.b + 1; o.b = o.a; o.c = o.d + o.a; s = o.b
  properties: (n) =>
    loop(
      n,
      [Op.make, Op.store, 2],
      [
        ...[Op.load, 2, Op.load, 2, Op.get, 1, Op.number, 1, Op.add, Op.set, 0],
        ...[Op.load, 2, Op.load, 2, Op.get, 0, Op.set, 1],
        ...[Op.load, 2, Op.load, 2, Op.get, 3, Op.load, 2, Op.get, 0, Op.add, Op.set, 2],
        ...[Op.load, 2, Op.get, 1, Op.store, 1],
      ],
    ),
};
