// What passes between the program and JavaScript, as bindings and the loader carry it.

export class Point {
  constructor(
    public x: f64 = 0,
    public y: f64 = 0,
    public label: string = "",
  ) {}
}

let held: string[] = [];

export function greet(name: string): string {
  return "hello, " + name;
}
export function lengths(texts: string[]): i32[] {
  return texts.map<i32>((text) => text.length);
}
export function doubled(numbers: Float64Array): Float64Array {
  return numbers.map((number) => number * 2);
}
export function mirror(point: Point): Point {
  return new Point(-point.x, -point.y, "mirrored " + point.label);
}
export function bytes(buffer: ArrayBuffer): i32 {
  return buffer.byteLength;
}
export function hold(text: string): void {
  held.push(text);
}
export function heldText(): string {
  return held.join(",");
}
export function churn(count: i32): i32 {
  let length = 0;
  for (let i = 0; i < count; i++) length += ("text " + i.toString()).length;
  return length;
}
/** A block that the collector does not know of, and a sort that needs one. */
export function raw(bytes: usize): i32 {
  const block = heap.alloc(bytes);
  assert((block & 15) == 0);
  memory.fill(block, 7, bytes);
  const larger = heap.realloc(block, bytes * 3);
  assert((larger & 15) == 0);
  let sum = 0;
  for (let i: usize = 0; i < bytes; i++) sum += load<u8>(larger + i);
  heap.free(larger);
  return sum;
}

/** The class of a list of strings, for the loader. */
export const textsId: u32 = idof<string[]>();
