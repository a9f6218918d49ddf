import { Kind, type Heap, type Ptr } from "tallyheap";
import { show } from "./printer.js";
import { Misuse, Raised } from "./types.js";
import type { World } from "./world.js";

/** What primitives need of the interpreter. */
export interface Machine {
  readonly heap: Heap;
  readonly world: World;
  readonly write: (text: string) => void;
  apply(procedure: Ptr, args: readonly Ptr[]): Ptr;
}

/** Borrows its arguments, returns a new reference. */
type Call = (machine: Machine, args: readonly Ptr[]) => Ptr;
/** Name, least and greatest number of arguments, what it does. */
type Primitive = readonly [name: string, least: number, most: number, call: Call];

const ANY = Infinity;

// ---- numbers ----

/** Exact integers are numbers as long as they are safe, else bigints; inexact ones are numbers. */
type Numeric = { readonly exact: boolean; readonly value: number | bigint };

function numeric({ heap, world }: Machine, value: Ptr): Numeric {
  const kind = heap.kindOf(value);
  if (kind === Kind.int) return { exact: true, value: heap.intValue<number | bigint>(value) };
  if (kind === Kind.float) return { exact: false, value: heap.floatValue(value) };
  throw new Misuse("not a number", [show(world, value)]);
}

/** The value of a safe integer; NaN of anything else. */
function small(heap: Heap, value: Ptr): number {
  if (heap.kindOf(value) !== Kind.int) return NaN;
  const number = heap.intValue<number | bigint>(value);
  return typeof number === "number" ? number : NaN;
}

const isZero = ({ value }: Numeric): boolean => Number(value) === 0;

function result({ heap }: Machine, { exact, value }: Numeric): Ptr {
  return exact ? heap.int(value) : heap.float(Number(value));
}

/** Exact as long as both sides are. */
function arithmetic(
  real: (a: number, b: number) => number,
  exact: (a: bigint, b: bigint) => bigint,
): (a: Numeric, b: Numeric) => Numeric {
  return (a, b) => {
    const value = real(Number(a.value), Number(b.value));
    if (!a.exact || !b.exact) return { exact: false, value };
    return {
      exact: true,
      value: Number.isSafeInteger(value) ? value : exact(BigInt(a.value), BigInt(b.value)),
    };
  };
}

const plus = arithmetic(
  (a, b) => a + b,
  (a, b) => a + b,
);
const minus = arithmetic(
  (a, b) => a - b,
  (a, b) => a - b,
);
const times = arithmetic(
  (a, b) => a * b,
  (a, b) => a * b,
);

function dividedBy(a: Numeric, b: Numeric): Numeric {
  if (isZero(b)) throw new Misuse("division by zero");
  if (a.exact && b.exact) {
    const [x, y] = [BigInt(a.value), BigInt(b.value)];
    if (x % y === 0n) return { exact: true, value: x / y };
  }
  return { exact: false, value: Number(a.value) / Number(b.value) };
}

/** An operator on any number of arguments; with one it is applied to `start` and that. */
function folded(
  start: number,
  operator: (a: Numeric, b: Numeric) => Numeric,
  quick?: (a: number, b: number) => number,
): Call {
  return (machine, args) => {
    if (quick !== undefined && args.length === 2) {
      const value = quick(small(machine.heap, args[0]!), small(machine.heap, args[1]!));
      // Whole as long as it is safe, so no −0 and no NaN.
      if (Number.isSafeInteger(value)) return machine.heap.int(value);
    }
    const numbers = args.map((arg) => numeric(machine, arg));
    if (numbers.length < 2) numbers.unshift({ exact: true, value: start });
    return result(machine, numbers.reduce(operator));
  };
}

function integers(operator: (a: bigint, b: bigint) => bigint, quick: (a: number, b: number) => number): Call {
  return (machine, [a, b]) => {
    const value = quick(small(machine.heap, a!), small(machine.heap, b!));
    // NaN too where the divisor is 0.
    if (Number.isSafeInteger(value)) return machine.heap.int(value);
    const [x, y] = [numeric(machine, a!), numeric(machine, b!)];
    if (!x.exact || !y.exact) throw new Misuse("not an integer");
    if (isZero(y)) throw new Misuse("division by zero");
    return result(machine, { exact: true, value: operator(BigInt(x.value), BigInt(y.value)) });
  };
}

/** Holds for each pair of neighbours. */
function ordered(relation: (a: bigint | number, b: bigint | number) => boolean): Call {
  return (machine, args) => {
    if (args.length === 2) {
      const [a, b] = [small(machine.heap, args[0]!), small(machine.heap, args[1]!)];
      if (!Number.isNaN(a + b)) return machine.world.boolean(relation(a, b));
    }
    const values = args.map((arg) => numeric(machine, arg).value);
    return machine.world.boolean(values.every((value, i) => i === 0 || relation(values[i - 1]!, value)));
  };
}

// ---- comparison ----

function isSame(machine: Machine, a: Ptr, b: Ptr): boolean {
  if (a === b) return true;
  const { heap } = machine;
  const kind = heap.kindOf(a);
  if (kind !== heap.kindOf(b)) return false;
  return (kind === Kind.int || kind === Kind.float) && heap.toJS(a) === heap.toJS(b);
}

function isEqual(machine: Machine, a: Ptr, b: Ptr): boolean {
  const { heap, world } = machine;
  for (let [x, y] = [a, b]; ;) {
    if (isSame(machine, x, y)) return true;
    const kind = heap.kindOf(x);
    if (kind !== heap.kindOf(y)) return false;
    if (kind === Kind.str) return heap.strs.equals(x, y);
    if (kind === Kind.list) {
      const length = heap.lists.length(x);
      if (length !== heap.lists.length(y)) return false;
      for (let i = 0; i < length; i++) {
        if (!isEqual(machine, heap.lists.get(x, i), heap.lists.get(y, i))) return false;
      }
      return true;
    }
    if (!world.isPair(x)) return false;
    if (!isEqual(machine, world.car(x), world.car(y))) return false;
    [x, y] = [world.cdr(x), world.cdr(y)];
  }
}

// ---- checks ----

function is(name: string): Call {
  return ({ world }, [value]) => world.boolean(world.typeName(value!) === name);
}

function need(world: World, value: Ptr, name: string, shown = name): Ptr {
  if (world.typeName(value) !== name) throw new Misuse(`not a ${shown}`, [show(world, value)]);
  return value;
}

function text({ heap, world }: Machine, value: Ptr): string {
  return heap.strs.toJS(need(world, value, "str", "string"));
}

function index(machine: Machine, value: Ptr, length: number): number {
  const number = numeric(machine, value);
  if (!number.exact) throw new Misuse("not an index", [show(machine.world, value)]);
  if (number.value < 0 || number.value >= length)
    throw new Misuse("index out of range", [String(number.value)]);
  return Number(number.value);
}

/** The value under a key, else `otherwise` or, if that is a procedure, its result. */
function entry(machine: Machine, table: Ptr, key: Ptr, otherwise: Ptr | undefined): Ptr {
  const { heap, world } = machine;
  const value = heap.dicts.get(need(world, table, "dict", "hash table"), key);
  if (value) return world.own(value);
  if (otherwise === undefined) throw new Misuse("no such key", [show(world, key)]);
  return world.typeName(otherwise) === "closure" ? machine.apply(otherwise, []) : world.own(otherwise);
}

function nothing({ heap, world }: Machine): Ptr {
  return world.own(heap.none);
}

const TIMES = folded(1, times, (a, b) => a * b);

export const PRIMITIVES: readonly Primitive[] = [
  ["+", 0, ANY, folded(0, plus, (a, b) => a + b)],
  ["*", 0, ANY, (machine, args) => (args.length === 0 ? machine.heap.int(1) : TIMES(machine, args))],
  ["-", 1, ANY, folded(0, minus, (a, b) => a - b)],
  ["/", 1, ANY, folded(1, dividedBy)],
  [
    "quotient",
    2,
    2,
    integers(
      (a, b) => a / b,
      (a, b) => Math.trunc(a / b),
    ),
  ],
  [
    "remainder",
    2,
    2,
    integers(
      (a, b) => a % b,
      (a, b) => a % b,
    ),
  ],
  [
    "modulo",
    2,
    2,
    integers(
      (a, b) => ((a % b) + b) % b,
      (a, b) => ((a % b) + b) % b,
    ),
  ],
  ["=", 1, ANY, ordered((a, b) => a == b)], // eslint-disable-line eqeqeq -- exact and inexact compare
  ["<", 1, ANY, ordered((a, b) => a < b)],
  [">", 1, ANY, ordered((a, b) => a > b)],
  ["<=", 1, ANY, ordered((a, b) => a <= b)],
  [">=", 1, ANY, ordered((a, b) => a >= b)],
  ["eq?", 2, 2, (machine, [a, b]) => machine.world.boolean(isSame(machine, a!, b!))],
  ["eqv?", 2, 2, (machine, [a, b]) => machine.world.boolean(isSame(machine, a!, b!))],
  ["equal?", 2, 2, (machine, [a, b]) => machine.world.boolean(isEqual(machine, a!, b!))],
  ["not", 1, 1, ({ world }, [value]) => world.boolean(!world.isTrue(value!))],

  ["null?", 1, 1, ({ world }, [value]) => world.boolean(value === world.empty)],
  ["pair?", 1, 1, is("pair")],
  ["symbol?", 1, 1, is("symbol")],
  ["string?", 1, 1, is("str")],
  ["boolean?", 1, 1, is("bool")],
  ["integer?", 1, 1, is("int")],
  ["number?", 1, 1, ({ world }, [value]) => world.boolean(["int", "float"].includes(world.typeName(value!)))],
  [
    "procedure?",
    1,
    1,
    ({ world }, [value]) => world.boolean(["closure", "primitive"].includes(world.typeName(value!))),
  ],

  ["cons", 2, 2, ({ world }, [car, cdr]) => world.cons(car!, cdr!)],
  ["car", 1, 1, ({ world }, [pair]) => world.own(world.car(pair!))],
  ["cdr", 1, 1, ({ world }, [pair]) => world.own(world.cdr(pair!))],
  [
    "set-car!",
    2,
    2,
    (machine, [pair, value]) => {
      machine.heap.setRef(need(machine.world, pair!, "pair"), machine.world.types.pair.fields.car, value!);
      return nothing(machine);
    },
  ],
  [
    "set-cdr!",
    2,
    2,
    (machine, [pair, value]) => {
      machine.heap.setRef(need(machine.world, pair!, "pair"), machine.world.types.pair.fields.cdr, value!);
      return nothing(machine);
    },
  ],
  ["list", 0, ANY, ({ world }, args) => world.list(args)],
  ["length", 1, 1, ({ heap, world }, [list]) => heap.int(world.elements(list!).length)],
  ["reverse", 1, 1, ({ world }, [list]) => world.list(world.elements(list!).reverse())],
  [
    "append",
    0,
    ANY,
    ({ world }, args) => {
      const last = args[args.length - 1] ?? world.empty;
      return world.list(
        args.slice(0, -1).flatMap((list) => world.elements(list)),
        last,
      );
    },
  ],
  [
    "list-ref",
    2,
    2,
    (machine, [list, at]) => {
      const elements = machine.world.elements(list!);
      return machine.world.own(elements[index(machine, at!, elements.length)]!);
    },
  ],
  [
    "apply",
    2,
    ANY,
    (machine, args) =>
      machine.apply(args[0]!, [...args.slice(1, -1), ...machine.world.elements(args[args.length - 1]!)]),
  ],

  ["vector", 0, ANY, ({ heap }, args) => heap.list([...args])],
  [
    "make-vector",
    1,
    2,
    (machine, [length, fill = machine.heap.none]) => {
      const { heap, world } = machine;
      const mark = world.mark();
      const list = world.keep(heap.list());
      const count = index(machine, length!, 2 ** 31);
      for (let i = 0; i < count; i++) heap.lists.append(list, fill);
      world.own(list);
      world.releaseTo(mark);
      return list;
    },
  ],
  ["vector?", 1, 1, is("list")],
  [
    "vector-length",
    1,
    1,
    ({ heap, world }, [list]) => heap.int(heap.lists.length(need(world, list!, "list", "vector"))),
  ],
  [
    "vector-ref",
    2,
    2,
    (machine, [list, at]) => {
      const { heap, world } = machine;
      const length = heap.lists.length(need(world, list!, "list", "vector"));
      return world.own(heap.lists.get(list!, index(machine, at!, length)));
    },
  ],
  [
    "vector-set!",
    3,
    3,
    (machine, [list, at, value]) => {
      const { heap, world } = machine;
      const length = heap.lists.length(need(world, list!, "list", "vector"));
      heap.lists.set(list!, index(machine, at!, length), value!);
      return nothing(machine);
    },
  ],
  [
    "vector-push!",
    2,
    2,
    (machine, [list, value]) => {
      machine.heap.lists.append(need(machine.world, list!, "list", "vector"), value!);
      return nothing(machine);
    },
  ],
  [
    "vector-pop!",
    1,
    1,
    ({ heap, world }, [list]) => {
      if (heap.lists.length(need(world, list!, "list", "vector")) === 0)
        throw new Misuse("vector-pop!: empty vector");
      return heap.lists.pop(list!);
    },
  ],

  ["make-hash-table", 0, 0, ({ heap }) => heap.dict()],
  ["hash-table?", 1, 1, is("dict")],
  ["hash-table-ref", 2, 3, (machine, [table, key, otherwise]) => entry(machine, table!, key!, otherwise)],
  [
    "hash-table-set!",
    3,
    3,
    (machine, [table, key, value]) => {
      machine.heap.dicts.set(need(machine.world, table!, "dict", "hash table"), key!, value!);
      return nothing(machine);
    },
  ],
  [
    "hash-table-delete!",
    2,
    2,
    ({ heap, world }, [table, key]) =>
      world.boolean(heap.dicts.delete(need(world, table!, "dict", "hash table"), key!)),
  ],
  [
    "hash-table-contains?",
    2,
    2,
    ({ heap, world }, [table, key]) =>
      world.boolean(heap.dicts.has(need(world, table!, "dict", "hash table"), key!)),
  ],
  [
    "hash-table-count",
    1,
    1,
    ({ heap, world }, [table]) => heap.int(heap.dicts.size(need(world, table!, "dict", "hash table"))),
  ],
  [
    "hash-table-keys",
    1,
    1,
    ({ heap, world }, [table]) => world.list([...heap.dicts.keys(need(world, table!, "dict", "hash table"))]),
  ],

  [
    "string-append",
    0,
    ANY,
    (machine, args) => machine.heap.str(args.map((arg) => text(machine, arg)).join("")),
  ],
  ["string-length", 1, 1, (machine, [value]) => machine.heap.int(text(machine, value!).length)],
  [
    "substring",
    3,
    3,
    (machine, [value, from, to]) => {
      const string = text(machine, value!);
      const limit = string.length + 1;
      return machine.heap.str(string.slice(index(machine, from!, limit), index(machine, to!, limit)));
    },
  ],
  ["string=?", 2, 2, (machine, [a, b]) => machine.world.boolean(text(machine, a!) === text(machine, b!))],
  ["number->string", 1, 1, ({ heap, world }, [value]) => heap.str(show(world, value!))],
  [
    "string->symbol",
    1,
    1,
    (machine, [value]) => machine.world.own(machine.world.symbol(text(machine, value!))),
  ],
  [
    "symbol->string",
    1,
    1,
    ({ heap, world }, [value]) => heap.str(world.symbolName(need(world, value!, "symbol"))),
  ],

  [
    "raise",
    1,
    1,
    ({ world }, [value]) => {
      throw new Raised(world.own(value!));
    },
  ],
  [
    "error",
    1,
    ANY,
    (machine, [message, ...irritants]) => {
      const { world } = machine;
      throw new Raised(world.condition(text(machine, message!), world.keep(world.list(irritants))));
    },
  ],
  ["error-object?", 1, 1, is("condition")],
  [
    "error-object-message",
    1,
    1,
    ({ heap, world }, [value]) =>
      world.own(
        heap.getRef(need(world, value!, "condition", "error object"), world.types.condition.fields.message),
      ),
  ],
  [
    "error-object-irritants",
    1,
    1,
    ({ heap, world }, [value]) =>
      world.own(
        heap.getRef(need(world, value!, "condition", "error object"), world.types.condition.fields.irritants),
      ),
  ],

  // What the collector found; cycles apart, everything is dead by then.
  ["gc", 0, 0, ({ heap }) => heap.int(heap.gc())],
  ["weak-box?", 1, 1, is("weakref")],
  ["make-weak-box", 1, 1, ({ heap }, [value]) => heap.weakref(value!)],
  [
    "weak-box-value",
    1,
    2,
    ({ heap, world }, [box, otherwise = heap.false]) =>
      heap.deref(need(world, box!, "weakref", "weak box")) || world.own(otherwise),
  ],

  [
    "display",
    1,
    1,
    (machine, [value]) => {
      machine.write(show(machine.world, value!, false));
      return nothing(machine);
    },
  ],
  [
    "write",
    1,
    1,
    (machine, [value]) => {
      machine.write(show(machine.world, value!));
      return nothing(machine);
    },
  ],
  [
    "newline",
    0,
    0,
    (machine) => {
      machine.write("\n");
      return nothing(machine);
    },
  ],
];
