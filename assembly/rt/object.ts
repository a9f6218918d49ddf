/**
 * A managed object: a block of the bytes layer in DOMAIN_OBJECT.
 *
 *   block                            object
 *   ├ class id 4 │ payload bytes 4 ┤ payload …            free:  ├ next 4 │ own address 4 ┤
 *
 * The compiler, its library and the loaders read the two words before an object (OBJECT of ~lib/rt/common). The other
 * twelve bytes that static objects have before them are a collector's and an allocator's; this one keeps its marks
 * apart (marks.ts), and the size of a block is its page's.
 *
 *   block = object − 8;   a multiple of 8, at least 16 bytes, so no two blocks begin in the same 16 bytes
 *
 * No object in a pool is so long that its length could be taken for a free block's address: those begin at 256 KiB.
 */
import { DOMAIN_OBJECT, SMALL_LIMIT } from "../layout";
import { classSlot } from "../alloc/pools";
import { steppedClass } from "../alloc/classes";


@unmanaged
@final
export class ObjectHeader {
  id: u32;
  size: u32;
}

// @ts-ignore: decorator
@inline
export const HEADER_BYTES: usize = offsetof<ObjectHeader>();

/** Ids of Object, ArrayBuffer and String, which hold no references. */
const LAST_PLAIN_ID: u32 = 2;

/** Where the class's words are in the tables of the state block. */
// @ts-ignore: decorator
@inline
export function objectSlot(c: u32): usize {
  return classSlot(DOMAIN_OBJECT, c);
}

/** Class of a block of 8 … MEDIUM_LIMIT bytes, header and all. */
export function objectClass(bytes: usize): u32 {
  return bytes > SMALL_LIMIT ? steppedClass(bytes) : max<u32>((<u32>bytes + 7) >>> 3, 2);
}

/** Whether the block is handed out, and not on a list of free ones. */
// @ts-ignore: decorator
@inline
export function isObject(block: usize): bool {
  return changetype<ObjectHeader>(block).size != <u32>block;
}

/** Whether the object's class is known to hold references, or may. */
// @ts-ignore: decorator
@inline
export function hasMembers(block: usize): bool {
  return changetype<ObjectHeader>(block).id > LAST_PLAIN_ID;
}

/** Puts a free block before others. */
// @ts-ignore: decorator
@inline
export function linkFree(block: usize, next: usize): void {
  store<u64>(block, ((<u64>block) << 32) | (<u64>next));
}
