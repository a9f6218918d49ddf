/** int: 64-bit, −5 … 256 shared and immortal. float: a double. */
import {
  FAULT_RANGE,
  META_LEAF,
  SMALL_INTS,
  SMALL_INT_FIRST,
  STATE_SMALL_INTS,
  TYPE_FLOAT,
  TYPE_INT,
  VALUE,
} from "../../layout";
import { word } from "../../state";
import { fault } from "../../alloc/malloc";
import { begetSlowly, takeListed } from "../core/alloc";
import { descriptor } from "../core/header";

/** A new reference to an int; 0 if out of memory. */
export function newInt(value: i64): usize {
  const small = value - SMALL_INT_FIRST;
  if (<u64>small < SMALL_INTS) return word(STATE_SMALL_INTS + ((<u32>small) << 2));
  const type = descriptor(TYPE_INT);
  let int = takeListed(type, TYPE_INT | META_LEAF);
  if (!int) int = begetSlowly(type);
  if (int) store<i64>(int, value, VALUE);
  return int;
}

/** The same from an integral double, for a host whose 64-bit integers are slow; FAULT_RANGE beyond ±2^53. */
export function newIntFrom(value: f64): usize {
  if (!(abs<f64>(value) <= 9007199254740992)) {
    fault(FAULT_RANGE, 0);
    return 0;
  }
  return newInt(<i64>value);
}

/** newIntFrom of a safe integer if it is a shared one or a list has a block at hand, else 0. */
// @ts-ignore: decorator
@inline
export function newIntListed(value: f64): usize {
  const whole = <i64>value;
  const small = whole - SMALL_INT_FIRST;
  if (<u64>small < SMALL_INTS) return word(STATE_SMALL_INTS + ((<u32>small) << 2));
  const int = takeListed(descriptor(TYPE_INT), TYPE_INT | META_LEAF);
  if (int) store<i64>(int, whole, VALUE);
  return int;
}

export function newFloat(value: f64): usize {
  const float = takeListed(descriptor(TYPE_FLOAT), TYPE_FLOAT | META_LEAF);
  if (!float) return newFloatSlowly(value);
  store<f64>(float, value, VALUE);
  return float;
}

function newFloatSlowly(value: f64): usize {
  const float = begetSlowly(descriptor(TYPE_FLOAT));
  if (float) store<f64>(float, value, VALUE);
  return float;
}
