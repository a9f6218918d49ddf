/**
 * What the collector knows, for the host to look at. Lists are written to a buffer that the caller provides; with
 * buffer 0 they are only counted. Trash that a collection is dealing with is not shown.
 */
import * as layout from "../layout";
import * as heap from "../state";
import { metaOf, setMeta } from "../object/core/header";
import { markCurrentPools } from "../object/core/young-pages";
import { GENERATION, generationOf, isHidden } from "./heap/colour";
import { ALL, MIDDLE, YOUNG, clearPages, nextBlock } from "./heap/pages";
import { COUNT, FIND, LIST, scanOf, visit } from "./pass/visit";

/** In place of a generation: what freeze() set aside. */
const FROZEN: u32 = 3;
/** In place of a generation: 0, 1 and 2. */
export const EVERY: u32 = 4;

/** The tracked objects of a generation, or with EVERY of all but the frozen ones, in address order. Their number. */
export function objects(generation: u32, buffer: usize): u32 {
  let found: u32 = 0;
  for (let object = nextBlock(0, ALL); object; object = nextBlock(object, ALL)) {
    const meta = metaOf(object);
    if (!(meta & layout.META_TRACKED) || isHidden(meta)) continue;
    const own = meta & layout.META_FROZEN ? FROZEN : generationOf(meta);
    if (generation == EVERY ? own == FROZEN : own != generation) continue;
    if (buffer) store<u32>(buffer + ((<usize>found) << 2), <u32>object);
    found++;
  }
  return found;
}

/** What an object refers to, in the order of its slots, duplicates included. The number. */
export function referents(object: usize, buffer: usize): u32 {
  const meta = metaOf(object);
  if (buffer) visit(LIST, object, meta, scanOf(meta), 0, 0, 0, buffer);
  return <u32>visit(COUNT, object, meta, scanOf(meta), 0, 0, 0, 0);
}

/** The tracked objects, frozen ones left out, that refer to one of `count` objects whose addresses stand in `targets`. */
export function referrers(targets: usize, count: u32, buffer: usize): u32 {
  let found: u32 = 0;
  for (let object = nextBlock(0, ALL); object; object = nextBlock(object, ALL)) {
    const meta = metaOf(object);
    if (!(meta & layout.META_TRACKED) || isHidden(meta) || meta & layout.META_FROZEN) continue;
    if (!refersTo(object, meta, targets, count)) continue;
    if (buffer) store<u32>(buffer + ((<usize>found) << 2), <u32>object);
    found++;
  }
  return found;
}

function refersTo(object: usize, meta: u32, targets: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    if (visit(FIND, object, meta, scanOf(meta), 0, 0, <usize>load<u32>(targets + ((<usize>i) << 2)), 0))
      return true;
  }
  return false;
}

/** The objects that DEBUG_SAVEALL kept; with a buffer they are handed over, each with a reference. Their number. */
export function saved(buffer: usize): u32 {
  let found: u32 = 0;
  for (let object = nextBlock(0, ALL); object; object = nextBlock(object, ALL)) {
    const meta = metaOf(object);
    if (!(meta & layout.META_SAVED)) continue;
    if (buffer) {
      store<u32>(buffer + ((<usize>found) << 2), <u32>object);
      setMeta(object, meta & ~layout.META_SAVED);
    }
    found++;
  }
  return found;
}

// ---- tuples ----

/** A tuple with META_HELD was changed: what held it was untracked because it could not be part of a cycle. */
export function retrack(): void {
  for (let object = nextBlock(0, ALL); object; object = nextBlock(object, ALL)) {
    const meta = metaOf(object);
    if ((meta & layout.META_TYPE) != layout.TYPE_TUPLE || meta & (layout.META_TRACKED | layout.META_DYING))
      continue;
    if (object != heap.objects.emptyTuple)
      setMeta(object, (meta & ~layout.META_HELD) | layout.META_TRACKED | GENERATION);
  }
}

// ---- the permanent generation ----

/** Sets every tracked object aside: no collection looks at it. */
export function freeze(): void {
  change(0, layout.META_FROZEN);
  heap.objects.youngCount = 0;
  heap.collector.count1 = 0;
  heap.collector.count2 = 0;
  clearPages(YOUNG);
  clearPages(MIDDLE);
  markCurrentPools();
}

/** What was set aside is of generation 2 again. */
export function unfreeze(): void {
  change(layout.META_FROZEN, GENERATION);
}

/** Gives the tracked objects that have, or have not, META_FROZEN the bits `after` for frozenness and generation. */
function change(before: u32, after: u32): void {
  for (let object = nextBlock(0, ALL); object; object = nextBlock(object, ALL)) {
    const meta = metaOf(object);
    if (!(meta & layout.META_TRACKED) || isHidden(meta) || (meta & layout.META_FROZEN) != before) continue;
    setMeta(object, (meta & ~(layout.META_FROZEN | GENERATION)) | after);
  }
}
