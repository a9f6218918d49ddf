; A program with a leak: each session listens to messages, and nobody unsubscribes it when the session is over.

(define listeners (make-hash-table))
(define (subscribe user listener) (hash-table-set! listeners user listener))

(define (serve user)
  (let ((history (make-vector 100 user)))
    (define (on-message message) (vector-set! history 0 message))
    (subscribe user on-message)
    (vector-ref history 0)))

(define (serve-all first last)
  (do ((user first (+ user 1))) ((= user last)) (serve user)))
