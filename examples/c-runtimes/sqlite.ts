/** SQLite (public domain): the amalgamation, without lookaside, on a script of SQL and a database in memory. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { C_FOLDER } from "./build.js";
import { compare } from "./compare.js";
import { Absent, CACHE } from "./sources.js";

await compare({
  name: "sqlite",
  debian: "sqlite3",
  program: (source) => {
    const folder = amalgamation(source);
    return {
      name: "sqlite",
      files: [join(C_FOLDER, "sqlite-main.c"), join(folder, "sqlite3.c")],
      flags: [
        `-I${folder}`,
        ...["OS_OTHER=1", "THREADSAFE=0", "OMIT_LOAD_EXTENSION", "OMIT_WAL", "TEMP_STORE=3"].map(
          (o) => `-DSQLITE_${o}`,
        ),
        // Every small request goes to malloc, and sizes are malloc's.
        ...["-DSQLITE_DEFAULT_LOOKASIDE=0,0", "-DHAVE_MALLOC_H=1", "-DHAVE_MALLOC_USABLE_SIZE=1"],
      ],
    };
  },
  script: "mix.sql",
  // So prints the same program in a native build.
  output: `sqlite 3.40.1 rows 3450 checksum 9d0b9dbc
`,
});

/** The folder with sqlite3.c: the given one, or made of the source package by SQLite's own script. */
function amalgamation(source: string): string {
  if (existsSync(join(source, "sqlite3.c"))) return source;
  const folder = join(CACHE, "sources", "sqlite3-amalgamation");
  if (existsSync(join(folder, "sqlite3.c"))) return folder;
  mkdirSync(folder, { recursive: true });
  const commands = [
    [join(source, "configure"), "--disable-tcl"],
    ["make", "sqlite3.c"],
  ];
  for (const [program, ...args] of commands) {
    const { status } = spawnSync(program!, args, { cwd: folder, stdio: "ignore" });
    if (status !== 0) throw new Absent("no amalgamation of SQLite: it takes make, a C compiler and tclsh");
  }
  return folder;
}
