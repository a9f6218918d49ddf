/* What clang's setjmp lowering calls. Up to LLVM 18 a function that calls setjmp keeps a table of the buffers it has set,
 * on the heap; from LLVM 19 on the buffer itself holds the call that set it. */

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

/* Throws; caught by the code that clang has put around each call in a function that calls setjmp. */
void __wasm_longjmp(void *buffer, int value) {
  jmp_buf *target = buffer;
  (*target)->thrown.buffer = buffer;
  (*target)->thrown.value = value ? value : 1;
  __builtin_wasm_throw(1, &(*target)->thrown);
}

#if __clang_major__ >= 15
/* The tag that the throw names; LLVM 14 defines it in every object by itself. */
__asm__(".globl __c_longjmp\n.tagtype __c_longjmp i32\n__c_longjmp:\n");
#endif

#if __clang_major__ >= 19

void __wasm_setjmp(void *buffer, uint32_t label, void *call) {
  jmp_buf *target = buffer;
  (*target)->id = (uintptr_t)call;
  (*target)->label = label;
}

uint32_t __wasm_setjmp_test(void *buffer, void *call) {
  jmp_buf *target = buffer;
  return (*target)->id == (uintptr_t)call ? (*target)->label : 0;
}

#else

struct entry {
  uint32_t id;
  uint32_t label;
};

static uint32_t newest_id;
/* The second half of what saveSetjmp returns. */
static uint32_t second_result;

uint32_t getTempRet0(void) { return second_result; }
void setTempRet0(uint32_t value) { second_result = value; }

/* Enters the buffer in a table of `size` entries, of which the last is followed by one with id 0; the table, as it is now. */
struct entry *saveSetjmp(uint32_t *id, uint32_t label, struct entry *table, uint32_t size) {
  uint32_t free_entry = 0;
  while (free_entry < size && table[free_entry].id) free_entry++;
  if (free_entry == size) {
    size *= 2;
    table = realloc(table, sizeof *table * (size + 1));
    if (!table) abort();
  }
  *id = ++newest_id;
  table[free_entry] = (struct entry){*id, label};
  table[free_entry + 1].id = 0;
  second_result = size;
  return table;
}

/* The label of the setjmp call that set the buffer with this id, or 0 if another function did. */
uint32_t testSetjmp(uint32_t id, struct entry *table, uint32_t size) {
  for (uint32_t i = 0; i < size && table[i].id; i++)
    if (table[i].id == id) return table[i].label;
  return 0;
}

#endif
