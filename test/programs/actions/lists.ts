import type { Actions } from "../stage.js";

export const LISTS: Actions = {
  list({ heap, references }) {
    references.add(heap.list(references.some(12)));
  },
  cycles({ heap, random }) {
    for (let i = random.below(60); i >= 0; i--) {
      const list = heap.list();
      try {
        heap.lists.append(list, list);
      } finally {
        heap.decref(list);
      }
    }
  },
  appendAnything(stage) {
    const { heap, references, random } = stage;
    const list = references.anyOf("list");
    if (list === undefined) return;
    stage.holding(list, () => {
      for (let i = random.below(20); i >= 0; i--) heap.lists.append(list, references.any());
    });
  },
  changeAnyList(stage) {
    const { heap, references, random } = stage;
    const list = references.anyOf("list");
    if (list === undefined) return;
    const length = heap.lists.length(list);
    const kind = random.below(5);
    const from = random.below(length + 1);
    const to = from + random.below(length - from + 1);
    stage.holding(list, () => {
      if (kind === 0) heap.lists.insert(list, from, references.any());
      else if (kind === 1) references.add(heap.lists.slice(list, from, to));
      else if (from === length) return;
      else if (kind === 2) references.add(heap.lists.pop(list, from));
      else if (kind === 3) heap.lists.delete(list, from, to);
      else heap.lists.set(list, from, references.any());
    });
  },
  append({ list, random }) {
    list.append(random.below(40));
  },
  insert({ list }) {
    list.insert();
  },
  set({ list }) {
    list.set();
  },
  pop({ list, random }) {
    for (let i = random.below(10); i >= 0; i--) list.pop();
  },
  delete({ list, random }) {
    if (random.chance(30)) list.delete();
  },
  slice({ list, random }) {
    if (random.chance(30)) list.slice();
  },
};
