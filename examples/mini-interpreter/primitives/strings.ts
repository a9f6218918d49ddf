import { show } from "../printer.js";
import type { World } from "../world.js";
import { ANY, indexOf, need, primitive, reading, truth, type Primitive } from "./primitive.js";

function stringAt<V>(world: World<V>, at: number): V {
  return need(world, world.at(at), "string");
}

export const STRINGS: readonly Primitive[] = [
  reading("string?", (world, value) => truth(world, world.typeOf(value) === "string")),
  primitive("string-append", [0, ANY], ({ world }, at, count) => {
    for (let i = 0; i < count; i++) stringAt(world, at + i);
    return world.concatenate(at, count);
  }),
  primitive("string-length", [1, 1], ({ world }, at) => world.int(world.stringLength(stringAt(world, at)))),
  primitive("substring", [3, 3], ({ world }, at) => {
    const string = stringAt(world, at);
    const limit = world.stringLength(string) + 1;
    const [from, to] = [indexOf(world, world.at(at + 1), limit), indexOf(world, world.at(at + 2), limit)];
    return world.substring(string, from, to);
  }),
  primitive("string=?", [2, 2], ({ world }, at) =>
    truth(world, world.isSameText(stringAt(world, at), stringAt(world, at + 1))),
  ),
  primitive("number->string", [1, 1], ({ world }, at) => world.string(show(world, world.at(at)))),
  reading("symbol?", (world, value) => truth(world, world.isSymbol(value))),
  primitive("string->symbol", [1, 1], ({ world }, at) => world.symbol(world.text(stringAt(world, at)))),
  primitive("symbol->string", [1, 1], ({ world }, at) =>
    world.string(world.symbolName(need(world, world.at(at), "symbol"))),
  ),
];
