/** Faults seeded in assembly/debug and in assembly/rt. */

/** @type {import("./index.mjs").Mutant[]} */
export const debug = [
  {
    name: "the last guard byte of a freed block is left alone",
    file: "debug/block.ts",
    before: "sizeOf(pointer) + 2 * GUARD_BYTES);",
    after: "sizeOf(pointer) + 2 * GUARD_BYTES - 1);",
    tests: ["test/debug"],
  },
  {
    name: "one of the guards before a block is not looked at",
    file: "debug/block.ts",
    before: "firstOther(pointer - GUARD_BYTES + 1, pointer,",
    after: "firstOther(pointer - GUARD_BYTES + 2, pointer,",
    tests: ["test/debug"],
  },
  {
    name: "the last guard behind a block is not looked at",
    file: "debug/block.ts",
    before: "at = firstOther(end, end + GUARD_BYTES, layout.DEBUG_GUARD_BYTE);",
    after: "at = firstOther(end, end + GUARD_BYTES - 1, layout.DEBUG_GUARD_BYTE);",
    tests: ["test/debug"],
  },
  {
    name: "a later fault takes the first one's place",
    file: "debug/block.ts",
    before: "  if (state.fault >= layout.FAULT_BAD_POINTER) return code;\n",
    after: "",
    tests: ["test/debug"],
  },
  {
    name: "a block made smaller keeps the bytes behind it",
    file: "debug/block.ts",
    before: "  memory.fill(pointer + size, <u8>layout.DEBUG_DEAD_BYTE, old - size);\n",
    after: "",
    tests: ["test/debug"],
  },
  {
    name: "neighbours in the list of live blocks are not asked",
    file: "debug/block.ts",
    before: "return isLinked(pointer) ? layout.FAULT_NONE : fault(layout.FAULT_CORRUPT, pointer);",
    after: "return layout.FAULT_NONE;",
    tests: ["test/debug"],
  },
  {
    name: "the quarantine takes four times as much",
    file: "debug/quarantine.ts",
    before: "debug.quarantined > layout.QUARANTINE_BYTES",
    after: "debug.quarantined > layout.QUARANTINE_BYTES << 2",
    tests: ["test/debug"],
  },
  {
    name: "what left the quarantine stays in its count",
    file: "debug/quarantine.ts",
    before: "  debug.quarantined -= <u32>blocks.bytesOf(pointer);\n",
    after: "",
    tests: ["test/debug"],
  },
  {
    name: "the quarantine is given up without a report of what was overwritten",
    file: "debug/quarantine.ts",
    before: "  debug.unreported = overwritten + u32(block != 0);\n",
    after: "",
    tests: ["test/debug"],
  },
  {
    name: "realloc frees at once",
    file: "debug/guard.ts",
    before: "  memory.copy(block, pointer, min(old, size));\n  quarantine.quarantine(pointer);",
    after:
      "  memory.copy(block, pointer, min(old, size));\n  blocks.unlinkLive(pointer);\n  family.free(blocks.baseOf(pointer));",
    tests: ["test/debug"],
  },
  {
    name: "verify() does not look into the quarantine",
    file: "debug/guard.ts",
    before:
      "  else if (verifyList(debug.oldest, debug.deadCount, false)) wrong = layout.BROKEN_QUARANTINE;\n",
    after: "",
    tests: ["test/debug"],
  },
].map((mutant) => ({ cores: ["debug"], ...mutant }));

/** @type {import("./index.mjs").Mutant[]} */
export const rt = [
  {
    name: "stores into objects are not marked",
    file: "rt/mark.ts",
    before: "if (runtime.phase == PHASE_MARK) __visit(child, 0);",
    after: "if (runtime.phase == PHASE_MARK + 1) __visit(child, 0);",
  },
  {
    name: "roots on the shadow stack are not visited",
    file: "rt/mark.ts",
    before: "slot < __heap_base; slot += sizeof<usize>()) __visit(load<usize>(slot), 0);",
    after: "slot < __heap_base; slot += sizeof<usize>()) __visit(load<usize>(slot) & 0, 0);",
  },
  {
    name: "pinned objects are not visited",
    file: "rt/mark.ts",
    before: "  visitPins();\n",
    after: "",
  },
  {
    name: "what found no room on the mark stack is forgotten",
    file: "rt/mark.ts",
    before: "      runtime.overflowed = 1;\n",
    after: "",
  },
  {
    name: "an object that grows keeps old bytes behind its end",
    file: "rt/new.ts",
    before: "    if (size > old) memory.fill(object + old, 0, size - old);\n",
    after: "",
  },
  {
    name: "an object that moves is not held while it does",
    file: "rt/new.ts",
    before: "    runtime.held = object;\n",
    after: "",
  },
  {
    name: "blocks of a list that is refilled in a cycle are white",
    file: "rt/blocks.ts",
    before: "      markList(activeLists[slot]);\n",
    after: "",
  },
  {
    name: "large objects are not zeroed",
    file: "rt/blocks.ts",
    before: "  if (span < virgin) memory.fill(object, 0, min(span + bytes, virgin) - object);\n",
    after: "",
  },
  {
    name: "large objects made in a cycle are white",
    file: "rt/blocks.ts",
    before: "  if (runtime.phase != PHASE_IDLE) markBlock(span);\n",
    after: "",
  },
  {
    name: "blocks on lists are white when a cycle begins",
    file: "rt/cycle.ts",
    before: "markList(activeLists[objectSlot(c)]);",
    after: "activeLists[objectSlot(c)];",
  },
  {
    name: "mark bits of the last cycle stay",
    file: "rt/marks.ts",
    before: "  memory.fill(runtime.marks, 0, limit >>> COVER_SHIFT);\n",
    after: "",
  },
  {
    name: "an unpinned object's neighbours are lost",
    file: "rt/pins.ts",
    before: "if (((at - home(other)) & mask) < ((at - empty) & mask)) continue;",
    after: "if (((at - home(other)) & mask) <= ((at - empty) & mask)) continue;",
  },
  {
    name: "a pool of which everything died is uncarved though it is current",
    file: "rt/sweep.ts",
    before: "else if (!marked && record.poolState != POOL_ACTIVE) {",
    after: "else if (!marked) {",
  },
  {
    name: "large objects are never freed",
    file: "rt/sweep.ts",
    before: "  giveSpan(span);\n",
    after: "",
  },
  {
    name: "static blocks are freed",
    file: "rt/raw.ts",
    before: "if (pointer >= __heap_base) free(pointer);",
    after: "if (pointer) free(pointer);",
  },
].map((mutant) => ({ tests: ["test/runtime"], cores: [], ...mutant }));
