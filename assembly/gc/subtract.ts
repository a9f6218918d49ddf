/**
 * The first look: every object of the set becomes white, and its references leave the counts of its children. What has
 * a count left afterwards is held from outside of the set.
 */
import {
  COUNT_LIMIT,
  META_COLOUR,
  META_LOOSE,
  META_TYPE,
  STATE_GC_CANDIDATES,
  STATE_GC_LOOSE,
  STATE_GC_METAS,
  TYPE_TUPLE,
} from "../layout";
import { setWord, word } from "../state";
import { countOf, metaOf, setMeta } from "../object/header";
import { COLOURED, WHITE, YOUNGER, belongs, isWhite } from "./colour";
import { endOf, firstOf, nextPage, strideOf } from "./pages";
import { RESTORE, SUBTRACT, TRACKABLE, visit } from "./visit";

/**
 * Counts what it finds in STATE_GC_CANDIDATES, and collects its meta words in STATE_GC_METAS. False if the references to
 * some object are more than its count says: somebody released what was not his.
 */
export function subtract(sets: u32, limit: u32): bool {
  setWord(STATE_GC_CANDIDATES, 0);
  setWord(STATE_GC_METAS, 0);
  let signs: usize = 0;
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) signs |= subtractPage(page, limit);
  return <i32>signs >= 0;
}

/** A call a page, so that V8 gets to run optimised code. The signs of the counts of the children. */
function subtractPage(page: usize, limit: u32): usize {
  const stride = strideOf(page);
  const end = endOf(page);
  let found: u32 = 0;
  let metas: u32 = 0;
  let signs: usize = 0;
  for (let object = firstOf(page); object < end; object += stride) {
    const header = load<u64>(object);
    const meta = <u32>(header >>> 32);
    if (!belongs(meta, YOUNGER, limit) || <i32>header >= COUNT_LIMIT) continue;
    found++;
    metas |= meta;
    setMeta(object, (meta & ~META_COLOUR) | WHITE);
    signs = visit(SUBTRACT, object, meta, YOUNGER, limit, 0, signs);
    if ((meta & META_TYPE) == TYPE_TUPLE) noteLoose(object, meta);
  }
  setWord(STATE_GC_CANDIDATES, word(STATE_GC_CANDIDATES) + found);
  setWord(STATE_GC_METAS, word(STATE_GC_METAS) | metas);
  return signs;
}

/** After subtract() failed: an object with more references than its count says. */
export function findDamaged(sets: u32): usize {
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    const stride = strideOf(page);
    const end = endOf(page);
    for (let object = firstOf(page); object < end; object += stride) {
      if (isWhite(metaOf(object)) && countOf(object) < 0) return object;
    }
  }
  return 0;
}

/** A tuple of what is never tracked leaves the collector's sight at the end (CPython: _PyTuple_MaybeUntrack). */
function noteLoose(tuple: usize, meta: u32): void {
  if (visit(TRACKABLE, tuple, meta, YOUNGER, 0, 0, 0)) return;
  setMeta(tuple, metaOf(tuple) | META_LOOSE);
  setWord(STATE_GC_LOOSE, 1);
}

/** The same among the trash that is left, for the second look. */
export function subtractTrash(sets: u32): void {
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    const stride = strideOf(page);
    const end = endOf(page);
    for (let object = firstOf(page); object < end; object += stride) {
      const meta = metaOf(object);
      if (isWhite(meta)) visit(SUBTRACT, object, meta, COLOURED, 0, 0, 0);
    }
  }
}

/** Puts the references of white objects back into the counts. */
export function restore(sets: u32, set: u32, limit: u32): void {
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    const stride = strideOf(page);
    const end = endOf(page);
    for (let object = firstOf(page); object < end; object += stride) {
      const meta = metaOf(object);
      if (!isWhite(meta)) continue;
      if (set == COLOURED) visit(RESTORE, object, meta, COLOURED, 0, 0, 0);
      else visit(RESTORE, object, meta, YOUNGER, limit, 0, 0);
    }
  }
}
