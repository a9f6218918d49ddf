// For tsc only.

/** Lower end of the shadow stack's part in use; it reaches up to `__heap_base`. */
declare let __stack_pointer: usize;
/** asc --use TALLYHEAP_STRESS=n: a full collection at every n-th `__new`. */
declare const TALLYHEAP_STRESS: i32;
