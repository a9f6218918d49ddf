import { afterEach, describe, expect, it } from "vitest";
import * as L from "../../../bindings/generated/layout.js";
import { RawCore } from "../../support/raw-core.js";

const A = 8;
const B = 12;

describe.each(["release", "debug"] as const)("object core, %s", (build) => {
  let core: RawCore;
  const make = (pages?: number) => (core = new RawCore(build, pages));
  const decref = (object: number) => core.ok(core.call["release"]!(object));

  afterEach(() => {
    core.verify();
    expect(core.mortal()).toEqual([]);
    expect(core.unraisable).toEqual([]);
  });

  it("frees a chain of ten million and gives the memory back", () => {
    make();
    const node = core.type(1);
    let head = 0;
    for (let i = 0; i < 1e7; i++) {
      const next = core.new("alloc", node, 0);
      core.put(next + A, head);
      head = next;
    }
    const start = performance.now();
    decref(head);
    console.log(`${build} chain: ${((performance.now() - start) / 10).toFixed(1)} ns/object`);
  });

  it("frees a full tree of 2^22 in constant stack, both ways of linking", () => {
    make();
    const node = core.type(2);
    const level: number[] = Array.from({ length: 2 ** 21 }, () => core.new("alloc", node, 0));
    while (level.length > 1) {
      const half = level.length / 2;
      for (let i = 0; i < half; i++) {
        const parent = core.new("alloc", node, 0);
        core.put(parent + A, level[2 * i]!);
        core.put(parent + B, level[2 * i + 1]!);
        level[i] = parent;
      }
      level.length = half;
    }
    const start = performance.now();
    decref(level[0]!);
    console.log(`${build} tree: ${(((performance.now() - start) * 1e6) / 2 ** 22).toFixed(1)} ns/object`);
  });

  it("knows an object by its first byte alone", () => {
    make();
    const node = core.type(3);
    const objects = Array.from({ length: 20 }, () => core.new("alloc", node, 0));
    const starts = new Set(objects);
    for (let address = objects[0]!; address < objects[19]! + 40; address++) {
      const fault = core.call["check_object"]!(address);
      if (starts.has(address)) expect(fault, `${address}`).toBe(L.FAULT_NONE);
      else expect(fault, `${address}`).not.toBe(L.FAULT_NONE);
      if (address < objects[19]! && !starts.has(address)) expect(fault).toBe(L.FAULT_BAD_POINTER);
    }
    for (const object of objects) decref(object);
  });

  it("gives no object from a weak reference while the object's death waits", () => {
    make();
    const node = core.type(1, { weak: 1 });
    const object = core.new("alloc", node, 0);
    const weakref = core.new("weakref_new", object, 0);
    const meta = core.get(object + 4);
    core.put(object + 4, meta | L.META_DYING);
    expect(core.call["deref"]!(weakref)).toBe(0);
    core.put(object + 4, meta);
    expect(core.call["deref"]!(weakref)).toBe(object);
    for (const p of [object, object, weakref]) decref(p);
  });

  it("frees a list of three million, and chains through lists, tuples and dicts", () => {
    make();
    const list = core.new("list_new", 0);
    for (let i = 0; i < 3e6; i++) {
      const value = core.new("float_new", i);
      core.ok(core.call["list_append"]!(list, value));
      decref(value);
    }
    decref(list);
    let inner = core.new("list_new", 0);
    const key = core.text("key");
    for (let i = 0; i < 300_000; i++) {
      const tuple = core.new("tuple_new", 2);
      core.put(tuple + L.TUPLE_ITEMS, inner);
      const dict = core.new("dict_new");
      core.ok(core.call["dict_set"]!(dict, key, tuple));
      decref(tuple);
      inner = core.new("list_new", 0);
      core.ok(core.call["list_append"]!(inner, dict));
      decref(dict);
    }
    core.verify();
    decref(inner);
    decref(key);
  });

  it("releases in CPython's order", () => {
    make();
    const base = core.type(2);
    const leaves = Array.from({ length: 12 }, () => core.type(0, { flags: L.FLAG_FINALIZER }));
    const leaf = (i: number) => core.new("alloc", leaves[i]!, 0);
    const order = () => core.takeEvents().map((e) => leaves.indexOf(Number(e.split(" ")[1])));
    const record = core.new("alloc", base, 0);
    core.put(record + A, leaf(0));
    core.put(record + B, leaf(1));
    decref(record);
    expect(order()).toEqual([0, 1]);
    const tuple = core.new("tuple_new", 3);
    for (let i = 0; i < 3; i++) core.put(tuple + L.TUPLE_ITEMS + 4 * i, leaf(i));
    decref(tuple);
    expect(order()).toEqual([2, 1, 0]);
    const list = core.new("list_new", 3);
    for (let i = 0; i < 3; i++) core.put(core.get(list + L.LIST_ITEMS) + 4 * i, leaf(i));
    decref(list);
    expect(order()).toEqual([2, 1, 0]);
    const dict = core.new("dict_new");
    for (let i = 0; i < 8; i += 2) {
      const [key, value] = [leaf(i), leaf(i + 1)];
      core.ok(core.call["dict_set"]!(dict, key, value));
      decref(key);
      decref(value);
    }
    decref(dict);
    expect(order()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    // fields first, then the tail from the end
    const tailed = core.type(1, { flags: L.FLAG_CONTAINER | L.FLAG_ITEMS_REF, items: 4 });
    const object = core.new("alloc", tailed, 3);
    core.put(object + A, leaf(9));
    for (let i = 0; i < 3; i++) core.put(object + 16 + 4 * i, leaf(i));
    decref(object);
    expect(order()).toEqual([9, 2, 1, 0]);
    const nested = core.new("alloc", base, 0);
    const child = core.new("alloc", base, 0);
    core.put(nested + A, child);
    core.put(child + A, leaf(3));
    core.put(child + B, leaf(4));
    core.put(nested + B, leaf(5));
    decref(nested);
    expect(order()).toEqual([3, 4, 5]);
  });

  it("runs a container's finalizer once, resurrects it with live weak references", () => {
    make();
    const type = core.type(1, { flags: L.FLAG_CONTAINER | L.FLAG_FINALIZER, weak: 1 });
    const object = core.new("alloc", type, 0);
    const weakref = core.new("weakref_new", object, 7);
    expect(core.call["weakref_new"]!(object, 0)).toBe(core.call["weakref_new"]!(object, 0));
    const shared =
      core.get(core.get(weakref + L.WEAKREF_PREVIOUS) + 0) && core.get(weakref + L.WEAKREF_PREVIOUS);
    expect(core.count(shared)).toBe(2);
    decref(shared);
    let saved = 0;
    core.finalize = (self) => {
      expect(core.count(self)).toBe(1);
      saved = core.call["deref"]!(weakref);
      expect(saved).toBe(self);
      core.verify();
    };
    decref(object);
    expect(saved).toBe(object);
    expect(core.count(object)).toBe(1);
    expect(core.call["deref"]!(shared)).toBe(object);
    decref(object);
    core.verify();
    core.callback = (w) => {
      expect(w).toBe(weakref);
      expect(core.call["deref"]!(w)).toBe(0);
      core.verify();
    };
    decref(object);
    expect(core.takeEvents()).toEqual([`finalize ${type}`, "callback 7"]);
    decref(weakref);
    decref(shared);
    expect(core.takeEvents()).toEqual([]);
  });

  it("calls back newest first, and never from a weak reference that died first", () => {
    make();
    const type = core.type(0, { flags: 0, weak: 1 });
    const holder = core.type(1);
    const object = core.new("alloc", type, 0);
    const refs = [1, 2, 3, 4].map((token) => core.new("weakref_new", object, token));
    decref(refs[1]!);
    expect(core.takeEvents()).toEqual(["forget 2"]);
    const outer = core.new("alloc", holder, 0);
    core.put(outer + A, object);
    core.callback = (_, token) => {
      for (const w of [refs[0]!, refs[2]!, refs[3]!]) expect(core.call["deref"]!(w)).toBe(0);
      // The callback of the newest drops the next: it is called all the same.
      if (token === 4) decref(refs[2]!);
    };
    decref(outer);
    expect(core.takeEvents()).toEqual(["callback 4", "callback 3", "callback 1"]);
    decref(refs[0]!);
    decref(refs[3]!);
  });

  it("runs an acyclic object's finalizer at every death", () => {
    make();
    const type = core.type(0, { flags: L.FLAG_FINALIZER });
    const object = core.new("alloc", type, 0);
    let rounds = 2;
    core.finalize = (self) => {
      if (rounds-- > 0) core.call["incref"]!(self);
    };
    decref(object);
    decref(object);
    decref(object);
    expect(core.takeEvents().length).toBe(3);
  });

  it("survives a chain of finalizers that each drop the next, in bounded depth", () => {
    make();
    const type = core.type(1, { flags: L.FLAG_CONTAINER | L.FLAG_FINALIZER });
    let head = 0;
    for (let i = 0; i < 100_000; i++) {
      const next = core.new("alloc", type, 0);
      core.put(next + A, head);
      head = next;
    }
    let depth = 0;
    let deepest = 0;
    core.finalize = (self) => {
      deepest = Math.max(deepest, ++depth);
      const next = core.get(self + A);
      core.put(self + A, 0);
      if (next) decref(next);
      depth--;
    };
    decref(head);
    expect(core.takeEvents().length).toBe(100_000);
    expect(deepest).toBeLessThanOrEqual(L.NESTING_LIMIT + 1);
    expect(core.state(L.STATE_DEFERRED)).toBe(0);
  });

  it("refuses a finalizer that releases its own object, and a decref below zero", () => {
    make();
    const type = core.type(1, { flags: L.FLAG_CONTAINER | L.FLAG_FINALIZER });
    const object = core.new("alloc", type, 0);
    let code = 0;
    core.finalize = (self) => (code = core.call["release"]!(self));
    decref(object);
    expect(code).toBe(L.FAULT_DOUBLE_FREE);
    const odd = core.new("alloc", type, 0);
    core.put(odd, 0);
    expect(core.call["release"]!(odd)).toBe(L.FAULT_DOUBLE_FREE);
    core.put(odd, 1);
    core.finalize = () => {};
    decref(odd);
  });

  it("keeps private lists within their caps and empties them", () => {
    make();
    const type = core.type(1, { cap: 3 });
    const objects = Array.from({ length: 10 }, () => core.new("alloc", type, 0));
    objects.forEach(decref);
    const descriptor = core.get(core.state(L.STATE_TYPES) + 4 * type);
    expect(core.get(descriptor + L.TYPE_FREE_COUNT)).toBe(3);
    core.verify();
    expect(core.new("alloc", type, 0)).toBe(objects[2]);
    decref(objects[2]!);
    expect(core.call["clear_free_lists"]!(type)).toBe(3);
    for (let length = 1; length < 25; length++) {
      const tuple = core.new("tuple_new", length);
      decref(tuple);
      const again = core.call["tuple_new"]!(length);
      if (length <= 20) expect(again).toBe(tuple);
      for (let i = 0; i < length; i++) expect(core.get(again + L.TUPLE_ITEMS + 4 * i)).toBe(0);
      decref(again);
    }
    core.verify();
    expect(core.call["clear_free_lists"]!(0)).toBeGreaterThanOrEqual(20);
  });

  it("has no private list for a type whose instances differ in size", () => {
    make();
    const type = core.type(0, { cap: 3, items: 4 });
    const objects = Array.from({ length: 5 }, (_, length) => core.new("alloc", type, length));
    objects.forEach(decref);
    const descriptor = core.get(core.state(L.STATE_TYPES) + 4 * type);
    expect(core.get(descriptor + L.TYPE_FREE_COUNT)).toBe(0);
    core.verify();
  });

  it("makes at once what needs no call, or nothing", () => {
    make();
    core.call["gc_retune"]!();
    // No block of this class is at hand yet.
    const type = core.type(40);
    expect(core.call["alloc_quick"]!(type)).toBe(0);
    decref(core.new("alloc", type, 0));
    const record = core.call["alloc_quick"]!(type);
    expect([core.count(record), core.get(record + 8), core.get(record + 12)]).toEqual([1, 0, 0]);
    expect(core.call["alloc_quick"]!(core.type(0, { items: 4 }))).toBe(0);
    core.verify();
    decref(record);
  });

  it("releases at once what dies without a call, or leaves it to its slow path", () => {
    make();
    const { release_quick } = core.call;
    const type = core.type(2);
    const bystander = core.new("alloc", type, 0);
    // Two blocks of their page live on, so that giving one back takes no call.
    const float = core.new("float_new", 1);
    const other = core.new("float_new", 2);
    const record = core.new("alloc", type, 0);
    core.put(record + 8, float);
    core.put(record + 12, bystander);
    core.put(bystander, 2);
    expect(release_quick!(bystander)).toBe(0);
    expect(release_quick!(record)).toBe(1);
    expect([core.count(bystander), core.get(record + 4), core.get(float + 4)]).toEqual([1, 0, 0]);
    // The first slot is released, the second takes others with it: the object is as it was, with what is left.
    const holder = core.new("alloc", type, 0);
    const inner = core.new("alloc", type, 0);
    core.put(inner + 8, core.new("alloc", type, 0));
    core.put(bystander, 2);
    core.put(holder + 8, bystander);
    core.put(holder + 12, inner);
    expect(release_quick!(holder)).toBe(0);
    expect([core.count(holder), core.get(holder + 8), core.get(holder + 12)]).toEqual([1, 0, inner]);
    expect(core.count(bystander)).toBe(1);
    core.verify();
    decref(holder);
    // What is watched, or was released before, is not its affair.
    const watched = core.type(1, { flags: L.FLAG_CONTAINER | L.FLAG_FINALIZER, weak: 1 });
    core.finalize = () => {};
    const finalized = core.new("alloc", watched, 0);
    expect(release_quick!(finalized)).toBe(0);
    decref(finalized);
    core.put(other, 0);
    expect(release_quick!(other)).toBe(0);
    core.put(other, 1);
    decref(other);
    decref(bystander);
    core.verify();
  });

  it("empties private lists before an allocation fails, and changes nothing when it does", () => {
    make(64);
    const type = core.type(1, { cap: 0xffff_ffff });
    const objects: number[] = [];
    for (let object; (object = core.call["alloc"]!(type, 0));) objects.push(object);
    expect(core.state(L.STATE_FAULT)).toBe(L.FAULT_MEMORY);
    core.verify();
    objects.forEach(decref);
    // Every block is cached now; a list can only be made by taking them back.
    const floats: number[] = [];
    for (let float; (float = core.call["float_new"]!(1));) floats.push(float);
    expect(floats.length).toBeGreaterThan(objects.length / 2);
    core.verify();
    floats.forEach(decref);
  });

  it("keeps its order when the host's stack overflows around and inside deaths", () => {
    make();
    const type = core.type(1, { flags: L.FLAG_CONTAINER | L.FLAG_FINALIZER, weak: 1 });
    const plain = core.type(1);
    let kept: number[] = [];
    let overflows = 0;
    const guarded = (action: () => void) => {
      try {
        action();
      } catch {
        overflows++;
      }
    };
    core.finalize = () => guarded(() => void core.new("object_next", 0));
    const recurse = (): number => {
      const object = core.call["alloc"]!(type, 0);
      const outer = core.call["alloc"]!(plain, 0);
      core.put(outer + A, object);
      kept.push(outer);
      core.call["decref"]!(outer);
      kept.pop();
      return recurse() + 1;
    };
    for (let i = 0; i < 20; i++) guarded(() => void recurse());
    expect(overflows).toBeGreaterThanOrEqual(20);
    core.verify();
    expect(core.state(L.STATE_NESTING)).toBe(0);
    for (const error of core.unraisable.splice(0)) expect(error).toBeInstanceOf(RangeError);
    // What was alive when the stack ended is alive still.
    kept = [...kept, ...core.mortal()].filter(
      (o) => (core.get(o + L.OBJECT_META) & L.META_TYPE) >= L.TYPE_FIRST,
    );
    const owned = new Set(kept.map((o) => core.get(o + A)));
    for (const object of new Set(kept)) if (!owned.has(object)) decref(object);
  });

  it("finds what was broken on purpose", () => {
    make();
    const type = core.type(1, { weak: 1 });
    const object = core.new("alloc", type, 0);
    const weakref = core.new("weakref_new", object, 0);
    const dict = core.new("dict_new");
    core.ok(core.call["dict_set"]!(dict, core.call["int_from"]!(1), core.call["int_from"]!(2)));
    const entry = core.get(dict + L.DICT_TABLE);
    const tuple = core.new("tuple_new", 1);
    // One has its items inside, the other one a block of them.
    const [short, long] = [core.new("list_new", 3), core.new("list_new", 60)];
    type Break = [address: number, value: number, code: number];
    const marked = (p: number, mark: number): Break => [
      p + L.OBJECT_META,
      core.get(p + L.OBJECT_META) | mark,
      L.BROKEN_COLLECTION,
    ];
    const containersAt = (p: number): number =>
      core.base + L.STATE_CONTAINER_PAGES + ((p >>> L.PAGE_SHIFT) % L.CONTAINER_PAGES);
    const breaks: Break[] = [
      [object, 0, L.BROKEN_COUNT],
      [object, 0x8000_0001, L.BROKEN_COUNT],
      [object + L.OBJECT_META, 0x10_fffe, L.BROKEN_TYPE],
      [object + A, object + 4, L.BROKEN_REFERENCE],
      [weakref + L.WEAKREF_PREVIOUS, object, L.BROKEN_WEAK_LIST],
      [weakref + L.WEAKREF_REFERENT, 0, L.BROKEN_WEAK_LIST],
      [dict + L.DICT_LENGTH, 2, L.BROKEN_CONTAINER],
      // The only entry is before the first one; the first one is behind all.
      [dict + L.DICT_FIRST, 1, L.BROKEN_CONTAINER],
      [dict + L.DICT_FIRST, 2, L.BROKEN_CONTAINER],
      // The index has one entry: a search for any other hash comes by an empty slot.
      [entry + L.ENTRY_HASH, core.get(entry + L.ENTRY_HASH) ^ 4, L.BROKEN_CONTAINER],
      ...[short, long].flatMap((list): Break[] => [
        [list + L.LIST_LENGTH, core.get(list + L.LIST_CAPACITY) + 1, L.BROKEN_CONTAINER],
        // As if there were another word behind the block.
        [list + L.LIST_CAPACITY, core.get(list + L.LIST_CAPACITY) + 1, L.BROKEN_CONTAINER],
        [list + L.LIST_ITEMS, 0, L.BROKEN_CONTAINER],
      ]),
      ...[L.META_WHITE, L.META_TRASH].map((colour) => marked(object, colour)),
      marked(tuple, L.META_UNTRACKABLE),
      [containersAt(long) & ~3, 0, L.BROKEN_CONTAINER],
      [core.base + L.STATE_GC_ORPHANS, object, L.BROKEN_COLLECTION],
      [core.base + L.STATE_CRITICAL, 1, L.BROKEN_CRITICAL],
    ];
    for (const [address, value, code] of breaks) {
      const old = core.get(address);
      core.put(address, value);
      expect(core.call["verify"]!()).toBe(code);
      core.put(address, old);
    }
    for (const o of [object, weakref, dict, tuple, short, long]) decref(o);
  });

  it("has room for 65,000 types", () => {
    make();
    let last = 0;
    for (let i = 0; i < 65_000; i++) last = core.type(1);
    const object = core.new("alloc", last, 0);
    expect(core.get(object + L.OBJECT_META) & L.META_TYPE).toBe(last);
    decref(object);
    core.verify();
  });
});
