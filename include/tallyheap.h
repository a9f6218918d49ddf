/* C's side of a tallyheap heap, for wasm32 modules that live in its memory. docs/embedding-c.md has the commands.
 *
 * Two layers. Bytes: the malloc family, for programs without a libc (define TALLYHEAP_MALLOC); with one, <stdlib.h>
 * declares it. Objects: what the host's heap has, reference counts and cycle collector included. A module that
 * `tallyheap link` made has the bytes layer in itself, and no objects.
 *
 * References: a function that makes something returns a new reference, which is the caller's to th_decref; one that reads
 * something returns a borrowed one, which is valid while you own a path to the object and until the next call that can
 * release a reference. Nothing here throws: where a call fails, it returns NULL, 0 or -1 as it says, and th_error() tells
 * why until the next call. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define TH_NOEXCEPT noexcept
#else
#define TH_NOEXCEPT
#endif

#define TH_IMPORT(name) __attribute__((import_module("tallyheap"), import_name(#name)))

/* ---- bytes ---- */

#ifdef TALLYHEAP_MALLOC
/* As in C and POSIX. Blocks are aligned to 16 bytes (to 8 up to 8 bytes); alignments up to 64 MiB are served.
 * malloc(0) is a distinct block; realloc(p, 0) shrinks and never frees. */
TH_IMPORT(malloc) void *malloc(size_t size) TH_NOEXCEPT;
TH_IMPORT(calloc) void *calloc(size_t count, size_t size) TH_NOEXCEPT;
TH_IMPORT(realloc) void *realloc(void *block, size_t size) TH_NOEXCEPT;
TH_IMPORT(free) void free(void *block) TH_NOEXCEPT;
TH_IMPORT(aligned_alloc) void *aligned_alloc(size_t alignment, size_t size) TH_NOEXCEPT;
TH_IMPORT(memalign) void *memalign(size_t alignment, size_t size) TH_NOEXCEPT;
/* 0, or wasi-libc's EINVAL (28) or ENOMEM (48). */
TH_IMPORT(posix_memalign) int posix_memalign(void **out, size_t alignment, size_t size) TH_NOEXCEPT;
TH_IMPORT(malloc_usable_size) size_t malloc_usable_size(void *block) TH_NOEXCEPT;
/* 0: linear memory never gets smaller. */
TH_IMPORT(malloc_trim) int malloc_trim(size_t pad) TH_NOEXCEPT;
#endif

/* glibc's struct; what has no counterpart is 0. arena = uordblks + fordblks; hblks and hblkhd are blocks above 32 KiB. */
struct mallinfo2 {
  size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
TH_IMPORT(mallinfo2) struct mallinfo2 mallinfo2(void);

/* ---- objects ---- */

/* An object of the heap. Its first 8 bytes are the heap's. */
typedef struct th_object th_object;

enum th_error {
  TH_OK = 0,
  TH_OOM,
  TH_ARGUMENT,
  TH_BAD_POINTER,
  TH_DOUBLE_FREE,
  TH_USE_AFTER_FREE,
  TH_TYPE,
  TH_RANGE,
  TH_FOREIGN_HANDLE,
  TH_LEAK,
  TH_CORRUPT,
  TH_SHARED,
  TH_BUSY,
  TH_USE_AFTER_DISPOSE
};

/* Why the last call failed; TH_OK if it did not. */
TH_IMPORT(error) int th_error(void);

/* Counts. 0, or -1; refcount the number of owned references, or -1. */
TH_IMPORT(incref) int th_incref(th_object *object);
TH_IMPORT(decref) int th_decref(th_object *object);
TH_IMPORT(refcount) int th_refcount(th_object *object);

/* Types. th_define_type fills in `field`, which th_get_ref and th_set_ref take, and `offset`: C reads and writes fields of
 * numbers itself, TH_FIELD(object, fields[1], double) = 1.5. References must only be set by th_set_ref or th_steal_ref. */
enum th_kind { TH_REF, TH_I8, TH_U8, TH_I16, TH_U16, TH_I32, TH_U32, TH_I64, TH_F32, TH_F64 };

struct th_field {
  const char *name;
  uint32_t kind;
  int32_t field;
  uint32_t offset;
};

#define TH_FIELD(object, place, type) (*(type *)((char *)(object) + (place).offset))

enum th_type_flags {
  TH_ACYCLIC = 1, /* instances are never part of a cycle: the collector leaves them out */
  TH_WEAKREFS = 2 /* instances can be referred to weakly */
};

/* Runs before an object dies, once at most; sees it intact, and may keep it alive by th_incref. */
typedef void (*th_finalizer)(th_object *self);

/* The id of the new type, or -1. A finalizer needs a module that exports its function table (--export-table) and a host
 * that called attach(). */
TH_IMPORT(define_type)
int th_define_type(const char *name, struct th_field *fields, size_t count, uint32_t flags, th_finalizer finalizer);
TH_IMPORT(type_of) int th_type_of(th_object *object);

/* Records. alloc: new, all fields 0, or NULL; get_ref: borrowed, or NULL. */
TH_IMPORT(alloc) th_object *th_alloc(int type);
TH_IMPORT(get_ref) th_object *th_get_ref(th_object *object, int32_t field);
/* Takes a reference of its own to the value, which may be NULL; steal takes the caller's. */
TH_IMPORT(set_ref) int th_set_ref(th_object *object, int32_t field, th_object *value);
TH_IMPORT(steal_ref) int th_steal_ref(th_object *object, int32_t field, th_object *value);

/* Built-in values: new, or NULL; none and bools are immortal. */
TH_IMPORT(none) th_object *th_none(void);
TH_IMPORT(bool_new) th_object *th_bool(int value);
TH_IMPORT(int_new) th_object *th_int(int64_t value);
TH_IMPORT(int_value) int64_t th_int_value(th_object *object);
TH_IMPORT(float_new) th_object *th_float(double value);
TH_IMPORT(float_value) double th_float_value(th_object *object);
TH_IMPORT(str_new) th_object *th_str(const char *utf8, size_t length);
/* Writes what fits and a zero; the bytes of the whole text without it, or -1. */
TH_IMPORT(str_utf8) int th_str_utf8(th_object *str, char *buffer, size_t size);

/* Tuples, lists, dicts. get: borrowed, or NULL; pop: new; set and append take a reference of their own. */
TH_IMPORT(tuple_new) th_object *th_tuple(th_object *const *items, size_t count);
TH_IMPORT(tuple_get) th_object *th_tuple_get(th_object *tuple, size_t index);
TH_IMPORT(tuple_length) int th_tuple_length(th_object *tuple);

TH_IMPORT(list_new) th_object *th_list(void);
TH_IMPORT(list_append) int th_list_append(th_object *list, th_object *value);
TH_IMPORT(list_insert) int th_list_insert(th_object *list, size_t index, th_object *value);
TH_IMPORT(list_get) th_object *th_list_get(th_object *list, size_t index);
TH_IMPORT(list_set) int th_list_set(th_object *list, size_t index, th_object *value);
TH_IMPORT(list_pop) th_object *th_list_pop(th_object *list);
TH_IMPORT(list_length) int th_list_length(th_object *list);

TH_IMPORT(dict_new) th_object *th_dict(void);
TH_IMPORT(dict_set) int th_dict_set(th_object *dict, th_object *key, th_object *value);
/* NULL with th_error() == TH_OK: there is no such key. */
TH_IMPORT(dict_get) th_object *th_dict_get(th_object *dict, th_object *key);
/* 1 if there was such a key, 0 if not, or -1. */
TH_IMPORT(dict_delete) int th_dict_delete(th_object *dict, th_object *key);
TH_IMPORT(dict_size) int th_dict_size(th_object *dict);

/* Weak references. deref: new, or NULL once the object is dead. */
TH_IMPORT(weakref_new) th_object *th_weakref(th_object *object);
TH_IMPORT(deref) th_object *th_deref(th_object *weakref);

/* Collects generations 0 to `generation` (0, 1 or 2). The objects that were trash, or -1. */
TH_IMPORT(gc) int th_gc(int generation);
/* Walks the whole heap: 0, or -1 if it is damaged. */
TH_IMPORT(verify) int th_verify(void);

#ifdef __cplusplus
}
#endif
