import type { World } from "../world.js";
import { primitive, reading, truth, type Primitive } from "./primitive.js";

function isEqual<V>(world: World<V>, a: V, b: V): boolean {
  for (let [x, y] = [a, b]; ;) {
    if (world.isSame(x, y)) return true;
    const type = world.typeOf(x);
    if (type !== world.typeOf(y)) return false;
    if (type === "string") return world.isSameText(x, y);
    if (type === "vector") {
      const length = world.vectorLength(x);
      if (length !== world.vectorLength(y)) return false;
      for (let i = 0; i < length; i++) {
        if (!isEqual(world, world.vectorRef(x, i), world.vectorRef(y, i))) return false;
      }
      return true;
    }
    if (type !== "pair") return false;
    if (!isEqual(world, world.car(x), world.car(y))) return false;
    [x, y] = [world.cdr(x), world.cdr(y)];
  }
}

function comparing(name: string, relation: <V>(world: World<V>, a: V, b: V) => boolean): Primitive {
  const two: NonNullable<Primitive["two"]> = (world, a, b) => truth(world, relation(world, a, b));
  return primitive(name, [2, 2], ({ world }, at) => two(world, world.at(at), world.at(at + 1)), { two });
}

export const COMPARISON: readonly Primitive[] = [
  comparing("eq?", (world, a, b) => world.isSame(a, b)),
  comparing("eqv?", (world, a, b) => world.isSame(a, b)),
  comparing("equal?", isEqual),
  reading("not", (world, value) => truth(world, !world.isTrue(value))),
  reading("boolean?", (world, value) => truth(world, world.typeOf(value) === "boolean")),
];
