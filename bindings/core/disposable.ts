/** `Symbol.dispose` and `Symbol.asyncDispose` where the host has them, else stand-ins that are the same in every realm. */
export const disposeSymbol: symbol =
  (Symbol as { readonly dispose?: symbol }).dispose ?? Symbol.for("Symbol.dispose");

/**
 * Installs `dispose` under the symbol as well, for `using`. Done after the class: where the host has no such symbol, a
 * computed method would be called "undefined".
 */
export function makeDisposable(prototype: { dispose(): void }): void {
  Object.defineProperty(prototype, disposeSymbol, {
    value(this: { dispose(): void }): void {
      this.dispose();
    },
    configurable: true,
    writable: true,
  });
}
