/*
 * Micro workloads on malloc: natively on whatever malloc the process runs with, and, compiled for wasm32, on
 * wasi-libc's dlmalloc. bench/assembly/micro.ts has the same workloads in AssemblyScript, with the same random
 * numbers; a change here belongs there too. bench/micro/workloads.ts names them and says what a unit is.
 *
 * setup(workload) makes the blocks that the workload wants alive. step(workload, units) does that many units of work;
 * only this is timed, and it is called in small portions, so that a wasm engine can go over to optimised code.
 * rewind(workload) follows each sample. Every block gets its first and last byte written.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "heap.h"

enum {
  PAIR_16,
  PAIR_64,
  PAIR_256,
  PAIR_512,
  PAIR_MIXED,
  BATCH_FIFO,
  BATCH_LIFO,
  BATCH_RANDOM,
  CHURN_1K,
  CHURN_64K,
  MIXED_10KB,
  REPLACE_100K,
  REALLOC_GROWTH,
  BULK_ALLOCATE,
  BULK_FREE,
  SPANS_400,
  SPANS_4000
};

#define TABLE_BLOCKS 131072
#define BATCH_BLOCKS 1000
#define VECTORS 1000
#define VECTOR_FIRST 16
#define VECTOR_LAST 40960
#define BULK_BLOCKS (10 * 1024 * 1024)
#define LARGEST (1 << 20)

static uint8_t *table[TABLE_BLOCKS];
static uint32_t table_sizes[VECTORS];
static uint32_t order[BATCH_BLOCKS], batch_sizes[BATCH_BLOCKS];
static uint32_t random_state, position;
static uint8_t *bulk_first, *bulk_last;

/* xorshift32: the same numbers in every contender. */
static inline uint32_t random_next(void) {
  uint32_t x = random_state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return random_state = x;
}

/* Uniform in 0 … n-1 up to rounding, without a division. */
static inline uint32_t random_below(uint32_t n) { return (uint32_t)(((uint64_t)random_next() * n) >> 32); }

static inline uint8_t *allocate(uint32_t size) {
  uint8_t *block = heap_malloc(size);
  block[0] = 1;
  block[size - 1] = 1;
  return block;
}

static void pairs(uint32_t size, uint32_t units) {
  for (uint32_t i = 0; i < units; i++) heap_free(allocate(size));
}

static void pairs_mixed(uint32_t units) {
  for (uint32_t i = 0; i < units; i++) heap_free(allocate(16 + random_below(497)));
}

/* A batch is BATCH_BLOCKS pairs of 16 to 512 bytes; the portions asked for are whole batches. */
static void batches(int workload, uint32_t units) {
  for (uint32_t done = 0; done < units; done += BATCH_BLOCKS) {
    for (uint32_t i = 0; i < BATCH_BLOCKS; i++) table[i] = allocate(batch_sizes[i]);
    if (workload == BATCH_FIFO)
      for (uint32_t i = 0; i < BATCH_BLOCKS; i++) heap_free(table[i]);
    else if (workload == BATCH_LIFO)
      for (uint32_t i = BATCH_BLOCKS; i-- > 0;) heap_free(table[i]);
    else
      for (uint32_t i = 0; i < BATCH_BLOCKS; i++) heap_free(table[order[i]]);
  }
}

/* A random slot: empty becomes full, full becomes empty. */
static void churn(uint32_t slots, uint32_t least, uint32_t span, uint32_t units) {
  for (uint32_t i = 0; i < units; i++) {
    uint8_t **slot = &table[random_below(slots)];
    if (*slot) {
      heap_free(*slot);
      *slot = NULL;
    } else {
      *slot = allocate(least + random_below(span));
    }
  }
}

/* A random one of `slots` live blocks makes room for a new one. */
static void replace(uint32_t slots, uint32_t least, uint32_t span, uint32_t units) {
  for (uint32_t i = 0; i < units; i++) {
    uint8_t **slot = &table[random_below(slots)];
    heap_free(*slot);
    *slot = allocate(least + random_below(span));
  }
}

/* Vectors grow by half in turn; one that is full grown starts again. A unit is one realloc. */
static void grow_vectors(uint32_t units) {
  for (uint32_t i = 0; i < units; i++) {
    uint32_t vector = position, size = table_sizes[vector];
    position = vector + 1 == VECTORS ? 0 : vector + 1;
    size += size >> 1;
    if (size > VECTOR_LAST) {
      heap_free(table[vector]);
      table[vector] = NULL;
      size = VECTOR_FIRST;
    }
    uint8_t *block = heap_realloc(table[vector], size);
    block[0] = 1;
    block[size - 1] = 1;
    table[vector] = block;
    table_sizes[vector] = size;
  }
}

/* Blocks of 16 bytes, each with the address of the next one in it, freed in the order of their allocation. */
static void bulk_allocate(uint32_t units) {
  for (uint32_t i = 0; i < units; i++) {
    uint8_t *block = allocate(16);
    if (bulk_last)
      *(uint8_t **)bulk_last = block;
    else
      bulk_first = block;
    bulk_last = block;
  }
  *(uint8_t **)bulk_last = NULL;
}

static void bulk_free(uint32_t units) {
  for (uint32_t i = 0; i < units && bulk_first; i++) {
    uint8_t *block = bulk_first; /* the floor's window wraps, so its list is a ring: hence the count */
    bulk_first = *(uint8_t **)block;
    heap_free(block);
  }
  if (!bulk_first) bulk_last = NULL;
}

/* Requests over 40 KB while `spans` spans of 33 to 64 KB lie free between live ones. A unit is an alloc and a free. */
static void make_spans(uint32_t spans) {
  for (uint32_t i = 0; i < 2 * spans; i++) table[i] = allocate(33000 + random_below(32536));
  for (uint32_t i = 0; i < 2 * spans; i += 2) heap_free(table[i]);
}

static void large_pairs(uint32_t units) {
  for (uint32_t i = 0; i < units; i++) heap_free(allocate(40000 + random_below(160000)));
}

static void setup(uint32_t workload) {
  random_state = 2463534242u;
  heap_prepare(LARGEST);
  for (uint32_t i = 0; i < BATCH_BLOCKS; i++) {
    order[i] = i;
    batch_sizes[i] = 16 + random_below(497);
  }
  for (uint32_t i = BATCH_BLOCKS - 1; i > 0; i--) {
    uint32_t j = random_below(i + 1), swapped = order[i];
    order[i] = order[j];
    order[j] = swapped;
  }
  if (workload == REPLACE_100K)
    for (uint32_t i = 0; i < 100000; i++) table[i] = allocate(16 + random_below(497));
  if (workload == REALLOC_GROWTH)
    for (uint32_t i = 0; i < VECTORS; i++) table_sizes[i] = VECTOR_LAST;
  if (workload == BULK_FREE) bulk_allocate(BULK_BLOCKS);
  if (workload == SPANS_400) make_spans(400);
  if (workload == SPANS_4000) make_spans(4000);
}

static void step(uint32_t workload, uint32_t units) {
  switch (workload) {
    case PAIR_16: return pairs(16, units);
    case PAIR_64: return pairs(64, units);
    case PAIR_256: return pairs(256, units);
    case PAIR_512: return pairs(512, units);
    case PAIR_MIXED: return pairs_mixed(units);
    case BATCH_FIFO:
    case BATCH_LIFO:
    case BATCH_RANDOM: return batches(workload, units);
    case CHURN_1K: return churn(1024, 8, 520, units);
    case CHURN_64K: return churn(65536, 8, 520, units);
    case MIXED_10KB: return churn(4096, 4, 9997, units);
    case REPLACE_100K: return replace(100000, 16, 497, units);
    case REALLOC_GROWTH: return grow_vectors(units);
    case BULK_ALLOCATE: return bulk_allocate(units);
    case BULK_FREE: return bulk_free(units);
    case SPANS_400:
    case SPANS_4000: return large_pairs(units);
  }
}

static void rewind_sample(uint32_t workload) {
  if (workload == BULK_ALLOCATE) bulk_free(BULK_BLOCKS);
  if (workload == BULK_FREE) bulk_allocate(BULK_BLOCKS);
}

#ifdef __wasm__

#define EXPORT(name) __attribute__((export_name(#name)))

EXPORT(setup) void export_setup(uint32_t workload) { setup(workload); }
EXPORT(step) void export_step(uint32_t workload, uint32_t units) { step(workload, units); }
EXPORT(rewind) void export_rewind(uint32_t workload) { rewind_sample(workload); }

#else

#include "process.h"

/* micro WORKLOAD UNITS PORTION: prints "allocator NAME", then for each line of input the processor time in ns of a
   sample of UNITS units, done in portions. */
int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "usage: micro workload units portion\n"), 2;
  static char output[1 << 12];
  setvbuf(stdout, output, _IOLBF, sizeof output); /* stdio's own buffers would come from the heap under test */
  uint32_t workload = (uint32_t)atoi(argv[1]), units = (uint32_t)atoi(argv[2]), portion = (uint32_t)atoi(argv[3]);
  char request[64];
  printf("allocator %s\n", allocator_name());
  setup(workload);
  while (read(STDIN_FILENO, request, sizeof request) > 0) {
    uint64_t start = processor_ns();
    for (uint32_t done = 0; done < units; done += portion)
      step(workload, units - done < portion ? units - done : portion);
    uint64_t spent = processor_ns() - start;
    rewind_sample(workload);
    printf("%llu\n", (unsigned long long)spent);
  }
  return 0;
}

#endif
