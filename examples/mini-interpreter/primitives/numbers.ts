import { Misuse } from "../errors.js";
import { show } from "../printer.js";
import type { World } from "../world.js";
import { ANY, primitive, reading, truth, valuesAt, type Primitive } from "./primitive.js";

/** Exact integers are numbers as long as they are safe, else bigints; inexact ones are numbers. */
type Numeric = { readonly isExact: boolean; readonly value: number | bigint };
type Operator = (a: Numeric, b: Numeric) => Numeric;

function numeric<V>(world: World<V>, value: V): Numeric {
  const type = world.typeOf(value);
  if (type === "integer") return { isExact: true, value: world.intValue(value) };
  if (type === "real") return { isExact: false, value: world.floatValue(value) };
  throw new Misuse("not a number", [show(world, value)]);
}

const isZero = ({ value }: Numeric): boolean => Number(value) === 0;

function result<V>(world: World<V>, { isExact, value }: Numeric): V {
  return isExact ? world.int(value) : world.float(Number(value));
}

/** Exact as long as both sides are. */
function arithmetic(
  real: (a: number, b: number) => number,
  exact: (a: bigint, b: bigint) => bigint,
): Operator {
  return (a, b) => {
    const value = real(Number(a.value), Number(b.value));
    if (!a.isExact || !b.isExact) return { isExact: false, value };
    return {
      isExact: true,
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
  if (a.isExact && b.isExact) {
    const [x, y] = [BigInt(a.value), BigInt(b.value)];
    if (x % y === 0n) return { isExact: true, value: x / y };
  }
  return { isExact: false, value: Number(a.value) / Number(b.value) };
}

function integral(operator: (a: bigint, b: bigint) => bigint): Operator {
  return (a, b) => {
    if (!a.isExact || !b.isExact) throw new Misuse("not an integer");
    if (isZero(b)) throw new Misuse("division by zero");
    return { isExact: true, value: operator(BigInt(a.value), BigInt(b.value)) };
  };
}

/** With one argument it is applied to `start` and that; without any it is `start`. */
function folded(start: number, operator: Operator): Primitive["call"] {
  return ({ world }, at, count) => {
    const numbers = valuesAt(world, at, count).map((value) => numeric(world, value));
    if (numbers.length < 2) numbers.unshift({ isExact: true, value: start });
    return result(world, numbers.reduce(operator));
  };
}

/** What two small integers give, if nothing has to be made for it. */
function shortened(quick: (a: number, b: number) => number): NonNullable<Primitive["two"]> {
  return (world, a, b) =>
    world.areSmall(a, b) ? world.immediate(quick(world.small(a), world.small(b))) : world.absent;
}

/** Holds for each pair of neighbours. */
function ordered(name: string, relation: (a: bigint | number, b: bigint | number) => boolean): Primitive {
  return primitive(
    name,
    [1, ANY],
    ({ world }, at, count) => {
      const values = valuesAt(world, at, count).map((value) => numeric(world, value).value);
      return truth(
        world,
        values.every((value, i) => i === 0 || relation(values[i - 1]!, value)),
      );
    },
    {
      two: (world, a, b) => {
        if (!world.areSmall(a, b)) return world.absent;
        return relation(world.small(a), world.small(b)) ? world.true : world.false;
      },
    },
  );
}

export const NUMBERS: readonly Primitive[] = [
  primitive("+", [0, ANY], folded(0, plus), { two: shortened((a, b) => a + b) }),
  primitive("*", [0, ANY], folded(1, times), { two: shortened((a, b) => a * b) }),
  primitive("-", [1, ANY], folded(0, minus), { two: shortened((a, b) => a - b) }),
  primitive("/", [1, ANY], folded(1, dividedBy)),
  // What these give without a whole divisor is no number.
  primitive(
    "quotient",
    [2, 2],
    folded(
      0,
      integral((a, b) => a / b),
    ),
    {
      two: shortened((a, b) => Math.trunc(a / b)),
    },
  ),
  primitive(
    "remainder",
    [2, 2],
    folded(
      0,
      integral((a, b) => a % b),
    ),
    { two: shortened((a, b) => a % b) },
  ),
  primitive(
    "modulo",
    [2, 2],
    folded(
      0,
      integral((a, b) => ((a % b) + b) % b),
    ),
    {
      two: shortened((a, b) => ((a % b) + b) % b),
    },
  ),
  ordered("=", (a, b) => a == b), // eslint-disable-line eqeqeq -- exact and inexact compare
  ordered("<", (a, b) => a < b),
  ordered(">", (a, b) => a > b),
  ordered("<=", (a, b) => a <= b),
  ordered(">=", (a, b) => a >= b),
  reading("integer?", (world, value) => truth(world, world.typeOf(value) === "integer")),
  reading("number?", (world, value) => truth(world, ["integer", "real"].includes(world.typeOf(value)))),
];
