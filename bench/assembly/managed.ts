/**
 * Structures of managed objects: AssemblyScript's own collector as a contender of bench:gc. Compiled with `--runtime
 * minimal`, which collects when `__collect` is called and never else, so addresses are safe outside.
 */

/** Any object: arrays, too, are stored as this. */
class Any {}

class Record extends Any {
  a: Any | null;
  b: Any | null;
}

class Leaf extends Any {
  value: f64;
}

/** Objects that were freed. */
let freed: u32 = 0;

// @ts-ignore: decorator
@global
function __finalize(_object: usize): void {
  freed++;
}

let held: Array<Any | null> = [];

/** An array, which is two objects: itself and its buffer. */
export function list(degree: i32): usize {
  return changetype<usize>(new Array<Any | null>(degree));
}

export function record(): usize {
  return changetype<usize>(new Record());
}

export function leaf(): usize {
  return changetype<usize>(new Leaf());
}

export function linkList(list: usize, index: i32, target: usize): void {
  unchecked((changetype<Array<Any | null>>(list)[index] = changetype<Any>(target)));
}

export function linkRecord(record: usize, index: i32, target: usize): void {
  if (index) changetype<Record>(record).b = changetype<Any>(target);
  else changetype<Record>(record).a = changetype<Any>(target);
}

export function hold(object: usize): void {
  held.push(changetype<Any>(object));
}

export function drop(): void {
  held = [];
}

export function freedCount(): u32 {
  return freed;
}
