import { show } from "../printer.js";
import type { World } from "../world.js";
import { ANY, indexOf, need, primitive, reading, truth, type Primitive } from "./primitive.js";

function textAt<V>(world: World<V>, at: number): string {
  return world.text(need(world, world.at(at), "string"));
}

export const STRINGS: readonly Primitive[] = [
  reading("string?", (world, value) => truth(world, world.typeOf(value) === "string")),
  primitive("string-append", [0, ANY], ({ world }, at, count) => {
    let text = "";
    for (let i = 0; i < count; i++) text += textAt(world, at + i);
    return world.string(text);
  }),
  primitive("string-length", [1, 1], ({ world }, at) => world.int(textAt(world, at).length)),
  primitive("substring", [3, 3], ({ world }, at) => {
    const text = textAt(world, at);
    const limit = text.length + 1;
    return world.string(
      text.slice(indexOf(world, world.at(at + 1), limit), indexOf(world, world.at(at + 2), limit)),
    );
  }),
  primitive("string=?", [2, 2], ({ world }, at) => truth(world, textAt(world, at) === textAt(world, at + 1))),
  primitive("number->string", [1, 1], ({ world }, at) => world.string(show(world, world.at(at)))),
  reading("symbol?", (world, value) => truth(world, world.isSymbol(value))),
  primitive("string->symbol", [1, 1], ({ world }, at) => world.symbol(textAt(world, at))),
  primitive("symbol->string", [1, 1], ({ world }, at) =>
    world.string(world.symbolName(need(world, world.at(at), "symbol"))),
  ),
];
