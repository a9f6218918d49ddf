/** Five classic programs in the Scheme of examples/mini-interpreter, and where that interpreter is. */

import { join } from "node:path";
import { pathToFileURL } from "node:url";

import type { Heap } from "tallyheap";

import { buildDir } from "./paths.js";

export interface Scheme {
  /** The text of the last value. */
  run(source: string): string;
}

/** What is used of examples/mini-interpreter/interpreter.ts, which the build compiles to a folder of its own. */
interface SchemeModule {
  readonly Interpreter: new (options: object, heap?: Heap) => Scheme;
  /** The same over JavaScript's own values. */
  readonly PlainInterpreter: new () => Scheme;
}

/** The interpreter of this checkout, or of another one whose build/ is given. */
export async function loadScheme(build = buildDir): Promise<SchemeModule> {
  const file = join(build, "examples/mini-interpreter/interpreter.js");
  return (await import(pathToFileURL(file).href)) as SchemeModule;
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

export interface SchemeProgram {
  readonly name: string;
  readonly definitions: string;
  /** What is evaluated in each round: a number, always the same. */
  readonly expression: string;
}

export const schemePrograms: readonly SchemeProgram[] = [
  { name: "scheme: fib", definitions: FIB, expression: "(fib 16)" },
  { name: "scheme: tak", definitions: TAK, expression: "(tak 12 8 4)" },
  { name: "scheme: queens", definitions: QUEENS, expression: "(queens 5 5 '())" },
  { name: "scheme: strings", definitions: STRINGS, expression: "(lines 60)" },
  { name: "scheme: tables", definitions: TABLES, expression: "(churn 1500)" },
];
