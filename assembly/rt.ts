// The runtime of AssemblyScript programs: `asc --runtime ./node_modules/tallyheap/assembly/rt`. What this file exported
// would become exports of the program, so it only imports; the functions that the compiler looks for are @global.
import "./rt/options";
import "./rt/new";
import "./rt/raw";
import "./rt/mark";
import "./rt/pins";
import "./rt/cycle";
