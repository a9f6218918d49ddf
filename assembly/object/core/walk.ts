/**
 * Every object of the heap in address order. A block whose meta word names no type is free or cached, so a pool's
 * blocks at its stride up to the carve mark are its objects, and a span holds one.
 */
import {
  ARENA_PAGED,
  ARENA_PAGES,
  ARENA_SHIFT,
  CLASS_SPAN,
  DOMAIN_RAW,
  FAULT_BAD_POINTER,
  FAULT_NONE,
  FAULT_USE_AFTER_FREE,
  META_DYING,
  META_TYPE,
  PAGE_SHIFT,
  RECORD_CLASS,
  SHAPE_CARVED,
  SHAPE_FIRST,
  SLOT_SHAPE,
  STATE_FIRST,
  STATE_FRONTIER,
} from "../../layout";
import { word } from "../../state";
import { arenaKind, kindOf } from "../../alloc/arenas";
import { classBytes } from "../../alloc/classes";
import { entryOf, pageOf, recordOf } from "../../alloc/pages";
import { isPool, poolDomain } from "../../alloc/pools";
import { countOf, metaOf, setMeta } from "./header";
import { isType } from "./types";

/** The live object that follows one in address order, the first for 0; 0 after the last. Dying ones are left out. */
export function nextObject(previous: usize): usize {
  let object = nextBlock(previous);
  while (object && metaOf(object) & META_DYING) object = nextBlock(object);
  return object;
}

/** The same with dying objects. */
export function nextBlock(previous: usize): usize {
  let number = word(STATE_FIRST);
  let page: u32 = 0;
  if (previous) {
    const found = nextInPage(recordOf(previous), previous);
    if (found) return found;
    number = (<u32>previous) >>> ARENA_SHIFT;
    page = (((<u32>previous) >>> PAGE_SHIFT) & (ARENA_PAGES - 1)) + 1;
  }
  const frontier = word(STATE_FRONTIER);
  for (; number < frontier; number++) {
    if (kindOf(number) == ARENA_PAGED) {
      const arena = (<usize>number) << ARENA_SHIFT;
      for (; page < ARENA_PAGES; page++) {
        const found = nextInPage(recordOf(arena + ((<usize>page) << PAGE_SHIFT)), 0);
        if (found) return found;
      }
    }
    page = 0;
  }
  return 0;
}

/** The first object that starts in a page, behind another one or, for 0, at all. */
function nextInPage(record: usize, behind: usize): usize {
  if (poolDomain(record) == DOMAIN_RAW) return 0;
  if (!isPool(record)) {
    if (behind || <u32>load<u8>(record, RECORD_CLASS) != CLASS_SPAN) return 0;
    const span = pageOf(record);
    return metaOf(span) & META_TYPE ? span : 0;
  }
  const shape = entryOf(record, SLOT_SHAPE);
  const bytes = classBytes(load<u8>(record, RECORD_CLASS));
  const first = pageOf(record) + load<u16>(shape, SHAPE_FIRST);
  const end = first + <usize>load<u16>(shape, SHAPE_CARVED) * bytes;
  for (let block = behind ? behind + bytes : first; block < end; block += bytes) {
    if (metaOf(block) & META_TYPE) return block;
  }
  return 0;
}

/**
 * Wipes the blocks of all objects, before a reset: what has the address of one must find none there, also where no other
 * block takes its place.
 */
export function wipeObjects(): void {
  const frontier = word(STATE_FRONTIER);
  for (let number = word(STATE_FIRST); number < frontier; number++) {
    if (kindOf(number) != ARENA_PAGED) continue;
    const arena = (<usize>number) << ARENA_SHIFT;
    for (let page: usize = 0; page < ARENA_PAGES; page++) wipePage(recordOf(arena + (page << PAGE_SHIFT)));
  }
}

function wipePage(record: usize): void {
  if (poolDomain(record) == DOMAIN_RAW) return;
  if (isPool(record)) {
    const shape = entryOf(record, SLOT_SHAPE);
    const bytes = <usize>load<u16>(shape, SHAPE_CARVED) * classBytes(load<u8>(record, RECORD_CLASS));
    memory.fill(pageOf(record) + load<u16>(shape, SHAPE_FIRST), 0, bytes);
  } else if (<u32>load<u8>(record, RECORD_CLASS) == CLASS_SPAN) setMeta(pageOf(record), 0);
}

/** FAULT_NONE if the pointer is the start of a live object. */
export function checkObject(pointer: usize): u32 {
  if (arenaKind(pointer) != ARENA_PAGED || pointer & 7) return FAULT_BAD_POINTER;
  const record = recordOf(pointer);
  if (poolDomain(record) == DOMAIN_RAW) return FAULT_BAD_POINTER;
  if (isPool(record)) {
    const shape = entryOf(record, SLOT_SHAPE);
    const bytes = classBytes(load<u8>(record, RECORD_CLASS));
    const first = pageOf(record) + load<u16>(shape, SHAPE_FIRST);
    const index = <u32>(pointer - first) / bytes;
    if (pointer < first || index * bytes != <u32>(pointer - first)) return FAULT_BAD_POINTER;
    if (index >= <u32>load<u16>(shape, SHAPE_CARVED)) return FAULT_BAD_POINTER;
  } else if (<u32>load<u8>(record, RECORD_CLASS) != CLASS_SPAN || pointer != pageOf(record))
    return FAULT_BAD_POINTER;
  const meta = metaOf(pointer);
  if (!isType(meta & META_TYPE) || meta & META_DYING || countOf(pointer) < 1) return FAULT_USE_AFTER_FREE;
  return FAULT_NONE;
}
