import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));

export default defineConfig({
  root: here,
  base: "./",
  // This checkout's heap; a project that has installed the package needs no alias.
  resolve: { alias: { tallyheap: fileURLToPath(new URL("../../dist/index.js", import.meta.url)) } },
  build: { outDir: "../../build/live-heap", emptyOutDir: true },
});
