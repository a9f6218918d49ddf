import { instantiateSync } from "@assemblyscript/loader";
import { describe, expect, test } from "vitest";
import { Random } from "../support/random.js";
import { LONG, compileModule } from "./compile.js";

interface Graph {
  make(slot: number, number: number): void;
  drop(slot: number): void;
  copy(slot: number, other: number): void;
  setA(slot: number, other: number): void;
  setB(slot: number, other: number): void;
  follow(slot: number): void;
  push(slot: number, other: number): void;
  shift(slot: number): void;
  put(slot: number, key: number, other: number): void;
  remove(slot: number, key: number): void;
  waste(bytes: number): number;
  digest(): number;
  deadNumbers(): number;
  takeDeadCount(): number;
  verify(): number;
  __collect(): void;
  memory: WebAssembly.Memory;
}

const SLOTS = 32;
const DEAD_LENGTH = 65_536;

class Node {
  a: Node | null = null;
  b: Node | null = null;
  list: Node[] = [];
  map: Map<number, Node> | null = null;
  constructor(readonly number: number) {}
}

/** The graph of test/runtime/assembly/graph.ts as JavaScript has it. */
class Model {
  readonly slots = Array.from({ length: SLOTS }, (): Node | null => null);

  digest(): number {
    let hash = 2_166_136_261;
    const seen = new Set<Node>();
    const mix = (value: number): void => void (hash = Math.imul(hash ^ value, 16_777_619) >>> 0);
    const visit = (node: Node | null): void => {
      if (!node) return mix(0xffff);
      mix(node.number);
      if (seen.has(node)) return;
      seen.add(node);
      visit(node.a);
      visit(node.b);
      mix(node.list.length);
      node.list.forEach(visit);
      if (!node.map) return;
      mix(node.map.size);
      for (const [key, value] of node.map) {
        mix(key);
        visit(value);
      }
    };
    this.slots.forEach(visit);
    return hash >>> 0;
  }

  /** The numbers of all that the slots lead to. */
  reachable(): Set<number> {
    const seen = new Set<Node>();
    const open = this.slots.filter((node) => node !== null);
    for (let node = open.pop(); node; node = open.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      open.push(
        ...[node.a, node.b].filter((next) => next !== null),
        ...node.list,
        ...(node.map?.values() ?? []),
      );
    }
    return new Set([...seen].map(({ number }) => number));
  }
}

/** Does one thing to both. Most steps build, so that the graph is of some hundred nodes. */
function step(random: Random, number: number, graph: Graph, { slots }: Model): void {
  const [slot, other, key] = [random.below(SLOTS), random.below(SLOTS), random.below(12)];
  const [node, item] = [slots[slot]!, slots[other]!];
  switch (random.below(20)) {
    case 0:
      graph.drop(slot);
      slots[slot] = null;
      return;
    case 1:
      graph.copy(slot, other);
      slots[slot] = slots[other]!;
      return;
    case 2:
    case 3:
      graph.setA(slot, other);
      if (node) node.a = item;
      return;
    case 4:
      graph.setB(slot, other);
      if (node) node.b = item;
      return;
    case 5:
    case 6:
      graph.follow(slot);
      if (!node) return;
      slots[slot] = node.a;
      node.a = null;
      return;
    case 7:
    case 8:
      graph.push(slot, other);
      if (node && item) node.list.push(item);
      return;
    case 9:
      graph.shift(slot);
      if (node && node.list.length > 0) slots[slot] = node.list.shift()!;
      return;
    case 10:
    case 11:
      graph.put(slot, key, other);
      if (node && item) (node.map ??= new Map()).set(key, item);
      return;
    case 12:
      graph.remove(slot, key);
      node?.map?.delete(key);
      return;
    case 13:
      graph.waste(1 << random.below(16));
      return;
    default:
      graph.make(slot, number);
      slots[slot] = new Node(number);
  }
}

/** Numbers of nodes that have died since the last call. */
function takeDead(graph: Graph): number[] {
  const count = graph.takeDeadCount();
  expect(count).toBeLessThanOrEqual(DEAD_LENGTH);
  return [...new Int32Array(graph.memory.buffer, graph.deadNumbers(), DEAD_LENGTH)].slice(0, count);
}

const STEPS = LONG ? 200_000 : 30_000;
/** The order of numbers starts at the beginning of the ring again with every count that is taken. */
const seeds = Array.from({ length: LONG ? 10 : 1 }, () => Math.trunc(Math.random() * 2 ** 31));
const ways = LONG
  ? [
      ["-O"],
      ["--debug"],
      ["-O3"],
      ["-O", "--use", "TALLYHEAP_STRESS=1"],
      ["-O", "--use", "TALLYHEAP_STRESS=5"],
    ]
  : [["-O"]];

describe.each(ways.map((flags) => ({ flags, name: flags.join(" ") })))(
  "a random graph, $name",
  ({ flags }) => {
    test.each(seeds)("seed %i: nothing dies that is reachable, and all that is not", async (seed) => {
      const { exports: graph } = instantiateSync<Graph & Record<string, unknown>>(
        await compileModule("main", ...flags),
      );
      const model = new Model();
      const random = new Random(seed);
      const living = new Set<number>();
      for (let number = 1; number <= STEPS; number++) {
        step(random, number, graph, model);
        if (model.slots.some((node) => node?.number === number)) living.add(number);
        if (number % 500 !== 0) continue;
        expect(graph.digest() >>> 0).toBe(model.digest());
        const reachable = model.reachable();
        if (number % 5000 === 0) graph.__collect();
        for (const dead of takeDead(graph)) {
          expect(reachable.has(dead), `node ${dead} died at step ${number}`).toBe(false);
          expect(living.delete(dead), `node ${dead} died twice`).toBe(true);
        }
        expect(graph.verify()).toBe(0);
        if (number % 5000 === 0) expect([...living].sort()).toEqual([...reachable].sort());
      }
    });
  },
);
