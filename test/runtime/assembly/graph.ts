// A graph that the host builds at random and knows as well: nodes with two fields, a list, a map and a name, held by
// the slots of a table. Every node has a number, and `__finalize` notes the numbers of those that die.

class Node {
  a: Node | null = null;
  b: Node | null = null;
  list: Node[] = [];
  map: Map<string, Node> | null = null;
  name: string;
  seen: i32 = 0;
  constructor(public number: i32) {
    this.name = "node " + number.toString();
  }
}

const SLOTS = 32;
const slots = new StaticArray<Node | null>(SLOTS);
let epoch = 0;

const DEAD_LENGTH = 65_536;
const dead = memory.data(DEAD_LENGTH << 2, 16);
let deadCount = 0;

// @ts-ignore: decorator
@global
function __finalize(object: usize): void {
  if (load<u32>(object - 8) != idof<Node>()) return;
  store<i32>(dead + ((<usize>(deadCount % DEAD_LENGTH)) << 2), changetype<Node>(object).number);
  deadCount++;
}

/** Where the numbers of dead nodes are, and how many have died since the last call. */
export function deadNumbers(): usize {
  return dead;
}
export function takeDeadCount(): i32 {
  const count = deadCount;
  deadCount = 0;
  return count;
}

export function make(slot: i32, number: i32): void {
  slots[slot] = new Node(number);
}
export function drop(slot: i32): void {
  slots[slot] = null;
}
export function copy(slot: i32, other: i32): void {
  slots[slot] = slots[other];
}
export function setA(slot: i32, other: i32): void {
  const node = slots[slot];
  if (node) node.a = slots[other];
}
export function setB(slot: i32, other: i32): void {
  const node = slots[slot];
  if (node) node.b = slots[other];
}
/** The slot comes to hold what its node's field refers to, which may then hang from nothing else. */
export function follow(slot: i32): void {
  const node = slots[slot];
  if (!node) return;
  const next = node.a;
  node.a = null;
  slots[slot] = next;
}
export function push(slot: i32, other: i32): void {
  const node = slots[slot];
  const item = slots[other];
  if (node && item) node.list.push(item);
}
export function shift(slot: i32): void {
  const node = slots[slot];
  if (node && node.list.length) slots[slot] = node.list.shift();
}
export function put(slot: i32, key: i32, other: i32): void {
  const node = slots[slot];
  const item = slots[other];
  if (!node || !item) return;
  let map = node.map;
  if (!map) node.map = map = new Map();
  map.set("key " + key.toString(), item);
}
export function remove(slot: i32, key: i32): void {
  const node = slots[slot];
  if (!node) return;
  const map = node.map;
  if (map) map.delete("key " + key.toString());
}
/** Garbage of the given size. */
export function waste(bytes: i32): i32 {
  return new Uint8Array(bytes).length;
}

let hash: u32 = 0;

function mix(value: u32): void {
  hash = (hash ^ value) * 16_777_619;
}

function visit(node: Node | null): void {
  if (!node) {
    mix(0xffff);
    return;
  }
  mix(node.number);
  if (node.seen == epoch) return;
  node.seen = epoch;
  assert(node.name == "node " + node.number.toString());
  visit(node.a);
  visit(node.b);
  mix(node.list.length);
  for (let i = 0; i < node.list.length; i++) visit(node.list[i]);
  const map = node.map;
  if (!map) return;
  const keys = map.keys();
  mix(keys.length);
  for (let i = 0; i < keys.length; i++) {
    mix(I32.parseInt(keys[i].substring(4)));
    visit(map.get(keys[i]));
  }
}

/** Of everything that the slots lead to, in the order of a walk. */
export function digest(): u32 {
  epoch++;
  hash = 2_166_136_261;
  for (let slot = 0; slot < SLOTS; slot++) visit(slots[slot]);
  return hash;
}
