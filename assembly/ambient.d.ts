// For tsc only: constants that asc gets by `--use NAME=1`. Test them with isDefined().

/** The core as a module of its own: it tells its host when the memory grew. */
declare const TALLYHEAP_STANDALONE: i32;
/** The debug core: guards, fill patterns, quarantine. */
declare const TALLYHEAP_DEBUG: i32;
/** The hardened core: see alloc/links.ts and alloc/hardening.ts. */
declare const TALLYHEAP_HARDENED: i32;
/** 0 in the hardened core, 1 in the release core, 2 in the debug core, 3 in the bytes layer alone. */
declare const TALLYHEAP_CORE: u32;
/** The core that `tallyheap link` puts into other modules: no objects, so no state of theirs. */
declare const TALLYHEAP_LINKED: i32;
/** The bytes layer below the runtime of an AssemblyScript program (assembly/rt). */
declare const TALLYHEAP_MANAGED: i32;
