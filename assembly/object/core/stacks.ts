/**
 * Value stacks and the host's roots: references that are counted only while objects may die.
 *
 *   outside   counts leave stacks and roots out; whose count would become 0 goes to the zero-count table
 *   exact     every reference on a stack, and every root, has its own count: deaths and collections work as without stacks
 *
 * Host code that runs in between may change stacks and roots. `recountStacks()` follows; it comes after each call of the
 * host, before anything dies.
 */
import * as layout from "../../layout";
import { ValueStack } from "../../layout";
import { objects, zeros } from "../../state";
import { fault, refuse } from "../../alloc/malloc";
import { giveBuffer, resizeBuffer, takeZeroed } from "./buffers";
import { incref, isTagged } from "./header";
import { findRoots } from "./host";
import { checkObject } from "./walk";
import { ensureZeros, startDeferring, uncount } from "./zero-counts";

/** A new empty stack; 0 if out of memory. */
export function newStack(slots: u32): usize {
  if (slots > layout.STACK_LIMIT) return refuse(layout.FAULT_ARGUMENT, 0);
  if (!startDeferring() || !ensureZeros(zeros.slots + slots)) return 0;
  const block = takeZeroed(layout.STACK_VALUES + (slots << 3));
  if (!block) return 0;
  const stack = changetype<ValueStack>(block);
  stack.slots = slots;
  stack.next = changetype<ValueStack | null>(zeros.stacks);
  zeros.stacks = block;
  zeros.slots = zeros.slots + slots;
  return block;
}

/** Ends a stack, whatever is on it. */
export function freeStack(stack: ValueStack): void {
  stack.length = 0;
  recountStack(stack);
  let place = changetype<usize>(zeros) + offsetof<layout.ZeroCounts>("stacks");
  while (load<usize>(place) != changetype<usize>(stack)) place = load<usize>(place) + layout.STACK_NEXT;
  store<usize>(place, changetype<usize>(stack.next));
  zeros.slots = zeros.slots - stack.slots;
  giveBuffer(changetype<usize>(stack));
}

/** Counts what stacks and roots hold now, and no longer what they held before. False if the roots cannot be known. */
export function countStacks(): bool {
  let stack = firstStack();
  while (stack) {
    recountStack(stack);
    stack = stack.next;
  }
  return !zeros.rootFunctions || recountRoots();
}

/** The same after host code, where deaths are under way; roots that cannot be known stay as they were. */
export function recountStacks(): void {
  if (zeros.exact) countStacks();
}

/** The end: what stacks and roots hold is not counted any more. */
export function uncountStacks(): void {
  let stack = firstStack();
  while (stack) {
    for (let i: u32 = 0; i < stack.counted; i++) {
      const value = <usize>load<u32>(stack.copyAt(i));
      if (value) uncount(value);
    }
    stack.counted = 0;
    stack = stack.next;
  }
  for (let i: u32 = 0; i < zeros.rootCount; i++) uncount(load<u32>(zeros.roots + (i << 2)));
  zeros.rootCount = 0;
}

// @ts-ignore: decorator
@inline
function firstStack(): ValueStack | null {
  return changetype<ValueStack | null>(zeros.stacks);
}

function recountStack(stack: ValueStack): void {
  const length = min(stack.length, stack.slots);
  const counted = stack.counted;
  const end = max(length, counted);
  for (let i: u32 = 0; i < end; i++) {
    const before = i < counted ? <usize>load<u32>(stack.copyAt(i)) : 0;
    let value = i < length ? <usize>load<u32>(stack.at(i)) : 0;
    // A copy that was not counted says nothing.
    if (value == before && i < counted) continue;
    if (value) {
      if (!(isTagged(value) && objects.tagged) && checkObject(value)) {
        zeros.damaged = value;
        value = 0;
      } else incref(value);
    }
    store<u32>(stack.copyAt(i), <u32>value);
    if (before) uncount(before);
  }
  stack.counted = length;
}

// ---- roots ----

/** Asks the host. What it visits is behind the roots that are known, until they are no longer counted. */
function recountRoots(): bool {
  const known = zeros.rootCount;
  zeros.found = 0;
  zeros.gathering = layout.GATHERING_ROOTS;
  const isComplete = findRoots();
  zeros.gathering = layout.GATHERING_NOTHING;
  const found = zeros.found;
  const first: u32 = isComplete ? 0 : known;
  const end = isComplete ? known : known + found;
  for (let i = first; i < end; i++) uncount(load<u32>(zeros.roots + (i << 2)));
  if (isComplete) {
    memory.copy(zeros.roots, zeros.roots + (known << 2), found << 2);
    zeros.rootCount = found;
  }
  return isComplete;
}

/** The host visits a root. */
export function visitRoot(root: usize): u32 {
  const wrong = checkObject(root);
  if (wrong) return fault(wrong, root);
  const length = zeros.rootCount + zeros.found;
  if (length == zeros.rootCapacity && !growRoots()) return layout.FAULT_MEMORY;
  store<u32>(zeros.roots + (length << 2), <u32>root);
  zeros.found = zeros.found + 1;
  incref(root);
  return layout.FAULT_NONE;
}

/** The table has room for all roots twice: as they were, and as they are. */
function growRoots(): bool {
  const capacity = zeros.rootCapacity ? zeros.rootCapacity << 1 : 256;
  if (!ensureZeros(zeros.slots + capacity)) return false;
  const roots = resizeBuffer(zeros.roots, capacity << 2);
  if (!roots) return false;
  zeros.roots = roots;
  zeros.rootCapacity = capacity;
  return true;
}
