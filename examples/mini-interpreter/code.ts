/** Compiled code: a tree of nodes, each of which knows how its expression is evaluated. */

/** An expression. */
export interface Node<V> {
  /**
   * Its value, with the frame on the stack from slot `base` on: the procedure, its arguments, then what the expression
   * itself puts there. Absent if a call in tail position is still to be made: procedure and arguments lie in the frame then.
   */
  value(base: number): V;
}

/** What a lambda expression is compiled to. */
export interface Code<V> {
  readonly name: string;
  readonly parameters: number;
  /** Whether there is one more, for a list of all other arguments. */
  readonly hasRest: boolean;
  readonly body: Node<V>;
  /** Slots of a frame. */
  readonly slots: number;
}
