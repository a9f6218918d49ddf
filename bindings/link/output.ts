/** Files that a command writes, this package's or the one of cli/: whole or absent. */

import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";

import { attempt } from "./failure.js";

/**
 * Writes a file: beside it first, and under its name when it is whole. What is no regular file, as /dev/stdout, is written
 * at once.
 */
export function writeFile(
  file: string,
  produce: (write: (chunk: string | Uint8Array) => void) => void,
): void {
  attempt(`cannot write ${file}`, () => {
    const isInPlace = statSync(file, { throwIfNoEntry: false })?.isFile() ?? true;
    const target = isInPlace ? `${file}.${process.pid}.tmp` : file;
    const descriptor = openSync(target, "w");
    try {
      try {
        produce((chunk) => writeWhole(descriptor, typeof chunk === "string" ? Buffer.from(chunk) : chunk));
      } finally {
        closeSync(descriptor);
      }
      if (isInPlace) renameSync(target, file);
    } catch (error) {
      if (isInPlace) rmSync(target, { force: true });
      throw error;
    }
  });
}

/** The system may take less than it is given. */
function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
}
