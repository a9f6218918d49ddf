import { HeapError, createHeap, type Heap, type HeapOptions, type Ptr } from "tallyheap";
import { PRIMITIVES, type Machine } from "./primitives.js";
import { PRELUDE } from "./prelude.js";
import { show } from "./printer.js";
import { Reader } from "./reader.js";
import { FORMS, Misuse, Raised, SchemeError, type Form } from "./types.js";
import { World } from "./world.js";

export { SchemeError } from "./types.js";

const NULL = 0 as Ptr;

export interface InterpreterOptions extends HeapOptions {
  /** Receives what `display`, `write` and `newline` print. Default: standard output. */
  readonly write?: (text: string) => void;
  /** Calls within calls that are not in tail position, before the program is told that it recurses too deep. */
  readonly maxDepth?: number;
}

/**
 * A small Scheme (closures, tail calls, lists, vectors, hash tables, `do`, `guard` and `raise`) whose values live in a
 * heap and nowhere else: the evaluator's own variables hold pointers only.
 *
 * Ownership: functions borrow their arguments and return new references; what is owned for the time of a call is kept
 * on the world's stack of temporaries and released when the call ends, whichever way it ends. Cycles, like that of a
 * closure with the frame that names it, are left to the heap's collector; a program asks for it with `(gc)`.
 */
export class Interpreter implements Machine {
  readonly heap: Heap;
  readonly world: World;
  readonly write: (text: string) => void;
  readonly #globals: Ptr;
  /** What a program gets that ran out of memory: there is no memory to make it then. */
  readonly #outOfMemory: Ptr;
  readonly #tooDeep: Ptr;
  readonly #maxDepth: number;
  #depth = 0;

  constructor(options: InterpreterOptions = {}, heap: Heap = createHeap({ taggedInts: true, ...options })) {
    this.heap = heap;
    this.world = new World(heap);
    this.write = options.write ?? ((text) => void process.stdout.write(text));
    this.#maxDepth = options.maxDepth ?? 500;
    this.#globals = this.world.frame(NULL);
    this.#outOfMemory = this.world.condition("out of memory", this.world.empty);
    this.#tooDeep = this.world.condition("recursion too deep", this.world.empty);
    PRIMITIVES.forEach(([name], index) => this.#definePrimitive(name, index));
    this.run(PRELUDE);
  }

  /** Runs a program; the text of its last value. Throws `SchemeError` for what the program does not catch. */
  run(source: string): string {
    const { world } = this;
    const mark = world.mark();
    try {
      const reader = new Reader(world, source);
      let last = world.own(this.heap.none);
      while (!reader.atEnd) {
        this.heap.decref(last);
        last = world.own(this.heap.none);
        const next = this.evaluate(world.keep(reader.read()), this.#globals);
        this.heap.decref(last);
        last = next;
        world.releaseTo(mark);
      }
      return show(world, world.keep(last));
    } catch (error) {
      throw this.#explain(error);
    } finally {
      world.releaseTo(mark);
    }
  }

  /** Ends the interpreter; the heap is as it was before. */
  dispose(): void {
    const { world, heap } = this;
    heap.decref(this.#globals);
    heap.decref(this.#outOfMemory);
    heap.decref(this.#tooDeep);
    world.dispose();
    // Closures and the frames they were made in hold each other.
    heap.gc();
  }

  // ---- evaluation ----

  /** The value of an expression in a frame: a new reference. Both are borrowed. */
  evaluate(expression: Ptr, frame: Ptr): Ptr {
    const { heap, world } = this;
    if (++this.#depth > this.#maxDepth) {
      this.#depth--;
      throw new Raised(world.own(this.#tooDeep));
    }
    const mark = world.mark();
    try {
      // Tail calls go round this loop: what they need is kept at the mark, and nothing else.
      for (let code = expression, scope = frame; ;) {
        if (world.isSymbol(code)) return world.own(world.lookUp(scope, code));
        if (!world.isPair(code)) return world.own(code);
        const head = world.car(code);
        const rest = world.cdr(code);
        const number = world.isSymbol(head) ? heap.getI32(head, world.types.symbol.fields.form) : 0;
        const form = FORMS[number] as Exclude<Form, "">;
        let tail: Ptr;
        if (number === 0) {
          const procedure = world.keep(this.#value(head, scope));
          const args = this.#arguments(rest, scope);
          if (heap.kindOf(procedure) !== world.types.closure.id) return this.#callPrimitive(procedure, args);
          scope = this.#enter(procedure, args);
          tail = this.#body(heap.getRef(procedure, world.types.closure.fields.body), scope);
        } else {
          switch (form) {
            case "quote":
              return world.own(world.car(rest));
            case "lambda":
              return this.#closure(world.car(rest), world.cdr(rest), scope, NULL);
            case "define":
              return this.#define(rest, scope);
            case "set!": {
              const value = world.keep(this.#value(this.#second(rest), scope));
              world.assign(scope, world.car(rest), value);
              return world.own(heap.none);
            }
            case "if": {
              const branches = world.cdr(rest);
              if (this.#test(world.car(rest), scope)) tail = world.car(branches);
              else if (world.isPair(world.cdr(branches))) tail = this.#second(branches);
              else return world.own(heap.none);
              break;
            }
            case "when":
            case "unless":
              if (this.#test(world.car(rest), scope) !== (form === "when")) return world.own(heap.none);
              tail = this.#body(world.cdr(rest), scope);
              break;
            case "begin":
              tail = this.#body(rest, scope);
              break;
            case "and":
            case "or": {
              const parts = world.elements(rest);
              const last = parts.pop();
              if (last === undefined) return world.boolean(form === "and");
              let decided = NULL;
              for (const part of parts) {
                const value = this.#value(part, scope);
                if (world.isTrue(value) !== (form === "and")) {
                  decided = value;
                  break;
                }
                heap.decref(value);
              }
              if (decided !== NULL) return decided;
              tail = last;
              break;
            }
            case "cond": {
              const value = this.#cond(rest, scope);
              if (value.done) return value.value;
              tail = value.tail;
              break;
            }
            case "let":
            case "let*":
            case "letrec": {
              const inner = this.#let(form, rest, scope);
              scope = inner.scope;
              tail = this.#body(inner.body, scope);
              break;
            }
            case "do":
              return this.#do(rest, scope);
            case "guard":
              return this.#guard(rest, scope);
            case "else":
            case "=>":
              throw new Misuse(`misplaced ${form}`);
          }
        }
        // Only the code and the frame that come next are needed; both may hang on what is released.
        heap.incref(tail);
        heap.incref(scope);
        world.releaseTo(mark);
        code = world.keep(tail);
        world.keep(scope);
      }
    } catch (error) {
      throw this.#raise(error);
    } finally {
      world.releaseTo(mark);
      this.#depth--;
    }
  }

  /** Calls a procedure; a new reference. Borrows everything. */
  apply(procedure: Ptr, args: readonly Ptr[]): Ptr {
    const { heap, world } = this;
    if (heap.kindOf(procedure) !== world.types.closure.id) return this.#callPrimitive(procedure, args);
    const mark = world.mark();
    try {
      world.keep(world.own(procedure));
      const scope = this.#enter(procedure, args);
      return this.evaluate(this.#body(heap.getRef(procedure, world.types.closure.fields.body), scope), scope);
    } finally {
      world.releaseTo(mark);
    }
  }

  /** The same as `evaluate`; what needs no frame of its own is done at once. */
  #value(expression: Ptr, frame: Ptr): Ptr {
    const { world } = this;
    if (world.isPair(expression)) return this.evaluate(expression, frame);
    return world.own(world.isSymbol(expression) ? world.lookUp(frame, expression) : expression);
  }

  /** The values of the arguments, kept. */
  #arguments(list: Ptr, scope: Ptr): Ptr[] {
    const { world } = this;
    const args: Ptr[] = [];
    let rest = list;
    for (; world.isPair(rest); rest = world.cdr(rest))
      args.push(world.keep(this.#value(world.car(rest), scope)));
    if (rest !== world.empty) throw new Misuse("not a proper list");
    return args;
  }

  #callPrimitive(procedure: Ptr, args: readonly Ptr[]): Ptr {
    const { heap, world } = this;
    const { primitive } = world.types;
    if (heap.kindOf(procedure) !== primitive.id)
      throw new Misuse("not a procedure", [show(world, procedure)]);
    const [name, least, most, call] = PRIMITIVES[heap.getI32(procedure, primitive.fields.index)]!;
    if (args.length < least || args.length > most) throw new Misuse(`${name}: wrong number of arguments`);
    return call(this, args);
  }

  /** A frame, kept, in which a closure's parameters have their values. */
  #enter(closure: Ptr, args: readonly Ptr[]): Ptr {
    const { heap, world } = this;
    const { parameters, frame, name } = world.types.closure.fields;
    const scope = world.keep(world.frame(heap.getRef(closure, frame)));
    // A named closure finds itself in each call's own frame, so that recursion needs no cycle; a global one by its symbol.
    const own = heap.getRef(closure, name);
    if (own !== NULL && world.global(own) !== closure) world.define(scope, own, closure);
    let names = heap.getRef(closure, parameters);
    let i = 0;
    for (; world.isPair(names); names = world.cdr(names)) {
      const value = args[i++];
      if (value === undefined) throw new Misuse(`${show(world, closure)}: too few arguments`);
      world.define(scope, world.car(names), value);
    }
    if (world.isSymbol(names)) world.define(scope, names, world.keep(world.list(args.slice(i))));
    else if (i < args.length) throw new Misuse(`${show(world, closure)}: too many arguments`);
    return scope;
  }

  /** Evaluates a body but for its last expression, which is returned, borrowed. */
  #body(body: Ptr, scope: Ptr): Ptr {
    const { heap, world } = this;
    let rest = body;
    if (!world.isPair(rest)) return heap.none;
    for (; world.isPair(world.cdr(rest)); rest = world.cdr(rest)) {
      heap.decref(this.#value(world.car(rest), scope));
    }
    return world.car(rest);
  }

  #test(expression: Ptr, scope: Ptr): boolean {
    const value = this.#value(expression, scope);
    this.heap.decref(value);
    return this.world.isTrue(value);
  }

  #second(list: Ptr): Ptr {
    return this.world.car(this.world.cdr(list));
  }

  /** A new closure. `name` is null for one that is not to find itself. */
  #closure(parameters: Ptr, body: Ptr, scope: Ptr, name: Ptr): Ptr {
    const { heap, world } = this;
    const { closure } = world.types;
    const object = heap.alloc(closure);
    heap.setRef(object, closure.fields.parameters, parameters);
    heap.setRef(object, closure.fields.body, body);
    heap.setRef(object, closure.fields.frame, scope);
    heap.setRef(object, closure.fields.name, name);
    return object;
  }

  /** `(define name value)` or `(define (name . parameters) . body)`; returns unspecified. */
  #define(rest: Ptr, scope: Ptr): Ptr {
    const { heap, world } = this;
    const target = world.car(rest);
    const mark = world.mark();
    const curried = world.isPair(target);
    const name = curried ? world.car(target) : target;
    if (!world.isSymbol(name)) throw new Misuse("define: not a name");
    const value = curried
      ? this.#closure(world.cdr(target), world.cdr(rest), scope, name)
      : this.#value(this.#second(rest), scope);
    world.define(scope, name, world.keep(value));
    world.releaseTo(mark);
    return world.own(heap.none);
  }

  /** Either the value of the clause, or its last expression. */
  #cond(clauses: Ptr, scope: Ptr): { done: true; value: Ptr } | { done: false; tail: Ptr } {
    const { heap, world } = this;
    for (let rest = clauses; world.isPair(rest); rest = world.cdr(rest)) {
      const clause = world.car(rest);
      const test = world.car(clause);
      if (test === world.symbol("else")) return { done: false, tail: this.#body(world.cdr(clause), scope) };
      const value = world.keep(this.#value(test, scope));
      if (!world.isTrue(value)) continue;
      const body = world.cdr(clause);
      if (!world.isPair(body)) return { done: true, value: world.own(value) };
      if (world.car(body) !== world.symbol("=>")) return { done: false, tail: this.#body(body, scope) };
      const receiver = world.keep(this.#value(this.#second(body), scope));
      return { done: true, value: this.apply(receiver, [value]) };
    }
    return { done: true, value: world.own(heap.none) };
  }

  /** Binds names; the frame is kept. */
  #let(form: "let" | "let*" | "letrec", rest: Ptr, scope: Ptr): { scope: Ptr; body: Ptr } {
    const { world } = this;
    const first = world.car(rest);
    if (form === "let" && world.isSymbol(first)) return this.#namedLet(first, world.cdr(rest), scope);
    const inner = world.keep(world.frame(scope));
    for (const binding of world.elements(first)) {
      const value = world.keep(this.#value(this.#second(binding), form === "let" ? scope : inner));
      world.define(inner, world.car(binding), value);
    }
    return { scope: inner, body: world.cdr(rest) };
  }

  /** `(let name ((variable start) …) . body)`: a closure that knows its name, called at once. */
  #namedLet(name: Ptr, rest: Ptr, scope: Ptr): { scope: Ptr; body: Ptr } {
    const { world } = this;
    const bindings = world.elements(world.car(rest));
    const parameters = world.keep(world.list(bindings.map((binding) => world.car(binding))));
    const closure = world.keep(this.#closure(parameters, world.cdr(rest), scope, name));
    const args = bindings.map((binding) => world.keep(this.#value(this.#second(binding), scope)));
    return { scope: this.#enter(closure, args), body: world.cdr(rest) };
  }

  /** `(do ((variable start step) …) (test . result) . body)` */
  #do(rest: Ptr, scope: Ptr): Ptr {
    const { heap, world } = this;
    const loops = world.elements(world.car(rest));
    const exit = this.#second(rest);
    const body = world.elements(world.cdr(world.cdr(rest)));
    let values = loops.map((loop) => world.keep(this.#value(this.#second(loop), scope)));
    const mark = world.mark();
    for (;;) {
      const inner = world.keep(world.frame(scope));
      loops.forEach((loop, i) => world.define(inner, world.car(loop), values[i]!));
      if (this.#test(world.car(exit), inner)) {
        return this.evaluate(this.#body(world.cdr(exit), inner), inner);
      }
      for (const part of body) heap.decref(this.#value(part, inner));
      const next = loops.map((loop, i) => {
        const step = world.cdr(world.cdr(loop));
        return world.isPair(step)
          ? world.keep(this.#value(world.car(step), inner))
          : world.keep(world.own(values[i]!));
      });
      // What the next round starts from is all that stays of this one.
      for (const value of next) heap.incref(value);
      world.releaseTo(mark);
      values = next.map((value) => world.keep(value));
    }
  }

  /** `(guard (variable clause …) . body)`: what no clause takes is raised anew. */
  #guard(rest: Ptr, scope: Ptr): Ptr {
    const { world } = this;
    const mark = world.mark();
    try {
      return this.evaluate(this.#body(world.cdr(rest), scope), scope);
    } catch (error) {
      const raised = this.#raise(error);
      if (!(raised instanceof Raised)) throw raised;
      world.releaseTo(mark);
      const payload = world.keep(raised.payload);
      const inner = world.keep(world.frame(scope));
      const clauses = world.cdr(world.car(rest));
      world.define(inner, world.car(world.car(rest)), payload);
      const taken = this.#taken(clauses, inner);
      if (taken === undefined) throw new Raised(world.own(payload));
      return taken;
    }
  }

  /** The value of the first clause whose test holds; undefined if there is none. */
  #taken(clauses: Ptr, scope: Ptr): Ptr | undefined {
    const { world } = this;
    for (const clause of world.elements(clauses)) {
      const test = world.car(clause);
      if (test !== world.symbol("else") && !this.#test(test, scope)) continue;
      return this.evaluate(this.#body(world.cdr(clause), scope), scope);
    }
    return undefined;
  }

  // ---- errors ----

  /** Turns what the program did wrong into something it can catch; anything else is as it was. */
  #raise(error: unknown): unknown {
    const { heap, world } = this;
    if (error instanceof HeapError && error.code === "ERR_HEAP_OOM")
      return new Raised(world.own(this.#outOfMemory));
    const misuse = error instanceof Misuse ? error : understood(error);
    if (misuse === undefined) return error;
    const mark = world.mark();
    try {
      const irritants = misuse.irritants.map((text) => world.keep(heap.str(text)));
      return new Raised(world.condition(misuse.message, world.keep(world.list(irritants))));
    } catch {
      return new Raised(world.own(this.#outOfMemory));
    } finally {
      world.releaseTo(mark);
    }
  }

  /** For the caller of `run`. */
  #explain(error: unknown): unknown {
    const raised = this.#raise(error);
    if (!(raised instanceof Raised)) return raised;
    const text = show(this.world, raised.payload);
    this.heap.decref(raised.payload);
    return new SchemeError(text);
  }

  #definePrimitive(name: string, index: number): void {
    const { heap, world } = this;
    const { primitive } = world.types;
    const mark = world.mark();
    const object = world.keep(heap.alloc(primitive));
    heap.setI32(object, primitive.fields.index, index);
    world.define(this.#globals, world.symbol(name), object);
    world.releaseTo(mark);
  }
}

/** Refusals of the heap and of the host that are the program's fault. */
function understood(error: unknown): Misuse | undefined {
  if (error instanceof HeapError && ["ERR_HEAP_RANGE", "ERR_HEAP_TYPE"].includes(error.code)) {
    return new Misuse(error.code === "ERR_HEAP_RANGE" ? "out of range" : "wrong type of argument");
  }
  // The host's stack is smaller than maxDepth takes it to be.
  return error instanceof RangeError && /stack/i.test(error.message)
    ? new Misuse("recursion too deep")
    : undefined;
}
