/**
 * Undoing trial deletion. One call does one page: V8 changes to optimised code when a function is entered.
 */
import { META_UNTRACKABLE } from "../../layout";
import { collector } from "../../state";
import { metaOf, setMeta } from "../../object/core/header";
import { COLOUR, isWhite } from "../heap/colour";
import { endOf, firstOf, nextBlock, nextPage, strideOf } from "../heap/pages";
import { restoreEdges } from "./edges";
import { RESTORE, scanOf, visit } from "./visit";

/** Puts the references of white objects back into the counts. */
export function restore(sets: u32, mask: u64, pattern: u64): void {
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) restoreFrom(page, mask, pattern);
  restoreEdges(mask, pattern);
}

function restoreFrom(page: usize, mask: u64, pattern: u64): void {
  const end = endOf(page);
  const stride = strideOf(page);
  for (let object = firstOf(page); object < end; object += stride) {
    const meta = metaOf(object);
    if (isWhite(meta)) visit(RESTORE, object, meta, scanOf(meta), mask, pattern, 0, 0);
  }
}

/** After restore(): no object shows that a collection had begun. */
export function clearColours(sets: u32): void {
  for (let object = nextBlock(0, sets); object; object = nextBlock(object, sets)) {
    const meta = metaOf(object);
    if (meta & (COLOUR | META_UNTRACKABLE)) setMeta(object, meta & ~(COLOUR | META_UNTRACKABLE));
  }
  collector.untrackable = 0;
}
