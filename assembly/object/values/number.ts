/** int: 64-bit, −5 … 256 shared and immortal. float: a double. */
import * as layout from "../../layout";
import { Float, Int } from "../../layout";
import { smallInts } from "../../state";
import { refuse } from "../../alloc/malloc";
import { takeInstanceSlow, tryTakeInstance } from "../core/alloc";
import { typeById } from "../core/header";

/** A new reference to an int; 0 if out of memory. */
export function newInt(value: i64): usize {
  const small = value - layout.SMALL_INT_FIRST;
  if (<u64>small < layout.SMALL_INTS) return smallInts[<u32>small];
  const type = typeById(layout.TYPE_INT);
  let int = tryTakeInstance(type, layout.TYPE_INT | layout.META_LEAF);
  if (!int) {
    int = takeInstanceSlow(type);
    if (!int) return 0;
  }
  changetype<Int>(int).value = value;
  return int;
}

/** newInt if the int is a shared one or a list has a block at hand, else 0. */
// @ts-ignore: decorator
@inline
export function tryInt(value: i64): usize {
  const small = value - layout.SMALL_INT_FIRST;
  if (<u64>small < layout.SMALL_INTS) return smallInts[<u32>small];
  const int = tryTakeInstance(typeById(layout.TYPE_INT), layout.TYPE_INT | layout.META_LEAF);
  if (int) changetype<Int>(int).value = value;
  return int;
}

/** newInt of an integral double, for a host whose 64-bit integers are slow; FAULT_RANGE beyond ±2^53. */
export function newIntFrom(value: f64): usize {
  if (!(abs<f64>(value) <= 9007199254740992)) return refuse(layout.FAULT_RANGE, 0);
  return newInt(<i64>value);
}

export function newFloat(value: f64): usize {
  const type = typeById(layout.TYPE_FLOAT);
  let float = tryTakeInstance(type, layout.TYPE_FLOAT | layout.META_LEAF);
  if (!float) {
    float = takeInstanceSlow(type);
    if (!float) return 0;
  }
  changetype<Float>(float).value = value;
  return float;
}
