import { must } from "../holding.js";
import { meddleAfter } from "../mischief.js";
import { WEAKABLE } from "../record-types.js";
import { NULL } from "../../support/objects.js";
import type { Actions } from "../stage.js";

export const WEAK: Actions = {
  weakref(stage) {
    const { heap, references, random } = stage;
    const referent = references.anyOf(...WEAKABLE);
    if (referent === undefined) return;
    stage.holding(referent, () => {
      const isWatched = random.chance(50);
      const weak = isWatched
        ? heap.weakref(referent, (dead) => meddleAfter(stage, dead))
        : heap.weakref(referent);
      references.add(weak);
      const found = heap.deref(weak);
      references.add(found);
      must(found === referent, `a new weak reference to ${referent} leads to ${found}`);
    });
  },
  deref({ heap, references }) {
    const weak = references.anyOf("weakref");
    if (weak === undefined) return;
    const referent = heap.deref(weak);
    if (referent !== NULL) references.add(referent);
  },
  watch(stage) {
    const { references, watchers, random } = stage;
    const p = references.anyOf(...WEAKABLE);
    if (p !== undefined) stage.holding(p, () => watchers.watch(p, random));
  },
};
