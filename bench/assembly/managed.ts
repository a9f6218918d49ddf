/**
 * Structures of managed objects: AssemblyScript's own collector as a contender of bench:gc. Compiled with `--runtime
 * minimal`, which collects when `__collect` is called and never else, so addresses are safe outside.
 */

class Record {
  a: Object | null;
  b: Object | null;
}

class Leaf {
  value: f64;
}

/** Objects that were freed. */
let freed: u32 = 0;

// @ts-ignore: decorator
@global
function __finalize(_object: usize): void {
  freed++;
}

let held: Array<Object | null> = [];

/** An array, which is two objects: itself and its buffer. */
export function list(degree: i32): usize {
  return changetype<usize>(new Array<Object | null>(degree));
}

export function record(): usize {
  return changetype<usize>(new Record());
}

export function leaf(): usize {
  return changetype<usize>(new Leaf());
}

export function linkList(list: usize, index: i32, target: usize): void {
  unchecked((changetype<Array<Object | null>>(list)[index] = changetype<Object>(target)));
}

export function linkRecord(record: usize, index: i32, target: usize): void {
  if (index) changetype<Record>(record).b = changetype<Object>(target);
  else changetype<Record>(record).a = changetype<Object>(target);
}

export function hold(object: usize): void {
  held.push(changetype<Object>(object));
}

export function drop(): void {
  held = [];
}

export function freedCount(): u32 {
  return freed;
}
