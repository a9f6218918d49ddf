/* A C program that lives in a heap's memory: it imports the memory and the malloc family, and keeps its statics and
 * its stack in the client arenas that `clientBytes` reserves (`--global-base=262144` puts them there). No libc. */

#include <stdint.h>
#include <stddef.h>

#define IMPORT(name) __attribute__((import_module("heap"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

IMPORT(malloc) void *malloc(size_t size);
IMPORT(calloc) void *calloc(size_t count, size_t size);
IMPORT(realloc) void *realloc(void *pointer, size_t size);
IMPORT(free) void free(void *pointer);

enum { SLOTS = 4096 };

/* Statics, all in the client arena: a constant table, and what this module remembers between calls. */
static const uint32_t weights_table[16] = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597};
static struct { unsigned char *block; uint32_t size; } slots[SLOTS];
static uint32_t operations_done, seed = 1;

static uint32_t random_word(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed;
}

/* The first and the last byte of each block say which slot it belongs to. */
static void stamp(uint32_t slot, unsigned char *block, uint32_t size) {
  block[0] = (unsigned char)slot;
  block[size - 1] = (unsigned char)(slot >> 8);
  slots[slot].block = block;
  slots[slot].size = size;
}

static int intact(uint32_t slot) {
  const unsigned char *block = slots[slot].block;
  uint32_t size = slots[slot].size;
  return block[size - 1] == (unsigned char)(slot >> 8) && (size == 1 || block[0] == (unsigned char)slot);
}

/* Does `count` random operations on up to 4096 live blocks; returns how many blocks had lost their contents. */
EXPORT(churn) uint32_t churn(uint32_t count) {
  uint32_t damaged = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t slot = random_word() & (SLOTS - 1);
    uint32_t size = 1 + (random_word() & (random_word() & 7 ? 255 : 4095));
    unsigned char *block = slots[slot].block;
    if (block == NULL) {
      block = size & 1 ? malloc(size) : calloc(size, 1);
      if (!(size & 1) && block[size - 1] != 0) damaged++;
      stamp(slot, block, size);
      continue;
    }
    if (!intact(slot)) damaged++;
    if (random_word() & 3) {
      free(block);
      slots[slot].block = NULL;
    } else {
      int comparable = size > 1 && slots[slot].size > 1;
      block = realloc(block, size);
      if (comparable && block[0] != (unsigned char)slot) damaged++;
      stamp(slot, block, size);
    }
  }
  operations_done += count;
  return damaged;
}

/* Frees what is live; returns how many blocks had lost their contents. */
EXPORT(drain) uint32_t drain(void) {
  uint32_t damaged = 0;
  for (uint32_t slot = 0; slot < SLOTS; slot++) {
    if (slots[slot].block == NULL) continue;
    if (!intact(slot)) damaged++;
    free(slots[slot].block);
    slots[slot].block = NULL;
  }
  return damaged;
}

/* How many operations churn() did so far, as its static says. */
EXPORT(operations) uint32_t operations(void) { return operations_done; }

/* Sum of the constant table, through a copy on the stack. */
EXPORT(weights) uint32_t weights(void) {
  volatile uint32_t copy[16];
  uint32_t sum = 0;
  for (int i = 0; i < 16; i++) copy[i] = weights_table[i];
  for (int i = 0; i < 16; i++) sum += copy[i];
  return sum;
}

/* The address of the constant table, and one on the stack: both inside the client arena. */
EXPORT(statics) const void *statics(void) { return weights_table; }
EXPORT(stack) uintptr_t stack(void) {
  volatile int local = 0;
  uintptr_t address = (uintptr_t)&local;
  return address;
}
