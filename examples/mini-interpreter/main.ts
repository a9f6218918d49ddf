// A small Scheme whose values live in a heap of 8 MiB. Run it with: npm run example:interpreter [FILE…]

import { readFileSync } from "node:fs";
import { createHeap } from "tallyheap";
import { assertNoLeaks, checkpoint } from "tallyheap/testing";
import { Interpreter, SchemeError } from "./interpreter.js";

const DEMO = `
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(display "fib of 15: ") (display (fib 15)) (newline)

(define (counter)
  (let ((count 0))
    (lambda () (set! count (+ count 1)) count)))
(define tick (counter))
(tick) (tick)
(display "closures: ") (display (tick)) (newline)

(define words (make-hash-table))
(for-each
  (lambda (word) (hash-table-set! words word (+ 1 (hash-table-ref words word 0))))
  '("to" "be" "or" "not" "to" "be"))
(display "hash tables: ") (write (map (lambda (word) (cons word (hash-table-ref words word))) (hash-table-keys words))) (newline)

(define (divide a b)
  (guard (problem ((error-object? problem) (list 'caught (error-object-message problem))))
    (/ a b)))
(display "errors: ") (write (list (divide 10 4) (divide 1 0))) (newline)

(define (loop-of count) (let ((list (iota count))) (let find ((end list)) (if (null? (cdr end)) (set-cdr! end list) (find (cdr end)))) list))
(gc)
(define ring (loop-of 100))
(define box (make-weak-box ring))
(set! ring #f)
(display "a ring of 100 pairs that nobody holds: ") (write (pair? (weak-box-value box)))
(display ", collected: ") (write (>= (gc) 100))
(display ", what the weak box has: ") (write (weak-box-value box)) (newline)

(define (hoard) (let loop ((all '())) (loop (cons (make-vector 1000 'x) all))))
(display "out of memory: ")
(write (guard (problem (#t (error-object-message problem))) (hoard)))
(display ", and all is well: ") (write (length (iota 10000))) (newline)
`;

const heap = createHeap({ maxBytes: 8 * 2 ** 20, taggedInts: true });
const start = checkpoint(heap);
const interpreter = new Interpreter({}, heap);
const files = process.argv.slice(2);
try {
  for (const source of files.length === 0 ? [DEMO] : files.map((file) => readFileSync(file, "utf8"))) {
    interpreter.run(source);
  }
} catch (error) {
  if (!(error instanceof SchemeError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
interpreter.dispose();
assertNoLeaks(start);
heap.verify();
console.log("no object is left, heap.verify() passed");
