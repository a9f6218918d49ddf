import { Misuse } from "../errors.js";
import { show } from "../printer.js";
import type { World } from "../world.js";
import { need, primitive, reading, truth, type Primitive } from "./primitive.js";

function tableAt<V>(world: World<V>, at: number): V {
  return need(world, world.at(at), "hash table");
}

export const TABLES: readonly Primitive[] = [
  primitive("make-hash-table", [0, 0], ({ world }) => world.table()),
  reading("hash-table?", (world, value) => truth(world, world.typeOf(value) === "hash table")),
  // The value under the key; else the third argument or, if that is a procedure, its value.
  primitive("hash-table-ref", [2, 3], (machine, at, count) => {
    const { world } = machine;
    const key = world.at(at + 1);
    const value = world.tableRef(tableAt(world, at), key);
    if (value !== world.absent) return value;
    if (count === 2) throw new Misuse("no such key", [show(world, key)]);
    const otherwise = world.at(at + 2);
    return world.typeOf(otherwise) === "closure" ? machine.apply(otherwise, []) : otherwise;
  }),
  primitive("hash-table-set!", [3, 3], ({ world }, at) => {
    world.tableSet(tableAt(world, at), world.at(at + 1), world.at(at + 2));
    return world.unspecified;
  }),
  primitive("hash-table-delete!", [2, 2], ({ world }, at) =>
    truth(world, world.tableDelete(tableAt(world, at), world.at(at + 1))),
  ),
  primitive("hash-table-contains?", [2, 2], ({ world }, at) =>
    truth(world, world.tableRef(tableAt(world, at), world.at(at + 1)) !== world.absent),
  ),
  primitive("hash-table-count", [1, 1], ({ world }, at) => world.int(world.tableSize(tableAt(world, at)))),
  primitive("hash-table-keys", [1, 1], ({ world }, at) => {
    const vector = world.tableKeys(tableAt(world, at));
    const top = world.height;
    let list = world.empty;
    for (const key of vector.reverse()) {
      world.push(list);
      list = world.cons(key, list);
      world.height = top;
    }
    return list;
  }),
];
