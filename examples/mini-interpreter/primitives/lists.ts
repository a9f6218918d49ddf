import { Misuse } from "../errors.js";
import { listOf } from "../machine.js";
import { elements, type World } from "../world.js";
import { ANY, indexOf, need, primitive, reading, truth, type Primitive } from "./primitive.js";

function pairOf<V>(world: World<V>, value: V, operation: string): V {
  if (!world.isPair(value)) throw new Misuse(`${operation}: not a pair`, [world.typeOf(value)]);
  return value;
}

/** Puts the elements of a list in front of another list. */
function before<V>(world: World<V>, list: V, tail: V): V {
  const top = world.height;
  let result = tail;
  for (const element of elements(world, list).reverse()) {
    world.push(result);
    result = world.cons(element, result);
    world.height = top;
  }
  return result;
}

export const LISTS: readonly Primitive[] = [
  reading("null?", (world, value) => truth(world, value === world.empty)),
  reading("pair?", (world, value) => truth(world, world.isPair(value))),
  primitive("cons", [2, 2], ({ world }, at) => world.cons(world.at(at), world.at(at + 1))),
  reading("car", (world, value) => world.car(pairOf(world, value, "car"))),
  reading("cdr", (world, value) => world.cdr(pairOf(world, value, "cdr"))),
  primitive("set-car!", [2, 2], ({ world }, at) => {
    world.setCar(need(world, world.at(at), "pair"), world.at(at + 1));
    return world.unspecified;
  }),
  primitive("set-cdr!", [2, 2], ({ world }, at) => {
    world.setCdr(need(world, world.at(at), "pair"), world.at(at + 1));
    return world.unspecified;
  }),
  primitive("list", [0, ANY], ({ world }, at, count) => listOf(world, at, count)),
  primitive("length", [1, 1], ({ world }, at) => world.int(elements(world, world.at(at)).length)),
  primitive("reverse", [1, 1], ({ world }, at) => {
    const top = world.height;
    let result = world.empty;
    for (const element of elements(world, world.at(at))) {
      world.push(result);
      result = world.cons(element, result);
      world.height = top;
    }
    return result;
  }),
  primitive("append", [0, ANY], ({ world }, at, count) => {
    if (count === 0) return world.empty;
    let result = world.at(at + count - 1);
    for (let i = count - 2; i >= 0; i--) {
      world.put(at + count - 1, result);
      result = before(world, world.at(at + i), result);
    }
    return result;
  }),
  primitive("list-ref", [2, 2], ({ world }, at) => {
    const list = elements(world, world.at(at));
    return list[indexOf(world, world.at(at + 1), list.length)]!;
  }),
];
