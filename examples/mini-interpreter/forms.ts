/** Syntax that the compiler knows. */
export const FORMS = [
  ...["quote", "if", "define", "set!", "lambda", "begin", "let", "let*", "letrec", "cond"],
  ...["and", "or", "when", "unless", "do", "guard", "else", "=>"],
] as const;
export type Form = (typeof FORMS)[number];
