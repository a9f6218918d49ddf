import { describe, expect, test } from "vitest";
import type { Heap, Ptr } from "../../../bindings/index.js";
import { builds, type Build } from "../../support/cores.js";
import { NULL, isAlive, newHeap, release } from "../../support/objects.js";

// The numbers are those of docs/objects.md, "Finalization".

/** What an object does when it is finalized: nothing, live on, or break the ring it is in. */
type Role = "plain" | "resurrector" | "breaker";

/** A heap with one record type for each role, and what their finalizers saw. */
class Stage {
  readonly heap: Heap;
  /** Ids in the order of finalization. */
  readonly finalized: number[] = [];
  /** Owned references of resurrected objects. */
  readonly survivors: Ptr[] = [];
  /** Complaints of finalizers that did not find their neighbours as they should be. */
  readonly insane: string[] = [];
  /** Resurrectors no longer resurrect. */
  mortal = false;
  readonly base;
  readonly #types;
  #nextId = 0;

  constructor(build: Build, { acyclic = false, autoCollect = true } = {}) {
    const heap = newHeap(build, { autoCollect });
    this.heap = heap;
    // An acyclic type may have reference fields all the same; here they stay null.
    const base = heap.defineType({
      name: "Base",
      fields: { left: "ref", right: "ref", id: "i32", broken: "i32" },
      weakrefs: true,
      acyclic,
    });
    this.base = base;
    const role = (name: Role, effect: (self: Ptr) => void) =>
      heap.defineType({
        name,
        fields: {},
        extends: base,
        acyclic,
        finalize: (self: Ptr) => {
          this.finalized.push(this.idOf(self));
          if (!acyclic) this.#inspect(self);
          effect(self);
        },
      });
    this.#types = {
      plain: role("plain", () => {}),
      resurrector: role("resurrector", (self) => {
        if (this.mortal) return;
        heap.incref(self);
        this.survivors.push(self);
      }),
      breaker: role("breaker", (self) => {
        heap.setI32(self, this.base.fields.broken, 1);
        heap.setRef(self, this.base.fields.left, NULL);
        heap.setRef(self, this.base.fields.right, NULL);
      }),
    };
  }

  make(role: Role): Ptr {
    const object = this.heap.alloc(this.#types[role]);
    this.heap.setI32(object, this.base.fields.id, this.#nextId++);
    return object;
  }

  /** Links objects to a ring, both ways; consumes the references to them. */
  ring(roles: readonly Role[]): void {
    const { heap, base } = this;
    const objects = roles.map((role) => this.make(role));
    objects.forEach((object, i) => {
      const right = objects[(i + 1) % objects.length]!;
      heap.setRef(object, base.fields.right, right);
      heap.setRef(right, base.fields.left, object);
    });
    release(heap, ...objects);
  }

  idOf(object: Ptr): number {
    return this.heap.getI32(object, this.base.fields.id);
  }

  releaseSurvivors(): void {
    release(this.heap, ...this.survivors.splice(0));
  }

  /** A neighbour that has not broken away leads back to the object, whatever was finalized before. */
  #inspect(self: Ptr): void {
    const { heap, base } = this;
    const sides = [
      [base.fields.left, base.fields.right],
      [base.fields.right, base.fields.left],
    ] as const;
    for (const [there, back] of sides) {
      const other = heap.getRef(self, there);
      if (other === NULL) continue;
      const expected = heap.getI32(other, base.fields.broken) === 1 ? NULL : self;
      if (heap.getRef(other, back) !== expected)
        this.insane.push(`${this.idOf(self)} beside ${this.idOf(other)}`);
    }
  }
}

describe.each(builds)("finalization, $name core", (build) => {
  test("F1: an acyclic object is finalized once, when its last reference goes", () => {
    const stage = new Stage(build);
    const { heap, finalized } = stage;
    const object = stage.make("plain");
    const weak = heap.weakref(object);
    expect(finalized).toEqual([]);
    heap.decref(object);
    expect(finalized).toEqual([0]);
    expect(heap.deref(weak)).toBe(NULL);
    expect(heap.gc()).toBe(0);
    expect(finalized).toEqual([0]);
    heap.decref(weak);
  });

  test("F2: a resurrected object survives, its weak reference too; the second death is silent", () => {
    const stage = new Stage(build);
    const { heap, finalized, survivors } = stage;
    const object = stage.make("resurrector");
    const weak = heap.weakref(object);
    heap.decref(object);
    expect(finalized).toEqual([0]);
    expect(survivors).toEqual([object]);
    expect(heap.refcount(object)).toBe(1);
    expect(stage.idOf(object)).toBe(0);
    expect(isAlive(heap, weak)).toBe(true);
    stage.releaseSurvivors();
    expect(finalized).toEqual([0]);
    expect(survivors).toEqual([]);
    expect(heap.deref(weak)).toBe(NULL);
    heap.decref(weak);
  });

  test("F3: an object that is no container is finalized once", () => {
    const stage = new Stage(build, { acyclic: true });
    const object = stage.make("plain");
    stage.heap.decref(object);
    expect(stage.finalized).toEqual([0]);
    stage.heap.gc();
    expect(stage.finalized).toEqual([0]);
  });

  test("F4: a resurrector that is no container is finalized at every death", () => {
    const stage = new Stage(build, { acyclic: true });
    const { heap, finalized, survivors } = stage;
    heap.decref(stage.make("resurrector"));
    for (let deaths = 1; deaths <= 3; deaths++) {
      expect(finalized).toEqual(new Array(deaths).fill(0));
      expect(survivors.length).toBe(1);
      if (deaths < 3) stage.releaseSurvivors();
    }
    stage.mortal = true;
    stage.releaseSurvivors();
    expect(finalized.length).toBe(4);
    expect(survivors).toEqual([]);
  });

  describe("in cycles", () => {
    /** An object that refers to itself through both fields. */
    function selfCycle(stage: Stage, role: Role): void {
      stage.ring([role]);
    }

    /** A self-cycle and a weak reference to it. */
    function watchedSelfCycle(stage: Stage, role: Role): Ptr {
      const { heap, base } = stage;
      const object = stage.make(role);
      heap.setRef(object, base.fields.left, object);
      heap.setRef(object, base.fields.right, object);
      const weak = heap.weakref(object);
      heap.decref(object);
      return weak;
    }

    test("F5: a self-cycle is finalized once, by the collector", () => {
      const stage = new Stage(build);
      const { heap, finalized } = stage;
      const weak = watchedSelfCycle(stage, "plain");
      expect(isAlive(heap, weak)).toBe(true);
      expect(heap.gc()).toBe(1);
      expect(finalized).toEqual([0]);
      expect(heap.deref(weak)).toBe(NULL);
      expect(heap.gc()).toBe(0);
      expect(finalized).toEqual([0]);
      heap.decref(weak);
    });

    test("F6: a self-cycle that resurrects itself survives without its weak reference; then it goes silently", () => {
      const stage = new Stage(build);
      const { heap, finalized, survivors } = stage;
      const weak = watchedSelfCycle(stage, "resurrector");
      expect(heap.gc()).toBe(0);
      expect(finalized).toEqual([0]);
      expect(survivors.length).toBe(1);
      expect(stage.idOf(survivors[0]!)).toBe(0);
      // As up to CPython 3.14: the collector clears weak references before it finalizes.
      expect(heap.deref(weak)).toBe(NULL);
      stage.releaseSurvivors();
      expect(heap.gc()).toBe(1);
      expect(finalized).toEqual([0]);
      expect(survivors).toEqual([]);
      heap.decref(weak);
    });

    test("F7: a self-cycle that breaks itself in its finalizer is freed, once", () => {
      const stage = new Stage(build);
      const { heap, finalized } = stage;
      const weak = watchedSelfCycle(stage, "breaker");
      heap.gc();
      expect(finalized).toEqual([0]);
      expect(heap.deref(weak)).toBe(NULL);
      expect(heap.gc()).toBe(0);
      heap.decref(weak);
    });

    /** Collects a ring, checks that each finalizer ran once, then drops what survived and collects again. */
    function collectRing(roles: readonly Role[]): { stage: Stage; found: number } {
      const stage = new Stage(build);
      const { heap, finalized, survivors } = stage;
      stage.ring(roles);
      const found = heap.gc();
      const ids = roles.map((_, id) => id);
      expect([...finalized].sort((a, b) => a - b)).toEqual(ids);
      expect(stage.insane).toEqual([]);
      const resurrected = ids.filter((id) => roles[id] === "resurrector");
      expect(survivors.map((object) => stage.idOf(object)).sort((a, b) => a - b)).toEqual(resurrected);
      heap.verify();
      stage.releaseSurvivors();
      heap.gc();
      expect(finalized.length).toBe(roles.length);
      expect(heap.gc()).toBe(0);
      return { stage, found };
    }

    test("F8: a ring of three: each once, each sees its neighbours intact", () => {
      expect(collectRing(["plain", "plain", "plain"]).found).toBe(3);
    });

    test("F9: a ring of three resurrectors: all survive, later they go silently", () => {
      expect(collectRing(["resurrector", "resurrector", "resurrector"]).found).toBe(0);
    });

    test("F10: a ring of three breakers: all once, all freed", () => {
      collectRing(["breaker", "breaker", "breaker"]);
    });

    test.each([
      ["breaker, plain, twice", ["breaker", "plain", "breaker", "plain"]],
      ["two breakers, two plain ones", ["breaker", "breaker", "plain", "plain"]],
    ] as [string, Role[]][])("F11: a ring of %s: all once, all freed", (_name, roles) => {
      collectRing(roles);
    });

    test.each([
      ["resurrector, plain, twice", ["resurrector", "plain", "resurrector", "plain"]],
      ["two resurrectors, two plain ones", ["resurrector", "resurrector", "plain", "plain"]],
    ] as [string, Role[]][])(
      "F12: a ring of %s: what they reach survives, nothing is finalized twice",
      (_name, roles) => {
        expect(collectRing(roles).found).toBe(0);
      },
    );

    test.each([
      [
        "resurrector, plain, breaker, twice",
        ["resurrector", "plain", "breaker", "resurrector", "plain", "breaker"],
      ],
      ["two of each", ["resurrector", "resurrector", "plain", "plain", "breaker", "breaker"]],
    ] as [string, Role[]][])("F13: a ring of %s: as F12", (_name, roles) => {
      collectRing(roles);
    });

    test("what a resurrected object reaches survives whole, what else was trash does not", () => {
      const stage = new Stage(build, { autoCollect: false });
      const { heap } = stage;
      selfCycle(stage, "plain");
      stage.ring(["resurrector", "plain"]);
      expect(heap.gc()).toBe(1);
      const [survivor] = stage.survivors;
      expect(stage.idOf(heap.getRef(survivor!, stage.base.fields.left))).toBe(2);
      stage.releaseSurvivors();
      expect(heap.gc()).toBe(2);
    });
  });

  test("order of a death by count: finalizer, weak references and callbacks, fields, memory", () => {
    const stage = new Stage(build);
    const { heap, base } = stage;
    const log: string[] = [];
    const parent = heap.alloc(
      heap.defineType({
        name: "Parent",
        fields: {},
        extends: base,
        finalize: (self: Ptr) => {
          log.push(`finalize, weak reference ${isAlive(heap, weak) ? "live" : "dead"}`);
          expect(heap.getRef(self, base.fields.left)).toBe(child);
        },
      }),
    );
    const child = stage.make("plain");
    const childWeak = heap.weakref(child, () => log.push("child's callback"));
    const weak = heap.weakref(parent, (dead) => {
      log.push(
        `callback, ${heap.deref(dead) === NULL ? "dead" : "live"}, child ${isAlive(heap, childWeak) ? "live" : "dead"}`,
      );
    });
    heap.stealRef(parent, base.fields.left, child);
    heap.decref(parent);
    expect(log).toEqual(["finalize, weak reference live", "callback, dead, child live", "child's callback"]);
    release(heap, weak, childWeak);
  });

  test("a resurrecting finalizer may hand the object to another object", () => {
    const stage = new Stage(build);
    const { heap, base } = stage;
    const keeper = stage.make("plain");
    const type = heap.defineType({
      name: "Moves",
      fields: {},
      extends: base,
      finalize: (self: Ptr) => heap.setRef(keeper, base.fields.left, self),
    });
    const object = heap.alloc(type);
    heap.decref(object);
    expect(heap.getRef(keeper, base.fields.left)).toBe(object);
    expect(heap.refcount(object)).toBe(1);
    heap.decref(keeper);
  });
});
