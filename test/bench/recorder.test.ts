import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { OP_CALLOC, OP_FREE, OP_MALLOC, OP_MEMALIGN, OP_REALLOC, readTrace } from "../../bench/lib/trace.js";
import { bench, hasCompiler, scratch } from "./command.js";

const works = process.platform === "linux" && hasCompiler;

/** Compiles and records a C program; its operations as [op, slot, size]. */
function record(source: string): { operations: (readonly [number, number, number])[]; code: number | null } {
  const folder = scratch();
  const program = join(folder, "program");
  writeFileSync(`${program}.c`, source);
  const flags = ["-O0", "-fno-builtin", "-pthread", "-D_GNU_SOURCE"];
  const cc = spawnSync("cc", [...flags, "-o", program, `${program}.c`], { encoding: "utf8" });
  expect(cc.stderr).toBe("");
  const out = join(folder, "out.atrc.gz");
  const { code } = bench("replay/record.js", out, "--", program);
  const trace = readTrace(out);
  const operations = Array.from(
    { length: trace.opCount },
    (_, i) => [trace.ops[i]! & 7, trace.ops[i]! >>> 3, trace.sizes[i]! & (2 ** 27 - 1)] as const,
  );
  return { operations, code };
}

const missing = works ? "" : " (skipped: needs Linux and a C compiler)";

describe.skipIf(!works)(`the recorder${missing}`, () => {
  test("writes the calls of a program in their order", () => {
    const { operations, code } = record(`
      #include <stdlib.h>
      int main(void) {
        void *a = malloc(1001), *b = calloc(3, 1002), *c = NULL;
        a = realloc(a, 2001);
        posix_memalign(&c, 256, 1003);
        free(NULL);
        free(b);
        b = realloc(NULL, 1004);
        free(c);
        b = realloc(b, 0);
        a = reallocarray(a, 7, 1005);
        free(a);
        return 7;
      }`);
    expect(code).toBe(7);
    expect(operations).toEqual([
      [OP_MALLOC, 0, 1001],
      [OP_CALLOC, 1, 3006],
      [OP_REALLOC, 0, 2001],
      [OP_MEMALIGN, 2, 1003],
      [OP_FREE, 1, 0],
      [OP_MALLOC, 1, 1004],
      [OP_FREE, 2, 0],
      [OP_FREE, 1, 0],
      [OP_REALLOC, 0, 7035],
      [OP_FREE, 0, 0],
    ]);
  });

  test("keeps the order of threads that free each other's blocks", () => {
    // readTrace() rejects a slot that is filled twice or freed when empty.
    const { operations, code } = record(`
      #include <pthread.h>
      #include <stdatomic.h>
      #include <stdlib.h>
      static _Atomic(void *) box[64];
      static void *work(void *seed) {
        unsigned x = (unsigned)(size_t)seed;
        for (int i = 0; i < 50000; i++) {
          x = x * 1664525u + 1013904223u;
          void *mine = malloc(8 + (x >> 8) % 500);
          if (i % 5 == 0) mine = realloc(mine, 8 + (x >> 4) % 900);
          free(atomic_exchange(&box[x >> 26], mine));
        }
        return NULL;
      }
      int main(void) {
        pthread_t threads[4];
        for (size_t i = 0; i < 4; i++) pthread_create(&threads[i], NULL, work, (void *)(i + 1));
        for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
        return 0;
      }`);
    expect(code).toBe(0);
    expect(operations.length).toBeGreaterThan(4 * 100_000);
  });

  test("a killed program leaves what it had done; a child has a trace of its own", () => {
    const { operations } = record(`
      #include <signal.h>
      #include <stdlib.h>
      #include <sys/wait.h>
      #include <unistd.h>
      int main(void) {
        void *inherited = malloc(501);
        if (fork() == 0) {
          free(inherited);
          free(malloc(502));
          _exit(0);
        }
        wait(NULL);
        for (int i = 0; i < 100; i++) malloc(503);
        raise(SIGKILL);
      }`);
    expect(operations).toEqual([
      [OP_MALLOC, 0, 501],
      ...Array.from({ length: 100 }, (_, i) => [OP_MALLOC, i + 1, 503]),
    ]);
  });

  test("a program that does not exist is an error", () => {
    const { code, stderr } = bench(
      "replay/record.js",
      join(scratch(), "x.atrc.gz"),
      "--",
      "/no/such/program",
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/ENOENT/);
  });
});
