/** A value that was raised, on its way to a `guard`. Borrowed: nothing is made or released before it is caught. */
export class Raised<V> extends Error {
  constructor(readonly payload: V) {
    super("raised");
  }
}

/** What a program did wrong: an error that Scheme code can catch, before it has become a value. */
export class Misuse extends Error {
  /** `irritants` are texts of values, and shown in the message. */
  constructor(
    message: string,
    readonly irritants: readonly string[] = [],
  ) {
    super(message);
  }
}

/** An error that nothing in the program caught. */
export class SchemeError extends Error {
  override readonly name = "SchemeError";
}
