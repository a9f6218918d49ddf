/** Where a method of the heap was called from. The stack is made into text only when somebody reads it. */
export class Trace {
  readonly #error: Error;

  /** `error` was just made by the method. */
  constructor(error: Error) {
    this.#error = error;
  }

  /** One line a frame, innermost first, from the caller of the method on. */
  get text(): string {
    const lines = (this.#error.stack ?? "").split("\n").filter((line) => line.trim() !== "");
    const frames = lines[0]?.startsWith("Error") ? lines.slice(1) : lines;
    return frames.slice(1).join("\n");
  }
}
