import { Compiler } from "./compiler.js";
import { Misuse, Raised, SchemeError } from "./errors.js";
import { PRELUDE } from "./prelude.js";
import { PRIMITIVES } from "./primitives/all.js";
import { show } from "./printer.js";
import { Reader } from "./reader.js";
import type { World } from "./world.js";

export interface MachineOptions {
  /** Receives what `display`, `write` and `newline` print. Default: standard output. */
  readonly write?: (text: string) => void;
  /** Calls within calls that are not in tail position, before the program is told that it recurses too deep. */
  readonly maxDepth?: number;
}

export const MAX_DEPTH = 500;
/** Slots of the stack for each of these calls: a frame has a procedure, its arguments, and what is computed. */
export const SLOTS_PER_CALL = 16;
/** What primitives put on the stack themselves. */
const SPARE_SLOTS = 16;

/**
 * A small Scheme (closures, tail calls, lists, vectors, hash tables, `do`, `guard` and `raise`) over the values of a world.
 * Each expression is compiled to a tree of nodes when it is run. Cycles, like that of two closures that know each other,
 * are left to the world's collector; a program asks for it with `(gc)`.
 */
export class Machine<V> {
  readonly world: World<V>;
  readonly write: (text: string) => void;
  /** Arguments of the call that is to be made next, for who was told so by an absent value. */
  count = 0;
  /** Calls that are running and were not in tail position. */
  calls = 0;
  readonly #maxDepth: number;
  readonly #limit: number;
  /** What a program gets that ran out of memory: there is no memory to make it then. */
  readonly #outOfMemory: V;
  readonly #tooDeep: V;
  readonly #compiler: Compiler<V>;

  constructor(world: World<V>, options: MachineOptions = {}) {
    this.world = world;
    this.write = options.write ?? ((text) => void process.stdout.write(text));
    this.#maxDepth = options.maxDepth ?? MAX_DEPTH;
    this.#limit = world.slots - SPARE_SLOTS;
    // These two stay at the bottom of the stack.
    this.#outOfMemory = world.condition("out of memory", world.empty);
    world.push(this.#outOfMemory);
    this.#tooDeep = world.condition("recursion too deep", world.empty);
    world.push(this.#tooDeep);
    this.#compiler = new Compiler(this);
    PRIMITIVES.forEach(({ name }, index) => world.setGlobal(world.symbol(name), world.primitive(index)));
    this.run(PRELUDE);
  }

  /** Runs a program; the text of its last value. Throws `SchemeError` for what the program does not catch. */
  run(source: string): string {
    const { world } = this;
    const base = world.height;
    this.calls = 0;
    try {
      const reader = new Reader(world, source);
      let last = world.unspecified;
      while (!reader.atEnd) {
        // What nothing holds any more dies between two expressions, if not before.
        world.height = base;
        world.reclaim();
        world.push(reader.read());
        last = this.#compiler.compile(base, this.#limit).value(base);
      }
      world.put(base, last);
      world.height = base + 1;
      return show(world, last);
    } catch (error) {
      world.height = base;
      throw this.#explain(error);
    } finally {
      world.height = base;
      world.reclaim();
    }
  }

  dispose(): void {
    this.world.dispose();
  }

  // ---- calls ----

  /** Calls the procedure in slot `at`, whose arguments lie behind it. The stack above is used. */
  call(at: number, count: number): V {
    const { world } = this;
    if (++this.calls > this.#maxDepth) throw new Raised(this.#tooDeep);
    for (let given = count; ;) {
      const code = world.codeOf(world.at(at));
      if (code === undefined) {
        this.calls--;
        return this.#callPrimitive(at, given);
      }
      if (at + code.slots > this.#limit) throw new Raised(this.#tooDeep);
      if (given !== code.parameters || code.hasRest) this.#arrange(at, given);
      const value = code.body.value(at);
      if (value !== world.absent) {
        this.calls--;
        return value;
      }
      given = this.count;
    }
  }

  /** For primitives: calls a procedure with arguments that lie on the stack, or are held by what does. */
  apply(procedure: V, args: readonly V[]): V {
    const { world } = this;
    const at = world.height;
    if (at + args.length >= this.#limit) throw new Raised(this.#tooDeep);
    world.push(procedure);
    for (const arg of args) world.push(arg);
    return this.call(at, args.length);
  }

  #callPrimitive(at: number, count: number): V {
    const { world } = this;
    const procedure = world.at(at);
    world.height = at + 1 + count;
    if (world.typeOf(procedure) !== "primitive")
      throw new Misuse("not a procedure", [show(world, procedure)]);
    const { name, least, most, call } = PRIMITIVES[world.primitiveIndex(procedure)]!;
    if (count < least || count > most) throw new Misuse(`${name}: wrong number of arguments`);
    return call(this, at + 1, count);
  }

  /** Puts arguments beyond the parameters into a list, or refuses their number. */
  #arrange(at: number, count: number): void {
    const { world } = this;
    const { parameters, hasRest } = world.codeOf(world.at(at))!;
    world.height = at + 1 + count;
    if (count < parameters) throw new Misuse(`${show(world, world.at(at))}: too few arguments`);
    if (!hasRest) throw new Misuse(`${show(world, world.at(at))}: too many arguments`);
    world.put(at + 1 + parameters, listOf(world, at + 1 + parameters, count - parameters));
  }

  // ---- errors ----

  /** Turns what the program did wrong into something it can catch; anything else is as it was. */
  raise(error: unknown): unknown {
    const { world } = this;
    const fault = world.faultOf(error);
    if (fault === "out of memory") return new Raised(this.#outOfMemory);
    if (isStackOverflow(error)) return new Raised(this.#tooDeep);
    const misuse = fault === undefined ? error : new Misuse(fault);
    if (!(misuse instanceof Misuse)) return error;
    try {
      for (const text of misuse.irritants) world.push(world.string(text));
      const { length } = misuse.irritants;
      const irritants = listOf(world, world.height - length, length);
      world.height -= length;
      world.push(irritants);
      return new Raised(world.condition(misuse.message, irritants));
    } catch {
      return new Raised(this.#outOfMemory);
    }
  }

  /** For the caller of `run`. */
  #explain(error: unknown): unknown {
    const raised = this.raise(error);
    if (!(raised instanceof Raised)) return raised;
    this.world.push(raised.payload as V);
    return new SchemeError(show(this.world, raised.payload as V));
  }
}

/** A list of the values on the stack from a slot on, which is the height or below. */
export function listOf<V>(world: World<V>, from: number, count: number, tail: V = world.empty): V {
  const top = world.height;
  let list = tail;
  for (let i = count - 1; i >= 0; i--) {
    world.push(list);
    list = world.cons(world.at(from + i), list);
    world.height = top;
  }
  return list;
}

/** The host's stack may be smaller than maxDepth takes it to be. */
function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && /stack/i.test(error.message);
}
