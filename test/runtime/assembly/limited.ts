// A program that lives near the limit of its memory.

class Leaf {
  constructor(
    public number: i32,
    public next: Leaf | null,
  ) {}
}

let held: StaticArray<Leaf | null> = new StaticArray<Leaf | null>(0);

/** Holds so many leaves in one array: more than the mark stack gets room for where memory is short. */
export function hold(count: i32): void {
  held = new StaticArray<Leaf | null>(count);
  for (let i = 0; i < count; i++) held[i] = new Leaf(i, new Leaf(-i, null));
}

/** Replaces leaves all over, and checks those that it replaces. */
export function replace(times: i32): void {
  let at: u32 = 1;
  for (let i = 0; i < times; i++) {
    at = (at * 1_664_525 + 1_013_904_223) % <u32>held.length;
    const old = held[at]!;
    assert(old.number == at && old.next!.number == -(<i32>at));
    held[at] = new Leaf(at, new Leaf(-(<i32>at), null));
  }
  for (let i = 0; i < held.length; i++) assert(held[i]!.number == i && held[i]!.next!.number == -i);
}

/** One buffer that grows, beside garbage. */
export function append(bytes: i32): i32 {
  let text: u8[] = [];
  for (let i = 0; i < bytes; i++) {
    text.push(<u8>i);
    if (i % 64 == 0) assert(i.toString().length > 0);
  }
  for (let i = 0; i < bytes; i++) assert(text[i] == <u8>i);
  return text.length;
}

export { verify } from "../../../assembly/alloc/verify";
