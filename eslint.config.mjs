import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig([
  globalIgnores(["build/**", "**/dist/**", "bindings/generated/**", "coverage/**"]),
  {
    files: ["**/*.mjs", "**/*.ts"],
    extends: [js.configs.recommended, tseslint.configs.strict],
    rules: {
      // Types are tsc's business, in JavaScript files too (checkJs).
      "no-undef": "off",
      // Typed arrays are indexed everywhere, mostly where the index is known to be good.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      eqeqeq: "error",
    },
  },
  {
    // AssemblyScript: decorators on functions are a syntax error to TypeScript, and `==` on numbers is the idiom.
    files: ["**/assembly/**/*.ts"],
    languageOptions: { parserOptions: { allowInvalidAST: true } },
    rules: {
      eqeqeq: "off",
      "prefer-const": "off",
      "@typescript-eslint/ban-ts-comment": "off",
      "@typescript-eslint/no-namespace": "off",
      "@typescript-eslint/no-extraneous-class": "off",
    },
  },
]);
