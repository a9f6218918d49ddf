/**
 * The blocks of a page that may be objects: [first, end) at a stride. A span is one block, and its page as long as a header.
 */
import { OBJECT_FIELDS, PAGE_BYTES, RECORD_CLASS, SHAPE_CARVED, SHAPE_FIRST, SLOT_SHAPE } from "../../layout";
import { classBytes } from "../../alloc/classes";
import { entryOf, recordOf } from "../../alloc/pages";
import { isPool } from "../../alloc/pools";

/** Distance between the blocks of a page. */
export function strideOf(page: usize): usize {
  const record = recordOf(page);
  return isPool(record) ? <usize>classBytes(load<u8>(record, RECORD_CLASS)) : PAGE_BYTES;
}

export function firstOf(page: usize): usize {
  const record = recordOf(page);
  return isPool(record) ? page + load<u16>(entryOf(record, SLOT_SHAPE), SHAPE_FIRST) : page;
}

/** Behind the last block that was carved. */
export function endOf(page: usize): usize {
  const record = recordOf(page);
  if (!isPool(record)) return page + OBJECT_FIELDS;
  const shape = entryOf(record, SLOT_SHAPE);
  return (
    page +
    load<u16>(shape, SHAPE_FIRST) +
    <usize>load<u16>(shape, SHAPE_CARVED) * classBytes(load<u8>(record, RECORD_CLASS))
  );
}
