import { describe, expect, test } from "vitest";
import * as layout from "../../bindings/generated/layout.js";
import type { Core } from "../../bindings/core/core.js";
import { coreOf } from "../../bindings/heap/heap.js";
import type { Heap, Ptr } from "../../bindings/index.js";
import { ARENA, errorOf, release } from "../support/cores.js";

/** A heap with something of everything, and where its parts are. */
interface Subject {
  readonly heap: Heap;
  readonly core: Core;
  /** A pool with live and freed blocks, not the class's current one. */
  readonly pool: Ptr;
  readonly freed: Ptr;
  readonly slab: Ptr;
  readonly span: Ptr;
  readonly huge: Ptr;
}

function subject(): Subject {
  const heap = release.create();
  const small = Array.from({ length: 200 }, () => heap.malloc(64));
  const slabs = Array.from({ length: 40 }, () => heap.malloc(9000));
  const span = heap.malloc(50_000);
  heap.malloc(50_000);
  const runs = [heap.malloc(3 * ARENA), heap.malloc(3 * ARENA), heap.malloc(3 * ARENA)] as const;
  heap.free(runs[1]);
  heap.free(small[3]!);
  heap.free(small[5]!);
  heap.verify();
  heap.free(slabs[1]!);
  heap.free(slabs[2]!);
  return {
    heap,
    core: coreOf(heap),
    pool: small[0]!,
    freed: small[5]!,
    slab: slabs[0]!,
    span,
    huge: runs[2],
  };
}

/** The page record of an address, and an entry of the same page in another slot; the equations of layout.ts. */
function record({ core }: Subject, ptr: number): number {
  const distance = core.arenaEntry(Math.floor(ptr / ARENA));
  const page = (ptr >>> layout.RECORD_SHIFT) & layout.RECORD_MASK;
  return core.stateAddress(layout.STATE_SENTINEL) + distance + page;
}

function entry(ptr: number, slot: number): number {
  const inTable = (ptr + slot * layout.SLOT_BYTES) % layout.TABLE_BYTES;
  return ptr - (ptr % layout.TABLE_BYTES) + inTable;
}

function header(on: Subject, ptr: number): number {
  return entry(record(on, ptr - (ptr % ARENA)), layout.SLOT_HEADER);
}

/** An address in a free page. */
function freePage(on: Subject): number {
  for (let arena = ARENA; ; arena += ARENA) {
    if (on.core.arenaEntry(arena / ARENA) < layout.ARENA_PAGED) continue;
    const pages = on.core.linear.word(header(on, arena) + layout.HEADER_PAGES + 4);
    if (pages !== 0) return arena + (63 - Math.clz32(pages)) * layout.PAGE_BYTES;
  }
}

/** What waits of class 65 + 8 · 4 + 0, whose blocks have 9 << 10 bytes. */
const RECENT_OF_9000 = layout.STATE_RECENT_BASE + ((65 + 32) << layout.RECENT_SHIFT);

/** A byte of the memory to change, by invariant: each is damage that verify() must find and name. */
const DAMAGE: Record<string, (on: Subject) => number> = {
  NULL_PAGE: () => 100,
  FREE_PAGE: (on) => record(on, freePage(on)) + layout.RECORD_CLASS,
  PAGE_TAKEN: (on) => record(on, on.span) + layout.RECORD_CLASS,
  SPAN_LENGTH: (on) => record(on, on.span) + layout.RECORD_SPAN_PAGES,
  TAIL_ARENA: ({ core, huge }) => core.stateAddress(layout.STATE_MAP + (Math.floor(huge / ARENA) + 1) * 4),
  SHAPE: (on) => entry(record(on, on.pool), layout.SLOT_SHAPE) + layout.SHAPE_INDEX,
  FREE_LIST: ({ freed }) => freed,
  LIVE_COUNT: (on) => record(on, on.pool) + layout.RECORD_LIVE,
  POOL_STATE: (on) => record(on, on.pool) + layout.RECORD_STATE,
  AVAILABLE_LIST: (on) => entry(record(on, on.pool), layout.SLOT_LINKS) + layout.LINK_PREVIOUS,
  SLAB_BUSY: (on) => entry(record(on, on.slab), layout.SLOT_SLAB) + layout.SLAB_BUSY,
  ARENA_BIN: ({ core }) => core.stateAddress(layout.STATE_RUN_TREE),
  ARENA_RUN: ({ core, huge }) =>
    core.stateAddress(layout.STATE_RUN_LENGTH + (Math.floor(huge / ARENA) - 1) * 2),
  ARENA_COUNT: ({ core, pool }) =>
    core.stateAddress(layout.STATE_RUN_TREE + layout.RUN_LEAVES + Math.floor(pool / ARENA)),
  STATISTICS: ({ core }) => core.stateAddress(layout.STATE_STATS + layout.STAT_SPANS),
  RECENT: ({ core }) => core.stateAddress(RECENT_OF_9000 + 4),
  TABLE: (on) => header(on, on.pool) + layout.HEADER_ARENA + 2,
};

const CODES: Record<string, number> = Object.fromEntries(
  Object.entries(layout)
    .filter(([name]) => name.startsWith("BROKEN_"))
    .map(([name, code]) => [name.slice("BROKEN_".length), code]),
);

/** The bit to change, where it is not the lowest: a span that claims two pages too many. */
const BITS: Record<string, number> = { SPAN_LENGTH: 2 };

/** What one changed bit also breaks, where an earlier test of verify() sees that first. */
const ALSO: Record<string, readonly string[]> = {
  PAGE_TAKEN: ["SPAN_LENGTH", "FREE_PAGE"],
  TAIL_ARENA: ["ARENA_RUN"],
  SHAPE: ["SLAB_BUSY"],
  POOL_STATE: ["LIVE_COUNT", "AVAILABLE_LIST"],
};

describe("verify() finds and names damage to the heap's own data", () => {
  test("every invariant of this layer is damaged here", () => {
    const guards = ["GUARD", "QUARANTINE"]; // The debug core's; see test/debug.
    const marks = ["POISON"]; // The bindings look into it before they do anything else; see test/bindings/heap/lifecycle.test.ts.
    // From BROKEN_CRITICAL on they are the object layer's; see test/object.
    const own = Object.keys(CODES).filter(
      (name) => CODES[name]! < layout.BROKEN_CRITICAL || CODES[name] === layout.BROKEN_RECENT,
    );
    expect([...Object.keys(DAMAGE), ...guards, ...marks].sort()).toEqual(own.sort());
  });

  test.each(Object.keys(DAMAGE))("%s", (name) => {
    const on = subject();
    const address = DAMAGE[name]!(on);
    const bytes = on.core.linear.views.u8;
    const good = bytes[address]!;
    bytes[address] = good ^ (BITS[name] ?? 1);
    const error = errorOf(() => on.heap.verify());
    expect(error).toMatchObject({ code: "ERR_HEAP_CORRUPT", operation: "verify" });
    const accepted = [name, ...(ALSO[name] ?? [])].map((invariant) => CODES[invariant]);
    expect({ name, accepted }).toEqual({
      name,
      accepted: expect.arrayContaining([error.invariantCode]) as number[],
    });
    expect(error.invariant).not.toMatch(/^invariant \d/);
    expect(error.message).toContain(error.invariant);
    for (const number of [error.address, error.expected, error.actual]) expect(number).toBeTypeOf("number");
    bytes[address] = good;
    on.heap.verify();
  });

  test.each([
    ["more blocks than there are", (on: Subject) => on.core.stateAddress(RECENT_OF_9000), 3],
    [
      "more pages of spans than there are",
      (on: Subject) => on.core.stateAddress(layout.STATE_RECENT_PAGES),
      1,
    ],
  ])("what waits: %s", (_, address, count) => {
    const on = subject();
    on.core.linear.setWord(address(on), count);
    expect(errorOf(() => on.heap.verify()).invariantCode).toBe(layout.BROKEN_RECENT);
  });

  test("the list of idle slabs: more pages than its slabs have", () => {
    const on = subject();
    const address = on.core.stateAddress(layout.STATE_IDLE_PAGES);
    on.core.linear.setWord(address, on.core.linear.word(address) + 1);
    expect(errorOf(() => on.heap.verify()).invariantCode).toBe(layout.BROKEN_SLAB_BUSY);
  });

  test("a run of free arenas whose link back leads elsewhere", () => {
    const on = subject();
    const run = Math.floor(on.huge / ARENA) - 3;
    const address = on.core.stateAddress(layout.STATE_ARENA_PREVIOUS + (run & ~1));
    on.core.linear.views.u8[address]! ^= 1;
    expect(errorOf(() => on.heap.verify()).invariantCode).toBe(layout.BROKEN_ARENA_RUN);
  });

  test("a list that leads out of the heap", () => {
    const on = subject();
    const lists = on.core.stateAddress(layout.STATE_AVAILABLE);
    const words = Array.from({ length: 63 }, (_, i) => lists + 4 * (i + 1));
    const head = words.find((address) => on.core.linear.word(address) !== 0)!;
    on.core.linear.setWord(head, 0xffff_fff0);
    expect(errorOf(() => on.heap.verify()).code).toBe("ERR_HEAP_CORRUPT");
  });

  test("a free arena that the tree of free pages offers", () => {
    const on = subject();
    const leaf = layout.STATE_RUN_TREE + layout.RUN_LEAVES + Math.floor(on.huge / ARENA) + 1;
    on.core.linear.views.u8[on.core.stateAddress(leaf)] = 1;
    expect(errorOf(() => on.heap.verify()).invariantCode).toBe(layout.BROKEN_ARENA_BIN);
  });

  test("an active list that is longer than its bound", () => {
    const on = subject();
    on.heap.malloc(8);
    on.core.setState(layout.STATE_ACTIVE_BOUNDS + 4, 1);
    expect(errorOf(() => on.heap.verify()).invariantCode).toBe(layout.BROKEN_POOL_STATE);
  });

  test("a free list that runs in a circle", () => {
    const on = subject();
    const [first] = [on.heap.malloc(200), on.heap.malloc(200)];
    on.heap.free(first);
    on.core.linear.setWord(first, first);
    expect(errorOf(() => on.heap.verify()).invariantCode).toBe(layout.BROKEN_FREE_LIST);
  });
});
