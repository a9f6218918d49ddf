import type { Heap, Ptr } from "tallyheap";
import type { Line } from "./program.js";

const NULL = 0 as Ptr;

const TOKEN = /\s*(?:(\d+)|'([^']*)'|(\w+)|(.))/gy;

type Token = { readonly kind: "int" | "str" | "name" | "mark" | "end"; readonly text: string };

function tokenize(code: string): Token[] {
  const tokens = [...code.matchAll(TOKEN)].map(([, int, str, name, mark]): Token => {
    if (int !== undefined) return { kind: "int", text: int };
    if (str !== undefined) return { kind: "str", text: str };
    return name !== undefined ? { kind: "name", text: name } : { kind: "mark", text: mark! };
  });
  return [...tokens, { kind: "end", text: "" }];
}

/**
 * Binds names to objects of the heap, as Python does: a namespace is a dict, a name is an interned string, and a
 * binding owns one reference. It understands the few lines of Python in program.ts.
 *
 * A method whose comment says *new* returns a reference that the caller owns and must release.
 */
export class Names {
  readonly #heap: Heap;
  readonly #write: (text: string) => void;
  readonly #node;
  readonly #function;
  readonly #globals: Ptr;
  /** Where names are bound now: the globals, or the frame of the function that runs. */
  #namespace: Ptr;
  #tokens: Token[] = [];
  #at = 0;

  constructor(heap: Heap, write: (text: string) => void) {
    this.#heap = heap;
    this.#write = write;
    this.#node = heap.defineType({ name: "Node", fields: { other: "ref" }, weakrefs: true });
    this.#function = heap.defineType({ name: "function", fields: { parameter: "ref", body: "ref" } });
    this.#globals = heap.dict();
    this.#namespace = this.#globals;
  }

  dispose(): void {
    this.#heap.decref(this.#globals);
  }

  /** What `sys.getrefcount(name)` shows: the references to the object, and the one that the call itself holds. */
  getrefcount(name: string): number {
    const object = this.#value(name);
    const count = this.#heap.refcount(object);
    this.#heap.decref(object);
    return count;
  }

  /** Executes statements, separated by semicolons. */
  execute(code: string): void {
    const [outer, at] = [this.#tokens, this.#at];
    this.#tokens = tokenize(code);
    this.#at = 0;
    do this.#statement(code);
    while (this.#takes(";"));
    this.#expect("");
    this.#tokens = outer;
    this.#at = at;
  }

  // ---- statements ----

  #statement(code: string): void {
    const heap = this.#heap;
    if (this.#takes("def")) return this.#define(code);
    if (this.#takes("del")) return this.#unbind(this.#next().text);
    const start = this.#at;
    const name = this.#next().text;
    if (this.#takes("=")) return this.#bind(name, this.#expression());
    if (this.#takes(".")) {
      const attribute = this.#next().text;
      const object = this.#value(name);
      if (attribute === "other") {
        this.#expect("=");
        heap.stealRef(object, this.#node.fields.other, this.#expression());
      } else {
        this.#expect("(");
        this.#remove(object, this.#expression());
        this.#expect(")");
      }
      return heap.decref(object);
    }
    this.#at = start;
    heap.decref(this.#expression());
  }

  /** Steals `object`: the namespace owns it from now on, and lets go of what the name meant before. */
  #bind(name: string, object: Ptr): void {
    const key = this.#heap.intern(name);
    this.#heap.dicts.set(this.#namespace, key, object);
    this.#heap.decref(key);
    this.#heap.decref(object);
  }

  #unbind(name: string): void {
    const key = this.#heap.intern(name);
    this.#heap.dicts.delete(this.#namespace, key);
    this.#heap.decref(key);
  }

  /** `def name(parameter): body`, with the rest of the line as the body. */
  #define(code: string): void {
    const heap = this.#heap;
    const [, name, parameter, body] = /^def (\w+)\((\w+)\): (.*)$/.exec(code)!;
    const object = heap.alloc(this.#function);
    heap.stealRef(object, this.#function.fields.parameter, heap.intern(parameter!));
    heap.stealRef(object, this.#function.fields.body, heap.str(body!));
    this.#bind(name!, object);
    this.#at = this.#tokens.length - 1;
  }

  /** `list.remove(value)`; steals `value`, borrows `list`. */
  #remove(list: Ptr, value: Ptr): void {
    const heap = this.#heap;
    for (let i = 0; i < heap.lists.length(list); i++) {
      const item = heap.lists.get(list, i);
      if (item !== value && heap.toJS(item) !== heap.toJS(value)) continue;
      heap.lists.delete(list, i);
      break;
    }
    heap.decref(value);
  }

  // ---- expressions ----

  /** *New*. */
  #expression(): Ptr {
    const heap = this.#heap;
    const left = this.#sum();
    if (!this.#takes("is")) return left;
    const right = this.#sum();
    const same = left === right;
    heap.decref(left);
    heap.decref(right);
    return this.#borrowed(same ? heap.true : heap.false);
  }

  /** *New*. */
  #sum(): Ptr {
    const heap = this.#heap;
    let left = this.#atom();
    while (this.#takes("+")) {
      const right = this.#atom();
      const sum = heap.int(Number(heap.toJS(left)) + Number(heap.toJS(right)));
      heap.decref(left);
      heap.decref(right);
      left = sum;
    }
    return left;
  }

  /** *New*. */
  #atom(): Ptr {
    const heap = this.#heap;
    const { kind, text } = this.#next();
    if (kind === "int") return heap.int(Number(text));
    if (kind === "str") return heap.intern(text);
    if (text === "None") return this.#borrowed(heap.none);
    if (text === "[") {
      const list = heap.list();
      while (!this.#takes("]")) {
        const item = this.#expression();
        heap.lists.append(list, item);
        heap.decref(item);
        this.#takes(",");
      }
      return list;
    }
    if (!this.#takes("(")) return this.#value(text);
    const argument = this.#takes(")") ? NULL : this.#expression();
    if (argument !== NULL) this.#expect(")");
    return this.#call(text, argument);
  }

  /** *New*; steals `argument`. */
  #call(name: string, argument: Ptr): Ptr {
    const heap = this.#heap;
    let result: Ptr = NULL;
    switch (name) {
      case "Node":
        return heap.alloc(this.#node);
      case "collect":
        heap.gc();
        break;
      case "ref":
        result = heap.weakref(argument);
        break;
      case "getrefcount":
        result = heap.int(heap.refcount(argument));
        break;
      case "print":
        this.#write(this.#text(argument));
        break;
      default:
        return this.#callObject(name, argument);
    }
    if (argument !== NULL) heap.decref(argument);
    return result === NULL ? this.#borrowed(heap.none) : result;
  }

  /** *New*; steals `argument`. The called object is a weak reference or a function, whose frame is a namespace. */
  #callObject(name: string, argument: Ptr): Ptr {
    const heap = this.#heap;
    const callee = this.#value(name);
    if (heap.typeOf(callee).name === "weakref") {
      const referent = heap.deref(callee);
      heap.decref(callee);
      return referent === NULL ? this.#borrowed(heap.none) : referent;
    }
    const { parameter, body } = this.#function.fields;
    const caller = this.#namespace;
    this.#namespace = heap.dict();
    this.#bind(heap.strs.toJS(heap.getRef(callee, parameter)), argument);
    this.execute(heap.strs.toJS(heap.getRef(callee, body)));
    // Leaving the scope: the frame dies, and with it the bindings of its names.
    heap.decref(this.#namespace);
    this.#namespace = caller;
    heap.decref(callee);
    return this.#borrowed(heap.none);
  }

  /** What a name means, in this namespace or the outermost one: *new*. */
  #value(name: string): Ptr {
    const heap = this.#heap;
    const key = heap.intern(name);
    let object = heap.dicts.get(this.#namespace, key);
    if (!object) object = heap.dicts.get(this.#globals, key);
    heap.decref(key);
    if (!object) throw new Error(`name '${name}' is not defined`);
    return this.#borrowed(object);
  }

  /** A *new* reference to a borrowed object. */
  #borrowed(object: Ptr): Ptr {
    this.#heap.incref(object);
    return object;
  }

  #text(object: Ptr): string {
    const heap = this.#heap;
    if (object === heap.true) return "True";
    if (object === heap.false) return "False";
    return object === heap.none ? "None" : String(heap.toJS(object));
  }

  // ---- tokens ----

  #next(): Token {
    return this.#tokens[this.#at++] ?? { kind: "end", text: "" };
  }

  #takes(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind === "str" || token.text !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw new Error(`expected "${text}", found "${this.#tokens[this.#at]?.text}"`);
  }
}

/** What a line showed: what it printed itself, and the count of the watched name after it. */
export interface Shown {
  readonly printed: readonly string[];
  readonly count: number;
}

/** Runs the lines, one after the other. */
export function runLines(heap: Heap, lines: readonly Line[]): Shown[] {
  let printed: string[] = [];
  const names = new Names(heap, (text) => printed.push(text));
  const shown = lines.map(([code, watched]) => {
    printed = [];
    names.execute(code);
    return { printed, count: names.getrefcount(watched) };
  });
  names.dispose();
  return shown;
}
