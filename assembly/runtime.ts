// Deliberately empty. Compiled with `--runtime assembly/runtime`, the core has no managed runtime at all, so
// that a `new`, a string or a closure which would need one is a compile error instead of a hidden allocator.
