import { must } from "../holding.js";
import type { Actions, Stage } from "../stage.js";
import type { Ptr } from "../../../bindings/index.js";

function withDict(stage: Stage, action: (dict: Ptr) => void): void {
  const dict = stage.references.anyOf("dict");
  if (dict !== undefined) stage.holding(dict, () => action(dict));
}

export const DICTS: Actions = {
  dict({ heap, references, random }) {
    const keys = references.some(6);
    references.add(heap.dict(keys.map((key) => [key, random.chance(50) ? key : references.any()] as const)));
  },
  setAnything(stage) {
    const { heap, references, random } = stage;
    withDict(stage, (dict) => {
      for (let i = random.below(30); i >= 0; i--) heap.dicts.set(dict, references.any(), references.any());
    });
  },
  deleteAnything(stage) {
    const { heap, random } = stage;
    withDict(stage, (dict) => {
      const keys = [...heap.dicts.keys(dict)].filter(() => random.chance(50));
      // What dies with a key may take others out.
      for (const key of keys) heap.incref(key);
      for (const key of keys) heap.dicts.delete(dict, key);
      for (const key of keys) heap.decref(key);
    });
  },
  lookUpAnything(stage) {
    const { heap } = stage;
    withDict(stage, (dict) => {
      for (const [key, value] of heap.dicts.entries(dict)) {
        must(heap.dicts.get(dict, key) === value, `dicts.get(${key}) is not ${value}`);
      }
    });
  },
  grow({ dict, random }) {
    dict.grow(random.below(120));
  },
  shrink({ dict, random }) {
    dict.shrink(random.below(80));
  },
  iterate({ dict }) {
    dict.iterate();
  },
};
