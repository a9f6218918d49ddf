/** How a command fails, this package's or the one of cli/: a line on stderr, and a code for scripts. */

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** What was typed makes no sense. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is no directory",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left",
};

/** What `action` returns; an error of the system gets `what` in front, and words in place of its code. */
export function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new Error(`${what}: ${REASONS[code] ?? code}`, { cause });
  }
}
