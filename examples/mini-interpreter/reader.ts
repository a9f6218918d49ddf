import type { Ptr } from "tallyheap";
import { SchemeError } from "./types.js";
import type { World } from "./world.js";

const TOKEN = /\s+|;[^\n]*|([()'])|"((?:[^"\\]|\\.)*)"|([^\s()'";]+)/gy;
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

/** Turns text into data of the heap, one expression at a time. */
export class Reader {
  readonly #world: World;
  readonly #tokens: Token[];
  #position = 0;

  constructor(world: World, source: string) {
    this.#world = world;
    this.#tokens = tokenize(source);
  }

  get atEnd(): boolean {
    return this.#position === this.#tokens.length;
  }

  /** The next expression, a new reference. */
  read(): Ptr {
    const world = this.#world;
    const token = this.#next();
    if (token.kind === "string") return world.heap.str(token.text);
    if (token.kind === "atom") return this.#atom(token.text);
    if (token.kind === ")") throw new SchemeError("unexpected )");
    const mark = world.mark();
    try {
      if (token.kind === "'") return world.list([world.symbol("quote"), world.keep(this.read())]);
      const items: Ptr[] = [];
      while (this.#peek().kind !== ")") {
        if (this.#peek().text === "." && this.#peek().kind === "atom") {
          this.#next();
          const tail = world.keep(this.read());
          if (this.#next().kind !== ")") throw new SchemeError("expected ) after the tail of a list");
          return world.list(items, tail);
        }
        items.push(world.keep(this.read()));
      }
      this.#next();
      return world.list(items);
    } finally {
      world.releaseTo(mark);
    }
  }

  #atom(text: string): Ptr {
    const world = this.#world;
    if (text === "#t") return world.boolean(true);
    if (text === "#f") return world.boolean(false);
    if (/^[+-]?\d+$/.test(text)) return world.heap.int(BigInt(text));
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return world.heap.float(Number(text));
    return world.own(world.symbol(text));
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
