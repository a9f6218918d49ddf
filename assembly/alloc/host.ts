/**
 * What the core asks of its host: to hear that the memory grew, so that cached views can be made anew. A program that
 * links the core from source has no such host; the call is then compiled away.
 */
// @ts-ignore: decorator
@external("env", "grown")
declare function grown(): void;

// @ts-ignore: decorator
@inline
export function announceGrowth(): void {
  if (isDefined(TALLYHEAP_STANDALONE)) grown();
}
