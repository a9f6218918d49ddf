/** Lua 5.4 (MIT): its interpreter `lua`, on a mix of trees, strings, tables and closures. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { C_FOLDER, SETJMP } from "./build.js";
import { compare } from "./compare.js";

await compare({
  name: "lua",
  debian: "lua5.4",
  program: (source) => {
    const folder = join(source, "src");
    const files = readdirSync(folder).filter((file) => file.endsWith(".c") && file !== "luac.c");
    return {
      name: "lua",
      files: [...files.map((file) => join(folder, file)), join(C_FOLDER, "lua-system.c")],
      flags: [
        ...SETJMP,
        // Of <stdio.h>, where wasi-libc leaves it out.
        "-DL_tmpnam=20",
        ...["-D_WASI_EMULATED_SIGNAL", "-lwasi-emulated-signal"],
        ...["-D_WASI_EMULATED_PROCESS_CLOCKS", "-lwasi-emulated-process-clocks"],
      ],
    };
  },
  script: "mix.lua",
  output: `trees\t393175
strings\t58392\t2151666\t259130\t488178
tables\t392095\t17493\t9998
closures\t504796\t20000
`,
});
