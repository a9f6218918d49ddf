import { afterEach, describe, expect, it } from "vitest";
import * as L from "../../../bindings/generated/layout.js";
import { RawCore } from "../../support/raw-core.js";

describe.each(["release", "debug"] as const)("built-in values of the core, %s", (build) => {
  let core: RawCore;
  const make = (pages?: number) => (core = new RawCore(build, pages));
  const decref = (object: number) => core.ok(core.call["release"]!(object));

  afterEach(() => {
    core.verify();
    expect(core.mortal()).toEqual([]);
    expect(core.unraisable).toEqual([]);
  });

  it("shares small ints, the empty ones, Latin-1 characters and interned strings", () => {
    make();
    expect(core.call["int_new"]!(-5n)).toBe(core.call["int_from"]!(-5));
    expect(core.call["int_new"]!(256n)).toBe(core.call["int_new"]!(256n));
    const big = core.new("int_new", 257n);
    const other = core.new("int_from", 257);
    expect(other).not.toBe(big);
    decref(big);
    decref(other);
    expect(core.call["tuple_new"]!(0)).toBe(core.call["tuple_new"]!(0));
    expect(core.call["str_char"]!(65)).toBe(core.call["str_char"]!(65));
    const [a, b, c] = [core.text("name"), core.text("name"), core.text("näme☃")];
    expect(core.call["str_equals"]!(a, b)).toBe(1);
    expect(core.call["str_equals"]!(a, c)).toBe(0);
    const first = core.new("str_intern", a);
    expect(core.new("str_intern", b)).toBe(first);
    const wide = core.new("str_intern", c);
    expect(wide).toBe(c);
    core.verify();
    for (const s of [a, b, c, first, first, wide]) decref(s);
    const many = Array.from({ length: 5000 }, (_, i) => core.text(`key${i}`));
    many.forEach((s) => core.new("str_intern", s));
    core.verify();
    many.forEach(decref);
    many.forEach(decref);
    expect(core.state(L.STATE_INTERN_LIVE)).toBe(0);
  });

  it("grows lists in CPython's pattern and keeps order", () => {
    make();
    const list = core.new("list_new", 0);
    const seen = new Set<number>();
    for (let i = 0; i < 80; i++) {
      core.ok(core.call["list_append"]!(list, core.new("int_from", i)));
      seen.add(core.get(list + L.LIST_CAPACITY));
    }
    expect([...seen]).toEqual([4, 8, 16, 24, 32, 40, 52, 64, 76, 92]);
    const values = (l: number) =>
      Array.from({ length: core.get(l + L.LIST_LENGTH) }, (_, i) =>
        core.get(core.get(core.get(l + L.LIST_ITEMS) + 4 * i) + 8),
      );
    core.ok(core.call["list_insert"]!(list, 0, core.call["int_from"]!(100)));
    core.call["list_pop"]!(list, 1);
    core.ok(core.call["list_delete"]!(list, 3, 78));
    expect(values(list)).toEqual([100, 1, 2, 78, 79]);
    expect(core.call["list_delete"]!(list, 3, 9)).toBe(L.FAULT_RANGE);
    const part = core.new("list_slice", list, 1, 4);
    expect(values(part)).toEqual([1, 2, 78]);
    decref(part);
    decref(list);
  });

  it("leaves no fault when a list shrinks and there is no memory for a smaller block", () => {
    make(64);
    const lengths = [...Array.from({ length: 40 }, (_, i) => i + 1), 100, 300, 1000];
    const lists = lengths.map((length) => core.new("list_new", length));
    const blocks: number[] = [];
    let kept = 0;
    for (const list of lists) {
      for (let length = core.get(list + L.LIST_LENGTH); length > 0; length--) {
        for (const size of [4096, 512, 256, 64, 16, 8]) {
          for (let block; (block = core.call["malloc"]!(size));) blocks.push(block);
        }
        core.put(core.base + L.STATE_FAULT, 0);
        const [items, capacity] = [core.get(list + L.LIST_ITEMS), core.get(list + L.LIST_CAPACITY)];
        core.call["list_pop"]!(list, 0);
        expect(core.state(L.STATE_FAULT)).toBe(0);
        if (core.get(list + L.LIST_CAPACITY) < capacity && core.get(list + L.LIST_ITEMS) === items) kept++;
      }
    }
    expect(kept).toBeGreaterThan(lists.length);
    core.verify();
    for (const block of blocks) core.call["free"]!(block);
    lists.forEach(decref);
  });

  it("agrees with a Map", () => {
    make();
    const dict = core.new("dict_new");
    const model = new Map<string, number>();
    let seed = 42;
    const random = (n: number) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % n;
    for (let i = 0; i < 60_000; i++) {
      const name = `k${random(i < 30_000 ? 4000 : 300)}`;
      const key = core.text(name);
      const what = random(10);
      if (what < 6) {
        const value = core.new("int_from", i + 1000);
        core.ok(core.call["dict_set"]!(dict, key, value));
        decref(value);
        model.set(name, i + 1000);
      } else if (what < 9) {
        expect(core.call["dict_delete"]!(dict, key)).toBe(model.delete(name) ? 1 : 0);
      } else {
        const value = core.call["dict_get"]!(dict, key);
        expect(value ? core.get(value + 8) : undefined).toBe(model.get(name));
      }
      decref(key);
    }
    expect(core.get(dict + L.DICT_LENGTH)).toBe(model.size);
    const order: number[] = [];
    for (let i = 0; i < core.get(dict + L.DICT_FILLED); i++) {
      const entry = core.get(dict + L.DICT_TABLE) + L.ENTRY_BYTES * i;
      if (core.get(entry + L.ENTRY_KEY)) order.push(core.get(core.get(entry + L.ENTRY_VALUE) + L.VALUE));
    }
    expect(order).toEqual([...model.values()]);
    const entryKey = (i: number): number =>
      core.get(core.get(dict + L.DICT_TABLE) + L.ENTRY_BYTES * i + L.ENTRY_KEY);
    const first = core.get(dict + L.DICT_FIRST);
    expect(entryKey(first)).not.toBe(0);
    for (let i = 0; i < first; i++) expect(entryKey(i)).toBe(0);
    core.verify();
    decref(dict);
  });
});
