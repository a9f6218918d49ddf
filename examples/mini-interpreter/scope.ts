/** Where variables are, as the compiler finds them. */

/** A variable's place in the frame: its slot, or its index among what the closure keeps. */
export interface Place {
  readonly isCaptured: boolean;
  readonly index: number;
  /** Whether a cell lies there, which has the value. */
  readonly isCell: boolean;
}

/** Variables of one frame that are visible together, by symbol, and those around them. */
export class Block<V> {
  readonly #places = new Map<V, Place>();

  constructor(
    readonly frame: Frame<V>,
    readonly outer?: Block<V>,
  ) {}

  /** Whether what is defined here is visible everywhere. */
  get isGlobal(): boolean {
    return this.outer === undefined && this.frame.around === undefined;
  }

  declare(symbol: V, slot: number, isCell: boolean): void {
    this.#places.set(symbol, { isCaptured: false, index: slot, isCell });
  }

  /** Where a variable is, seen from here; undefined if it is global. */
  find(symbol: V): Place | undefined {
    const own = this.#places.get(symbol);
    if (own !== undefined) return own;
    return this.outer === undefined ? this.frame.capture(symbol) : this.outer.find(symbol);
  }
}

/** The frame of a procedure while its code is compiled. */
export class Frame<V> {
  /** What the closure keeps, in the order of its items: where each is in the frame around. */
  readonly captures: Place[] = [];
  readonly #captured = new Map<V, Place>();
  /** Slots that are needed. */
  slots = 1;

  /** `around` is what is visible where the closure is made; undefined outside of all procedures. */
  constructor(readonly around: Block<V> | undefined) {}

  /** The place of a variable of the procedures around. */
  capture(symbol: V): Place | undefined {
    const known = this.#captured.get(symbol);
    if (known !== undefined) return known;
    const place = this.around?.find(symbol);
    if (place === undefined) return undefined;
    const own = { isCaptured: true, index: this.captures.push(place) - 1, isCell: place.isCell };
    this.#captured.set(symbol, own);
    return own;
  }

  /** Says that so many slots are taken at a time; the number. */
  reserve(slots: number): number {
    this.slots = Math.max(this.slots, slots);
    return slots;
  }
}
