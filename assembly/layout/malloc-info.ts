/** What C programs see of the heap beside its blocks. */

/** Error numbers of wasi-libc (and of WASI). */
export const C_EINVAL: i32 = 28;
export const C_ENOMEM: i32 = 48;

/** glibc's `struct mallinfo2`. */
@unmanaged
@final
export class MallocInfo {
  /** Bytes of arenas, but for spans: uordblks + fordblks. */
  arena: usize;
  ordblks: usize;
  smblks: usize;
  /** Spans, and their bytes. */
  hblks: usize;
  hblkhd: usize;
  usmblks: usize;
  fsmblks: usize;
  /** Bytes in pools and slabs, blocks on free lists among them, and the rest. */
  uordblks: usize;
  fordblks: usize;
  /** Bytes at the end of the memory that were grown and are not in use. */
  keepcost: usize;
}
