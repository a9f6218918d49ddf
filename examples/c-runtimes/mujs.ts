/** MuJS (ISC): its interpreter `mujs`, on a mix of trees, strings, objects and closures. */

import { join } from "node:path";
import { SETJMP } from "./build.js";
import { compare } from "./compare.js";

await compare({
  name: "mujs",
  debian: "mujs",
  program: (source) => ({
    name: "mujs",
    files: ["one.c", "main.c"].map((file) => join(source, file)),
    flags: SETJMP,
  }),
  script: "mix.js",
  output: `trees 65511
strings 10843 135588 82489 3000
objects 465104 3497 s2810
closures 155200 9999
`,
});
