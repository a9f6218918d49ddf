/**
 * Size classes and domains. Class i ≤ 64 serves 8·i bytes. Above 512 there are eight classes a doubling up to 32 KiB, so
 * no block of a class is more than 12.5 % larger than the request it serves:
 *
 *   class 65 + 8·d + m  serves  (9 + m) << (6 + d)  bytes,   0 ≤ d ≤ 5,  0 ≤ m ≤ 7
 */

export const CLASS_NONE: u32 = 0;
export const SMALL_LIMIT: u32 = 512;
export const SMALL_CLASSES: u32 = SMALL_LIMIT >>> 3;
export const MEDIUM_LIMIT: u32 = 32768;
export const MEDIUM_CLASSES: u32 = 48;
export const LAST_CLASS: u32 = SMALL_CLASSES + MEDIUM_CLASSES;
/** Class of the first page of a span (a run of whole pages for one request). */
export const CLASS_SPAN: u32 = 255;
/** Class of the first page of a span that was freed and waits for the next request (recent.ts). */
export const CLASS_RECENT: u32 = 253;
/** Class of a page that is a page table. */
export const CLASS_TABLE: u32 = 254;
/** Entries of a per-class table for one domain, a power of two above LAST_CLASS. */
export const CLASS_SLOTS: u32 = 128;

/**
 * Slabs leave at most 1/4 of their pages unused at the end while their class has no other slab, at most 1/16 after
 * that: short runs for sizes that are rare, tight ones for sizes that are not.
 */
export const SLAB_LOOSE_SHIFT: u32 = 2;
export const SLAB_TIGHT_SHIFT: u32 = 4;
/** Classes up to 256 bytes leave little at a page's end and always have pools of one page. */
export const SINGLE_PAGE_CLASSES: u32 = 32;

export const DOMAIN_RAW: u32 = 0;
export const DOMAIN_OBJECT: u32 = 1;
export const DOMAIN_CONTAINER: u32 = 2;
export const DOMAINS: u32 = 3;
