/** Objects whose death waits, linked by their count words. The heads of such lists are words of the state block. */
import { META_DYING, META_INTERNED, META_TRACKED, META_TRASH, META_WHITE } from "../../layout";
import { setWord, word } from "../../state";
import { metaOf, setCount, setMeta } from "../core/header";

/**
 * Puts an object on the list whose head stands in the word `list`. Trash that dies in a collection and waits for its end
 * is that collection's no more: its finalizer may bring it back.
 */
export function pushDeferred(object: usize, meta: u32, list: u32): void {
  setMeta(object, (meta | META_DYING) & ~(META_TRACKED | META_INTERNED | META_WHITE | META_TRASH));
  store<u32>(object, word(list));
  setWord(list, <u32>object);
}

/** Takes the first object off a list, with a count of 1 and alive for the time; 0 if there is none. */
export function popDeferred(list: u32): usize {
  const object = <usize>word(list);
  if (!object) return 0;
  setWord(list, load<u32>(object));
  setCount(object, 1);
  setMeta(object, metaOf(object) & ~META_DYING);
  return object;
}
