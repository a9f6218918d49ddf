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

/**
 * Arenas by the first arena of a run of free ones. Runs do not touch, so at most one begins in two neighbours, which share
 * an entry.
 */
@unmanaged
@final
export class RunTable {
  [key: number]: u32;

  /** Entry of a run. */
  @inline
  @operator("[]")
  get(run: u32): u32 {
    return load<u16>(changetype<usize>(this) + (run & ~1));
  }

  /** Replaces an entry. */
  @inline
  @operator("[]=")
  set(run: u32, arena: u32): void {
    store<u16>(changetype<usize>(this) + (run & ~1), arena);
  }
}

/** A Table that is indexed by byte offsets: one offset serves tables that lie side by side. */
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
