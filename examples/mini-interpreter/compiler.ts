import type { Code, Node } from "./code.js";
import { Misuse } from "./errors.js";
import type { Machine } from "./machine.js";
import * as nodes from "./nodes.js";
import { FORMS, type Form } from "./forms.js";
import { PRIMITIVES } from "./primitives/all.js";
import { Block, Frame, type Place } from "./scope.js";
import { elements, type World } from "./world.js";

/** Where an expression stands: what is visible, how many slots of the frame are taken, and whether its value is the procedure's. */
interface Spot<V> {
  readonly block: Block<V>;
  readonly depth: number;
  readonly isTail: boolean;
}

/**
 * From data to nodes. Variables lie in the frames of their procedures. A closure keeps copies of those that it uses; one that
 * somebody sets, or that may be used before it has its value, lies in a cell, which is what is copied then.
 */
export class Compiler<V> {
  readonly #machine: Machine<V>;
  readonly #world: World<V>;
  readonly #forms: ReadonlyMap<V, Form>;
  /** Of the program that is compiled: the symbols that `set!` names anywhere, and what holds its data. */
  #set = new Set<V>();
  #unit: V;
  #base = 0;

  constructor(machine: Machine<V>) {
    const { world } = machine;
    this.#machine = machine;
    this.#world = world;
    this.#forms = new Map(FORMS.map((form) => [world.symbol(form), form]));
    this.#unit = world.absent;
  }

  /** Code for the expression in slot `base`, the highest one: its value is to be asked for with this base. */
  compile(base: number, limit: number): Node<V> {
    const world = this.#world;
    const expression = world.at(base);
    this.#set = new Set();
    this.#unit = world.absent;
    this.#base = base;
    this.#findSet(expression);
    const frame = new Frame<V>(undefined);
    const node = this.#node(expression, { block: new Block(frame), depth: 1, isTail: false });
    if (base + frame.slots > limit) throw new Misuse("expression too large");
    return node;
  }

  #findSet(expression: V): void {
    const world = this.#world;
    let rest = expression;
    if (world.isPair(rest) && this.#forms.get(world.car(rest)) === "set!" && world.isPair(world.cdr(rest)))
      this.#set.add(world.car(world.cdr(rest)));
    for (; world.isPair(rest); rest = world.cdr(rest)) this.#findSet(world.car(rest));
  }

  #node(expression: V, spot: Spot<V>): Node<V> {
    const world = this.#world;
    if (world.isSymbol(expression)) return this.#variable(expression, spot);
    if (!world.isPair(expression)) return new nodes.Constant(expression);
    const head = world.car(expression);
    const form = this.#forms.get(head);
    return form === undefined
      ? this.#call(head, world.cdr(expression), spot)
      : this.#form(form, world.cdr(expression), spot);
  }

  #form(form: Form, rest: V, spot: Spot<V>): Node<V> {
    const world = this.#world;
    switch (form) {
      case "quote":
        return new nodes.Constant(this.#first(rest));
      case "lambda":
        return this.#lambda(this.#first(rest), world.cdr(rest), spot);
      case "define":
        return this.#define(rest, spot);
      case "set!":
        return this.#assign(this.#first(rest), this.#operand(this.#second(rest), spot), spot);
      case "if": {
        const branches = this.#rest(rest);
        const last = this.#rest(branches);
        return new nodes.If(
          world,
          this.#operand(this.#first(rest), spot),
          this.#node(this.#first(branches), spot),
          world.isPair(last) ? this.#node(world.car(last), spot) : this.#nothing(),
        );
      }
      case "when":
      case "unless": {
        const test = this.#operand(this.#first(rest), spot);
        const body = this.#sequence(world.cdr(rest), spot);
        return form === "when"
          ? new nodes.If(world, test, body, this.#nothing())
          : new nodes.If(world, test, this.#nothing(), body);
      }
      case "begin":
        return this.#sequence(rest, spot);
      case "and":
      case "or": {
        const parts = elements(world, rest);
        const last = parts.pop();
        if (last === undefined) return new nodes.Constant(form === "and" ? world.true : world.false);
        const no = new nodes.Constant(world.false);
        return parts.reduceRight<Node<V>>(
          (after, part) => {
            const first = this.#operand(part, spot);
            return form === "and" ? new nodes.If(world, first, after, no) : new nodes.Or(world, first, after);
          },
          this.#node(last, spot),
        );
      }
      case "cond":
        return this.#clauses(elements(world, rest), spot, this.#nothing());
      case "let":
        if (world.isSymbol(this.#first(rest))) return this.#namedLet(rest, spot);
        return this.#let(elements(world, world.car(rest)), world.cdr(rest), spot);
      case "let*":
        return this.#letInOrder(elements(world, this.#first(rest)), world.cdr(rest), spot);
      case "letrec":
        return this.#definitions(
          elements(world, this.#first(rest)).map((binding) => [this.#first(binding), this.#second(binding)]),
          world.cdr(rest),
          spot,
        );
      case "do":
        return this.#do(rest, spot);
      case "guard":
        return this.#guard(rest, spot);
      case "else":
      case "=>":
        throw new Misuse(`misplaced ${form}`);
    }
  }

  // ---- variables ----

  #variable(symbol: V, { block }: Spot<V>): Node<V> {
    const world = this.#world;
    const place = block.find(symbol);
    if (place === undefined) return new nodes.Global(world, symbol);
    const node = this.#place(place);
    return place.isCell ? new nodes.CellValue(world, node, symbol) : node;
  }

  /** What lies in a place: the value of a variable, or its cell. */
  #place({ isCaptured, index }: Place): Node<V> {
    return isCaptured ? new nodes.Captured(this.#world, index) : new nodes.Local(this.#world, index);
  }

  #assign(symbol: V, value: Node<V>, { block, depth }: Spot<V>): Node<V> {
    const world = this.#world;
    if (!world.isSymbol(symbol)) throw new Misuse("set!: not a name");
    const place = block.find(symbol);
    if (place === undefined) return new nodes.SetGlobal(world, symbol, value, false, depth);
    return new nodes.SetCell(world, this.#place(place), value, depth);
  }

  /** `(define name value)` or `(define (name . parameters) . body)`: the name and the node. */
  #definition(rest: V, spot: Spot<V>, isGlobal: boolean): Node<V> {
    const world = this.#world;
    const target = this.#first(rest);
    if (!world.isPair(target)) return this.#operand(this.#second(rest), spot);
    const [name, parameters] = [world.car(target), world.cdr(target)];
    return this.#lambda(parameters, world.cdr(rest), spot, name, isGlobal);
  }

  /** Outside of all procedures. */
  #define(rest: V, spot: Spot<V>): Node<V> {
    const world = this.#world;
    if (!spot.block.isGlobal) throw new Misuse("misplaced define");
    const name = this.#defined(rest);
    return new nodes.SetGlobal(world, name, this.#definition(rest, spot, true), true, spot.depth);
  }

  #defined(rest: V): V {
    const world = this.#world;
    const target = this.#first(rest);
    const name = world.isPair(target) ? world.car(target) : target;
    if (!world.isSymbol(name)) throw new Misuse("define: not a name");
    return name;
  }

  /** A value for a variable, in a cell of its own if somebody sets it. */
  #binding(symbol: V, value: V, spot: Spot<V>): Node<V> {
    const node = this.#operand(value, spot);
    return this.#set.has(symbol) ? this.#cell(node, spot) : node;
  }

  #cell(value: Node<V>, { block, depth }: Spot<V>): Node<V> {
    block.frame.reserve(depth + 1);
    return new nodes.NewCell(this.#world, value, depth);
  }

  // ---- bodies ----

  #operand(expression: V, spot: Spot<V>, depth = spot.depth): Node<V> {
    return this.#node(expression, { ...spot, depth, isTail: false });
  }

  #nothing(): Node<V> {
    return new nodes.Constant(this.#world.unspecified);
  }

  #sequence(body: V, spot: Spot<V>): Node<V> {
    const parts = elements(this.#world, body);
    const last = parts.pop();
    if (last === undefined) return this.#nothing();
    return parts.reduceRight<Node<V>>(
      (after, part) => new nodes.Sequence(this.#operand(part, spot), after),
      this.#node(last, spot),
    );
  }

  /** A sequence that may have definitions among its parts. */
  #body(body: V, spot: Spot<V>): Node<V> {
    const world = this.#world;
    const parts = elements(world, body);
    const isDefinition = (part: V): boolean =>
      world.isPair(part) && this.#forms.get(world.car(part)) === "define";
    const names = [...new Set(parts.filter(isDefinition).map((part) => this.#defined(world.cdr(part))))];
    if (names.length === 0) return this.#sequence(body, spot);
    const inner = this.#withCells(names, spot);
    const last = parts.length - 1;
    const list = parts.map((part, i) => {
      if (!isDefinition(part)) return i === last ? this.#node(part, inner) : this.#operand(part, inner);
      const value = this.#definition(world.cdr(part), inner, false);
      return this.#assign(this.#defined(world.cdr(part)), value, inner);
    });
    return this.#emptyCells(
      names,
      spot,
      list.reduceRight((after, part) => new nodes.Sequence(part, after)),
    );
  }

  /** Definitions that may use each other, then a body. */
  #definitions(bindings: readonly (readonly [name: V, value: V])[], body: V, spot: Spot<V>): Node<V> {
    const names = bindings.map(([name]) => name);
    const inner = this.#withCells(names, spot);
    const sets = bindings.map(([name, value]) => {
      const node = this.#isLambda(value) ? this.#named(name, value, inner) : this.#operand(value, inner);
      return this.#assign(name, node, inner);
    });
    const after = this.#body(body, inner);
    return this.#emptyCells(
      names,
      spot,
      sets.reduceRight<Node<V>>((rest, set) => new nodes.Sequence(set, rest), after),
    );
  }

  /** Where cells for some variables lie on top of what did before. */
  #withCells(names: readonly V[], { block, depth, isTail }: Spot<V>): Spot<V> {
    const inner = new Block(block.frame, block);
    names.forEach((name, i) => inner.declare(name, depth + i, true));
    return { block: inner, depth: block.frame.reserve(depth + names.length), isTail };
  }

  /** Empty cells for some variables, then a body. */
  #emptyCells(names: readonly V[], spot: Spot<V>, body: Node<V>): Node<V> {
    const absent = new nodes.Constant(this.#world.absent);
    const cells = names.map((_, i) => this.#cell(absent, { ...spot, depth: spot.depth + i }));
    return new nodes.Let(this.#world, spot.depth, cells, body);
  }

  #let(bindings: readonly V[], body: V, spot: Spot<V>): Node<V> {
    const { block, depth, isTail } = spot;
    const inner = new Block(block.frame, block);
    const values = bindings.map((binding, i) => {
      const name = this.#first(binding);
      const value = this.#binding(name, this.#second(binding), { ...spot, depth: depth + i });
      inner.declare(name, depth + i, this.#set.has(name));
      return value;
    });
    const end = block.frame.reserve(depth + bindings.length);
    return new nodes.Let(this.#world, depth, values, this.#body(body, { block: inner, depth: end, isTail }));
  }

  #letInOrder(bindings: readonly V[], body: V, spot: Spot<V>): Node<V> {
    const [first, ...others] = bindings;
    if (first === undefined)
      return this.#body(body, { ...spot, block: new Block(spot.block.frame, spot.block) });
    const name = this.#first(first);
    const value = this.#binding(name, this.#second(first), spot);
    const block = new Block(spot.block.frame, spot.block);
    block.declare(name, spot.depth, this.#set.has(name));
    const inner = { ...spot, block, depth: block.frame.reserve(spot.depth + 1) };
    return new nodes.Let(this.#world, spot.depth, [value], this.#letInOrder(others, body, inner));
  }

  // ---- procedures ----

  #isLambda(expression: V): boolean {
    const world = this.#world;
    return world.isPair(expression) && this.#forms.get(world.car(expression)) === "lambda";
  }

  #named(name: V, lambda: V, spot: Spot<V>): Node<V> {
    const rest = this.#world.cdr(lambda);
    return this.#lambda(this.#first(rest), this.#world.cdr(rest), spot, name);
  }

  /** A closure that has a name finds itself at the bottom of its frame, so that recursion needs no cycle. */
  #lambda(parameters: V, body: V, spot: Spot<V>, name?: V, isGlobal = false): Node<V> {
    const world = this.#world;
    const names: V[] = [];
    let rest = parameters;
    for (; world.isPair(rest); rest = world.cdr(rest)) names.push(world.car(rest));
    return this.#procedure(names, rest, body, spot, name, isGlobal);
  }

  /** `rest` is the empty list, or the name of the parameter for further arguments. */
  #procedure(names: readonly V[], rest: V, body: V, spot: Spot<V>, name?: V, isGlobal = false): Node<V> {
    const world = this.#world;
    if (this.#unit === world.absent) this.#makeUnit();
    const frame = new Frame<V>(spot.block);
    const block = new Block(frame);
    if (name !== undefined && !isGlobal && !this.#set.has(name)) block.declare(name, 0, false);
    const boxed: number[] = [];
    let count = 0;
    const declare = (symbol: V): void => {
      if (!world.isSymbol(symbol)) throw new Misuse("lambda: not a name");
      const isCell = this.#set.has(symbol);
      block.declare(symbol, ++count, isCell);
      if (isCell) boxed.push(count);
    };
    names.forEach(declare);
    const required = count;
    if (rest !== world.empty) declare(rest);
    const depth = frame.reserve(count + 1);
    const node = this.#body(body, { block, depth, isTail: true });
    const code: Code<V> = {
      name: name === undefined ? "" : world.symbolName(name),
      parameters: required,
      hasRest: count > required,
      body: boxed.length === 0 ? node : new nodes.WithCells(world, boxed, node, depth),
      slots: frame.slots,
    };
    const captures = frame.captures.map((place) => this.#place(place));
    spot.block.frame.reserve(spot.depth + captures.length);
    return new nodes.Lambda(world, code, this.#unit, captures, spot.depth);
  }

  /** From now on the unit lies in place of the expression, which it holds. */
  #makeUnit(): void {
    const world = this.#world;
    this.#unit = world.unit(world.at(this.#base));
    world.put(this.#base, this.#unit);
  }

  #call(head: V, rest: V, spot: Spot<V>): Node<V> {
    const world = this.#world;
    const args = elements(world, rest);
    const isGlobal = world.isSymbol(head) && spot.block.find(head) === undefined;
    return (
      (isGlobal ? this.#primitiveCall(head, args, spot) : undefined) ??
      this.#generalCall(this.#operand(head, spot), args, spot)
    );
  }

  #generalCall(procedure: Node<V>, args: readonly V[], { block, depth, isTail }: Spot<V>): Node<V> {
    const operands = args.map((arg, i) => this.#node(arg, { block, depth: depth + 1 + i, isTail: false }));
    block.frame.reserve(depth + 1 + args.length);
    const Kind = isTail ? nodes.TailCall : nodes.Call;
    return new Kind(this.#machine, procedure, operands, depth);
  }

  /** A call of what is a primitive now, and takes so many arguments. */
  #primitiveCall(symbol: V, args: readonly V[], spot: Spot<V>): Node<V> | undefined {
    const world = this.#world;
    const value = world.global(symbol);
    if (value === world.absent || world.typeOf(value) !== "primitive") return undefined;
    const primitive = PRIMITIVES[world.primitiveIndex(value)]!;
    const count = args.length;
    if (count < primitive.least || count > primitive.most) return undefined;
    const { depth, block, isTail } = spot;
    const operands = args.map((arg, i) => this.#operand(arg, spot, depth + i));
    block.frame.reserve(depth + 1 + count);
    const isShort = (count === 1 && primitive.one) || (count === 2 && primitive.two);
    const Kind = !isShort ? nodes.PrimitiveCall : count === 1 ? nodes.ShortCall : nodes.ShortCall2;
    return new Kind(this.#machine, symbol, value, primitive, operands, depth, isTail);
  }

  /** `(let name ((variable start) …) . body)`: a closure that knows its name, called at once. */
  #namedLet(rest: V, spot: Spot<V>): Node<V> {
    const world = this.#world;
    const bindings = elements(world, this.#second(rest));
    const body = world.cdr(world.cdr(rest));
    const names = bindings.map((binding) => this.#first(binding));
    const procedure = this.#procedure(names, world.empty, body, spot, world.car(rest));
    return this.#generalCall(
      procedure,
      bindings.map((binding) => this.#second(binding)),
      spot,
    );
  }

  // ---- the rest ----

  /** `cond`'s clauses, and what is done if none is taken. */
  #clauses(clauses: readonly V[], spot: Spot<V>, otherwise: Node<V>): Node<V> {
    const world = this.#world;
    const [clause, ...others] = clauses;
    if (clause === undefined) return otherwise;
    const test = this.#first(clause);
    const body = world.cdr(clause);
    if (this.#forms.get(test) === "else") return this.#sequence(body, spot);
    if (!world.isPair(body))
      return new nodes.Or(world, this.#operand(test, spot), this.#clauses(others, spot, otherwise));
    if (this.#forms.get(world.car(body)) !== "=>") {
      return new nodes.If(
        world,
        this.#operand(test, spot),
        this.#sequence(body, spot),
        this.#clauses(others, spot, otherwise),
      );
    }
    // The value that was tested lies in a slot meanwhile.
    const { block, depth, isTail } = spot;
    const inner = { block, depth: block.frame.reserve(depth + 1), isTail };
    block.frame.reserve(depth + 3);
    const Kind = isTail ? nodes.TailCall : nodes.Call;
    const value = new nodes.Local(world, depth);
    const taken = new Kind(this.#machine, this.#operand(this.#second(body), inner), [value], depth + 1);
    const after = new nodes.If(world, value, taken, this.#clauses(others, inner, otherwise));
    return new nodes.Let(world, depth, [this.#operand(test, spot)], after);
  }

  /** `(do ((variable start step) …) (test . result) . body)` */
  #do(rest: V, spot: Spot<V>): Node<V> {
    const world = this.#world;
    const { block, depth, isTail } = spot;
    const loops = elements(world, this.#first(rest));
    const exit = this.#second(rest);
    const count = loops.length;
    const inner = new Block(block.frame, block);
    const starts = loops.map((loop, i) =>
      this.#binding(this.#first(loop), this.#second(loop), { ...spot, depth: depth + i }),
    );
    loops.forEach((loop, i) => inner.declare(world.car(loop), depth + i, this.#set.has(world.car(loop))));
    const within = { block: inner, depth: depth + count, isTail: false };
    const steps = loops.map((loop, i) => {
      const step = world.cdr(world.cdr(loop));
      const next = world.isPair(step) ? world.car(step) : world.car(loop);
      return this.#binding(world.car(loop), next, { ...within, depth: depth + count + i });
    });
    block.frame.reserve(depth + 2 * count);
    return new nodes.Do(
      world,
      depth,
      starts,
      steps,
      this.#operand(this.#first(exit), within),
      this.#sequence(world.cdr(exit), { ...within, isTail }),
      this.#sequence(world.cdr(world.cdr(rest)), within),
    );
  }

  /** `(guard (variable clause …) . body)` */
  #guard(rest: V, spot: Spot<V>): Node<V> {
    const world = this.#world;
    const { block, depth, isTail } = spot;
    const clauses = this.#first(rest);
    const name = this.#first(clauses);
    const isCell = this.#set.has(name);
    const inner = new Block(block.frame, block);
    inner.declare(name, depth, isCell);
    const within = { block: inner, depth: block.frame.reserve(depth + 1), isTail };
    const anew = new nodes.RaiseAnew(this.#variable(name, within));
    return new nodes.Guard(
      this.#machine,
      this.#sequence(world.cdr(rest), { ...spot, isTail: false }),
      this.#clauses(elements(world, world.cdr(clauses)), within, anew),
      isCell,
      depth,
    );
  }

  // ---- parts of forms ----

  #first(list: V): V {
    if (!this.#world.isPair(list)) throw new Misuse("car: not a pair", [this.#world.typeOf(list)]);
    return this.#world.car(list);
  }

  #rest(list: V): V {
    if (!this.#world.isPair(list)) throw new Misuse("cdr: not a pair", [this.#world.typeOf(list)]);
    return this.#world.cdr(list);
  }

  #second(list: V): V {
    return this.#first(this.#rest(list));
  }
}
