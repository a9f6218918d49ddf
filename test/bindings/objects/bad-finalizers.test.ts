import { describe, expect, test } from "vitest";
import { HeapError, type Heap, type HeapOptions, type Ptr } from "../../../bindings/index.js";
import { heapWithNodes } from "../../support/bad-input.js";
import { builds, errorOf } from "../../support/cores.js";
import { NULL, isAlive, release } from "../../support/objects.js";
import { many } from "../../support/stress.js";

describe.each(builds)("bad input, $name core", (build) => {
  const setUp = (options?: HeapOptions) => heapWithNodes(build, options);

  /** The messages of what was thrown in callbacks, whichever way they are wrapped. */
  function messages(unraisable: readonly unknown[]): string[] {
    return unraisable.map((error) => {
      const cause = (error as Error).cause;
      return `${(error as Error).message} ${cause instanceof Error ? cause.message : ""}`;
    });
  }

  describe("finalizers and callbacks", () => {
    /** A record whose finalizer is `finalize`; dropping it is what most of these tests do. */
    function finalized(heap: Heap, finalize: (self: Ptr) => void) {
      return heap.defineType({ name: "Finalized", fields: { next: "ref" }, weakrefs: true, finalize });
    }

    test("that throw: reported, the object dies all the same", () => {
      const { heap, Node, unraisable } = setUp();
      const Type = finalized(heap, () => {
        throw new Error("in a finalizer");
      });
      const object = heap.alloc(Type);
      const child = heap.alloc(Node);
      const weak = heap.weakref(child, () => {
        throw new Error("in a callback");
      });
      heap.stealRef(object, Type.fields.next, child);
      heap.decref(object);
      expect(isAlive(heap, weak)).toBe(false);
      expect(messages(unraisable)).toEqual([
        expect.stringContaining("in a finalizer"),
        expect.stringContaining("in a callback"),
      ]);
      heap.verify();
      heap.decref(weak);
    });

    test("that throw what is no error, or throw within onUnraisable", () => {
      let reports = 0;
      const { heap } = setUp({
        onUnraisable: () => {
          reports++;
          throw new Error("in onUnraisable");
        },
      });
      const Type = finalized(heap, () => {
        throw undefined;
      });
      heap.decref(heap.alloc(Type));
      expect(reports).toBe(1);
      heap.verify();
    });

    test("that dispose of, reset or trim the heap", () => {
      const { heap, Node } = setUp();
      const codes: string[] = [];
      const attempt = (action: () => unknown): void => void codes.push(errorOf(action).code);
      const all = (): void => {
        attempt(() => heap.dispose());
        attempt(() => heap.reset());
        attempt(() => heap.trim());
      };
      heap.decref(heap.alloc(finalized(heap, all)));
      const node = heap.alloc(Node);
      const weak = heap.weakref(node, all);
      heap.decref(node);
      expect(codes).toEqual(new Array(6).fill("ERR_HEAP_BUSY"));
      expect(heap.disposed).toBe(false);
      heap.decref(weak);
    });

    test("that free their own object, one way or another", () => {
      const { heap } = setUp();
      let calls = 0;
      const codes: string[] = [];
      const attempt = (action: () => unknown): void => {
        try {
          action();
        } catch (error) {
          codes.push((error as HeapError).code);
        }
      };
      const Type = finalized(heap, (self) => {
        calls++;
        attempt(() => heap.free(self));
        attempt(() => heap.decref(self));
        attempt(() => heap.decref(self));
      });
      const object = heap.alloc(Type);
      const weak = heap.weakref(object);
      heap.decref(object);
      heap.verify();
      expect(calls).toBe(1);
      expect(codes.length).toBeGreaterThanOrEqual(2);
      expect(isAlive(heap, weak)).toBe(false);
      // Its block is not handed out twice.
      const fresh = [heap.alloc(Type), heap.alloc(Type), heap.alloc(Type)];
      expect(new Set(fresh).size).toBe(3);
      calls = 0;
      release(heap, ...fresh, weak);
      expect(calls).toBe(3);
    });

    test("that drop the object their object was reached from", () => {
      const { heap, Node } = setUp();
      let holder = NULL;
      const Type = finalized(heap, () => {
        const dropped = holder;
        holder = NULL;
        if (dropped !== NULL) heap.decref(dropped);
      });
      holder = heap.alloc(Node);
      heap.stealRef(holder, Node.fields.next, heap.alloc(Type));
      heap.setRef(holder, Node.fields.next, NULL);
      expect(holder).toBe(NULL);
    });

    test("that empty the list, or clear the mapping, that is dying or being changed", () => {
      const { heap } = setUp();
      const list = heap.list();
      const dict = heap.dict();
      const key = heap.str("key");
      let calls = 0;
      const Type = finalized(heap, () => {
        calls++;
        while (heap.lists.length(list) > 0) heap.decref(heap.lists.pop(list));
        heap.dicts.delete(dict, key);
      });
      for (let i = 0; i < 10; i++) heap.lists.append(list, heap.none);
      const object = heap.alloc(Type);
      heap.lists.append(list, object);
      heap.dicts.set(dict, key, heap.none);
      heap.decref(object);
      heap.lists.set(list, 10, heap.none);
      expect([calls, heap.lists.length(list), heap.dicts.size(dict)]).toEqual([1, 0, 0]);
      const other = heap.alloc(Type);
      heap.dicts.set(dict, key, other);
      heap.decref(other);
      heap.dicts.set(dict, key, heap.none);
      expect(calls).toBe(2);
      heap.verify();
      release(heap, list, dict, key);
    });

    test("that recurse until the host's stack overflows", () => {
      const { heap, unraisable } = setUp();
      const recurse = (): number => 1 + recurse();
      const Type = finalized(heap, () => void recurse());
      heap.decref(heap.alloc(Type));
      expect(unraisable.length).toBe(1);
      heap.verify();
      heap.decref(heap.alloc(Type));
      expect(unraisable.length).toBe(2);
    });

    test("that recurse through the heap until the host's stack overflows", () => {
      const { heap, Node } = setUp({ onLeak: () => {} });
      // Each level enters the core, which may be where the stack ends: then the heap says so from there on. It may also
      // end before decref does anything, so one object may be left.
      const recurse = (): void => {
        heap.decref(heap.alloc(Node));
        recurse();
      };
      const Type = finalized(heap, recurse);
      let code = "none";
      try {
        heap.decref(heap.alloc(Type));
        heap.verify();
        heap.decref(heap.alloc(Node));
      } catch (error) {
        if (!(error instanceof HeapError)) throw error;
        code = error.code;
        expect(errorOf(() => heap.verify()).code).toBe(code);
      }
      heap.dispose();
      expect(["none", "ERR_HEAP_CORRUPT"]).toContain(code);
    });

    test.each([100, many(100_000)])("a chain of %i whose finalizers drop the next object", (length) => {
      const { heap, unraisable } = setUp();
      const nextOf = new Map<Ptr, Ptr>();
      let died = 0;
      let last = -1;
      const Type = heap.defineType({
        name: "Link",
        fields: { id: "i32" },
        finalize: (self: Ptr) => {
          died++;
          last = heap.getI32(self, Type.fields.id);
          const next = nextOf.get(self);
          nextOf.delete(self);
          if (next !== undefined) heap.decref(next);
        },
      });
      let head = NULL;
      for (let id = length - 1; id >= 0; id--) {
        const link = heap.alloc(Type);
        heap.setI32(link, Type.fields.id, id);
        if (head !== NULL) nextOf.set(link, head);
        head = link;
      }
      heap.decref(head);
      expect([died, last, nextOf.size]).toEqual([length, length - 1, 0]);
      expect(messages(unraisable)).toEqual([]);
      heap.verify();
    });

    test.each([100, many(100_000)])("a chain of %i whose finalizers clear their field", (length) => {
      const { heap, unraisable } = setUp();
      let died = 0;
      const Type = finalized(heap, (self) => {
        died++;
        heap.setRef(self, Type.fields.next, NULL);
      });
      let head = NULL;
      for (let i = 0; i < length; i++) {
        const link = heap.alloc(Type);
        if (head !== NULL) heap.stealRef(link, Type.fields.next, head);
        head = link;
      }
      heap.decref(head);
      expect(died).toBe(length);
      expect(messages(unraisable)).toEqual([]);
    });

    test("that collect: a nested collection finds nothing to do", () => {
      const { heap } = setUp();
      const results: number[] = [];
      const Type = finalized(heap, () => results.push(heap.gc()));
      const object = heap.alloc(Type);
      heap.setRef(object, Type.fields.next, object);
      heap.decref(object);
      expect(heap.gc()).toBe(1);
      expect(results).toEqual([0]);
    });
  });
});
