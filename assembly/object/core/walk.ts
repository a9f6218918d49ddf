/**
 * Every object of the heap in address order. A block whose meta word names no type is free or cached, so the carved
 * blocks of a pool whose meta words name one are its objects, and a span holds one.
 */
import {
  ARENA_BYTES,
  ARENA_PAGED,
  ARENA_SHIFT,
  DOMAIN_RAW,
  FAULT_BAD_POINTER,
  FAULT_NONE,
  FAULT_USE_AFTER_FREE,
  META_DYING,
  META_TYPE,
  PAGE_BYTES,
  STATE_FIRST,
  STATE_FRONTIER,
} from "../../layout";
import { word } from "../../state";
import { arenaKind } from "../../alloc/arenas";
import { recordOf } from "../../alloc/pages";
import { poolDomain } from "../../alloc/pools";
import { countOf, metaOf, typeOf } from "./header";
import { endOf, firstOf, strideOf } from "./page-blocks";
import { isType } from "./types";

/** The live object that follows one in address order, the first for 0; 0 after the last. Dying ones are left out. */
export function nextObject(previous: usize): usize {
  let object = nextBlock(previous);
  while (object && metaOf(object) & META_DYING) object = nextBlock(object);
  return object;
}

/** The same with dying objects. */
export function nextBlock(previous: usize): usize {
  let page = previous ? pageWith(previous) : nextPage(0);
  let block = previous ? previous + strideOf(page) : 0;
  for (; page; page = nextPage(page), block = 0) {
    if (!block) block = firstOf(page);
    for (const end = endOf(page), stride = strideOf(page); block < end; block += stride) {
      if (typeOf(block)) return block;
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
  const frontier = (<usize>word(STATE_FRONTIER)) << ARENA_SHIFT;
  let page = after ? after + PAGE_BYTES : (<usize>word(STATE_FIRST)) << ARENA_SHIFT;
  for (; page < frontier; page += PAGE_BYTES) {
    if (arenaKind(page) != ARENA_PAGED) page += ARENA_BYTES - PAGE_BYTES;
    else if (poolDomain(recordOf(page)) != DOMAIN_RAW) return page;
  }
  return 0;
}

/** FAULT_NONE if the pointer is the start of a live object. */
export function checkObject(pointer: usize): u32 {
  if (arenaKind(pointer) != ARENA_PAGED || pointer & 7) return FAULT_BAD_POINTER;
  if (poolDomain(recordOf(pointer)) == DOMAIN_RAW) return FAULT_BAD_POINTER;
  const page = pageWith(pointer);
  const first = firstOf(page);
  if (pointer < first || pointer >= endOf(page) || (pointer - first) % strideOf(page))
    return FAULT_BAD_POINTER;
  const meta = metaOf(pointer);
  if (!isType(meta & META_TYPE) || meta & META_DYING || countOf(pointer) < 1) return FAULT_USE_AFTER_FREE;
  return FAULT_NONE;
}

// @ts-ignore: decorator
@inline
function pageWith(address: usize): usize {
  return address & ~(<usize>PAGE_BYTES - 1);
}
