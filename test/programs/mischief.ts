import type { Ptr } from "../../bindings/index.js";
import { errorOf } from "../support/cores.js";
import { NULL } from "../support/objects.js";
import { isOutOfMemory } from "./blocks.js";
import { must } from "./holding.js";
import { WEAKABLE } from "./record-types.js";
import type { Stage } from "./stage.js";

/** Finalizers nested deeper than this do nothing, so that programs end. */
const DEEPEST = 3;

/** What a finalizer throws on purpose. */
export class Mischief extends Error {}

type Trick = (stage: Stage, self: Ptr) => void;

const TRICKS: readonly Trick[] = [
  function resurrect({ heap, references }, self) {
    heap.incref(self);
    references.add(self);
  },
  function resurrectInNewList({ heap, references }, self) {
    references.add(heap.list([self]));
  },
  function resurrectInOldList({ heap, references }, self) {
    const list = references.anyOf("list");
    if (list !== undefined) heap.lists.append(list, self);
  },
  function resurrectInDict({ heap, references }, self) {
    const dict = references.anyOf("dict");
    if (dict !== undefined) heap.dicts.set(dict, self, self);
  },
  function watchItself({ heap, references }, self) {
    if (WEAKABLE.includes(heap.typeOf(self).name)) references.add(heap.weakref(self));
  },
  function allocate({ heap, blocks, random }) {
    const size = random.below(3000);
    blocks.add(heap.malloc(size), size);
  },
  function free({ blocks, random }) {
    const block = blocks.any(random);
    if (block !== undefined) blocks.free(block);
  },
  function drop({ references }) {
    references.drop();
  },
  function collect({ heap, random }) {
    const found = heap.gc(random.pick([0, 1, 2]));
    must(found >= 0, `a collection found ${found}`);
  },
  function clearFreeLists({ heap }) {
    heap.clearFreeLists();
  },
  function endTheHeap({ heap }) {
    for (const end of [() => heap.reset(), () => heap.trim(), () => heap.dispose()]) {
      const { code } = errorOf(end);
      must(code === "ERR_HEAP_BUSY", `a heap that is busy refuses to end with ${code}`);
    }
  },
  function raise() {
    throw new Mischief();
  },
  function nothing() {},
];

/** What a finalizer does, or a callback, in which `self` is the weak reference. */
export function meddle(stage: Stage, self: Ptr): void {
  if (stage.depth >= DEEPEST) return;
  stage.depth++;
  try {
    stage.random.pick(TRICKS)(stage, self);
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
  } finally {
    stage.depth--;
  }
}

/** What the callback of a weak reference does. */
export function meddleAfter(stage: Stage, weak: Ptr): void {
  must(stage.heap.deref(weak) === NULL, "a callback saw its referent alive");
  if (stage.random.chance(30)) meddle(stage, weak);
}
