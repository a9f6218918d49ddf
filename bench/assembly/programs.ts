// Programs for bench:assemblyscript, compiled with each of the runtimes. What they keep is held by globals; a step does
// one unit of work, and of the garbage that makes.

class Tree {
  left: Tree | null = null;
  right: Tree | null = null;
}

function grow(depth: i32): Tree {
  const tree = new Tree();
  if (depth > 0) {
    tree.left = grow(depth - 1);
    tree.right = grow(depth - 1);
  }
  return tree;
}

function size(tree: Tree | null): i32 {
  return tree ? 1 + size(tree.left) + size(tree.right) : 0;
}

const LIVING_DEPTH = 16;
const DYING_DEPTH = 10;

let living: Tree | null = null;

/** A tree of 131,071 objects, which lives on. */
export function treesSetup(): void {
  living = grow(LIVING_DEPTH);
}
/** A tree of 2047 objects each, which dies. */
export function trees(steps: i32): i32 {
  let total = 0;
  for (let step = 0; step < steps; step++) total += size(grow(DYING_DEPTH));
  return total + i32(living != null);
}

class Row {
  constructor(
    public name: string,
    public values: i32[],
  ) {}
}

let recent: Row[] = [];

export function mixSetup(): void {
  recent = [];
}
/** A row: strings that are cut and joined, an array that grows, a small map; the last thousand rows live on. */
export function mix(steps: i32): i32 {
  let total = 0;
  for (let step = 0; step < steps; step++) {
    const name = "row " + step.toString() + ": " + (step * 7).toString();
    const values: i32[] = [];
    for (let i = 0; i < 8; i++) values.push(step + i);
    const squares = values.map<i32>((value) => value * value);
    const parts = name.split(" ");
    const lengths = new Map<string, i32>();
    for (let i = 0; i < parts.length; i++) lengths.set(parts[i], parts[i].length);
    total += lengths.size + squares[7];
    recent.push(new Row(parts.join("-"), squares));
    if (recent.length > 2000) recent = recent.slice(1000);
  }
  return total;
}

const KEYS = 20_000;
let entries = new Map<string, Row>();

export function mapSetup(): void {
  entries = new Map();
  for (let key = 0; key < KEYS; key++) entries.set(key.toString(), new Row("", []));
}
/** An entry is looked up and replaced; every sixteenth goes and comes anew. */
export function map(steps: i32): i32 {
  let total = 0;
  for (let step = 0; step < steps; step++) {
    const key = ((step * 7919) % KEYS).toString();
    if (step % 16 == 0) entries.delete(key);
    else total += entries.get(key).values.length;
    entries.set(key, new Row(key, [step, step + 1]));
  }
  return total;
}

/** A million objects, in lists of a thousand. */
let million: Tree[][] = [];

export function fullSetup(): void {
  for (let i = 0; i < 1000; i++) {
    const part: Tree[] = [];
    for (let j = 0; j < 500; j++) part.push(grow(1).left!);
    for (let j = 0; j < 500; j++) part.push(new Tree());
    million.push(part);
  }
}
/** A full collection each, of which nothing dies. */
export function full(steps: i32): i32 {
  for (let step = 0; step < steps; step++) __collect();
  return million.length;
}

/** Trees that die beside the million objects: how long is a step in which the collector does its part? */
export function pauseSetup(): void {
  fullSetup();
}
export function pause(steps: i32): i32 {
  return trees(steps);
}
