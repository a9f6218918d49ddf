/**
 * The second pass over the references: what is held from outside is reached, and what it holds; the counts of its
 * children get their references back, each object's exactly once.
 *
 *   white ──▶ on the mark stack ──▶ followed                  black from the moment it is on the stack
 *   white ──▶ grey (the stack is full) ──▶ followed when its page is looked at again
 *
 * The stack has a fixed size and its place in the state block. When it is full, an object stays grey, its page is put
 * into the set RESCAN, and only grey objects of such pages are looked at again.
 */
import {
  META_COLOUR,
  META_DYING,
  MARK_STACK_ENTRIES,
  STATE_GC_STACK_LIMIT,
  STATE_MARK_STACK,
} from "../layout";
import { STATE, word } from "../state";
import { metaOf, setMeta } from "../object/header";
import { GREY, isWhite } from "./colour";
import { RESCAN, endOf, firstOf, nextPage, strideOf, unmarkPage } from "./pages";
import { MARK, visit } from "./visit";

/** Marks from every white object that has a count. The number of objects reached; those get the colour `black`. */
export function mark(sets: u32, mask: u32, flip: u32, limit: u32, black: u32): u32 {
  let reached: u32 = 0;
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    const stride = strideOf(page);
    const end = endOf(page);
    for (let object = firstOf(page); object < end; object += stride) {
      const header = load<u64>(object);
      if (!isWhite(<u32>(header >>> 32)) || <i32>header <= 0) continue;
      reached += follow(object, mask, flip, limit, black);
    }
  }
  for (let page = nextPage(0, RESCAN); page; page = nextPage(0, RESCAN)) {
    reached += rescan(mask, flip, limit, black);
  }
  return reached;
}

/** Looks at the pages with grey objects once; what overflows meanwhile is in the set again. */
function rescan(mask: u32, flip: u32, limit: u32, black: u32): u32 {
  let reached: u32 = 0;
  for (let page = nextPage(0, RESCAN); page; page = nextPage(page, RESCAN)) {
    unmarkPage(page, RESCAN);
    const stride = strideOf(page);
    const end = endOf(page);
    for (let object = firstOf(page); object < end; object += stride) {
      if ((metaOf(object) & (META_COLOUR | META_DYING)) == GREY)
        reached += follow(object, mask, flip, limit, black);
    }
  }
  return reached;
}

/** Follows the references of a root and of all it reaches that finds room on the stack. The number of objects. */
function follow(root: usize, mask: u32, flip: u32, limit: u32, black: u32): u32 {
  const bottom = STATE + STATE_MARK_STACK;
  const entries = word(STATE_GC_STACK_LIMIT);
  const end = bottom + ((<usize>(entries ? entries : MARK_STACK_ENTRIES)) << 2);
  let top = bottom;
  let object = root;
  let reached: u32 = 0;
  setMeta(root, (metaOf(root) & ~META_COLOUR) | black);
  while (true) {
    reached++;
    top = visit(MARK, object, metaOf(object), mask, flip, limit, black, end, top);
    if (top == bottom) return reached;
    top -= 4;
    object = load<u32>(top);
  }
}
