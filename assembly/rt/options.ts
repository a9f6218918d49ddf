// How the bytes layer is compiled into a program; see assembly/ambient.d.ts.

// @ts-ignore: decorator
@global
export const TALLYHEAP_MANAGED: i32 = 1;

// @ts-ignore: decorator
@global
export const TALLYHEAP_LINKED: i32 = 1;
