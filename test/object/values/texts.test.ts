/** A str holds the code units of a JavaScript string, whichever way they went in and came out. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { builds } from "../../support/cores.js";
import { newHeap, randomFrom, release, seedOf } from "../../support/objects.js";
import { many } from "../../support/stress.js";

const SHORT = Array.from({ length: 50 }, (_, length) => length);
const LENGTHS = [...SHORT, 100, 158, 159, 160, 161, 162, 1000, 8191, 8192, 8193, 20_000];
const ALPHABETS: Readonly<Record<string, readonly [from: number, to: number]>> = {
  ASCII: [0, 0x7f],
  "Latin-1": [0, 0xff],
  "the controls above ASCII": [0x80, 0x9f],
  Cyrillic: [0x400, 0x4ff],
  "lone surrogates": [0xd800, 0xdfff],
  "marks of order, and replacements": [0xfefe, 0xffff],
  everything: [0, 0xffff],
};

describe.each(builds)("texts, $name core", (build) => {
  test.each(Object.entries(ALPHABETS))("of %s come out as they went in", (_, [from, to]) => {
    const random = randomFrom(seedOf("texts"));
    const heap = newHeap(build);
    for (const length of LENGTHS) {
      const units = Array.from({ length }, () => from + Math.floor(random() * (to - from + 1)));
      const text = units.map((unit) => String.fromCharCode(unit)).join("");
      const str = heap.str(text);
      expect(heap.strs.length(str)).toBe(length);
      expect(heap.strs.toJS(str)).toBe(text);
      heap.decref(str);
    }
  });

  test("are put together and cut as JavaScript does it, and are as narrow as they can be", () => {
    const random = randomFrom(seedOf("texts"));
    const below = (limit: number): number => Math.floor(random() * limit);
    const heap = newHeap(build);
    const alphabets = Object.values(ALPHABETS);
    for (let i = 0; i < many(400); i++) {
      const texts = Array.from({ length: below(5) }, () => {
        const [from, to] = alphabets[below(alphabets.length)]!;
        return String.fromCharCode(...Array.from({ length: below(90) }, () => from + below(to - from + 1)));
      });
      const strs = texts.map((text) => heap.str(text));
      const whole = heap.strs.concat(...strs);
      const text = texts.join("");
      const known = heap.str(text);
      expect(heap.strs.toJS(whole)).toBe(text);
      expect(heap.strs.equals(whole, known)).toBe(true);
      expect(heap.strs.hash(whole)).toBe(heap.strs.hash(known));
      const [from, to] = [below(text.length + 9) - 4, below(text.length + 9) - 4];
      for (const bounds of [[], [from], [from, to]] as const) {
        const part = heap.strs.slice(whole, ...bounds);
        const expected = heap.str(text.slice(...bounds));
        expect(heap.strs.toJS(part)).toBe(text.slice(...bounds));
        expect(heap.strs.equals(part, expected)).toBe(true);
        release(heap, part, expected);
      }
      release(heap, whole, known, ...strs);
    }
  });

  test("that are equal have one hash, whatever their blocks held before", () => {
    const heap = newHeap(build);
    for (let length = 1; length < 600; length++) {
      // The block of the first text: the bytes behind its end are those of a longer one.
      heap.decref(heap.str("\xff".repeat((length + 7) & ~7)));
      const text = `${"a".repeat(length - 1)}\xf7`;
      const [a, b] = [heap.str(text), heap.str(text)];
      expect([length, heap.strs.equals(a, b), heap.strs.hash(a)]).toEqual([length, true, heap.strs.hash(b)]);
      heap.decref(a);
      heap.decref(b);
    }
  });

  // Node 20's decoder of Latin-1 drops a first 0xff if it is told to keep marks of order.
  test.each(["ef", "80", "9f", "ff", "100", "d83d", "feff", "fffd"])(
    "with one unit %s among others, at any place",
    (digits) => {
      const unit = Number.parseInt(digits, 16);
      const heap = newHeap(build);
      for (const length of [10, 24, 25, 40, 41, 90, 160, 161]) {
        for (const at of [0, 1, length >> 1, length - 1]) {
          const text = `${"a".repeat(at)}${String.fromCharCode(unit)}${"b".repeat(length - at - 1)}`;
          const str = heap.str(text);
          const interned = heap.intern(text);
          expect(heap.strs.toJS(str)).toBe(text);
          expect(heap.strs.equals(str, interned)).toBe(true);
          heap.decref(str);
          heap.decref(interned);
        }
      }
    },
  );

  test("every code unit, in one text", () => {
    const heap = newHeap(build);
    for (const last of [0xff, 0xffff]) {
      const text = Array.from({ length: last + 1 }, (_, unit) => String.fromCharCode(unit)).join("");
      const str = heap.str(text);
      expect(heap.strs.toJS(str)).toBe(text);
      heap.decref(str);
    }
  });
});

describe.each(builds)("texts where the host's decoders and encoder fail, $name core", (build) => {
  // Node's Buffer would be asked before its decoders.
  beforeEach(() => void vi.stubGlobal("Buffer", undefined));
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  const texts = ["a", "\xe9", "\u0416"].flatMap((unit) => [unit.repeat(100), unit.repeat(200)]);
  const expectSame = (): void => {
    const heap = newHeap(build);
    for (const text of texts) {
      const str = heap.str(text);
      expect(heap.strs.toJS(str)).toBe(text);
      heap.decref(str);
    }
  };

  test("no decoder fails", expectSame);

  // Safari up to 18.4: a decoder refuses everything once it has decoded 2 GiB (WebKit bug 280593).
  test("a decoder that throws", () => {
    const decode = vi.spyOn(TextDecoder.prototype, "decode").mockImplementation(() => {
      throw new RangeError("Bad value");
    });
    expectSame();
    expect(decode).toHaveBeenCalledTimes(texts.length);
  });

  // Node 23.4.0, of Latin-1 (nodejs/node issue 56219).
  test("a decoder that gives bytes", () => {
    const decode = vi
      .spyOn(TextDecoder.prototype, "decode")
      .mockImplementation((units) => new Uint8Array((units as Uint8Array).length) as unknown as string);
    expectSame();
    expect(decode).toHaveBeenCalledTimes(texts.length);
  });

  test("an encoder that finds the stack used up", () => {
    const encodeInto = vi.spyOn(TextEncoder.prototype, "encodeInto").mockImplementation(() => {
      throw new RangeError("Maximum call stack size exceeded");
    });
    expectSame();
    expect(encodeInto).toHaveBeenCalledTimes(texts.length);
  });
});
