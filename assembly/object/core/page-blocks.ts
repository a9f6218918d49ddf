/**
 * The blocks of a page that may be objects: [first, end) at a stride. A span is one block, and its page as long as a header.
 */
import { OBJECT_FIELDS, PAGE_BYTES } from "../../layout";
import { classBytes } from "../../alloc/classes";
import { pageRecord } from "../../alloc/pages";

/** Distance between the blocks of a page. */
export function strideOf(page: usize): usize {
  const record = pageRecord(page);
  return record.isPool ? classBytes(record.sizeClass) : PAGE_BYTES;
}

export function firstOf(page: usize): usize {
  const record = pageRecord(page);
  return record.isPool ? page + record.shape.first : page;
}

/** Behind the last block that was carved. */
export function endOf(page: usize): usize {
  const record = pageRecord(page);
  if (!record.isPool) return page + OBJECT_FIELDS;
  const shape = record.shape;
  return page + shape.first + shape.carved * classBytes(record.sizeClass);
}
