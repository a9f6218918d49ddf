import { SchemeError } from "./errors.js";
import type { World } from "./world.js";

const TOKEN = /\s+|;[^\n]*|([()'])|"((?:[^"\\]|\\.)*)"|([^\s()'";]+)/gy;
/** Slots that must be free where an expression is read. */
const MARGIN = 16;
const ESCAPES: Record<string, string> = { n: "\n", t: "\t" };

type Token = { readonly kind: "(" | ")" | "'" | "string" | "atom"; readonly text: string };

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (match === null) throw new SchemeError(`cannot read: ${source.slice(start, start + 20)}`);
    const [, mark, text, atom] = match;
    if (mark !== undefined) tokens.push({ kind: mark as "(" | ")" | "'", text: mark });
    else if (text !== undefined)
      tokens.push({ kind: "string", text: text.replace(/\\(.)/gs, (_, c: string) => ESCAPES[c] ?? c) });
    else if (atom !== undefined) tokens.push({ kind: "atom", text: atom });
  }
  return tokens;
}

/** Turns text into data, one expression at a time. */
export class Reader<V> {
  readonly #world: World<V>;
  readonly #tokens: Token[];
  #position = 0;

  constructor(world: World<V>, source: string) {
    this.#world = world;
    this.#tokens = tokenize(source);
  }

  get atEnd(): boolean {
    return this.#position === this.#tokens.length;
  }

  /** The next expression, held by nothing. */
  read(): V {
    const world = this.#world;
    const token = this.#next();
    if (token.kind === "string") return world.string(token.text);
    if (token.kind === "atom") return this.#atom(token.text);
    if (token.kind === ")") throw new SchemeError("unexpected )");
    // A list grows at its end: its first pair and its last one lie on the stack.
    const at = world.height;
    world.push(world.empty);
    world.push(world.empty);
    if (at + MARGIN > world.slots) throw new SchemeError("expressions too deep");
    if (token.kind === "'") {
      this.#add(at, world.symbol("quote"));
      this.#add(at, this.read());
    } else {
      while (this.#peek().kind !== ")") {
        if (this.#peek().text === "." && this.#peek().kind === "atom" && world.at(at) !== world.empty) {
          this.#next();
          world.push(this.read());
          world.setCdr(world.at(at + 1), world.at(at + 2));
          if (this.#peek().kind !== ")") throw new SchemeError("expected ) after the tail of a list");
        } else this.#add(at, this.read());
      }
      this.#next();
    }
    world.height = at;
    return world.at(at);
  }

  /** Adds an element to the list in slot `at`, whose last pair is in the next slot. */
  #add(at: number, element: V): void {
    const world = this.#world;
    world.height = at + 2;
    world.push(element);
    const pair = world.cons(element, world.empty);
    const last = world.at(at + 1);
    if (last === world.empty) world.put(at, pair);
    else world.setCdr(last, pair);
    world.put(at + 1, pair);
    world.height = at + 2;
  }

  #atom(text: string): V {
    const world = this.#world;
    if (text === "#t") return world.true;
    if (text === "#f") return world.false;
    if (/^[+-]?\d+$/.test(text)) return world.int(text.length < 16 ? Number(text) : BigInt(text));
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return world.float(Number(text));
    return world.symbol(text);
  }

  #peek(): Token {
    const token = this.#tokens[this.#position];
    if (token === undefined) throw new SchemeError("the text ends within an expression");
    return token;
  }

  #next(): Token {
    const token = this.#peek();
    this.#position++;
    return token;
  }
}
