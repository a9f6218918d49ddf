/**
 * C and C++ modules that live in a running heap (include/tallyheap.h, docs/embedding-c.md).
 *
 *     const bytes = await readFile("client.wasm");
 *     const heap = createHeap({ clientBytes: clientBytes(bytes) });
 *     const client = new CClient(heap);
 *     const { instance } = await WebAssembly.instantiate(bytes, client.imports);
 *     client.attach(instance);
 */
export { clientBytes } from "./link/client-bytes.js";
export { C_ERRORS, CClient } from "./link/c-client.js";
