/**
 * The first pass over the references: every object of the set becomes white, and its references leave the counts of its
 * children. What has a count left afterwards is held from outside of the set.
 */
import {
  META_LOOSE,
  META_TYPE,
  STATE_GC_CANDIDATES,
  STATE_GC_DAMAGED,
  STATE_GC_LOOSE,
  STATE_GC_METAS,
  TYPE_LIST,
  TYPE_TUPLE,
} from "../layout";
import { setWord, word } from "../state";
import { metaOf, setMeta } from "../object/header";
import { COLOUR, COLOURED, COLOURS, isWhite } from "./colour";
import { endOf, firstOf, nextBlock, nextPage, strideOf } from "./pages";
import { RESTORE, SUBTRACT, TRACKABLE, scanOf, visit, visitList } from "./visit";

/**
 * Counts what it finds in STATE_GC_CANDIDATES, and collects its meta words in STATE_GC_METAS. If the references to an
 * object are more than its count says, somebody released what was not his: STATE_GC_DAMAGED is such an object then.
 */
export function subtract(sets: u32, mask: u64, pattern: u64): void {
  setWord(STATE_GC_CANDIDATES, 0);
  setWord(STATE_GC_METAS, 0);
  setWord(STATE_GC_DAMAGED, 0);
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    const first = firstOf(page);
    const end = endOf(page);
    const stride = strideOf(page);
    const other = subtractLists(first, end, stride, mask, pattern);
    if (other >= end) continue;
    if (subtractOthers(other, end, stride, mask, pattern)) noteLoose(other, end, stride, mask, pattern);
  }
}

// A call or two for a page, so that V8 gets to run optimised code.

/** What most pages hold: lists, up to the first object that is none. That object, or the end. */
function subtractLists(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  let others: u32 = 0;
  let headers: u64 = 0;
  let object = first;
  for (; object < end; object += stride) {
    const header = load<u64>(object);
    if ((header & mask) != pattern) {
      others++;
      continue;
    }
    if (((<u32>(header >>> 32)) & META_TYPE) != TYPE_LIST) break;
    headers |= header;
    store<u64>(object, header | COLOURS);
    visitList(SUBTRACT, object, mask, pattern, 0, 0);
  }
  tally(<u32>(object - first) / <u32>stride - others, <u32>(headers >>> 32));
  return object;
}

/** The rest of a page. True if there are tuples. */
function subtractOthers(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): bool {
  let found: u32 = 0;
  let tuples = false;
  let metas: u32 = 0;
  let known: u32 = 0;
  let scan: u32 = 0;
  for (let object = first; object < end; object += stride) {
    const header = load<u64>(object);
    if ((header & mask) != pattern) continue;
    found++;
    const meta = <u32>(header >>> 32);
    metas |= meta;
    store<u64>(object, header | COLOURS);
    // Objects of a type tend to lie together.
    const type = meta & META_TYPE;
    if (type != known) {
      known = type;
      scan = scanOf(meta);
      if (type == TYPE_TUPLE) tuples = true;
    }
    visit(SUBTRACT, object, meta, scan, mask, pattern, 0, 0);
  }
  tally(found, metas);
  return tuples;
}

function tally(found: u32, metas: u32): void {
  setWord(STATE_GC_CANDIDATES, word(STATE_GC_CANDIDATES) + found);
  setWord(STATE_GC_METAS, word(STATE_GC_METAS) | metas);
}

/** Tuples of what is never tracked leave the collector's sight at the end (CPython: _PyTuple_MaybeUntrack). */
function noteLoose(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): void {
  // The second look does not ask again.
  if (pattern == COLOURED) return;
  for (let tuple = first; tuple < end; tuple += stride) {
    const header = load<u64>(tuple);
    const meta = <u32>(header >>> 32);
    if ((header & mask) != pattern || (meta & META_TYPE) != TYPE_TUPLE) continue;
    if (visit(TRACKABLE, tuple, meta, scanOf(meta), 0, 0, 0, 0)) continue;
    setMeta(tuple, meta | META_LOOSE);
    setWord(STATE_GC_LOOSE, 1);
  }
}

/** Puts the references of white objects back into the counts. */
export function restore(sets: u32, mask: u64, pattern: u64): void {
  for (let object = nextBlock(0, sets); object; object = nextBlock(object, sets)) {
    const meta = metaOf(object);
    if (isWhite(meta)) visit(RESTORE, object, meta, scanOf(meta), mask, pattern, 0, 0);
  }
}

/** After restore(): no object shows that a collection had begun. */
export function unpaint(sets: u32): void {
  for (let object = nextBlock(0, sets); object; object = nextBlock(object, sets)) {
    const meta = metaOf(object);
    if (isWhite(meta)) setMeta(object, meta & ~(COLOUR | META_LOOSE));
  }
  setWord(STATE_GC_LOOSE, 0);
}
