import { hex } from "../core/errors.js";
import type { Ptr } from "../core/ptr.js";
import { retainedSizes } from "./dominators.js";
import { NODE_OBJECT, type Graph } from "./graph.js";

/** An object and what it holds. */
export interface Retained {
  /** The object, *borrowed*. */
  readonly ptr: Ptr;
  /** Name of its type. */
  readonly type: string;
  /** Bytes of its own block. */
  readonly selfSize: number;
  /** Bytes that would be free if nothing referred to it any more: its own, and those of all that only it leads to. */
  readonly retainedSize: number;
}

/** Objects that a table for people shows. */
const SHOWN = 20;

/** What each object of a heap retained at one moment, in bytes. A snapshot: it does not follow the heap. */
export class RetainedSizes implements Iterable<readonly [Ptr, number]> {
  readonly #address: Uint32Array;
  readonly #self: Uint32Array;
  readonly #retained: Float64Array;
  readonly #type: Uint32Array;
  readonly #types: readonly string[];

  /** @internal Use `heap.retainedSizes()`. */
  constructor(graph: Graph) {
    const retained = retainedSizes(graph);
    const { nodeCount, kind } = graph;
    let count = 0;
    for (let node = 0; node < nodeCount; node++) if (kind[node] === NODE_OBJECT) count++;
    this.#address = new Uint32Array(count);
    this.#self = new Uint32Array(count);
    this.#type = new Uint32Array(count);
    this.#retained = new Float64Array(count);
    // In the order of addresses, as the graph has them.
    for (let node = 0, i = 0; node < nodeCount; node++) {
      if (kind[node] !== NODE_OBJECT) continue;
      this.#address[i] = graph.address[node]!;
      this.#self[i] = graph.size[node]!;
      this.#type[i] = graph.name[node]!;
      this.#retained[i++] = retained[node]!;
    }
    this.#types = graph.names.all;
  }

  /** Number of objects. */
  get size(): number {
    return this.#address.length;
  }

  /** Bytes that an object retained; undefined for what was none then. */
  get(p: Ptr): number | undefined {
    const index = this.#find(p);
    return index < 0 ? undefined : this.#retained[index];
  }

  /** Whether there was an object at this address. */
  has(p: Ptr): boolean {
    return this.#find(p) >= 0;
  }

  /** Objects in the order of their addresses, with the bytes that they retained. */
  *[Symbol.iterator](): IterableIterator<readonly [Ptr, number]> {
    for (let i = 0; i < this.size; i++) yield [this.#address[i]! as Ptr, this.#retained[i]!];
  }

  /** The objects that retained most: a *new* array, largest first. */
  top(limit = SHOWN): Retained[] {
    const largest: number[] = [];
    const retained = this.#retained;
    for (let i = 0; i < retained.length; i++) {
      if (largest.length === limit && retained[i]! <= retained[largest[limit - 1]!]!) continue;
      let place = largest.length;
      while (place > 0 && retained[largest[place - 1]!]! < retained[i]!) place--;
      largest.splice(place, 0, i);
      if (largest.length > limit) largest.pop();
    }
    return largest.map((i) => ({
      ptr: this.#address[i]! as Ptr,
      type: this.#types[this.#type[i]!]!,
      selfSize: this.#self[i]!,
      retainedSize: retained[i]!,
    }));
  }

  /** A table for people: the objects that retained most. */
  toString(): string {
    const rows = this.top().map(
      ({ ptr, type, selfSize, retainedSize }) =>
        `${String(retainedSize).padStart(14)} ${String(selfSize).padStart(10)}  ${type} at ${hex(ptr)}`,
    );
    return [`${"retained".padStart(14)} ${"self".padStart(10)}  object`, ...rows].join("\n");
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `RetainedSizes of ${this.size} objects\n${this.toString()}`;
  }

  #find(p: number): number {
    let low = 0;
    let high = this.#address.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const address = this.#address[middle]!;
      if (address === p) return middle;
      if (address < p) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
