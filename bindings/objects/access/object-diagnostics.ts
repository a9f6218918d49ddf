import * as layout from "../../generated/layout.js";
import { coreDiagnostics, type Diagnostics } from "../../core/diagnostics.js";
import { brokenError, invariantName } from "../../core/faults.js";

/** What verify() can find broken in objects, as a sentence's predicate. */
const INVARIANTS: Readonly<Record<number, string>> = {
  [layout.BROKEN_CRITICAL]: "a death was cut short",
  [layout.BROKEN_TYPE]: "an object has a type that does not exist, or a type contradicts its descriptor",
  [layout.BROKEN_COUNT]: "an object has a count that no live object can have",
  [layout.BROKEN_REFERENCE_COUNT]: "an object is referred to more often than its count says",
  [layout.BROKEN_REFERENCE]: "a reference leads to no live object",
  [layout.BROKEN_OWNED_BLOCK]: "an object owns what is no live block",
  [layout.BROKEN_WEAK_LIST]: "a list of weak references is broken",
  [layout.BROKEN_CONTAINER]: "a container contradicts itself, or lies where no container is expected",
  [layout.BROKEN_PRIVATE_LIST]: "a private free list is broken",
  [layout.BROKEN_INTERN]: "the table of interned strings is broken",
  [layout.BROKEN_COLLECTION]: "marks of a collection are left, but none is under way",
};

/** An invariant that verify() checks, in words. */
export function anyInvariantName(broken: number): string {
  return INVARIANTS[broken] ?? invariantName(broken);
}

/** What the core of a heap with objects can say. */
export const objectDiagnostics: Diagnostics = {
  ...coreDiagnostics,
  broken: (core, broken) => brokenError(core, broken, anyInvariantName(broken)),
};
