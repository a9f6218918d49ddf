// ArrayBuffer, the typed arrays, DataView, Date: objects without references, or with one to a buffer.

export function views(rounds: i32): i32 {
  let total = 0;
  for (let round = 0; round < rounds; round++) {
    const length = (round * 37) % 700;
    total += typed<Uint8Array>(length, instantiate<Uint8Array>(length));
    total += typed<Int16Array>(length, instantiate<Int16Array>(length));
    total += typed<Uint32Array>(length, instantiate<Uint32Array>(length));
    total += typed<Float32Array>(length, instantiate<Float32Array>(length));
    total += typed<Float64Array>(length, instantiate<Float64Array>(length));
    const wide = new Uint64Array(length + 1);
    wide[length] = u64.MAX_VALUE - <u64>round;
    const view = new DataView(wide.buffer, length * 8, 8);
    assert(view.getUint64(0, true) == u64.MAX_VALUE - <u64>round);
    view.setFloat32(0, 1.5);
    assert(view.getFloat32(0) == 1.5);
    const part = wide.buffer.slice(length * 8);
    assert(part.byteLength == 8 && changetype<usize>(part) != changetype<usize>(wide.buffer));
    const date = new Date(<i64>round * 86_400_000);
    assert(Date.fromString(date.toISOString()).getTime() == date.getTime());
  }
  return total;
}

// tsc does not know that every typed array has an index and these methods.
function typed<T extends ArrayBufferView>(length: i32, array: T): i32 {
  // @ts-ignore
  for (let i = 0; i < length; i++) assert(array[i] == <valueof<T>>0);
  // @ts-ignore
  for (let i = 0; i < length; i++) array[i] = <valueof<T>>(i & 127);
  const half = length >>> 1;
  // @ts-ignore
  const tail = array.subarray(half).map((value) => <valueof<T>>(value + 1));
  // @ts-ignore
  for (let i = half; i < length; i++) assert(tail[i - half] == <valueof<T>>((i & 127) + 1));
  // @ts-ignore
  const sorted = array.slice().sort();
  for (let i = 1; i < length; i++) assert(sorted[i - 1] <= sorted[i]);
  return array.byteLength;
}
