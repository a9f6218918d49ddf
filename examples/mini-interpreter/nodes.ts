import type { Code, Node } from "./code.js";
import { Misuse, Raised } from "./errors.js";
import type { Machine } from "./machine.js";
import type { Primitive } from "./primitives/primitive.js";
import type { World } from "./world.js";

// What all nodes keep: `depth` is the number of slots of the frame that are taken while a node is evaluated, so what it puts
// on the stack lies there and above. A node that makes or releases something says how high the stack is before it does.
//
// The loop that puts the values of nodes into slots stands where it is needed: as one function for all it took 4 to 10 % more
// of tak and queens (bench:interpreter), as it sees the nodes of all.

export class Constant<V> implements Node<V> {
  constructor(readonly constant: V) {}

  value(): V {
    return this.constant;
  }
}

// ---- variables ----

/** A variable in the frame; or the cell of one. */
export class Local<V> implements Node<V> {
  constructor(
    readonly world: World<V>,
    readonly slot: number,
  ) {}

  value(base: number): V {
    return this.world.at(base + this.slot);
  }
}

/** A variable of a procedure around this one, which its closure has; or the cell of one. */
export class Captured<V> implements Node<V> {
  constructor(
    readonly world: World<V>,
    readonly index: number,
  ) {}

  value(base: number): V {
    const { world } = this;
    return world.captured(world.at(base), this.index);
  }
}

/** What a cell holds. */
export class CellValue<V> implements Node<V> {
  constructor(
    readonly world: World<V>,
    readonly cell: Node<V>,
    readonly symbol: V,
  ) {}

  value(base: number): V {
    const { world } = this;
    const value = world.cellValue(this.cell.value(base));
    if (value === world.absent) throw unbound(world, this.symbol);
    return value;
  }
}

export class Global<V> implements Node<V> {
  constructor(
    readonly world: World<V>,
    readonly symbol: V,
  ) {}

  value(): V {
    const { world } = this;
    const value = world.global(this.symbol);
    if (value === world.absent) throw unbound(world, this.symbol);
    return value;
  }
}

export class SetCell<V> implements Node<V> {
  constructor(
    readonly world: World<V>,
    readonly cell: Node<V>,
    readonly to: Node<V>,
    readonly depth: number,
  ) {}

  value(base: number): V {
    const { world } = this;
    const value = this.to.value(base);
    world.height = base + this.depth;
    world.setCell(this.cell.value(base), value);
    return world.unspecified;
  }
}

export class SetGlobal<V> implements Node<V> {
  constructor(
    readonly world: World<V>,
    readonly symbol: V,
    readonly to: Node<V>,
    readonly isDefinition: boolean,
    readonly depth: number,
  ) {}

  value(base: number): V {
    const { world, symbol } = this;
    const value = this.to.value(base);
    if (!this.isDefinition && world.global(symbol) === world.absent) throw unbound(world, symbol);
    world.height = base + this.depth;
    world.setGlobal(symbol, value);
    return world.unspecified;
  }
}

/** A new cell around a value. */
export class NewCell<V> implements Node<V> {
  constructor(
    readonly world: World<V>,
    readonly to: Node<V>,
    readonly depth: number,
  ) {}

  value(base: number): V {
    const { world, depth } = this;
    const value = this.to.value(base);
    world.put(base + depth, value);
    world.height = base + depth + 1;
    return world.cell(value);
  }
}

/** Parameters that closures share and somebody sets move into cells. */
export class WithCells<V> implements Node<V> {
  constructor(
    readonly world: World<V>,
    readonly slots: readonly number[],
    readonly body: Node<V>,
    readonly depth: number,
  ) {}

  value(base: number): V {
    const { world } = this;
    world.height = base + this.depth;
    for (const slot of this.slots) world.put(base + slot, world.cell(world.at(base + slot)));
    return this.body.value(base);
  }
}

// ---- control ----

export class If<V> implements Node<V> {
  constructor(
    readonly world: World<V>,
    readonly test: Node<V>,
    readonly then: Node<V>,
    readonly otherwise: Node<V>,
  ) {}

  value(base: number): V {
    return this.world.isTrue(this.test.value(base)) ? this.then.value(base) : this.otherwise.value(base);
  }
}

export class Or<V> implements Node<V> {
  constructor(
    readonly world: World<V>,
    readonly first: Node<V>,
    readonly second: Node<V>,
  ) {}

  value(base: number): V {
    const value = this.first.value(base);
    return this.world.isTrue(value) ? value : this.second.value(base);
  }
}

export class Sequence<V> implements Node<V> {
  constructor(
    readonly first: Node<V>,
    readonly second: Node<V>,
  ) {}

  value(base: number): V {
    this.first.value(base);
    return this.second.value(base);
  }
}

/** Values for the slots from `first` on, then an expression that uses them. */
export class Let<V> implements Node<V> {
  constructor(
    readonly world: World<V>,
    readonly first: number,
    readonly values: readonly Node<V>[],
    readonly body: Node<V>,
  ) {}

  value(base: number): V {
    const { world, values } = this;
    for (let i = 0, slot = base + this.first; i < values.length; i++, slot++)
      world.put(slot, values[i]!.value(base));
    return this.body.value(base);
  }
}

/** `do`: the variables lie in the slots from `first` on, and their next values behind them meanwhile. */
export class Do<V> implements Node<V> {
  constructor(
    readonly world: World<V>,
    readonly first: number,
    readonly starts: readonly Node<V>[],
    readonly steps: readonly Node<V>[],
    readonly test: Node<V>,
    readonly result: Node<V>,
    readonly body: Node<V>,
  ) {}

  value(base: number): V {
    const { world, starts, steps, test, body } = this;
    const count = starts.length;
    const first = base + this.first;
    for (let i = 0; i < count; i++) world.put(first + i, starts[i]!.value(base));
    while (!world.isTrue(test.value(base))) {
      body.value(base);
      for (let i = 0; i < count; i++) world.put(first + count + i, steps[i]!.value(base));
      for (let i = 0; i < count; i++) world.put(first + i, world.at(first + count + i));
    }
    return this.result.value(base);
  }
}

/** `guard`: what the body raises lies in slot `depth` when the clauses are asked. */
export class Guard<V> implements Node<V> {
  constructor(
    readonly machine: Machine<V>,
    readonly body: Node<V>,
    readonly clauses: Node<V>,
    readonly isBoxed: boolean,
    readonly depth: number,
  ) {}

  value(base: number): V {
    const { machine, depth } = this;
    const { world, calls } = machine;
    try {
      return this.body.value(base);
    } catch (error) {
      world.height = base + depth;
      const raised = machine.raise(error);
      if (!(raised instanceof Raised)) throw raised;
      machine.calls = calls;
      world.height = base + depth;
      world.push(raised.payload as V);
      if (this.isBoxed) world.put(base + depth, world.cell(raised.payload as V));
    }
    return this.clauses.value(base);
  }
}

/** What no clause took is raised anew. */
export class RaiseAnew<V> implements Node<V> {
  constructor(readonly raised: Node<V>) {}

  value(base: number): V {
    throw new Raised(this.raised.value(base));
  }
}

// ---- procedures ----

export class Lambda<V> implements Node<V> {
  constructor(
    readonly world: World<V>,
    readonly code: Code<V>,
    readonly unit: V,
    /** The variables, or cells, that the closure keeps. */
    readonly captures: readonly Node<V>[],
    readonly depth: number,
  ) {}

  value(base: number): V {
    const { world, captures } = this;
    const first = base + this.depth;
    const count = captures.length;
    for (let i = 0; i < count; i++) world.put(first + i, captures[i]!.value(base));
    world.height = first + count;
    return world.closure(this.code, this.unit, first, count);
  }
}

export class Call<V> implements Node<V> {
  constructor(
    readonly machine: Machine<V>,
    readonly procedure: Node<V>,
    readonly args: readonly Node<V>[],
    readonly depth: number,
  ) {}

  value(base: number): V {
    const { machine, args } = this;
    const { world } = machine;
    const first = base + this.depth;
    world.put(first, this.procedure.value(base));
    for (let i = 0; i < args.length; i++) world.put(first + 1 + i, args[i]!.value(base));
    return machine.call(first, args.length);
  }
}

/** A call that is the last thing its procedure does: it takes over the frame. */
export class TailCall<V> implements Node<V> {
  constructor(
    readonly machine: Machine<V>,
    readonly procedure: Node<V>,
    readonly args: readonly Node<V>[],
    readonly depth: number,
  ) {}

  value(base: number): V {
    const { machine, args } = this;
    const { world } = machine;
    const count = args.length;
    const first = base + this.depth;
    world.put(first, this.procedure.value(base));
    for (let i = 0; i < count; i++) world.put(first + 1 + i, args[i]!.value(base));
    for (let i = 0; i <= count; i++) world.put(base + i, world.at(first + i));
    machine.count = count;
    return world.absent;
  }
}

/** A call of a procedure that was a primitive when the code was compiled; if it is not any more, it is any call. */
export class PrimitiveCall<V> implements Node<V> {
  constructor(
    readonly machine: Machine<V>,
    readonly symbol: V,
    readonly expected: V,
    readonly primitive: Primitive,
    readonly args: readonly Node<V>[],
    readonly depth: number,
    readonly isTail: boolean,
  ) {}

  value(base: number): V {
    const { machine, args } = this;
    const { world } = machine;
    const first = base + this.depth;
    const count = args.length;
    for (let i = 0; i < count; i++) world.put(first + i, args[i]!.value(base));
    if (world.global(this.symbol) !== this.expected) return this.callOther(base);
    world.height = first + count;
    return this.primitive.call(machine, first, count);
  }

  /** The arguments lie where the procedure has to be. */
  protected callOther(base: number): V {
    const { machine, symbol, args, depth } = this;
    const { world } = machine;
    const first = base + depth;
    const count = args.length;
    for (let i = count; i > 0; i--) world.put(first + i, world.at(first + i - 1));
    world.put(first, world.global(symbol));
    if (!this.isTail) return machine.call(first, count);
    for (let i = 0; i <= count; i++) world.put(base + i, world.at(first + i));
    machine.count = count;
    return world.absent;
  }
}

/** The same of one argument, if the primitive has a short way for it. */
export class ShortCall<V> extends PrimitiveCall<V> {
  readonly #short = this.primitive.one!;
  readonly #arg = this.args[0]!;

  override value(base: number): V {
    const { machine } = this;
    const { world } = machine;
    const first = base + this.depth;
    const a = this.#arg.value(base);
    const isExpected = world.global(this.symbol) === this.expected;
    const value = isExpected ? this.#short(world, a) : world.absent;
    if (value !== world.absent) return value;
    world.put(first, a);
    if (!isExpected) return this.callOther(base);
    world.height = first + 1;
    return this.primitive.call(machine, first, 1);
  }
}

/** The same of two. */
export class ShortCall2<V> extends PrimitiveCall<V> {
  readonly #short = this.primitive.two!;
  readonly #left = this.args[0]!;
  readonly #right = this.args[1]!;

  override value(base: number): V {
    const { machine } = this;
    const { world } = machine;
    const first = base + this.depth;
    const a = this.#left.value(base);
    world.put(first, a);
    const b = this.#right.value(base);
    const isExpected = world.global(this.symbol) === this.expected;
    const value = isExpected ? this.#short(world, a, b) : world.absent;
    if (value !== world.absent) return value;
    world.put(first + 1, b);
    if (!isExpected) return this.callOther(base);
    world.height = first + 2;
    return this.primitive.call(machine, first, 2);
  }
}

function unbound<V>(world: World<V>, symbol: V): Misuse {
  return new Misuse(`unbound variable: ${world.symbolName(symbol)}`);
}
