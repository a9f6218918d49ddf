import { describe, expect, test, vi } from "vitest";
import { createHeap, type Heap, type HeapOptions } from "tallyheap";
import { createHeap as createDebugHeap } from "tallyheap/debug";
import { assertNoLeaks, checkpoint, stress } from "tallyheap/testing";
import { Interpreter, PlainInterpreter, SchemeError } from "../../examples/mini-interpreter/interpreter.js";
import { STRESS, many } from "../support/stress.js";

const MIB = 2 ** 20;
const builds = [
  { name: "release", create: createHeap },
  { name: "debug", create: createDebugHeap },
];

/** Expressions and their values. */
const EXPRESSIONS = [
  ["42", "42"],
  ["-7", "-7"],
  ["2.5", "2.5"],
  ["#t", "#t"],
  ['"a\\"b\\n"', '"a\\"b\\n"'],
  ["'symbol", "symbol"],
  ['\'(1 (2 . 3) "x" #f)', '(1 (2 . 3) "x" #f)'],
  ["'()", "()"],
  ["(+)", "0"],
  ["(+ 1 2 3)", "6"],
  ["(- 5)", "-5"],
  ["(/ 6 3)", "2"],
  ["(/ 1 2)", "0.5"],
  ["(* 1.5 2)", "3.0"],
  ["(modulo -7 2)", "1"],
  ["(* 3000000000 3000000000)", "9000000000000000000"],
  ["(< 1 2 3)", "#t"],
  ["(= 2 2.0)", "#t"],
  ["(if #f 1)", "#<unspecified>"],
  ["(let ((x 1) (y 2)) (list x y))", "(1 2)"],
  ["(let* ((x 1) (y (+ x 1))) y)", "2"],
  [
    "(letrec ((even? (lambda (n) (if (= n 0) #t (odd? (- n 1))))) (odd? (lambda (n) (if (= n 0) #f (even? (- n 1)))))) (even? 100))",
    "#t",
  ],
  ["(cond ((assoc 'b '((a 1) (b 2))) => cdr) (else 'none))", "(2)"],
  ["(and 1 2 3)", "3"],
  ["(or #f #f)", "#f"],
  ["(do ((i 0 (+ i 1)) (sum 0 (+ sum i))) ((= i 100) sum))", "4950"],
  ["(let loop ((i 0)) (if (< i 10000) (loop (+ i 1)) i))", "10000"],
  ["((lambda (a . rest) (list a rest)) 1 2 3)", "(1 (2 3))"],
  ["(apply + 1 2 '(3 4))", "10"],
  ["(append '(1 2) '(3) '(4 . 5))", "(1 2 3 4 . 5)"],
  ['(equal? \'(1 #t "x" (2.5)) (list 1 #t "x" (list 2.5)))', "#t"],
  ['(eq? \'a (string->symbol "a"))', "#t"],
  ["(fold + 0 (map (lambda (x) (* x x)) (filter (lambda (x) (< x 5)) (iota 100))))", "30"],
  [
    "(let ((v (vector 1 2))) (vector-push! v 3) (vector-set! v 0 'x) (list v (vector-pop! v) v))",
    "(#(x 2) 3 #(x 2))",
  ],
  ['(string-append (substring "tallyheap" 0 5) (number->string 3))', '"tally3"'],
];

/** Expressions that are wrong, and part of what is said about them. */
const ERRORS = [
  ["(undefined-name)", "unbound variable: undefined-name"],
  ["(1 2)", "not a procedure"],
  ["((lambda (x) x))", "too few arguments"],
  ["((lambda (x) x) 1 2)", "too many arguments"],
  ["(+ 1 'a)", "not a number"],
  ["(quotient 1 0)", "division by zero"],
  ["(vector-ref (vector 1 2) 2)", "index out of range"],
  ["(* 9000000000000000000 9000000000000000000)", "out of range"],
  ["(let ((x)) x)", "car: not a pair"],
  ["(1 2", "the text ends"],
  [")", "unexpected )"],
  ["(set! nowhere 1)", "unbound variable"],
];

describe.each(builds)("mini-interpreter, $name core", (build) => {
  function create(options: HeapOptions): Heap {
    const heap = build.create(options);
    if (STRESS > 0) stress(heap, STRESS);
    return heap;
  }

  /** Runs programs in one interpreter, after which the heap must be empty; the values and what was printed. */
  function scheme(...sources: string[]): { values: string[]; printed: string; heap: Heap } {
    const heap = create({ maxBytes: 64 * MIB });
    const start = checkpoint(heap);
    let printed = "";
    const interpreter = new Interpreter({ write: (text) => (printed += text) }, heap);
    const values = sources.map((source) => {
      try {
        return interpreter.run(source);
      } catch (error) {
        if (!(error instanceof SchemeError)) throw error;
        return `error: ${error.message}`;
      } finally {
        heap.verify();
      }
    });
    interpreter.dispose();
    assertNoLeaks(start);
    heap.verify();
    return { values, printed, heap };
  }

  const value = (source: string): string => scheme(source).values[0]!;

  test.each(EXPRESSIONS)("%s", (source, expected) => {
    expect(value(source)).toBe(expected);
  });

  test("closures keep their frame, each its own", () => {
    const { values } = scheme(
      "(define (counter) (let ((n 0)) (lambda () (set! n (+ n 1)) n)))",
      "(define a (counter)) (define b (counter)) (a) (a) (b) (list (a) (b))",
    );
    expect(values[1]).toBe("(3 2)");
  });

  test("internal definitions, which are in a cycle with their frame", () => {
    const source =
      "(define (f n) (define (g i) (if (= i 0) n (h (- i 1)))) (define (h i) (g i)) (g 10)) (map f '(1 2 3))";
    expect(value(source)).toBe("(1 2 3)");
  });

  test("hash tables", () => {
    const { values } = scheme(
      '(define t (make-hash-table)) (hash-table-set! t \'a 1) (hash-table-set! t "b" 2) (hash-table-set! t 3 t)',
      '(list (hash-table-ref t \'a) (hash-table-ref t "b") (hash-table-count t) (hash-table-keys t))',
      "(hash-table-delete! t 'a) (list (hash-table-contains? t 'a) (hash-table-ref t 'a (lambda () 'gone)))",
      "(hash-table-ref t 'a)",
      "(hash-table-delete! t 3)",
    );
    expect(values.slice(1, 4)).toEqual(['(1 2 3 (a "b" 3))', "(#f gone)", 'error: no such key "a"']);
  });

  test("output", () => {
    expect(scheme('(display "a b") (write "c") (newline) (display \'(1 "x"))').printed).toBe(
      'a b"c"\n(1 "x")'.replace('"x"', "x"),
    );
  });

  test("errors: caught, passed on, raised anew", () => {
    expect(value("(guard (e (#t (list 'caught e))) (raise 42) 'unreached)")).toBe("(caught 42)");
    expect(value("(guard (e ((symbol? e) 'symbol)) (guard (e ((string? e) 'string)) (raise 'x)))")).toBe(
      "symbol",
    );
    expect(value('(guard (e ((error-object? e) (error-object-irritants e))) (error "bad" 1 \'(2)))')).toBe(
      "(1 (2))",
    );
    expect(value('(error "no such thing:" 7 "x")')).toBe('error: no such thing: 7 "x"');
    expect(value("(raise '(1 2))")).toBe("error: (1 2)");
    expect(value("(guard (e ((string? e) e)) (car 5))")).toMatch(/^error: car: not a pair/);
  });

  test.each(ERRORS)("%s is an error", (source, message) => {
    expect(value(source)).toContain(message);
    expect(value(source)).toMatch(/^error: /);
  });

  test("recursion that is too deep is an error, and a program can catch it", () => {
    const { values } = scheme(
      "(define (deep n) (+ 1 (deep n)))",
      "(deep 1)",
      "(guard (e (#t (error-object-message e))) (deep 1))",
      "(define (sum n) (if (= n 0) 0 (+ n (sum (- n 1))))) (sum 50)",
    );
    expect(values.slice(1)).toEqual(["error: recursion too deep", '"recursion too deep"', "1275"]);
  });

  test("a long list is built and dropped, and printed", () => {
    const length = many(20_000);
    const { values } = scheme(`(define long (iota ${length})) (length long)`, "(set! long #f)", "(iota 3)");
    expect(values).toEqual([String(length), "#<unspecified>", "(0 1 2)"]);
  });

  test("a value inside itself is printed with dots", () => {
    const { values } = scheme(
      "(define v (vector 1)) (vector-push! v v) v",
      "(define p (list 1 2)) (set-cdr! (cdr p) p) p",
      "(vector-pop! v) (set-cdr! p '())",
    );
    expect(values.slice(0, 2)).toEqual(["#(1 ...)", "(1 2 ...)"]);
  });

  test("weak boxes", () => {
    const { values } = scheme(
      "(define p (cons 1 2)) (define box (make-weak-box p)) (weak-box-value box)",
      "(set! p #f) (weak-box-value box 'gone)",
      "(make-weak-box 5)",
    );
    expect(values).toEqual(["(1 . 2)", "gone", "error: wrong type of argument"]);
  });

  // These fill memory with small values: not under stress, where each of them would walk all others.

  test("values die as soon as nothing holds them", () => {
    const heap = build.create({ maxBytes: 4 * MIB });
    const start = checkpoint(heap);
    const interpreter = new Interpreter({}, heap);
    // Twenty megabytes in all.
    interpreter.run("(do ((i 0 (+ i 1))) ((= i 500)) (make-vector 10000 i))");
    expect(heap.stats().heapTotal).toBeLessThanOrEqual(4 * MIB);
    interpreter.dispose();
    assertNoLeaks(start);
  });

  test("a program that takes too much memory is told so, and goes on with the rest", () => {
    const heap = build.create({ maxBytes: 4 * MIB });
    const start = checkpoint(heap);
    const interpreter = new Interpreter({}, heap);
    interpreter.run("(define (hoard all) (hoard (cons (make-vector 100 0) all)))");
    for (let i = 0; i < 2; i++) {
      expect(() => interpreter.run("(hoard '())")).toThrow("out of memory");
      expect(interpreter.run("(guard (e (#t (error-object-message e))) (hoard '()))")).toBe(
        '"out of memory"',
      );
      expect(interpreter.run("(length (iota 1000))")).toBe("1000");
      heap.verify();
    }
    interpreter.dispose();
    assertNoLeaks(start);
  });

  test("wherever memory ends, nothing is lost", () => {
    const source = `
      (define table (make-hash-table))
      (define (fill i) (hash-table-set! table i (list i (vector i) (lambda () i) (number->string i))) (fill (+ i 1)))
      (guard (e (#t 'caught)) (fill 0))`;
    for (let kib = 768; kib <= 1280; kib += 64) {
      const heap = build.create({ initialBytes: 512 * 1024, maxBytes: kib * 1024 });
      const start = checkpoint(heap);
      const interpreter = new Interpreter({}, heap);
      expect(["caught", "error: out of memory"]).toContain(
        (() => {
          try {
            return interpreter.run(source);
          } catch (error) {
            return `error: ${(error as Error).message}`;
          }
        })(),
      );
      heap.verify();
      interpreter.dispose();
      assertNoLeaks(start);
    }
  });

  test("cycles live until they are collected", () => {
    const heap = build.create({ maxBytes: 4 * MIB, autoCollect: false });
    const start = checkpoint(heap);
    const interpreter = new Interpreter({}, heap);
    const run = (source: string): string => interpreter.run(source);
    run("(gc)");
    run("(define ring (list 1 2 3)) (set-cdr! (cdr (cdr ring)) ring) (define box (make-weak-box ring))");
    expect(run("(gc)")).toBe("0");
    run("(set! ring #f)");
    expect(run("(list (weak-box? box) (weak-box-value box))")).toBe("(#t (1 2 3 ...))");
    expect(run("(gc)")).toBe("3");
    expect(run("(weak-box-value box 'gone)")).toBe("gone");
    // The closure, its cell, and the 19 objects of the text that it was made of.
    run("(define box (let ((self #f)) (set! self (lambda () self)) (make-weak-box self)))");
    expect(run("(eq? ((weak-box-value box)) (weak-box-value box))")).toBe("#t");
    expect(run("(gc)")).toBe("21");
    expect(run("(weak-box-value box)")).toBe("#f");
    // A table that holds itself, found although the program is in the middle of something.
    expect(run("(begin (let ((t (make-hash-table))) (hash-table-set! t 'me t)) (list 'found (gc)))")).toBe(
      "(found 1)",
    );
    heap.verify();
    interpreter.dispose();
    assertNoLeaks(start);
  });

  test("cycles that take twice the memory come and go by themselves", () => {
    const heap = build.create({ maxBytes: 4 * MIB });
    const start = checkpoint(heap);
    const interpreter = new Interpreter({}, heap);
    // Vectors of 4 KB and more in cycles with closures: some 8 MB.
    const source = `
      (do ((i 0 (+ i 1))) ((= i 2000) 'done)
        (let ((v (make-vector 1000 i))) (vector-set! v 0 (lambda () v))))`;
    expect(interpreter.run(source)).toBe("done");
    expect(heap.stats().heapTotal).toBeLessThanOrEqual(4 * MIB);
    heap.verify();
    interpreter.dispose();
    assertNoLeaks(start);
  });

  test("two interpreters in one heap", () => {
    const heap = create({});
    const start = checkpoint(heap);
    const [a, b] = [new Interpreter({}, heap), new Interpreter({}, heap)];
    a.run("(define x 1)");
    b.run("(define x 2)");
    expect([a.run("x"), b.run("x")]).toEqual(["1", "2"]);
    a.dispose();
    expect(b.run("(+ x 1)")).toBe("3");
    b.dispose();
    assertNoLeaks(start);
  });
});

describe("mini-interpreter over plain JavaScript", () => {
  const run = (...sources: string[]): string => {
    const interpreter = new PlainInterpreter();
    try {
      return sources.map((source) => interpreter.run(source)).at(-1)!;
    } finally {
      interpreter.dispose();
    }
  };

  test.each(EXPRESSIONS)("%s", (source, expected) => {
    expect(run(source)).toBe(expected);
  });

  test.each(ERRORS)("%s is an error", (source, message) => {
    expect(() => run(source)).toThrow(SchemeError);
    expect(() => run(source)).toThrow(message);
  });

  test("closures, tables, errors, weak boxes", () => {
    const counter =
      "(define (counter) (let ((n 0)) (lambda () (set! n (+ n 1)) n))) (define a (counter)) (a)";
    expect(run(counter, "(list (a) (a) ((counter)))")).toBe("(2 3 1)");
    const table = '(define t (make-hash-table)) (hash-table-set! t 1 \'a) (hash-table-set! t "b" t)';
    expect(run(table, "(list (hash-table-ref t 1.0) (hash-table-keys t) (hash-table-delete! t 7))")).toBe(
      '(a (1 "b") #f)',
    );
    expect(run("(guard (e ((string? e) e) ((symbol? e) (list e))) (guard (e (#f 1)) (raise 'x)))")).toBe(
      "(x)",
    );
    expect(run("(weak-box-value (make-weak-box (list 1 2)))")).toBe("(1 2)");
  });
});

describe.each([
  { name: "the heap", create: () => new Interpreter() },
  { name: "plain JavaScript", create: () => new PlainInterpreter() },
])("what is compiled, over $name", ({ create }) => {
  function run(source: string): string {
    const interpreter = create();
    try {
      return interpreter.run(source);
    } finally {
      interpreter.dispose();
    }
  }

  test.each([
    // A primitive that was defined anew after the code was compiled, also in tail position.
    ["(define (f x) (car x)) (define (car x) (list 'mine x)) (f 1)", "(mine 1)"],
    ["(define (f n) (if (= n 0) 'done (abs- n))) (define (abs- n) (f (- n 1))) (f 2000)", "done"],
    ["(define (f n) (- n 1)) (define - (lambda (a b) (if (= a 0) 'end (f (+ a -1))))) (f 3000)", "end"],
    // Variables of several procedures around, shadowed names, cells.
    ["(define (f a) (lambda (b) (lambda (c) (list a b c)))) (((f 1) 2) 3)", "(1 2 3)"],
    [
      "(define (f x) (let ((x (+ x 1))) (let ((g (lambda () x))) (let ((x 9)) (list x (g)))))) (f 1)",
      "(9 2)",
    ],
    [
      "(define (f x) (set! x (+ x 1)) (let ((g (lambda () (set! x (* x 2)) x))) (list (g) x))) (f 1)",
      "(4 4)",
    ],
    [
      "(let loop ((i 0) (all '())) (if (= i 3) (map (lambda (f) (f)) all) (loop (+ i 1) (cons (lambda () i) all))))",
      "(2 1 0)",
    ],
    [
      "(do ((i 0 (+ i 1)) (all '() (cons (lambda () (set! i (+ i 10)) i) all))) ((= i 2) (map (lambda (f) (f)) all)))",
      "(11 10)",
    ],
    ["(define (f . rest) (set! rest (cons 0 rest)) rest) (f 1 2)", "(0 1 2)"],
    ["(define (f) (define a 1) (define (g) (set! a (+ a 1)) (h)) (define (h) a) (g)) (f)", "2"],
    ["(letrec ((f (lambda (n) (if (= n 0) '() (cons n (f (- n 1))))))) (f 3))", "(3 2 1)"],
    ["(let* ((a 1) (b (lambda () a)) (a 2)) (list a (b)))", "(2 1)"],
    ["(guard (e (#t (set! e (list e 2)) (list e))) (raise 1))", "((1 2))"],
    ["(cond ((assoc 2 '((1 a) (2 b))) => cdr) (else 'no))", "(b)"],
    ["(list (and) (or) (and 1 #f) (or #f 2) (begin) (let () 5))", "(#t #f #f 2 #<unspecified> 5)"],
    ["(apply (lambda (a . b) (list b a)) 1 '(2 3))", "((2 3) 1)"],
    ["(apply apply (list + (list 1 2)))", "3"],
  ])("%s", (source, expected) => {
    expect(run(source)).toBe(expected);
  });

  test.each([
    ["(letrec ((a b) (b 1)) a)", "unbound variable: b"],
    ["(let ((x 1)) (if x (define y 1)))", "misplaced define"],
    ["(lambda (1) 2)", "not a name"],
    ["(set! 5 1)", "not a name"],
    ["(else)", "misplaced else"],
    ["(f . 1)", "not a proper list"],
    ["(if)", "not a pair"],
    ["(1 . 2 3)", "expected )"],
    ["(. 1)", "unbound variable: ."],
  ])("%s is an error", (source, message) => {
    expect(() => run(source)).toThrow(message);
  });
});

test("code is forgotten with the last closure of it", () => {
  const heap = createHeap({ taggedInts: true });
  const interpreter = new Interpreter({}, heap);
  const count = (): number => heap.collector.objects().length;
  interpreter.run("((lambda (x) x) 1)");
  const before = count();
  for (let i = 0; i < 50; i++) interpreter.run("(define f (let ((x 1)) (lambda () (lambda () x)))) ((f))");
  interpreter.run("(set! f #f)");
  interpreter.run("(gc)");
  expect(count()).toBeLessThanOrEqual(before + 2);
  interpreter.dispose();
});

test("the example runs", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const write = vi.spyOn(process.stdout, "write").mockImplementation(() => true);
  await import("../../examples/mini-interpreter/main.js");
  const printed = write.mock.calls.map(([text]) => String(text)).join("");
  const last = log.mock.calls.at(-1);
  write.mockRestore();
  log.mockRestore();
  expect(printed).toContain("fib of 15: 610");
  expect(printed).toContain("that nobody holds: #t, collected: #t, what the weak box has: #f");
  expect(printed).toContain('out of memory: "out of memory", and all is well: 10000');
  expect(last).toEqual(["no object is left, heap.verify() passed"]);
});
