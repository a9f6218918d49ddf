/*
 * Replays an allocation trace on malloc: natively on whatever malloc the process runs with (glibc, or another one
 * by LD_PRELOAD), and, compiled for wasm32, on wasi-libc's dlmalloc. bench/assembly/replay.ts is the same loop in
 * AssemblyScript; a change here belongs there too.
 *
 * The driver copies CHUNK operations at a time into static buffers (untimed) and calls replay() on them (timed). So
 * the trace lies outside the heap under test, and the loop is entered often enough for a wasm engine to replace its
 * baseline code by optimised code: that happens at a call only.
 *
 * Compiled with -DCHUNK=n -DSLOTS=n, and -DFLOOR for an allocator that only moves a cursor.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OP_MALLOC, OP_CALLOC, OP_REALLOC, OP_FREE, OP_MEMALIGN };
enum { FAULT_NONE, FAULT_NULL, FAULT_ALIGNMENT, FAULT_NOT_ZERO, FAULT_CONTENTS, FAULT_MOVED };
#define MEMALIGN_SIZE_BITS 27

static uint32_t ops[CHUNK], sizes[CHUNK], previous[CHUNK];
static uint8_t *slots[SLOTS];

#include "heap.h"

/* First and last byte, so that every contender pays for the cache lines that its blocks lie on. */
static inline void touch(uint8_t *block, uint32_t size) {
  if (size) {
    block[0] = 1;
    block[size - 1] = 1;
  }
}

static void replay(uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t code = ops[i], size = sizes[i], op = code & 7;
    uint8_t **slot = &slots[code >> 3];
    if (op == OP_FREE) {
      heap_free(*slot);
    } else if (op == OP_MALLOC) {
      uint8_t *block = heap_malloc(size);
      *slot = block;
      touch(block, size);
    } else if (op == OP_REALLOC) {
      uint8_t *block = heap_realloc(*slot, size);
      *slot = block;
      touch(block, size);
    } else if (op == OP_CALLOC) {
      uint8_t *block = heap_calloc(1, size);
      *slot = block;
      touch(block, size);
    } else {
      uint32_t bytes = size & ((1u << MEMALIGN_SIZE_BITS) - 1);
      uint8_t *block = heap_memalign(size >> MEMALIGN_SIZE_BITS, bytes);
      *slot = block;
      touch(block, bytes);
    }
  }
}

/* Contents: word i of the block in slot s is pattern(s) ^ i * STEP, so an overlap with another slot's block shows. */

#define STEP 0x85EBCA6Bu

static inline uint32_t pattern(uint32_t slot) { return (slot + 1) * 0x9E3779B1u; }

static void fill(uint8_t *block, uint32_t size, uint32_t seed) {
  uint32_t word = 0, index = 0, at = 0;
  for (; at + 4 <= size; at += 4, index++) {
    word = seed ^ (index * STEP);
    memcpy(block + at, &word, 4);
  }
  word = seed ^ (index * STEP);
  memcpy(block + at, &word, size - at);
}

static int holds(const uint8_t *block, uint32_t size, uint32_t seed) {
  uint32_t word = 0, found = 0, index = 0, at = 0;
  for (; at + 4 <= size; at += 4, index++) {
    word = seed ^ (index * STEP);
    memcpy(&found, block + at, 4);
    if (found != word) return 0;
  }
  word = seed ^ (index * STEP);
  return memcmp(block + at, &word, size - at) == 0;
}

static int zeroed(const uint8_t *block, uint32_t size) {
  for (uint32_t at = 0; at < size; at++)
    if (block[at]) return 0;
  return 1;
}

static uintptr_t highest_end;
static uint32_t fault_at;

/* The same operations with contents written and checked; 0 or a fault, whose operation is in fault_at. */
static int inspect(uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t code = ops[i], size = sizes[i], old = previous[i], op = code & 7, seed = pattern(code >> 3);
    uint8_t **slot = &slots[code >> 3], *block;
    uintptr_t alignment = 1;
    fault_at = i;
    if ((op == OP_FREE || op == OP_REALLOC) && !holds(*slot, old, seed)) return FAULT_CONTENTS;
    if (op == OP_FREE) {
      heap_free(*slot);
      continue;
    }
    if (op == OP_MALLOC) {
      block = heap_malloc(size);
    } else if (op == OP_REALLOC) {
      block = heap_realloc(*slot, size);
    } else if (op == OP_CALLOC) {
      block = heap_calloc(1, size);
    } else {
      alignment = (uintptr_t)1 << (size >> MEMALIGN_SIZE_BITS);
      size &= (1u << MEMALIGN_SIZE_BITS) - 1;
      block = heap_memalign(sizes[i] >> MEMALIGN_SIZE_BITS, size);
    }
    if (!block) return FAULT_NULL;
    /* What C asks of malloc: fit for any object that the size has room for. */
    if (alignment < 8 && size >= 8) alignment = 8;
    if (alignment < 16 && size >= 16) alignment = 16;
    if ((uintptr_t)block & (alignment - 1)) return FAULT_ALIGNMENT;
    if (op == OP_REALLOC && !holds(block, old < size ? old : size, seed)) return FAULT_MOVED;
    if (op == OP_CALLOC && !zeroed(block, size)) return FAULT_NOT_ZERO;
    fill(block, size, seed);
    *slot = block;
    if ((uintptr_t)block + size > highest_end) highest_end = (uintptr_t)block + size;
  }
  return FAULT_NONE;
}

#ifdef __wasm__

#define EXPORT(name) __attribute__((export_name(#name)))
extern uint8_t __heap_base;

EXPORT(opsAddress) uint32_t export_ops(void) { return (uint32_t)ops; }
EXPORT(sizesAddress) uint32_t export_sizes(void) { return (uint32_t)sizes; }
EXPORT(previousAddress) uint32_t export_previous(void) { return (uint32_t)previous; }
EXPORT(prepare) void export_prepare(uint32_t largest) { heap_prepare(largest); }
EXPORT(replay) void export_replay(uint32_t count) { replay(count); }
EXPORT(inspect) int export_inspect(uint32_t count) { return inspect(count); }
EXPORT(faultAt) uint32_t export_fault_at(void) { return fault_at; }
EXPORT(heapBase) uint32_t export_heap_base(void) { return (uint32_t)&__heap_base; }
EXPORT(highestEnd) uint32_t export_highest_end(void) { return (uint32_t)highest_end; }

#else

#include "process.h"

/* replay FLAT-FILE PASSES time|inspect. Prints "allocator NAME" and then a line "pass N" for each pass: N is the
   processor time of the pass in ns, or (inspect) the growth of the peak resident memory in bytes since the start.
   Without arguments only the allocator's name. */
int main(int argc, char **argv) {
  if (argc == 1) return printf("allocator %s\n", allocator_name()), 0;
  if (argc != 4) return fprintf(stderr, "usage: replay flat-file passes time|inspect\n"), 2;
  static char buffer[1 << 14];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer); /* stdio's own buffer would come from the heap under test */
  size_t words;
  const uint32_t *flat = map_file(argv[1], &words);
  /* bench/replay/flat.ts: header of 8 words, then ops, sizes and previous, each of opCount + drainCount words */
  const uint32_t *head = flat, op_count = head[0], all = head[0] + head[1];
  const uint32_t *all_ops = flat + 8, *all_sizes = all_ops + all, *all_previous = all_sizes + all;
  if (words != 8 + 3 * (size_t)all || head[2] > SLOTS) return fprintf(stderr, "%s: wrong length\n", argv[1]), 2;
  int inspecting = strcmp(argv[3], "inspect") == 0;
  memset(slots, 0, sizeof slots);
  heap_prepare(head[3]);
  printf("allocator %s\n", allocator_name());
  uint64_t resident = peak_resident();
  for (int pass = 0, passes = atoi(argv[2]); pass < passes; pass++) {
    uint64_t spent = 0;
    for (uint32_t from = 0; from < all;) {
      /* no chunk holds both the trace's last operations and the drain, which is not timed */
      uint32_t end = from < op_count ? op_count : all, count = end - from < CHUNK ? end - from : CHUNK;
      memcpy(ops, all_ops + from, count * 4);
      memcpy(sizes, all_sizes + from, count * 4);
      memcpy(previous, all_previous + from, count * 4);
      if (inspecting) {
        int fault = inspect(count);
        if (fault) return printf("fault %d at %u in pass %d\n", fault, from + fault_at, pass), 1;
      } else {
        uint64_t start = processor_ns();
        replay(count);
        if (from < op_count) spent += processor_ns() - start;
      }
      from += count;
    }
    printf("pass %llu\n", (unsigned long long)(inspecting ? peak_resident() - resident : spent));
  }
  return 0;
}

#endif
