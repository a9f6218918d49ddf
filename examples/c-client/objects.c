/* A C program that makes objects of a heap: records, lists and dicts in cycles, which the collector finds. No libc. */

#define TALLYHEAP_MALLOC
#include "tallyheap.h"

#define EXPORT(name) __attribute__((export_name(#name)))

enum { NEXT, ITEMS, WEIGHT, SERIAL };
static struct th_field fields[] = {
    {"next", TH_REF, 0, 0},
    {"items", TH_REF, 0, 0},
    {"weight", TH_F64, 0, 0},
    {"serial", TH_I32, 0, 0},
};
static int node_type;
static int finalized;

static void finalize(th_object *self) { finalized += TH_FIELD(self, fields[SERIAL], int32_t); }

/* The id of the type, or -1. */
EXPORT(start) int start(void) {
  node_type = th_define_type("Node", fields, sizeof fields / sizeof *fields, TH_WEAKREFS, finalize);
  return node_type;
}

/* A new node: {next: itself, items: [itself, {"node": itself}], weight: serial / 2, serial}. */
static th_object *cycle(int serial) {
  th_object *node = th_alloc(node_type), *items = th_list(), *names = th_dict(), *key = th_str("node", 4);
  if (!node || !items || !names || !key) return NULL;
  TH_FIELD(node, fields[WEIGHT], double) = serial * 0.5;
  TH_FIELD(node, fields[SERIAL], int32_t) = serial;
  th_set_ref(node, fields[NEXT].field, node);
  th_dict_set(names, key, node);
  th_list_append(items, node);
  th_list_append(items, names);
  th_decref(key);
  th_decref(names);
  th_steal_ref(node, fields[ITEMS].field, items);
  return node;
}

/* Makes `count` cycles and lets go of them; the objects that a collection finds then: three for each. */
EXPORT(collect) int collect(int count) {
  for (int i = 1; i <= count; i++) {
    th_object *node = cycle(i);
    if (!node) return -1;
    th_decref(node);
  }
  return th_gc(2);
}

/* The sum of the serials whose finalizer has run. */
EXPORT(finalized_sum) int finalized_sum(void) { return finalized; }

/* Reads everything back through every function; 0, or the line that found something wrong. */
#define CHECK(condition) \
  if (!(condition)) return __LINE__
EXPORT(check) int check(void) {
  th_object *node = cycle(7);
  CHECK(node && th_type_of(node) == node_type);
  CHECK(th_refcount(node) == 4);
  CHECK(TH_FIELD(node, fields[WEIGHT], double) == 3.5);
  th_object *items = th_get_ref(node, fields[ITEMS].field);
  CHECK(th_list_length(items) == 2 && th_list_get(items, 0) == node);
  th_object *key = th_str("node", 4);
  CHECK(th_dict_get(th_list_get(items, 1), key) == node && th_dict_size(th_list_get(items, 1)) == 1);
  char text[3];
  CHECK(th_str_utf8(key, text, sizeof text) == 4 && text[0] == 'n' && text[1] == 'o' && text[2] == 0);
  th_object *number = th_int(-5000000000), *real = th_float(0.25);
  CHECK(th_int_value(number) == -5000000000 && th_float_value(real) == 0.25);
  th_object *pair[] = {number, real}, *tuple = th_tuple(pair, 2);
  CHECK(th_tuple_length(tuple) == 2 && th_tuple_get(tuple, 1) == real && th_refcount(real) == 2);
  th_list_insert(items, 0, tuple);
  CHECK(th_list_length(items) == 3 && th_list_set(items, 0, th_none()) == 0);
  th_object *popped = th_list_pop(items);
  CHECK(th_dict_delete(popped, key) == 1 && th_dict_delete(popped, key) == 0 && th_dict_size(popped) == 0);
  th_decref(popped);
  th_object *weak = th_weakref(node), *strong = th_deref(weak);
  CHECK(strong == node);
  th_decref(strong);
  /* What fails says so, and changes nothing. */
  CHECK(th_list_get(items, 99) == NULL && th_error() == TH_RANGE);
  CHECK(th_list_append(node, node) == -1 && th_error() == TH_TYPE);
  CHECK(th_dict_get(items, key) == NULL && th_error() == TH_TYPE);
  CHECK(th_alloc(9999) == NULL && th_error() == TH_TYPE);
  CHECK(th_decref((th_object *)12) == -1 && th_error() != TH_OK);
  CHECK(th_refcount(node) == 3 && th_error() == TH_OK);
  th_decref(tuple);
  th_decref(real);
  th_decref(number);
  th_decref(key);
  th_decref(node);
  CHECK(th_gc(2) == 2);
  CHECK(th_deref(weak) == NULL && th_error() == TH_OK);
  th_decref(weak);
  /* Bytes and objects share the memory. */
  void *aligned;
  CHECK(posix_memalign(&aligned, 1 << 20, 100) == 0 && ((uintptr_t)aligned & ((1 << 20) - 1)) == 0);
  CHECK(posix_memalign(&aligned, 3, 100) == 28 && memalign(64, 10) != NULL);
  struct mallinfo2 info = mallinfo2();
  CHECK(info.arena == info.uordblks + info.fordblks && info.hblks == 1 && info.uordblks > 0);
  free(aligned);
  CHECK(malloc_trim(0) == 0 && mallinfo2().hblks == 0);
  return th_verify();
}
