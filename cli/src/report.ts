/** Reports of your own heaps: `tallyheap-cli/report`. */

export { HeapRecorder } from "./recorder.js";
export type { RecorderOptions } from "./recorder.js";
export { reportHtml } from "./html.js";
export type * from "./report-data.js";
