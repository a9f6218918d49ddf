import * as layout from "../../generated/layout.js";

/**
 * What `heap.kindOf` gives for built-in values: the ids of their types. A record's is the id of its own type, at least
 * `Kind.record`, so that a `switch` over kinds may name `Node.id` beside `Kind.int`.
 */
export const Kind = {
  none: layout.TYPE_NONE,
  bool: layout.TYPE_BOOL,
  int: layout.TYPE_INT,
  float: layout.TYPE_FLOAT,
  str: layout.TYPE_STR,
  bytes: layout.TYPE_BYTES,
  tuple: layout.TYPE_TUPLE,
  list: layout.TYPE_LIST,
  dict: layout.TYPE_DICT,
  weakref: layout.TYPE_WEAKREF,
  /** The first id of a type that `defineType` made. */
  record: layout.TYPE_FIRST,
} as const;
