/**
 * `npm run -s bench:hashes`: keys that were prepared to collide in MurmurHash3 beside keys of the same length that were not,
 * a dict of 100,000 each, and what hashing a long str costs a byte. Both kinds of keys take turns; medians.
 */

import { createHeap, type Heap, type Ptr } from "tallyheap";
import { makeTable, fixed } from "../lib/table.js";

const KEYS = 100_000;
const ROUNDS = 9;
const LONG = 1_000_000;

/** Every pair of these collides in MurmurHash3's 32-bit form, whatever the seed; so do sequences of them. */
const BLOCKS = ["\x11\x11\x11\x11\x22\x22\x22\x22", "\x69\xb2\x93\x7d\x22\x22\xd3\x5d"];
const BLOCKS_EACH = Math.ceil(Math.log2(KEYS));

const preparedText = (i: number): string =>
  Array.from({ length: BLOCKS_EACH }, (_, bit) => BLOCKS[(i >>> bit) & 1]).join("");
const plainText = (i: number): string => `${i}`.padStart(BLOCKS_EACH * 8, "key ");
/** A hash without a key mixed these into one. */
const preparedInt = (i: number): bigint =>
  BigInt.asIntN(64, (BigInt(i + 1) << 32n) + BigInt(Math.imul(i + 1, 0x9e3779b1)));
const plainInt = (i: number): bigint => (BigInt(i + 1) << 32n) + BigInt(i);

function milliseconds(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >>> 1] ?? NaN;

/** Makes the keys anew, so that a str has no hash yet, and enters them; milliseconds of the entering. */
function enter(heap: Heap, make: (i: number) => Ptr): number {
  const keys = Array.from({ length: KEYS }, (_, i) => make(i));
  const dict = heap.dict();
  const took = milliseconds(() => {
    for (const key of keys) heap.dicts.set(dict, key, heap.none);
  });
  if (heap.dicts.size(dict) !== KEYS) throw new Error("keys are missing");
  heap.decref(dict);
  for (const key of keys) heap.decref(key);
  return took;
}

function compare(name: string, prepared: (heap: Heap, i: number) => Ptr, plain: typeof prepared): string[] {
  const heap = createHeap({ autoCollect: false });
  const times: (readonly [number, number])[] = [];
  for (let round = 0; round < ROUNDS; round++)
    times.push([enter(heap, (i) => prepared(heap, i)), enter(heap, (i) => plain(heap, i))]);
  const [first, second] = [median(times.map(([a]) => a)), median(times.map(([, b]) => b))];
  const ratio = median(times.map(([a, b]) => a / b));
  heap.dispose();
  return [name, fixed(first, 1), fixed(second, 1), fixed(ratio, 2)];
}

/** Nanoseconds a byte of the first hash of a long str. */
function costOfByte(unit: string): number {
  const heap = createHeap();
  const times: number[] = [];
  for (let round = 0; round < 3 * ROUNDS; round++) {
    const str = heap.str(unit.repeat(LONG - 1) + String.fromCharCode(unit.charCodeAt(0) + 1));
    times.push(milliseconds(() => void heap.strs.hash(str)));
    heap.decref(str);
  }
  heap.dispose();
  const bytes = LONG * (unit.charCodeAt(0) > 255 ? 2 : 1);
  return (median(times) * 1e6) / bytes;
}

const rows = [
  compare(
    `strs of ${BLOCKS_EACH * 8}`,
    (heap, i) => heap.str(preparedText(i)),
    (heap, i) => heap.str(plainText(i)),
  ),
  compare(
    "ints",
    (heap, i) => heap.int(preparedInt(i)),
    (heap, i) => heap.int(plainInt(i)),
  ),
];
console.log(makeTable([`${KEYS} keys`, "prepared, ms", "plain, ms", "ratio"], rows));
console.log(
  `first hash of a str of ${LONG}: ${fixed(costOfByte("a"), 3)} ns a byte, wide ${fixed(costOfByte("ж"), 3)}`,
);
