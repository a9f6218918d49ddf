import { Misuse } from "../errors.js";
import type { World } from "../world.js";
import { ANY, indexOf, need, primitive, reading, truth, type Primitive } from "./primitive.js";

/** Where an index points to in a vector. */
function place<V>(world: World<V>, vector: V, index: V): number {
  return indexOf(world, index, world.vectorLength(need(world, vector, "vector")));
}

export const VECTORS: readonly Primitive[] = [
  primitive("vector", [0, ANY], ({ world }, at, count) => world.vector(at, count)),
  primitive("make-vector", [1, 2], ({ world }, at, count) =>
    world.makeVector(
      indexOf(world, world.at(at), 2 ** 31),
      count === 2 ? world.at(at + 1) : world.unspecified,
    ),
  ),
  reading("vector?", (world, value) => truth(world, world.typeOf(value) === "vector")),
  primitive("vector-length", [1, 1], ({ world }, at) =>
    world.int(world.vectorLength(need(world, world.at(at), "vector"))),
  ),
  primitive("vector-ref", [2, 2], ({ world }, at) => {
    const vector = world.at(at);
    return world.vectorRef(vector, place(world, vector, world.at(at + 1)));
  }),
  primitive("vector-set!", [3, 3], ({ world }, at) => {
    const vector = world.at(at);
    world.vectorSet(vector, place(world, vector, world.at(at + 1)), world.at(at + 2));
    return world.unspecified;
  }),
  primitive("vector-push!", [2, 2], ({ world }, at) => {
    world.vectorPush(need(world, world.at(at), "vector"), world.at(at + 1));
    return world.unspecified;
  }),
  primitive("vector-pop!", [1, 1], ({ world }, at) => {
    const vector = need(world, world.at(at), "vector");
    if (world.vectorLength(vector) === 0) throw new Misuse("vector-pop!: empty vector");
    return world.vectorPop(vector);
  }),
];
