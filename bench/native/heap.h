/*
 * The heap under test, as the loops of replay.c and micro.c call it: malloc, or (-DFLOOR) an allocator that only
 * moves a cursor through a window of memory and so shows what the loop itself costs.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef FLOOR

static uint8_t *floor_base, *floor_cursor, *floor_limit;

/* The window holds any request; it is small enough to stay in the cache. */
static void heap_prepare(uint32_t largest) {
  size_t window = largest < (1u << 19) ? 1u << 20 : (size_t)largest * 2;
  floor_base = floor_cursor = malloc(window);
  floor_limit = floor_base + window;
}

static inline uint8_t *heap_malloc(size_t size) {
  if (size > (size_t)(floor_limit - floor_cursor)) floor_cursor = floor_base;
  uint8_t *block = floor_cursor;
  floor_cursor += (size + 15) & ~(size_t)15;
  return block;
}

#define heap_calloc(count, size) heap_malloc((size_t)(count) * (size))
#define heap_realloc(block, size) ((void)(block), heap_malloc(size))
#define heap_free(block) ((void)(block))
#define heap_memalign(log2, size) ((void)(log2), heap_malloc(size))

#else

#define heap_prepare(largest) ((void)(largest))
#define heap_malloc malloc
#define heap_calloc calloc
#define heap_realloc realloc
#define heap_free free

static inline void *heap_memalign(uint32_t log2, size_t size) {
  void *block = NULL;
  size_t alignment = (size_t)1 << log2;
  return posix_memalign(&block, alignment < sizeof(void *) ? sizeof(void *) : alignment, size) ? NULL : block;
}

#endif
