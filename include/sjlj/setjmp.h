/* setjmp for wasi-libc versions without it. Clang turns the calls into wasm exceptions with
 * `-mllvm -wasm-enable-sjlj -mexception-handling`; what that code calls is in sjlj.c. */
#pragma once

typedef struct {
  unsigned id;
  unsigned label;
  struct {
    void *buffer;
    int value;
  } thrown;
} jmp_buf[1];

int setjmp(jmp_buf) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf, int);
