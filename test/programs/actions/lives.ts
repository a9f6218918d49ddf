import { meddle } from "../mischief.js";
import type { Actions } from "../stage.js";

/** References, handles, scopes, and functions that wait for a death. */
export const LIVES: Actions = {
  drop({ references, random }) {
    for (let i = random.below(6); i >= 0; i--) references.drop();
  },
  incref({ heap, references }) {
    const p = references.any();
    heap.incref(p);
    references.add(p);
  },
  own({ heap, references, handles }) {
    const p = references.take();
    if (p !== undefined) handles.add(heap.own(p));
  },
  duplicate({ handles, random }) {
    const handle = handles.take(random);
    if (handle === undefined) return;
    handles.add(handle);
    handles.add(handle.dup());
  },
  endHandle({ references, handles, random }) {
    const handle = handles.take(random);
    if (handle === undefined) return;
    if (random.chance(30)) references.add(handle.release());
    else handle.dispose();
  },
  scope({ heap, references, random }) {
    heap.scope((scope) => {
      const list = scope.adopt(heap.list());
      heap.lists.append(list, scope.own(heap.float(1)));
      if (random.chance(30)) references.add(scope.escape(list));
      if (random.chance(30)) scope.defer(() => void heap.gc(0));
    });
  },
  finalize(stage) {
    const { heap, references, random } = stage;
    const p = references.any();
    const finalizer = heap.finalize(p, () => {
      if (!stage.isCalling && random.chance(30)) meddle(stage, heap.none);
    });
    const kind = random.below(5);
    if (kind === 0 || heap.isImmortal(p)) finalizer.detach();
    if (kind !== 1) return;
    stage.isCalling = true;
    try {
      finalizer.call();
    } finally {
      stage.isCalling = false;
    }
  },
};
