import { Misuse } from "../errors.js";
import type { Machine } from "../machine.js";
import { show } from "../printer.js";
import type { TypeName, World } from "../world.js";

/** A procedure of the host. */
export interface Primitive {
  readonly name: string;
  /** Least and greatest number of arguments. */
  readonly least: number;
  readonly most: number;
  /** The value for arguments on the stack, of which the last is on top. */
  readonly call: <V>(machine: Machine<V>, at: number, count: number) => V;
  /** The same of one argument, or of two, if nothing is made or released for it; else absent. */
  readonly one?: (<V>(world: World<V>, a: V) => V) | undefined;
  readonly two?: (<V>(world: World<V>, a: V, b: V) => V) | undefined;
}

/** For any number of arguments. */
export const ANY = Infinity;

export function primitive(
  name: string,
  [least, most]: readonly [least: number, most: number],
  call: Primitive["call"],
  short: Pick<Primitive, "one" | "two"> = {},
): Primitive {
  return { name, least, most, call, ...short };
}

/** A primitive of one argument, which makes and releases nothing. */
export function reading(name: string, one: NonNullable<Primitive["one"]>): Primitive {
  return primitive(name, [1, 1], ({ world }, at) => one(world, world.at(at)), { one });
}

/** A value of the type, or an error. */
export function need<V>(world: World<V>, value: V, type: TypeName): V {
  if (world.typeOf(value) !== type) throw new Misuse(`not a ${type}`, [show(world, value)]);
  return value;
}

export function truth<V>(world: World<V>, value: boolean): V {
  return value ? world.true : world.false;
}

/** An index below `length`. */
export function indexOf<V>(world: World<V>, value: V, length: number): number {
  if (world.typeOf(value) !== "integer") throw new Misuse("not an index", [show(world, value)]);
  const index = world.intValue(value);
  if (index < 0 || index >= length) throw new Misuse("index out of range", [String(index)]);
  return Number(index);
}

/** Values on the stack. */
export function valuesAt<V>(world: World<V>, from: number, count: number): V[] {
  const values: V[] = [];
  for (let i = 0; i < count; i++) values.push(world.at(from + i));
  return values;
}
