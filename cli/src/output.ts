/** Where results go that are no files. */

import { writeFileSync } from "node:fs";

/** Prints a result: as JSON, or as text for people. */
export function print(result: unknown, isJson: boolean | undefined, text: () => string): void {
  try {
    // Synchronously: a pipe would otherwise lose what the end of the process leaves unwritten.
    writeFileSync(1, isJson ? `${JSON.stringify(result, null, 1)}\n` : `${text()}\n`);
  } catch (error) {
    // Who read has seen enough.
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
}
