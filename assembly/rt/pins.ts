/**
 * Objects that the host has pinned: an open hash table of their addresses. An object is pinned once at a time.
 *
 *   pinCount ≤ half the entries;   an object stands between its home and the first empty entry behind it, cyclically
 */
import { DOMAIN_RAW, PAGE_BYTES } from "../layout";
import { giveSpan, takeSpan } from "../alloc/spans";
import { E_ALREADY_PINNED, E_NOT_PINNED } from "util/error";
import { runtime } from "./state";

/** Entries of a table of one page. */
const LEAST: u32 = PAGE_BYTES >>> 2;

/** Keeps an object alive until `__unpin`; returns it. */
// @ts-ignore: decorator
@global
@unsafe
export function __pin(object: usize): usize {
  if (!object) return 0;
  if (runtime.pinCount << 1 >= entries()) growTable();
  const at = find(object);
  if (entry(at)) throw new Error(E_ALREADY_PINNED);
  setEntry(at, object);
  runtime.pinCount += 1;
  return object;
}

// @ts-ignore: decorator
@global
@unsafe
export function __unpin(object: usize): void {
  if (!object) return;
  if (!runtime.pinCount) throw new Error(E_NOT_PINNED);
  let empty = find(object);
  if (!entry(empty)) throw new Error(E_NOT_PINNED);
  runtime.pinCount -= 1;
  // What stands behind moves up if the gap lies between its home and its place (Knuth, 6.4, algorithm R).
  const mask = runtime.pinMask;
  let at = empty;
  while (true) {
    at = (at + 1) & mask;
    const other = entry(at);
    if (!other) break;
    if (((at - home(other)) & mask) < ((at - empty) & mask)) continue;
    setEntry(empty, other);
    empty = at;
  }
  setEntry(empty, 0);
}

export function visitPins(): void {
  if (!runtime.pinCount) return;
  for (let at: u32 = 0; at <= runtime.pinMask; at++) __visit(entry(at), 0);
}

// ---- the table ----

/** Entries that the table has. */
// @ts-ignore: decorator
@inline
function entries(): u32 {
  return runtime.pins ? runtime.pinMask + 1 : 0;
}

function entry(at: u32): usize {
  return load<usize>(runtime.pins + ((<usize>at) << alignof<usize>()));
}

function setEntry(at: u32, object: usize): void {
  store<usize>(runtime.pins + ((<usize>at) << alignof<usize>()), object);
}

function home(object: usize): u32 {
  return (<u32>((object >>> 4) ^ (object >>> 12))) & runtime.pinMask;
}

/** The object's entry, or the empty one that it would get. */
function find(object: usize): u32 {
  let at = home(object);
  for (let other = entry(at); other && other != object; other = entry(at)) at = (at + 1) & runtime.pinMask;
  return at;
}

function growTable(): void {
  const old = runtime.pins;
  const length = entries();
  const wanted = length ? length << 1 : LEAST;
  const pages = wanted / LEAST;
  const table = takeSpan(pages, 1, DOMAIN_RAW);
  if (!table) unreachable();
  memory.fill(table, 0, <usize>pages * PAGE_BYTES);
  runtime.pins = table;
  runtime.pinMask = wanted - 1;
  for (let at: u32 = 0; at < length; at++) {
    const object = load<usize>(old + ((<usize>at) << alignof<usize>()));
    if (object) setEntry(find(object), object);
  }
  if (old) giveSpan(old);
}
