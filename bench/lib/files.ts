/** Files of measurements, gzipped or plain. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** The bytes of a file, unpacked; `fail` makes an error of a reason. */
export function readUnpacked(file: string, fail: (reason: string) => Error): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw fail(`cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw fail(`damaged gzip data (${(error as Error).message})`);
  }
}
