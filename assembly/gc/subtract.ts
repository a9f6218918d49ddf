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
  TYPE_TUPLE,
} from "../layout";
import { setWord } from "../state";
import { countOf, metaOf, setMeta } from "../object/header";
import {
  COLOUR_FLIP,
  COLOUR_LIMIT,
  COLOUR_MASK,
  GENERATION_FLIP,
  GENERATION_MASK,
  WHITE,
  belongs,
  isWhite,
} from "./colour";
import { endOf, firstOf, nextPage, strideOf } from "./pages";
import { RESTORE, SUBTRACT, TRACKABLE, visit } from "./visit";

/**
 * Counts what it finds in STATE_GC_CANDIDATES. False if the references to some object are more than its count says:
 * somebody released what was not his.
 */
export function subtract(sets: u32, limit: u32): bool {
  let found: u32 = 0;
  let signs: usize = 0;
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    const stride = strideOf(page);
    const end = endOf(page);
    for (let object = firstOf(page); object < end; object += stride) {
      const header = load<u64>(object);
      const meta = <u32>(header >>> 32);
      if (!belongs(meta, GENERATION_MASK, GENERATION_FLIP, limit) || <i32>header >= COUNT_LIMIT) continue;
      found++;
      setMeta(object, (meta & ~META_COLOUR) | WHITE);
      signs = visit(SUBTRACT, object, meta, GENERATION_MASK, GENERATION_FLIP, limit, 0, 0, signs);
      if ((meta & META_TYPE) == TYPE_TUPLE) noteLoose(object, meta);
    }
  }
  setWord(STATE_GC_CANDIDATES, found);
  return <i32>signs >= 0;
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

/** After restore(): no object shows that a collection had begun. */
export function unpaint(sets: u32): void {
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    const stride = strideOf(page);
    const end = endOf(page);
    for (let object = firstOf(page); object < end; object += stride) {
      const meta = metaOf(object);
      if (isWhite(meta)) setMeta(object, meta & ~(META_COLOUR | META_LOOSE));
    }
  }
  setWord(STATE_GC_LOOSE, 0);
}

/** A tuple of what is never tracked leaves the collector's sight at the end (CPython: _PyTuple_MaybeUntrack). */
function noteLoose(tuple: usize, meta: u32): void {
  if (visit(TRACKABLE, tuple, meta, 0, 0, 0, 0, 0, 0)) return;
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
      if (isWhite(meta)) visit(SUBTRACT, object, meta, COLOUR_MASK, COLOUR_FLIP, COLOUR_LIMIT, 0, 0, 0);
    }
  }
}

/** Puts the references of white objects back into the counts. */
export function restore(sets: u32, mask: u32, flip: u32, limit: u32): void {
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    const stride = strideOf(page);
    const end = endOf(page);
    for (let object = firstOf(page); object < end; object += stride) {
      const meta = metaOf(object);
      if (isWhite(meta)) visit(RESTORE, object, meta, mask, flip, limit, 0, 0, 0);
    }
  }
}
