/*
 * Records the heap calls of any dynamically linked program as a trace (bench/data/traces/FORMAT.md):
 *
 *     cc -O2 -shared -fPIC -o recorder.so recorder.c -ldl
 *     TALLYHEAP_RECORD=prefix LD_PRELOAD=./recorder.so program      writes prefix.PID.N.atrc, not compressed
 *
 * A file is opened at the first call that a process makes, so that a fork which only executes another program leaves
 * none; N counts the programs that one process executes in turn. Calls that other libraries make before this one can
 * ask the linker for the real functions are served from a small buffer and not recorded.
 *
 * Threads take one lock. A free is recorded before the block goes back and an allocation after it was made; so no
 * address is ever recorded as taken while it is still recorded as in use.
 *
 * The file is written through a mapping, its counts too: what was recorded is there even if the program is killed,
 * followed by zeros up to the end of the mapping, which a normal exit cuts off.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OP_MALLOC, OP_CALLOC, OP_REALLOC, OP_FREE, OP_MEMALIGN };

#define DEFAULT_ALIGNMENT 16
#define HEADER_BYTES 16
#define WINDOW_BYTES ((size_t)1 << 20)
#define NO_SLOT UINT32_MAX

/* ---- the real functions ---- */

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);
static int (*real_posix_memalign)(void **, size_t, size_t);

static _Alignas(16) uint8_t early[1 << 16];
static size_t early_used;
static int looking_up;

/* dlsym itself allocates; such blocks are never given back. Each has its size in the 16 bytes before it. */
static void *early_malloc(size_t size) {
  size_t whole = 16 + ((size + 15) & ~(size_t)15);
  if (whole > sizeof early - early_used) return NULL;
  uint8_t *block = early + early_used + 16;
  *(size_t *)(block - 16) = size;
  early_used += whole;
  return block;
}

static int is_early(const void *block) {
  return (const uint8_t *)block >= early && (const uint8_t *)block < early + sizeof early;
}

/* False while the linker is asked for the real functions. */
static int ready(void) {
  if (real_posix_memalign) return 1;
  if (looking_up) return 0;
  looking_up = 1;
  real_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
  real_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
  real_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
  real_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
  real_posix_memalign = (int (*)(void **, size_t, size_t))dlsym(RTLD_NEXT, "posix_memalign");
  looking_up = 0;
  return 1;
}

/* ---- memory of the recorder's own, which must not come from malloc ---- */

static void *pages(size_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Set while the recorder calls something that may allocate; such calls are not the program's. */
static __thread int busy __attribute__((tls_model("initial-exec")));
static int failed;

/* ---- which slot a block has: a hash table with linear probing, at most half full ---- */

struct entry {
  uintptr_t block;
  uint32_t slot;
};

static struct entry *table;
static size_t table_size, table_used;

static size_t place(uintptr_t block, size_t size) { return (size_t)((block >> 4) * 0x9E3779B97F4A7C15u) & (size - 1); }

static void table_put(uintptr_t block, uint32_t slot) {
  size_t at = place(block, table_size);
  while (table[at].block) at = (at + 1) & (table_size - 1);
  table[at] = (struct entry){block, slot};
  table_used++;
}

static int table_reserve(void) {
  if (table && table_used * 2 < table_size) return 1;
  struct entry *old = table;
  size_t old_size = table_size, size = old ? old_size * 2 : (size_t)1 << 16;
  struct entry *fresh = pages(size * sizeof *fresh);
  if (!fresh) return 0;
  table = fresh;
  table_size = size;
  table_used = 0;
  for (size_t i = 0; i < old_size; i++)
    if (old[i].block) table_put(old[i].block, old[i].slot);
  if (old) munmap(old, old_size * sizeof *old);
  return 1;
}

/* Removes a block and returns its slot; NO_SLOT for a block that was never recorded. */
static uint32_t table_take(uintptr_t block) {
  if (!table) return NO_SLOT;
  size_t mask = table_size - 1, at = place(block, table_size);
  while (table[at].block != block) {
    if (!table[at].block) return NO_SLOT;
    at = (at + 1) & mask;
  }
  uint32_t slot = table[at].slot;
  /* Close the gap: move back every later entry that the gap would make unreachable. */
  for (size_t next = (at + 1) & mask; table[next].block; next = (next + 1) & mask) {
    size_t home = place(table[next].block, table_size);
    if (((next - home) & mask) >= ((next - at) & mask)) {
      table[at] = table[next];
      at = next;
    }
  }
  table[at].block = 0;
  table_used--;
  return slot;
}

/* ---- slot numbers: the last one freed is the first one used again ---- */

static uint32_t *free_slots;
static size_t free_count, free_capacity;
static uint32_t slot_count;

static void slot_give(uint32_t slot) {
  if (free_count == free_capacity) {
    size_t capacity = free_capacity ? free_capacity * 2 : (size_t)1 << 16;
    uint32_t *fresh = pages(capacity * sizeof *fresh);
    if (!fresh) {
      failed = 1;
      return;
    }
    if (free_slots) {
      memcpy(fresh, free_slots, free_count * sizeof *fresh);
      munmap(free_slots, free_capacity * sizeof *fresh);
    }
    free_slots = fresh;
    free_capacity = capacity;
  }
  free_slots[free_count++] = slot;
}

static uint32_t slot_take(void) { return free_count ? free_slots[--free_count] : slot_count++; }

/* ---- the file ---- */

static int file = -1;
static uint8_t *header, *window;
static size_t window_offset, window_used;
static uint32_t op_count, previous_slot;

static int window_open(size_t offset) {
  if (window) munmap(window, WINDOW_BYTES);
  window = NULL;
  if (ftruncate(file, (off_t)(offset + WINDOW_BYTES))) return 0;
  void *map = mmap(NULL, WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, (off_t)offset);
  if (map == MAP_FAILED) return 0;
  window = map;
  window_offset = offset;
  window_used = 0;
  return 1;
}

static int file_open(void) {
  static char prefix[3072], path[4096];
  const char *wanted = getenv("TALLYHEAP_RECORD");
  if (!wanted || strlen(wanted) >= sizeof prefix) return 0;
  strcpy(prefix, wanted);
  for (int n = 0; n < 10000; n++) {
    snprintf(path, sizeof path, "%s.%ld.%d.atrc", prefix, (long)getpid(), n);
    file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0 || errno != EEXIST) break;
  }
  if (file < 0 || !window_open(0)) return 0;
  void *map = mmap(NULL, HEADER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (map == MAP_FAILED) return 0;
  header = map;
  memcpy(header, "ATRC\1\0\0\0", 8);
  window_used = HEADER_BYTES;
  return 1;
}

static void put(uint8_t byte) {
  if (window_used == WINDOW_BYTES && !window_open(window_offset + WINDOW_BYTES)) failed = 1;
  if (!failed) window[window_used++] = byte;
}

static void put_varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) put((uint8_t)(value | 0x80));
  put((uint8_t)value);
}

static void put_op(int op, uint32_t slot, uint64_t size, int alignment_log2) {
  int32_t distance = (int32_t)(slot - previous_slot);
  uint32_t zigzag = ((uint32_t)distance << 1) ^ (uint32_t)(distance >> 31);
  put_varint((uint64_t)zigzag << 3 | (uint64_t)op);
  if (op != OP_FREE) put_varint(size);
  if (op == OP_MEMALIGN) put((uint8_t)alignment_log2);
  if (failed) return;
  previous_slot = slot;
  op_count++;
  memcpy(header + 8, &op_count, 4);
  memcpy(header + 12, &slot_count, 4);
}

/* ---- processes ---- */

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork(void) { pthread_mutex_unlock(&lock); }

/* The child records into a file of its own and knows none of the blocks that it inherited. */
static void in_child(void) {
  if (window) munmap(window, WINDOW_BYTES);
  if (header) munmap(header, HEADER_BYTES);
  if (file >= 0) close(file);
  if (table) munmap(table, table_size * sizeof *table);
  file = -1;
  header = window = NULL;
  table = NULL;
  table_size = table_used = free_count = 0;
  slot_count = op_count = previous_slot = 0;
  failed = 0;
  pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void begin(void) {
  busy = 1;
  if (ready()) pthread_atfork(before_fork, after_fork, in_child);
  busy = 0;
}

__attribute__((destructor)) static void finish(void) {
  pthread_mutex_lock(&lock);
  if (file >= 0 && window && ftruncate(file, (off_t)(window_offset + window_used))) failed = 1;
  failed = 1; /* whatever other destructors do is not recorded */
  pthread_mutex_unlock(&lock);
}

/* ---- recording ---- */

/* With the lock held: whether to record at all. */
static int recording(void) {
  if (!failed && (file < 0 && !file_open())) failed = 1;
  if (!failed && !table_reserve()) failed = 1;
  return !failed;
}

static void allocated(int op, void *block, uint64_t size, int alignment_log2) {
  if (!block || busy) return;
  int saved = errno;
  pthread_mutex_lock(&lock);
  if (recording()) {
    uint32_t slot = slot_take();
    table_put((uintptr_t)block, slot);
    put_op(op, slot, size, alignment_log2);
  }
  pthread_mutex_unlock(&lock);
  errno = saved;
}

static void releasing(void *block) {
  if (busy) return;
  pthread_mutex_lock(&lock);
  uint32_t slot = table_take((uintptr_t)block);
  if (slot != NO_SLOT) {
    if (!failed) put_op(OP_FREE, slot, 0, 0);
    slot_give(slot);
  }
  pthread_mutex_unlock(&lock);
}

/* ---- the interposed functions ---- */

void *malloc(size_t size) {
  if (!ready()) return early_malloc(size);
  void *block = real_malloc(size);
  allocated(OP_MALLOC, block, size, 0);
  return block;
}

void *calloc(size_t count, size_t size) {
  if (!ready()) return early_malloc(count * size); /* the buffer is zero and never used twice */
  void *block = real_calloc(count, size);
  allocated(OP_CALLOC, block, (uint64_t)count * size, 0);
  return block;
}

void free(void *block) {
  if (!block || is_early(block) || !ready()) return;
  releasing(block);
  real_free(block);
}

void *realloc(void *block, size_t size) {
  if (!block) return malloc(size);
  if (is_early(block) || !ready()) {
    void *moved = malloc(size);
    size_t old = *(size_t *)((uint8_t *)block - 16);
    if (moved) memcpy(moved, block, old < size ? old : size);
    return moved;
  }
  if (size == 0) {
    /* glibc frees and returns null; elsewhere it is a new block of no bytes */
    releasing(block);
    void *result = real_realloc(block, 0);
    allocated(OP_MALLOC, result, 0, 0);
    return result;
  }
  if (busy) return real_realloc(block, size);
  /* The old address may be another thread's as soon as the block has moved: the lock covers the call. */
  pthread_mutex_lock(&lock);
  uint32_t slot = table_take((uintptr_t)block);
  void *moved = real_realloc(block, size);
  int saved = errno;
  if (recording()) {
    if (slot != NO_SLOT) {
      table_put((uintptr_t)(moved ? moved : block), slot);
      if (moved) put_op(OP_REALLOC, slot, size, 0);
    } else if (moved) {
      slot = slot_take();
      table_put((uintptr_t)moved, slot);
      put_op(OP_MALLOC, slot, size, 0);
    }
  }
  pthread_mutex_unlock(&lock);
  errno = saved;
  return moved;
}

void *reallocarray(void *block, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return realloc(block, bytes);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
  if (!ready()) return ENOMEM;
  int error = real_posix_memalign(result, alignment, size);
  if (error) return error;
  if (alignment > DEFAULT_ALIGNMENT)
    allocated(OP_MEMALIGN, *result, size, __builtin_ctzl(alignment));
  else
    allocated(OP_MALLOC, *result, size, 0);
  return 0;
}

void *memalign(size_t alignment, size_t size) {
  void *block = NULL;
  if (alignment < sizeof(void *)) alignment = sizeof(void *);
  int error = posix_memalign(&block, alignment, size);
  if (error) errno = error;
  return error ? NULL : block;
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

void *valloc(size_t size) { return memalign((size_t)sysconf(_SC_PAGESIZE), size); }

void *pvalloc(size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  return memalign(page, (size + page - 1) & ~(page - 1));
}
