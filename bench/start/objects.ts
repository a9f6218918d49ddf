/**
 * The objects' part of the first screen: a name is bound, aliased, dropped, and its object dead; a cycle stays until it
 * is collected; and the object graph of a real program is dropped and collected, beside CPython.
 */

import { createHeap, type Heap, type Ptr } from "tallyheap";

import { CONTENDERS, CPYTHON, TALLYHEAP, ask, graphWorkloads } from "../lib/collections.js";
import { withSessions } from "../lib/process.js";
import { ratioTo } from "../lib/results.js";
import { runRounds, type Plan } from "../lib/rounds.js";
import { median } from "../lib/statistics.js";
import { fixed } from "../lib/table.js";

const IN_MS = 1e-6;

function pointType(heap: Heap) {
  return heap.defineType({ name: "Point", fields: { other: "ref" }, weakrefs: true });
}

/** Names come and go; after each step the count of the object, or that it is dead, as the heap says. */
export function nameLine(): string {
  const heap = createHeap();
  const point = heap.alloc(pointType(heap));
  const watch = heap.weakref(point);
  const names = new Map<string, Ptr>([["x", point]]);
  const said: string[] = [];
  const say = (step: string): void => {
    const alive = heap.deref(watch);
    // The reference that deref gave is not the program's.
    said.push(`${step}: ${alive ? `count ${heap.refcount(alive) - 1}` : "dead at once"}`);
    if (alive) heap.decref(alive);
  };
  const drop = (name: string): void => {
    heap.decref(names.get(name)!);
    names.delete(name);
  };
  say("x = Point()");
  heap.incref(point);
  names.set("y", point);
  say("y = x");
  drop("x");
  say("del x");
  drop("y");
  say("del y");
  heap.decref(watch);
  heap.verify();
  heap.dispose();
  return said.join("   ");
}

/** Two objects that hold each other and that nobody else holds. */
export function cycleLine(): string {
  const heap = createHeap();
  const Point = pointType(heap);
  const [a, b] = [heap.alloc(Point), heap.alloc(Point)];
  heap.setRef(a, Point.fields.other, b);
  heap.setRef(b, Point.fields.other, a);
  heap.decref(a);
  heap.decref(b);
  const staying = heap.collector.objects().length;
  const found = heap.gc();
  const left = heap.collector.objects().length;
  heap.verify();
  heap.dispose();
  return `a.other = b   b.other = a   del a, b: ${staying} alive   gc() = ${found}: ${left} alive`;
}

/** A graph as lists, built, dropped and collected: what was found, in which time, and CPython's if it is there. */
export async function graphLine(file: string, plan: Plan): Promise<string> {
  const workload = graphWorkloads(file).find(
    ({ request }) => "isHeld" in request && !request.isHeld && request.of === "list",
  );
  if (workload === undefined) throw new Error(`${file}: nothing to drop`);
  const both = CONTENDERS.filter(({ name }) => name === TALLYHEAP || name === CPYTHON);
  return withSessions(both, async (present) => {
    const cells = await runRounds(
      [workload],
      present,
      plan,
      (_, { session }) => ask(session, workload.request),
      (_, { session }) => ask(session, workload.request),
    );
    const [own = [], others] = [TALLYHEAP, CPYTHON].map(
      (name) => cells.find(({ contender }) => contender.name === name)?.answers,
    );
    const found = own.at(-1)?.found;
    if (found !== workload.found)
      throw new Error(`${workload.name}: found ${found} of ${workload.found} objects`);
    const times = own.map(({ ns }) => ns);
    const start = `${workload.name}: gc() = ${found} in ${fixed(median(times) * IN_MS, 1)} ms`;
    if (others === undefined) return `${start}; CPython is not here`;
    const theirs = others.map(({ ns }) => ns);
    const { low, high } = ratioTo(CPYTHON, times, theirs);
    return `${start}; CPython ${fixed(median(theirs) * IN_MS, 1)} ms (ratio ${fixed(low, 2)}–${fixed(high, 2)})`;
  });
}
