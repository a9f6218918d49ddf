/** A table of words, half words or bytes inside the state block, as an array that is accessed by its address. */
@unmanaged
@final
export class Table<T> {
  [key: number]: T;

  /** Entry of an index. */
  @inline
  @operator("[]")
  get(index: u32): T {
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  /** Replaces an entry. */
  @inline
  @operator("[]=")
  set(index: u32, value: T): void {
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

/** The same, indexed by byte offsets in the table: one offset serves tables that lie side by side. */
@unmanaged
@final
export class SlotTable<T> {
  [key: number]: T;

  /** Entry at an offset. */
  @inline
  @operator("[]")
  get(slot: usize): T {
    return load<T>(changetype<usize>(this) + slot);
  }

  /** Replaces an entry. */
  @inline
  @operator("[]=")
  set(slot: usize, value: T): void {
    store<T>(changetype<usize>(this) + slot, value);
  }
}
