import {
  FAULT_NONE,
  STACK_LIMIT,
  STACK_VALUES,
  STATE_DEFERRING,
  STATE_FAULT_ADDRESS,
  STATE_ROOT_FUNCTIONS,
  STATE_STACKS,
  STATE_ZERO_DAMAGED,
} from "../../generated/layout.js";
import { argumentError } from "../../core/arguments.js";
import { NULL, isU32, type Ptr } from "../../core/ptr.js";
import type { Counts } from "../access/counts.js";
import type { ObjectCalls } from "../access/object-calls.js";
import type { ObjectMemory } from "../access/object-memory.js";
import type { HostReferences } from "./host-references.js";
import { ValueStack, type StackOwner } from "./value-stack.js";

/** The value stacks of a heap, and the zero-count table: deferred reference counting. */
export class Deferral implements StackOwner {
  readonly memory: ObjectMemory;
  readonly calls: ObjectCalls;
  readonly counts: Counts;
  readonly #references: HostReferences;
  readonly #stacks = new Set<ValueStack>();

  constructor(memory: ObjectMemory, calls: ObjectCalls, counts: Counts, references: HostReferences) {
    this.memory = memory;
    this.calls = calls;
    this.counts = counts;
    this.#references = references;
    memory.lifecycle.follow(({ views }) => {
      for (const stack of this.#stacks) stack.adoptViews(views.i32, memory.first);
    });
  }

  /** A *new* empty stack. */
  makeStack(options: { readonly slots: number }): ValueStack {
    if (typeof options !== "object" || options === null) {
      throw argumentError("stack", "options", options, "an object");
    }
    const { slots } = options;
    if (!isU32(slots) || slots < 1 || slots > STACK_LIMIT) {
      const bounds = { minimum: 1, maximum: STACK_LIMIT };
      throw argumentError("stack", "slots", slots, `a number of references up to ${STACK_LIMIT}`, bounds);
    }
    this.memory.lifecycle.started();
    this.#references.startDeferring("stack");
    const address = this.calls.make("stack", STACK_VALUES + slots * 8, () => this.calls.abi.stack_new(slots));
    const stack = new ValueStack(this, address, slots);
    this.#stacks.add(stack);
    const { i32, first } = this.memory.fresh();
    stack.adoptViews(i32, first);
    return stack;
  }

  /** Lets die what no stack and no root holds; the number of objects that were due. */
  reclaim(): number {
    if (!this.#references.isDeferring) return 0;
    const dead = this.#references.awaiting(() => this.calls.enter(() => this.calls.abi.reclaim()));
    this.#throwNoted();
    return dead;
  }

  forget(stack: ValueStack): void {
    this.#stacks.delete(stack);
  }

  /** The heap was made of an image: its stacks and roots have no owner any more, but deaths are deferred still. */
  adopt(): void {
    const { lifecycle } = this.memory;
    const core = lifecycle.started();
    if (core.state(STATE_DEFERRING) === 0) return;
    core.setState(STATE_ROOT_FUNCTIONS, 0);
    lifecycle.startDeferring();
    for (let stack = core.state(STATE_STACKS); stack !== 0; stack = core.state(STATE_STACKS))
      this.calls.abi.stack_free(stack);
  }

  /** The heap was reset: there are no stacks. */
  clear(): void {
    for (const stack of this.#stacks) stack.end();
    this.#stacks.clear();
  }

  /** The heap is about to be disposed of: its stacks and roots hold nothing any more. */
  finish(): void {
    const { callbacks } = this.memory.lifecycle;
    this.#references.clearRoots();
    callbacks.run(() => {
      for (const stack of [...this.#stacks]) stack.dispose();
      this.reclaim();
    });
  }

  /** Throws for what a reclaim found wrong. */
  #throwNoted(): void {
    const core = this.memory.lifecycle.started();
    const damaged = core.state(STATE_ZERO_DAMAGED) as Ptr;
    core.setState(STATE_ZERO_DAMAGED, NULL);
    const at = core.state(STATE_FAULT_ADDRESS) as Ptr;
    const fault = core.takeFault();
    if (fault !== FAULT_NONE) this.calls.throwFault("reclaim", at, fault);
    if (damaged !== 0) throw this.memory.deadError("reclaim", damaged);
  }
}
