import type { Heap, Ptr } from "../../../bindings/index.js";
import { NULL } from "../../support/objects.js";
import { must } from "../holding.js";
import type { Actions, Stage } from "../stage.js";

/** An instance of a type with fields `a` and `b`, whose fields the stage knows. */
function anyRecord({ references, heap, types }: Stage) {
  const record = references.anyOf("Plain", "Sub", "Loud");
  if (record === undefined) return undefined;
  const { fields } = heap.typeOf(record) === types.Loud ? types.Loud : types.Plain;
  return { record, fields };
}

function requireZero(heap: Heap, record: Ptr, items: number): void {
  for (let i = 0; i < items; i++)
    must(heap.getItem(record, i) === 0, `item ${i} of a new ${record} is not 0`);
}

export const RECORDS: Actions = {
  record(stage) {
    const { heap, types, references, random } = stage;
    const { Plain, Sub, Loud } = types;
    const type = random.pick([Plain, Sub, Loud]);
    const { a, b } = (type === Loud ? Loud : Plain).fields;
    const record = references.add(heap.alloc(type));
    must(heap.getRef(record, a) === NULL && heap.getRef(record, b) === NULL, "a new record is not empty");
    heap.setRef(record, a, references.any());
    if (random.chance(30)) heap.setRef(record, b, record);
  },
  setRef(stage) {
    const { heap, references, random } = stage;
    const found = anyRecord(stage);
    if (found === undefined) return;
    const { record, fields } = found;
    const field = random.pick([fields.a, fields.b]);
    stage.holding(record, () => {
      const value = random.chance(30) ? NULL : references.any();
      if (value !== NULL && random.chance(50)) {
        heap.incref(value);
        heap.stealRef(record, field, value);
      } else heap.setRef(record, field, value);
      must(
        heap.getRef(record, field) === value,
        `the field of ${record} is not the ${value} that was stored`,
      );
    });
  },
  setF64({ heap, types, references, random }) {
    const record = references.anyOf("Plain");
    if (record === undefined) return;
    const value = random.below(1000) / 7;
    heap.setF64(record, types.Plain.fields.v, value);
    must(heap.getF64(record, types.Plain.fields.v) === value, `the number of ${record} is not ${value}`);
  },
  row(stage) {
    const { heap, types, references, random } = stage;
    const length = random.below(20);
    const row = references.add(heap.alloc(types.Row, length));
    requireZero(heap, row, length);
    stage.holding(row, () => {
      for (let i = 0; i < length; i++) if (random.chance(50)) heap.setItem(row, i, references.any());
    });
  },
  setItem(stage) {
    const { heap, references, random } = stage;
    const row = references.anyOf("Row");
    if (row === undefined || heap.length(row) === 0) return;
    const index = random.below(heap.length(row));
    stage.holding(row, () => {
      const value = references.any();
      heap.setItem(row, index, value);
      must(heap.getItem(row, index) === value, `item ${index} of ${row} is not the ${value} that was stored`);
    });
  },
  leaf({ heap, types, references }) {
    references.add(heap.alloc(types.Leaf));
  },
  samples({ heap, types, references, random }) {
    const length = random.below(300);
    const samples = references.add(heap.alloc(types.Samples, length));
    must(heap.getI64(samples, types.Samples.fields.x) === 0n, "a new record is not zero");
    requireZero(heap, samples, length);
    if (length > 0) heap.setItem(samples, length - 1, 7);
  },
};
