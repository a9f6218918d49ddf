import { isDeepStrictEqual } from "node:util";
import { HeapError } from "../../../bindings/index.js";
import { must } from "../holding.js";
import type { Actions } from "../stage.js";

export const VALUES: Actions = {
  int({ heap, references, random }) {
    references.add(heap.int(random.below(1e9)));
  },
  float({ heap, references, random }) {
    references.add(heap.float(random.below(1e9) / 3));
  },
  str({ heap, references, random }) {
    const text = `s${"\u0151".repeat(random.below(2))}${"x".repeat(random.below(60))}`;
    const str = references.add(heap.str(text));
    must(heap.strs.toJS(str) === text, `the str ${text} reads ${heap.strs.toJS(str)}`);
  },
  intern({ heap, references, random }) {
    const text = `k${random.below(50)}`;
    const str = references.add(heap.intern(text));
    must(heap.strs.toJS(str) === text, `the interned str ${text} reads ${heap.strs.toJS(str)}`);
  },
  bytes({ heap, references, random }) {
    const value = new Uint8Array(random.below(700)).fill(random.below(256));
    const bytes = references.add(heap.bytesObject(value));
    must(isDeepStrictEqual(heap.toJS(bytes), value), `the ${value.length} bytes at ${bytes} differ`);
  },
  tuple({ heap, references }) {
    references.add(heap.tuple(references.some(12)));
  },
  fromJS({ heap, references, random }) {
    const value = new Map<string, unknown>([
      ["a", [1, 2.5, "x", random.below(1000)]],
      ["b", null],
      [
        "c",
        new Map<unknown, unknown>([
          [1, [2]],
          ["q", new Uint8Array(3)],
        ]),
      ],
    ]);
    if (random.chance(30)) value.set("self", value);
    const made = references.add(heap.fromJS(value));
    must(isDeepStrictEqual(heap.toJS(made), value), "toJS() is not what fromJS() was given");
  },
  toJS({ heap, references }) {
    try {
      heap.toJS(references.any());
    } catch (error) {
      if (!(error instanceof HeapError) || error.code !== "ERR_HEAP_TYPE") throw error;
    }
  },
  numbersBorn({ numbers, random }) {
    numbers.born(random.below(400));
  },
  numbersDie({ numbers, random }) {
    numbers.die(random.below(400));
  },
};
