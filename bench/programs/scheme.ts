/** Programs in the Scheme of examples/mini-interpreter: values, frames and code live in the heap. */

import { join } from "node:path";
import { pathToFileURL } from "node:url";

import type { Heap } from "tallyheap";

import { buildDir } from "../lib/paths.js";
import type { Program } from "./program.js";

/** What is used of examples/mini-interpreter/interpreter.ts, which the build compiles to a folder of its own. */
interface Interpreter {
  run(source: string): string;
}
interface InterpreterModule {
  readonly Interpreter: new (options: object, heap: Heap) => Interpreter;
}

const FIB = `(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))`;

const TAK = `
(define (tak x y z)
  (if (not (< y x)) z
    (tak (tak (- x 1) y z) (tak (- y 1) z x) (tak (- z 1) x y))))`;

const QUEENS = `
(define (safe? row distance placed)
  (cond ((null? placed) #t)
        ((= (car placed) row) #f)
        ((= (car placed) (+ row distance)) #f)
        ((= (car placed) (- row distance)) #f)
        (else (safe? row (+ distance 1) (cdr placed)))))
(define (queens left size placed)
  (if (= left 0) 1
    (fold (lambda (row sum)
            (if (safe? row 1 placed) (+ sum (queens (- left 1) size (cons row placed))) sum))
          0 (iota size))))`;

const STRINGS = `
(define (join strings) (fold (lambda (part all) (string-append all part ",")) "" strings))
(define (line n)
  (join (map (lambda (i) (string-append "item " (number->string (* i n)))) (iota 12))))
(define (lines count)
  (let loop ((i 0) (all '()) (length 0))
    (if (= i count) length
      (let ((text (line i)))
        (loop (+ i 1) (cons text all) (+ length (string-length (substring text 2 (string-length text)))))))))`;

const TABLES = `
(define (note-all table count)
  (do ((i 0 (+ i 1))) ((= i count) table)
    (let ((key (modulo (* i 7919) 512)))
      (hash-table-set! table key (cons i (hash-table-ref table key '())))
      (when (= (modulo i 3) 0) (hash-table-delete! table (modulo (* i 31) 512))))))
(define (pairs count) (map (lambda (i) (cons (string-append "key " (number->string i)) i)) (iota count)))
(define (sum-all list keys)
  (fold (lambda (key sum) (+ sum (cdr (assoc key list)))) 0 keys))
(define (churn count)
  (let ((table (note-all (make-hash-table) count)) (list (pairs 24)))
    (+ (hash-table-count table) (sum-all list (map car list)))))`;

/** Name, definitions, and the expression that is evaluated in each round, of which the value is a number. */
const PROGRAMS: readonly (readonly [name: string, definitions: string, expression: string])[] = [
  ["scheme: fib", FIB, "(fib 16)"],
  ["scheme: tak", TAK, "(tak 12 8 4)"],
  ["scheme: queens", QUEENS, "(queens 5 5 '())"],
  ["scheme: strings", STRINGS, "(lines 60)"],
  ["scheme: tables", TABLES, "(churn 1500)"],
];

export const schemePrograms: readonly Program[] = PROGRAMS.map(([name, definitions, expression]) => ({
  name,
  prepare: async (heap) => {
    const file = pathToFileURL(join(buildDir, "examples/mini-interpreter/interpreter.js")).href;
    const { Interpreter } = (await import(file)) as InterpreterModule;
    const interpreter = new Interpreter({}, heap);
    interpreter.run(definitions);
    return () => Number(interpreter.run(expression));
  },
}));
