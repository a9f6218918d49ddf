/**
 * Garbage with hooks: weak references, finalizers, functions of the host. The order is that of CPython 3.11:
 *
 *   weak references that are trash themselves are dead and never call back
 *   all weak references to trash are cleared, then callbacks run
 *   every finalizer runs, before anything is taken apart
 *   what can be reached again now lives on, and what it reaches
 *   the rest goes
 *
 * From the first callback on host code may do anything: allocate, free, let trash die by count. So the walks go by
 * page and look at everything anew after each call.
 */
import * as layout from "../../layout";
import { Weakref } from "../../layout";
import { collector } from "../../state";
import { fault } from "../../alloc/malloc";
import { pageRecord } from "../../alloc/pages";
import { decref } from "../../object/death/death";
import { callFinalizer } from "../../object/death/hooks";
import { incref, metaOf, setMeta, typeByMeta, typeIdOf } from "../../object/core/header";
import { announceCollection, runFinalizer } from "../../object/core/host";
import { recountStacks } from "../../object/core/stacks";
import { clearWeakrefs, dropWeakref, runCallbacks } from "../../object/death/weak";
import { COLOUR, COLOURED, COLOURED_MASK, SAVED } from "../heap/colour";
import { gatherEdges } from "../pass/edges";
import { mark } from "../pass/mark";
import { TRASH, endOf, firstOf, nextPage, strideOf } from "../heap/pages";
import { reclaim } from "../pass/reclaim";
import { restore } from "../pass/undo";
import { subtract } from "../pass/subtract";
import { spare, spareColoured } from "./survivors";

/**
 * Deals with the trash of a collection, whose counts are right again. The number of objects that were trash; −1 and a
 * fault if host code released some of it too often.
 */
export function finalizeGarbage(generation: u32): i32 {
  collector.host = 0;
  if (collector.debug & layout.DEBUG_COLLECTABLE) announceTrash();
  dropTrashWeakrefs();
  const dead = runQueued(clearTrashWeakrefs());
  runFinalizers();
  if (collector.host && !resurrect(generation)) return collector.damaged ? -1 : HOST_FAILED;
  if (collector.debug & layout.DEBUG_SAVEALL) return dead + saveAll(generation);
  // References that finalizers made: cleared without callbacks.
  dropQueued(clearTrashWeakrefs());
  runHostFinalizers();
  return dead + reclaim(TRASH, COLOURED_MASK, COLOURED);
}

/** See ../collect.ts. */
const HOST_FAILED: i32 = -2;
/** Colour of garbage that is marked dying while the host's finalizers run. */
const DOOMED: u32 = layout.META_TRASH | layout.META_DYING;

/** The white object of a page at or behind an address; 0 if there is none, or if the page holds no containers now. */
function nextWhite(page: usize, from: usize): usize {
  return nextOf(COLOUR, page, from);
}

function nextOf(colour: u32, page: usize, from: usize): usize {
  if (pageRecord(page).domain != layout.DOMAIN_CONTAINER) return 0;
  const stride = strideOf(page);
  let object = firstOf(page);
  if (object < from) object += ((from - object + stride - 1) / stride) * stride;
  for (const end = endOf(page); object < end; object += stride) {
    if ((metaOf(object) & (COLOUR | layout.META_DYING)) == colour) return object;
  }
  return 0;
}

function announceTrash(): void {
  for (let page = nextPage(0, TRASH); page; page = nextPage(page, TRASH)) {
    for (let object = nextWhite(page, 0); object; object = nextWhite(page, object + 1)) {
      announceCollection(layout.COLLECTION_TRASH, <u32>object);
    }
  }
}

// ---- weak references ----

function dropTrashWeakrefs(): void {
  for (let page = nextPage(0, TRASH); page; page = nextPage(page, TRASH)) {
    for (let object = nextWhite(page, 0); object; object = nextWhite(page, object + 1)) {
      if (typeIdOf(object) == layout.TYPE_WEAKREF) dropWeakref(changetype<Weakref>(object));
    }
  }
}

/** Clears the weak references to trash. Those with a callback come back as a queue. */
function clearTrashWeakrefs(): Weakref | null {
  let first: Weakref | null = null;
  let last: Weakref | null = null;
  for (let page = nextPage(0, TRASH); page; page = nextPage(page, TRASH)) {
    for (let object = nextWhite(page, 0); object; object = nextWhite(page, object + 1)) {
      if (!(metaOf(object) & layout.META_WEAK)) continue;
      let weakref = clearWeakrefs(object);
      if (!weakref) continue;
      if (last) last.next = weakref;
      else first = weakref;
      while (weakref) {
        last = weakref;
        weakref = weakref.next;
      }
    }
  }
  return first;
}

/** Runs the callbacks. The number of weak references that die by it: CPython counts them as collected. */
function runQueued(queue: Weakref | null): u32 {
  let dead: u32 = 0;
  while (queue) {
    const weakref = queue;
    queue = weakref.next;
    weakref.next = null;
    incref(changetype<usize>(weakref));
    collector.host = 1;
    runCallbacks(weakref);
    recountStacks();
    dead += u32(weakref.count == 1);
    decref(changetype<usize>(weakref));
  }
  return dead;
}

/** Lets the host forget the callbacks of a queue without calling them. */
function dropQueued(queue: Weakref | null): void {
  while (queue) {
    const weakref = queue;
    queue = weakref.next;
    weakref.next = null;
    if (weakref.callback) dropWeakref(weakref);
    decref(changetype<usize>(weakref));
  }
}

// ---- finalizers ----

function runFinalizers(): void {
  for (let page = nextPage(0, TRASH); page; page = nextPage(page, TRASH)) {
    for (let object = nextWhite(page, 0); object; object = nextWhite(page, object + 1)) {
      const meta = metaOf(object);
      if ((meta & (layout.META_FINALIZER | layout.META_FINALIZED)) != layout.META_FINALIZER) continue;
      if (typeByMeta(meta).flags & layout.FLAG_WEAKREF) continue;
      incref(object);
      collector.host = 1;
      callFinalizer(object);
      recountStacks();
      decref(object);
    }
  }
}

/** What the host registered for single objects. It cannot reach them any more: they are marked dying. */
function runHostFinalizers(): void {
  const metas = repaint(COLOUR, DOOMED);
  if (metas & layout.META_HOST) {
    for (let page = nextPage(0, TRASH); page; page = nextPage(page, TRASH)) {
      for (let object = nextOf(DOOMED, page, 0); object; object = nextOf(DOOMED, page, object + 1)) {
        const meta = metaOf(object);
        if (!(meta & layout.META_HOST)) continue;
        setMeta(object, meta & ~layout.META_HOST);
        runFinalizer(object, 0);
      }
    }
    recountStacks();
  }
  repaint(DOOMED, COLOUR);
}

/** Changes the colour of garbage from one to another. All bits that any of it has in its meta words. */
function repaint(from: u32, to: u32): u32 {
  let metas: u32 = 0;
  for (let page = nextPage(0, TRASH); page; page = nextPage(page, TRASH)) {
    for (let object = nextOf(from, page, 0); object; object = nextOf(from, page, object + 1)) {
      const meta = metaOf(object);
      metas |= meta;
      setMeta(object, meta ^ from ^ to);
    }
  }
  return metas;
}

// ---- the second look ----

/** Spares what is held from outside of the trash now, and all that can be reached from there. False if a count is below the references to its object. */
function resurrect(generation: u32): bool {
  if (!gatherEdges(TRASH, COLOURED_MASK, COLOURED)) {
    spareColoured(COLOUR, generation);
    if (collector.damaged) fault(layout.FAULT_CORRUPT, collector.damaged);
    return false;
  }
  subtract(TRASH, COLOURED_MASK, COLOURED);
  // Host code released what was not its own: all of it lives on.
  const damaged = collector.damaged;
  if (damaged) {
    restore(TRASH, COLOURED_MASK, COLOURED);
    spareColoured(COLOUR, generation);
    fault(layout.FAULT_CORRUPT, damaged);
    return false;
  }
  mark(TRASH, COLOURED_MASK, COLOURED);
  restore(TRASH, COLOURED_MASK, COLOURED);
  spareColoured(SAVED, generation);
  return true;
}

/** DEBUG_SAVEALL: the host gets all of it. Each object has a reference more until it does. */
function saveAll(generation: u32): u32 {
  let found: u32 = 0;
  for (let page = nextPage(0, TRASH); page; page = nextPage(page, TRASH)) {
    for (let object = nextWhite(page, 0); object; object = nextWhite(page, object + 1)) {
      found++;
      incref(object);
      spare(object, (metaOf(object) & ~COLOUR) | layout.META_SAVED, generation);
    }
  }
  return found;
}
