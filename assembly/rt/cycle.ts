/**
 * Collections. A cycle marks and sweeps in slices: each slow path of `__new` does one, in proportion to what it takes, so
 * a program never waits for a whole collection unless it calls `__collect` or memory is out.
 *
 *   idle ── taken ≥ threshold ─▶ mark ── nothing grey, roots visited again ─▶ sweep ── every page ─▶ idle
 *
 * Blocks on the lists that `__new` takes from are marked while a cycle is under way: no object that is made during it
 * can be swept, and the fast path of `__new` need not ask.
 */
import { ARENA_PAGES, LAST_CLASS, PAGE_SHIFT } from "../layout";
import { activeLists, state, statistics } from "../state";
import { giveSpan } from "../alloc/spans";
import { clearMarks, markList } from "./marks";
import { drain, visitRoots } from "./mark";
import { objectSlot } from "./object";
import { PHASE_IDLE, PHASE_MARK, PHASE_SWEEP, runtime } from "./state";
import { beginSweep, sweep } from "./sweep";

/**
 * A collection begins when as much was taken as the last one left alive, or as there are free pages, if that is more: the
 * memory that the program has is used before it is collected, but for an eighth of what lives, which is for the time that a
 * cycle takes. And it does not begin below this many bytes: a heap of one arena is filled first.
 */
const LEAST_THRESHOLD: usize = 192 * 1024;
const RESERVE_SHIFT: u32 = 3;
/**
 * Objects that a slice marks, or blocks that it sweeps: some 20 µs. A slice comes with some KiB of new objects, so a
 * heap grows by a thirtieth while it is marked.
 */
const SLICE: i32 = 2048;
/** A slice of a large object's: at least so many marks to its KiB. */
const SLICE_PER_KIB_SHIFT: u32 = 4;
/** What another visit of the roots costs of a budget. */
const ROOTS_COST: i32 = 64;

/** A slice of collection, if one is due, before `bytes` are taken. */
export function step(bytes: usize): void {
  if (runtime.busy) return;
  if (runtime.phase == PHASE_IDLE) {
    if (runtime.taken < max(runtime.threshold, LEAST_THRESHOLD)) return;
    if (!begin()) return;
  }
  runtime.busy = 1;
  advance(SLICE + <i32>(bytes >>> SLICE_PER_KIB_SHIFT));
  runtime.busy = 0;
}

/** A full collection: everything that is unreachable now is freed. */
// @ts-ignore: decorator
@global
@unsafe
export function __collect(): void {
  if (runtime.busy) return;
  runtime.busy = 1;
  // Half a sweep has to be brought to its end; half-done marking is of no use.
  while (runtime.phase == PHASE_SWEEP) advance(i32.MAX_VALUE);
  if (begin()) {
    while (runtime.phase != PHASE_IDLE) advance(i32.MAX_VALUE);
  }
  runtime.busy = 0;
}

/** Starts to mark, from the roots as they are now. False if there is no memory for the mark bits. */
function begin(): bool {
  runtime.top = runtime.stack;
  runtime.overflowed = 0;
  if (!clearMarks()) return false;
  for (let c: u32 = 2; c <= LAST_CLASS; c++) markList(activeLists[objectSlot(c)]);
  runtime.phase = PHASE_MARK;
  visitRoots();
  return true;
}

/** Goes on with the phase until the budget is used up or the next one begins. */
function advance(budget: i32): void {
  if (runtime.phase == PHASE_SWEEP) {
    if (sweep(budget) > 0) end();
    return;
  }
  do {
    budget = drain(budget);
    if (budget <= 0) return;
    visitRoots();
    budget -= ROOTS_COST;
  } while (runtime.top != runtime.stack || runtime.overflowed);
  releaseStack();
  beginSweep();
  runtime.phase = PHASE_SWEEP;
}

function releaseStack(): void {
  if (runtime.stack) giveSpan(runtime.stack);
  runtime.stack = 0;
  runtime.top = 0;
  runtime.end = 0;
}

function end(): void {
  runtime.phase = PHASE_IDLE;
  runtime.limit = 0;
  runtime.taken = 0;
  const free = freeBytes();
  const reserve = runtime.live >>> RESERVE_SHIFT;
  runtime.threshold = max(runtime.live, free > reserve ? free - reserve : 0);
}

/** In pages that are in no pool and no span, of the memory as it is. */
function freeBytes(): usize {
  const used = statistics.poolPages + statistics.slabPages + statistics.spanPages + statistics.tablePages;
  return (<usize>((state.end - state.first) * ARENA_PAGES - used)) << PAGE_SHIFT;
}
