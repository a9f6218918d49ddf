/**
 * Every object of the heap in address order. A block whose meta word names no type is free or cached, so the carved
 * blocks of a pool whose meta words name one are its objects, and a span holds one.
 */
import * as layout from "../../layout";
import { state } from "../../state";
import { arenaKind } from "../../alloc/arenas";
import { pageRecord } from "../../alloc/pages";
import { countOf, metaOf, typeIdOf } from "./header";
import { endOf, firstOf, strideOf } from "./page-blocks";
import { isType } from "./types";

/** The live object that follows one in address order, the first for 0; 0 after the last. Dying ones are left out. */
export function nextObject(previous: usize): usize {
  let object = nextBlock(previous);
  while (object && metaOf(object) & layout.META_DYING) object = nextBlock(object);
  return object;
}

/** The same with dying objects. */
export function nextBlock(previous: usize): usize {
  let page = previous ? pageWith(previous) : nextPage(0);
  let block = previous ? previous + strideOf(page) : 0;
  for (; page; page = nextPage(page), block = 0) {
    if (!block) block = firstOf(page);
    for (const end = endOf(page), stride = strideOf(page); block < end; block += stride) {
      if (typeIdOf(block)) return block;
    }
  }
  return 0;
}

/**
 * Wipes the blocks of all objects, before a reset: what has the address of one must find none there, also where no other
 * block takes its place.
 */
export function wipeObjects(): void {
  for (let page = nextPage(0); page; page = nextPage(page)) {
    memory.fill(firstOf(page), 0, endOf(page) - firstOf(page));
  }
}

/** The page of objects that follows one in address order, the first for 0; 0 after the last. */
function nextPage(after: usize): usize {
  const frontier = (<usize>state.frontier) << layout.ARENA_SHIFT;
  let page = after ? after + layout.PAGE_BYTES : (<usize>state.first) << layout.ARENA_SHIFT;
  for (; page < frontier; page += layout.PAGE_BYTES) {
    if (arenaKind(page) != layout.ARENA_PAGED) page += layout.ARENA_BYTES - layout.PAGE_BYTES;
    else if (pageRecord(page).domain != layout.DOMAIN_RAW) return page;
  }
  return 0;
}

/** FAULT_NONE if the pointer is the start of a live object. */
export function checkObject(pointer: usize): u32 {
  if (arenaKind(pointer) != layout.ARENA_PAGED || pointer & 7) return layout.FAULT_BAD_POINTER;
  if (pageRecord(pointer).domain == layout.DOMAIN_RAW) return layout.FAULT_BAD_POINTER;
  const page = pageWith(pointer);
  const first = firstOf(page);
  if (pointer < first || pointer >= endOf(page) || (pointer - first) % strideOf(page))
    return layout.FAULT_BAD_POINTER;
  const meta = metaOf(pointer);
  if (!isType(meta & layout.META_TYPE) || meta & layout.META_DYING || countOf(pointer) < 1)
    return layout.FAULT_USE_AFTER_FREE;
  return layout.FAULT_NONE;
}

// @ts-ignore: decorator
@inline
function pageWith(address: usize): usize {
  return address & ~(<usize>layout.PAGE_BYTES - 1);
}
