/**
 * Replays scenarios that CPython recorded (make_oracle.py says what the steps mean) on the heap's public interface.
 * The adapter knows no counts and no reachability: what is alive it learns from the heap's own weak references.
 */
import type { Generation, Heap, Ptr, RestoreOptions, Type, ValueStack } from "tallyheap";

const NULL = 0 as Ptr;

type Kind = "node" | "fin" | "phoenix" | "breaker";
type Slot = "a" | "b" | "c";

type Op =
  | readonly ["new", number, Kind]
  | readonly ["newlist" | "newdict" | "drop" | "pop" | "refcount" | "unweak" | "deref" | "collect", number]
  | readonly ["newtuple", number, readonly number[]]
  | readonly ["alias" | "append", number, number]
  | readonly ["set", number, Slot, number]
  | readonly ["clear", number, Slot]
  | readonly ["get", number, number, Slot]
  | readonly ["setitem", number, number, number]
  | readonly ["put", number, string, number]
  | readonly ["weak", number, number, boolean];

type Event = readonly ["finalize" | "callback", number];

/** What one step showed. */
interface Observed {
  readonly value?: number | null;
  readonly events?: readonly Event[];
  readonly died?: readonly number[];
}

export interface Scenario {
  readonly name: string;
  readonly ops: readonly Op[];
  readonly expect: readonly Observed[];
  readonly final: { readonly alive: readonly number[] };
}

const FIELDS = { a: "ref", b: "ref", c: "ref", id: "i32" } as const;
const VARIABLES = 8;
const WEAK_REFERENCES = 6;

/** Where the variables of a scenario are. */
interface Variables {
  /** Borrowed. */
  get(i: number): Ptr;
  /** Steals `reference`. The new one is in its place before the old one is released. */
  assign(i: number, reference: Ptr): void;
}

/** Each owns what it has, as in CPython. */
class Counted implements Variables {
  readonly #heap: () => Heap;
  readonly #held = new Array<Ptr>(VARIABLES).fill(NULL);

  constructor(heap: () => Heap) {
    this.#heap = heap;
  }

  get(i: number): Ptr {
    return this.#held[i]!;
  }

  assign(i: number, reference: Ptr): void {
    const old = this.#held[i]!;
    this.#held[i] = reference;
    if (old !== NULL) this.#heap().decref(old);
  }
}

/** They lie on a stack of the heap, uncounted. */
class Uncounted implements Variables {
  readonly #stack: ValueStack;

  constructor(heap: Heap) {
    // One slot for what is about to be assigned.
    this.#stack = heap.stack({ slots: VARIABLES + 1 });
    this.#stack.length = VARIABLES;
  }

  get(i: number): Ptr {
    return this.#stack.get(i);
  }

  assign(i: number, reference: Ptr): void {
    if (reference === NULL) this.#stack.set(i, NULL);
    else {
      // On the stack before its count goes, which may be a safe point.
      this.#stack.adopt(reference);
      this.#stack.set(i, this.#stack.pop());
    }
  }

  dispose(): void {
    this.#stack.dispose();
  }
}

/** How a scenario is replayed. */
export interface Mode {
  /** Only up to its first collection. */
  readonly beforeCollect?: boolean;
  /** Variables on a stack of the heap, and a safe point after each step. */
  readonly isDeferred?: boolean;
  /** Full collections in slices of so many objects. */
  readonly slice?: number;
  /** Where it leaves its heap for one made from an image of it. */
  readonly move?: Move;
}

/** One scenario's world on a heap. `end()` gives everything back. */
class World {
  #heap: Heap;
  readonly #mode: Mode;
  #node: Type<typeof FIELDS>;
  #kinds: Readonly<Record<Kind, Type>>;
  readonly #vars: Variables;
  readonly #weaks: Ptr[] = new Array<Ptr>(WEAK_REFERENCES).fill(NULL);
  /** A weak reference without callback to each node that was not seen dead: id → owned weak reference. */
  readonly #watched = new Map<number, Ptr>();
  #known = new Set<number>();
  #events: Event[] = [];
  #nextId = 0;

  constructor(heap: Heap, mode: Mode) {
    this.#heap = heap;
    this.#mode = mode;
    this.#vars = mode.isDeferred ? new Uncounted(heap) : new Counted(() => this.#heap);
    const node = heap.defineType({
      name: "Node",
      fields: FIELDS,
      weakrefs: true,
    });
    this.#node = node;
    const derived = (name: keyof typeof this.finalizers): Type =>
      heap.defineType({ name, fields: {}, extends: node, finalize: this.finalizers[name].finalize });
    this.#kinds = { node, fin: derived("Fin"), phoenix: derived("Phoenix"), breaker: derived("Breaker") };
  }

  /** What the types of nodes do before they die. */
  readonly finalizers = {
    Fin: this.#noting(() => {}),
    Phoenix: this.#noting((self) => {
      this.#heap.incref(self);
      this.#vars.assign(0, self);
    }),
    Breaker: this.#noting((self) => this.#heap.setRef(self, this.#node.fields.a, NULL)),
  };

  #noting(effect: (self: Ptr) => void): { finalize(self: Ptr): void } {
    return {
      finalize: (self) => {
        this.#events.push(["finalize", this.#idOf(self)]);
        effect(self);
      },
    };
  }

  /** Goes on on the heap that `restore` makes of an image of this one. */
  move(restore: (bytes: Uint8Array, options: RestoreOptions) => Heap): void {
    const old = this.#heap;
    const callbacks = (_name: string, weakref: Ptr) => {
      const k = this.#weaks.indexOf(weakref);
      return () => void this.#events.push(["callback", k]);
    };
    const heap = restore(old.snapshot(), { types: this.finalizers, callbacks });
    old.dispose();
    this.#heap = heap;
    this.#node = heap.typeNamed("Node") as Type<typeof FIELDS>;
    const named = (name: string): Type => heap.typeNamed(name)!;
    this.#kinds = {
      node: this.#node,
      fin: named("Fin"),
      phoenix: named("Phoenix"),
      breaker: named("Breaker"),
    };
  }

  get heap(): Heap {
    return this.#heap;
  }

  /** Executes one step and says what it showed. */
  step(op: Op): Observed {
    this.#events = [];
    const value = this.#run(op);
    if (this.#mode.isDeferred) this.#settle();
    const died = this.#deaths();
    return {
      ...(value !== undefined && { value }),
      ...(this.#events.length > 0 && { events: this.#events }),
      ...(died.length > 0 && { died }),
    };
  }

  /** Drops every variable and collects until nothing more dies; the ids of nodes that are alive then. */
  end(): number[] {
    const heap = this.#heap;
    const indexes = Array.from({ length: VARIABLES }, (_, i) => i).reverse();
    let found: number;
    do {
      for (const i of indexes) this.#vars.assign(i, NULL);
      found = heap.gc();
      // Finalizers may have stored their objects.
    } while (found > 0 || indexes.some((i) => this.#vars.get(i) !== NULL));
    this.#deaths();
    for (const reference of [...this.#weaks, ...this.#watched.values()]) this.#release(reference);
    if (this.#vars instanceof Uncounted) this.#vars.dispose();
    heap.reclaim();
    return [...this.#watched.keys()].sort((a, b) => a - b);
  }

  /** Safe points until nothing is due any more: finalizers may have released something. */
  #settle(): void {
    while (this.#heap.reclaim() > 0);
  }

  /** A collection, which says what it found unless it comes in slices. */
  #collect(generation: Generation): number | undefined {
    const { slice } = this.#mode;
    if (slice === undefined || generation < 2) return this.#heap.gc(generation);
    while (!this.#heap.collector.step({ budgetObjects: slice }));
    // Slices leave what is alive in its generation; this makes all of it old, as a collection in one go does.
    this.#heap.collector.freeze();
    this.#heap.collector.unfreeze();
    return undefined;
  }

  #run(op: Op): number | null | undefined {
    const heap = this.#heap;
    const { fields } = this.#node;
    switch (op[0]) {
      case "new": {
        const node = heap.alloc(this.#kinds[op[2]]);
        const id = this.#nextId++;
        heap.setI32(node, fields.id, id);
        this.#watched.set(id, heap.weakref(node));
        this.#store(op[1], node);
        return this.#idOf(this.#vars.get(op[1]));
      }
      case "newlist":
        return this.#store(op[1], heap.list());
      case "newdict":
        return this.#store(op[1], heap.dict());
      case "newtuple":
        return this.#store(op[1], heap.tuple(op[2].map((i) => this.#vars.get(i))));
      case "alias":
        return this.#store(op[1], this.#take(op[2]));
      case "drop":
        return void this.#vars.assign(op[1], NULL);
      case "set":
        return this.#with([op[1], op[3]], (object, value) => heap.setRef(object, fields[op[2]], value));
      case "clear":
        return this.#with([op[1]], (object) => heap.setRef(object, fields[op[2]], NULL));
      case "get": {
        const value = heap.getRef(this.#vars.get(op[2]), fields[op[3]]);
        heap.incref(value);
        return this.#store(op[1], value);
      }
      case "append":
        return void heap.lists.append(this.#vars.get(op[1]), this.#vars.get(op[2]));
      case "pop":
        return void heap.decref(heap.lists.pop(this.#vars.get(op[1])));
      case "setitem":
        return this.#with([op[3], op[1]], (value, list) => heap.lists.set(list, op[2], value));
      case "put":
        return this.#with([op[3], op[1]], (value, dict) => {
          const key = heap.str(op[2]);
          heap.dicts.set(dict, key, value);
          heap.decref(key);
        });
      case "weak": {
        const k = op[1];
        const old = this.#weaks[k]!;
        const target = this.#vars.get(op[2]);
        const callback = (): void => void this.#events.push(["callback", k]);
        this.#weaks[k] = op[3] ? heap.weakref(target, callback) : heap.weakref(target);
        return void this.#release(old);
      }
      case "unweak": {
        const old = this.#weaks[op[1]]!;
        this.#weaks[op[1]] = NULL;
        return void this.#release(old);
      }
      case "deref": {
        const target = heap.deref(this.#weaks[op[1]]!);
        if (target === NULL) return null;
        const id = this.#idOf(target);
        heap.decref(target);
        return id;
      }
      case "refcount":
        return heap.refcount(this.#vars.get(op[1]));
      case "collect":
        return this.#collect(op[1] as Generation);
    }
  }

  #idOf(node: Ptr): number {
    return this.#heap.getI32(node, this.#node.fields.id);
  }

  #release(reference: Ptr): void {
    if (reference !== NULL) this.#heap.decref(reference);
  }

  /** A new reference to what a variable holds. */
  #take(i: number): Ptr {
    const reference = this.#vars.get(i);
    if (reference !== NULL) this.#heap.incref(reference);
    return reference;
  }

  /** Steals `reference`, but holds the object until the old one's death is over, as a frame does. */
  #store(i: number, reference: Ptr): undefined {
    if (reference !== NULL) this.#heap.incref(reference);
    this.#vars.assign(i, reference);
    this.#release(reference);
    if (this.#mode.isDeferred) this.#settle();
  }

  /** Holds what the variables hold while `action` works on it; releases in the order given. */
  #with(variables: readonly number[], action: (...objects: [Ptr, Ptr]) => void): undefined {
    const objects = variables.map((i) => this.#take(i));
    action(...(objects as [Ptr, Ptr]));
    for (const object of objects) this.#release(object);
  }

  /** The nodes whose watching weak reference went dead, without those that the step before did not know. */
  #deaths(): number[] {
    const heap = this.#heap;
    const alive = new Set<number>();
    for (const [id, weak] of this.#watched) {
      const node = heap.deref(weak);
      if (node === NULL) {
        this.#watched.delete(id);
        heap.decref(weak);
      } else {
        alive.add(id);
        heap.decref(node);
      }
    }
    const died = [...this.#known].filter((id) => !alive.has(id)).sort((a, b) => a - b);
    this.#known = alive;
    return died;
  }
}

/** In what the heap and CPython differ at this step; undefined if in nothing. */
function difference(op: Op, ours: Observed, theirs: Observed, mode: Mode): string | undefined {
  // What variables on a stack hold is not counted, and slices do not say how much they found. What finalizers of a collection
  // let die waits for a safe point, and counts for the collection that finds it.
  const isSilent =
    (op[0] === "refcount" && mode.isDeferred) ||
    (op[0] === "collect" && (mode.isDeferred || mode.slice !== undefined));
  // The order among the objects of one collection is not promised, nor among those that host code lets die at a safe point.
  const order = (events: readonly Event[] = []): string[] => {
    const lines = events.map((event) => event.join(" "));
    return op[0] === "collect" || mode.isDeferred ? lines.sort() : lines;
  };
  const text = ({ value, events, died }: Observed): string =>
    JSON.stringify({ value: isSilent ? null : (value ?? null), events: order(events), died: died ?? [] });
  if (text(ours) === text(theirs)) return undefined;
  return `${JSON.stringify(op)}: heap ${text(ours)}, CPython ${text(theirs)}`;
}

export interface Replay {
  readonly steps: number;
  readonly difference: string | undefined;
  /** The heap that the scenario ended on. */
  readonly heap: Heap;
}

/** Where a scenario leaves its heap for one made from an image of it. */
interface Move {
  readonly step: number;
  readonly restore: (bytes: Uint8Array, options: RestoreOptions) => Heap;
}

/** Replays a scenario. The heap is empty afterwards. */
export function replay(heap: Heap, scenario: Scenario, mode: Mode = {}): Replay {
  const world = new World(heap, mode);
  let steps = 0;
  let found: string | undefined;
  for (const [i, op] of scenario.ops.entries()) {
    if (mode.beforeCollect && op[0] === "collect") break;
    if (i === mode.move?.step) world.move(mode.move.restore);
    found = difference(op, world.step(op), scenario.expect[i]!, mode);
    if (found !== undefined) {
      found = `${scenario.name}, step ${i}, ${found}`;
      break;
    }
    steps++;
  }
  const alive = world.end();
  const whole = steps === scenario.ops.length;
  if (whole && String(alive) !== String(scenario.final.alive)) {
    found = `${scenario.name}, at the end: alive ${alive}, in CPython ${scenario.final.alive}`;
  }
  return { steps, difference: found, heap: world.heap };
}
