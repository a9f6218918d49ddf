/**
 * An outline that is edited, under automatic collection: elements with a parent, a list of children, a dict of
 * attributes and a text. What is cut off is in cycles with its children, and left to the collector.
 */

import type { Heap, Ptr } from "tallyheap";

import { randomFrom } from "../lib/random.js";
import type { Pick, Program } from "./program.js";

const ELEMENTS = 20_000;
const EDITS = 6000;
/** Children that an element is made with at most, and how deep a new part of the outline is. */
const FAN = 4;
const DEPTH = 3;
const NAMES = ["class", "id", "style", "title", "href", "lang"];

class Outline {
  readonly #heap: Heap;
  readonly #pick: Pick;
  readonly #element;
  readonly #names: readonly Ptr[];
  readonly #root: Ptr;
  #made = 0;

  constructor(heap: Heap, pick: Pick) {
    this.#heap = heap;
    this.#pick = pick;
    const fields = { parent: "ref", children: "ref", attributes: "ref", text: "ref" } as const;
    this.#element = heap.defineType({ name: "Element", fields });
    this.#names = NAMES.map((name) => heap.intern(name));
    this.#root = this.#make(0);
    while (this.#made < ELEMENTS) this.#insert();
  }

  /** Some edits; a number that depends on what they met. */
  edit(edits: number): number {
    const { lists } = this.#heap;
    let sum = 0;
    for (let i = 0; i < edits; i++) {
      const children = this.#children(this.#somewhere());
      sum += lists.length(children);
      switch (this.#pick(6)) {
        case 0:
          if (this.#made < ELEMENTS + edits) this.#insert();
          break;
        case 1:
          sum += this.#cut(children);
          break;
        case 2:
          this.#swap(children);
          break;
        case 3:
          sum += this.#read(this.#somewhere());
          break;
        default:
          this.#change(this.#somewhere());
      }
    }
    // As many as before: a program does not grow for ever.
    while (this.#made < ELEMENTS) this.#insert();
    return sum;
  }

  /** *New*: an element with `depth` more below it. */
  #make(depth: number): Ptr {
    const heap = this.#heap;
    const { children, attributes, text } = this.#element.fields;
    const element = heap.alloc(this.#element);
    this.#made++;
    heap.stealRef(element, children, heap.list());
    heap.stealRef(element, attributes, heap.dict());
    heap.stealRef(element, text, heap.str(`element ${this.#pick(1000)}`));
    if (depth > 0) for (let i = 1 + this.#pick(FAN); i > 0; i--) this.#adopt(element, this.#make(depth - 1));
    return element;
  }

  /** Steals `child`. */
  #adopt(parent: Ptr, child: Ptr): void {
    const heap = this.#heap;
    heap.setRef(child, this.#element.fields.parent, parent);
    heap.lists.append(this.#children(parent), child);
    heap.decref(child);
  }

  /** An element that a walk from the root comes to. */
  #somewhere(): Ptr {
    const { lists } = this.#heap;
    let element = this.#root;
    for (;;) {
      const children = this.#children(element);
      const length = lists.length(children);
      if (length === 0 || this.#pick(8) === 0) return element;
      element = lists.get(children, this.#pick(length));
    }
  }

  #children(element: Ptr): Ptr {
    return this.#heap.getRef(element, this.#element.fields.children);
  }

  #insert(): void {
    this.#adopt(this.#somewhere(), this.#make(DEPTH));
  }

  /** Takes one of the children away, with all below it; their number. */
  #cut(children: Ptr): number {
    const { lists } = this.#heap;
    const length = lists.length(children);
    if (length === 0) return 0;
    const at = this.#pick(length);
    const size = this.#size(lists.get(children, at));
    if (size > EDITS / 10) return 0;
    this.#made -= size;
    lists.delete(children, at);
    return size;
  }

  #size(element: Ptr): number {
    const { lists } = this.#heap;
    const children = this.#children(element);
    let size = 1;
    for (let i = lists.length(children); i-- > 0;) size += this.#size(lists.get(children, i));
    return size;
  }

  #swap(children: Ptr): void {
    const { lists } = this.#heap;
    const length = lists.length(children);
    if (length < 2) return;
    const last = lists.pop(children);
    lists.insert(children, this.#pick(length), last);
    this.#heap.decref(last);
  }

  #change(element: Ptr): void {
    const heap = this.#heap;
    const { attributes, text } = this.#element.fields;
    const number = this.#pick(1000);
    const value = number % 2 === 0 ? heap.str(`value ${number}`) : heap.int(number * 1000);
    heap.dicts.set(heap.getRef(element, attributes), this.#names[this.#pick(NAMES.length)]!, value);
    heap.stealRef(element, text, value);
  }

  /** Attributes on the way from an element up to the root. */
  #read(element: Ptr): number {
    const heap = this.#heap;
    const { attributes, parent } = this.#element.fields;
    const name = this.#names[this.#pick(NAMES.length)]!;
    let found = 0;
    for (let at = element; at !== 0; at = heap.getRef(at, parent)) {
      const dict = heap.getRef(at, attributes);
      if (heap.dicts.get(dict, name) !== 0) found++;
      for (const [, value] of heap.dicts.entries(dict)) if (value !== 0) found++;
    }
    return found;
  }
}

export const outlineProgram: Program = {
  name: "outline: edit",
  prepare: (heap) => {
    const random = randomFrom(1);
    const outline = new Outline(heap, (limit) => Math.floor(random() * limit));
    return () => outline.edit(EDITS);
  },
};
