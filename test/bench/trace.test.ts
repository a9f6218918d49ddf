import { readFileSync, writeFileSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { describe, expect, test } from "vitest";

import {
  MEMALIGN_SIZE_BITS,
  OP_CALLOC,
  OP_FREE,
  OP_MALLOC,
  OP_MEMALIGN,
  OP_REALLOC,
  TraceError,
  decodeTrace,
  readTrace,
  traceName,
  usedBytes,
} from "../../bench/lib/trace.js";
import { encode, type Operation } from "./encode.js";

const traces = fileURLToPath(new URL("../../bench/data/traces/", import.meta.url));

const small: Operation[] = [
  [OP_MALLOC, 0, 100],
  [OP_CALLOC, 3, 0],
  [OP_REALLOC, 0, 300],
  [OP_MEMALIGN, 1, 5000, 12],
  [OP_FREE, 3],
  [OP_MALLOC, 2, 7],
  [OP_FREE, 0],
];

test("a trace becomes two words an operation, and a drain", () => {
  const trace = decodeTrace(encode(small), "small");
  expect([...trace.ops].map((code) => [code & 7, code >>> 3])).toEqual([
    ...small.map(([op, slot]) => [op, slot]),
    [OP_FREE, 1],
    [OP_FREE, 2],
  ]);
  expect([...trace.sizes]).toEqual([100, 0, 300, 12 * 2 ** MEMALIGN_SIZE_BITS + 5000, 0, 7, 0, 0, 0]);
  expect([...trace.previous]).toEqual([0, 0, 100, 0, 0, 0, 300, 5000, 7]);
  expect(trace).toMatchObject({
    ...{ opCount: 7, drainCount: 2, slotCount: 4 },
    ...{ peakLiveBytes: 5307, peakLiveBlocks: 3, largestBytes: 5000 },
  });
});

test("the bundled traces hold what their table says", () => {
  const table = readFileSync(join(traces, "FORMAT.md"), "utf8").split("## Summary")[1] ?? "";
  const rows = table
    .split("\n")
    .filter((line) => /^\| \w/.test(line) && !line.includes("peak live"))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  expect(rows.length).toBe(9);
  const number = (cell = ""): number => Number(cell.replaceAll(",", ""));
  for (const [, name, ops, slots, peakBytes, peakBlocks] of rows) {
    const trace = readTrace(join(traces, `${name}.atrc.gz`));
    expect(trace).toMatchObject({
      ...{ name, opCount: number(ops), slotCount: number(slots) },
      ...{ peakLiveBytes: number(peakBytes), peakLiveBlocks: number(peakBlocks) },
    });
  }
});

test("the name of a trace is its file's without folder and extension", () => {
  expect(traceName("/a/b/py-ast.json.atrc.gz")).toBe("py-ast.json");
  expect(traceName("x.atrc")).toBe("x");
});

test("what follows the last operation of a killed program's recording is not used", () => {
  const whole = encode(small);
  const padded = new Uint8Array(whole.length + 1000);
  padded.set(whole);
  expect(usedBytes(padded)).toBe(whole.length);
});

describe("bad traces", () => {
  const bad: [string, Uint8Array, RegExp][] = [
    ["too short", new Uint8Array(15), /too short/],
    ["other magic", encode(small, { magic: "ATRX" }), /does not start with ATRC/],
    ["other version", encode(small, { version: 2 }), /version 2/],
    ["no operations", encode([]), /no operations/],
    ["more operations announced than bytes", encode(small, { opCount: 1e9 }), /truncated/],
    ["more slots than operations", encode(small, { slotCount: 8 }), /8 slots announced/],
    ["an operation cut short", encode(small).subarray(0, -1), /ends inside/],
    ["trailing bytes", encode(small, { opCount: 6 }), /bytes follow/],
    ["slot out of range", encode(small, { slotCount: 3 }), /operation 1 .*slot 3 of 3/],
    [
      "unknown operation",
      encode([
        [OP_MALLOC, 0, 1],
        [5, 0, 1],
      ]),
      /operation 1 .*code 5/,
    ],
    [
      "malloc into a full slot",
      encode([
        [OP_MALLOC, 0, 1],
        [OP_MALLOC, 0, 1],
      ]),
      /slot 0, which is full/,
    ],
    ["free of an empty slot", encode([[OP_FREE, 0]]), /free of slot 0, which is empty/],
    [
      "double free",
      encode([
        [OP_MALLOC, 0, 1],
        [OP_FREE, 0],
        [OP_FREE, 0],
      ]),
      /operation 2 .*empty/,
    ],
    ["realloc of an empty slot", encode([[OP_REALLOC, 0, 9]]), /realloc of slot 0, which is empty/],
    [
      "realloc to nothing",
      encode([
        [OP_MALLOC, 0, 1],
        [OP_REALLOC, 0, 0],
      ]),
      /states as free/,
    ],
    ["a block over 4 GiB", encode([[OP_MALLOC, 0, 2 ** 33]]), /4 GiB or more/],
    [
      "too much at one time",
      encode([
        [OP_MALLOC, 0, 2 ** 31],
        [OP_MALLOC, 1, 2 ** 31],
      ]),
      /4 GiB live/,
    ],
    ["absurd alignment", encode([[OP_MEMALIGN, 0, 1, 40]]), /alignment 2\^40/],
    ["large aligned block", encode([[OP_MEMALIGN, 0, 2 ** 27, 5]]), /aligned block/],
    ["endless varint", encode(small).fill(0xff, 16), /over 32 bits/],
  ];
  test.each(bad)("%s", (_name, bytes, message) => {
    expect(() => decodeTrace(bytes, "bad")).toThrow(TraceError);
    expect(() => decodeTrace(bytes, "bad")).toThrow(message);
  });

  test("a missing file, and gzip data cut short", () => {
    expect(() => readTrace("no/such.atrc.gz")).toThrow(/no\/such\.atrc\.gz: cannot be read \(ENOENT\)/);
    const file = join(mkdtempSync(join(tmpdir(), "trace-")), "cut.atrc.gz");
    writeFileSync(file, gzipSync(encode(small)).subarray(0, 20));
    expect(() => readTrace(file)).toThrow(/damaged gzip/);
  });
});
