import { Raised } from "../errors.js";
import { listOf } from "../machine.js";
import { show } from "../printer.js";
import { elements } from "../world.js";
import { ANY, need, primitive, reading, truth, valuesAt, type Primitive } from "./primitive.js";

export const CONTROL: readonly Primitive[] = [
  reading("procedure?", (world, value) =>
    truth(world, ["closure", "primitive"].includes(world.typeOf(value))),
  ),
  primitive("apply", [2, ANY], (machine, at, count) => {
    const { world } = machine;
    const last = elements(world, world.at(at + count - 1));
    return machine.apply(world.at(at), [...valuesAt(world, at + 1, count - 2), ...last]);
  }),

  primitive("raise", [1, 1], ({ world }, at) => {
    throw new Raised(world.at(at));
  }),
  primitive("error", [1, ANY], ({ world }, at, count) => {
    const message = world.text(need(world, world.at(at), "string"));
    const irritants = listOf(world, at + 1, count - 1);
    world.push(irritants);
    throw new Raised(world.condition(message, irritants));
  }),
  reading("error-object?", (world, value) => truth(world, world.typeOf(value) === "error object")),
  reading("error-object-message", (world, value) =>
    world.conditionMessage(need(world, value, "error object")),
  ),
  reading("error-object-irritants", (world, value) => world.irritants(need(world, value, "error object"))),

  // What the collector found; cycles apart, everything is dead by then.
  primitive("gc", [0, 0], ({ world }) => world.int(world.gc())),
  reading("weak-box?", (world, value) => truth(world, world.typeOf(value) === "weak box")),
  primitive("make-weak-box", [1, 1], ({ world }, at) => world.weakBox(world.at(at))),
  primitive("weak-box-value", [1, 2], ({ world }, at, count) => {
    const value = world.weakBoxValue(need(world, world.at(at), "weak box"));
    if (value !== world.absent) return value;
    return count === 2 ? world.at(at + 1) : world.false;
  }),

  primitive("display", [1, 1], ({ world, write }, at) => {
    write(show(world, world.at(at), false));
    return world.unspecified;
  }),
  primitive("write", [1, 1], ({ world, write }, at) => {
    write(show(world, world.at(at)));
    return world.unspecified;
  }),
  primitive("newline", [0, 0], ({ world, write }) => {
    write("\n");
    return world.unspecified;
  }),
];
