/**
 * What death asks of the host. The calls may run anything, this layer included, and never throw: the bindings catch
 * and report. A program that links the core from source has no such host; the calls are then compiled away.
 */
import { objects } from "../../state";

// @ts-ignore: decorator
@external("env", "finalize")
declare function finalize(object: usize, type: u32): void;

// @ts-ignore: decorator
@external("env", "callback")
declare function callback(weakref: usize, token: u32): void;

// @ts-ignore: decorator
@external("env", "collection")
declare function collection(phase: u32, generation: u32): void;

// @ts-ignore: decorator
@external("env", "roots")
declare function roots(): u32;

// @ts-ignore: decorator
@external("env", "traverse")
declare function traverse(object: usize, type: u32, releases: u32): u32;

/** Tells the host of a collection: one of COLLECTION_, and its generation or the object that is garbage. */
export function announceCollection(phase: u32, subject: u32): void {
  objects.nesting = objects.nesting + 1;
  if (isDefined(TALLYHEAP_STANDALONE)) collection(phase, subject);
  objects.nesting = objects.nesting - 1;
}

/** Runs the finalizer of a type, or with type 0 what the host registered for this one object. */
export function runFinalizer(object: usize, type: u32): void {
  objects.nesting = objects.nesting + 1;
  if (isDefined(TALLYHEAP_STANDALONE)) finalize(object, type);
  objects.nesting = objects.nesting - 1;
}

/** Calls the host's callback `token` with a dead weak reference; with none, the token is no longer used. */
export function runCallback(weakref: usize, token: u32): void {
  objects.nesting = objects.nesting + 1;
  if (isDefined(TALLYHEAP_STANDALONE)) callback(weakref, token);
  objects.nesting = objects.nesting - 1;
}

/** Has the host visit its roots; false if it could not. */
export function findRoots(): bool {
  let isDone: u32 = 1;
  objects.nesting = objects.nesting + 1;
  if (isDefined(TALLYHEAP_STANDALONE)) isDone = roots();
  objects.nesting = objects.nesting - 1;
  return isDone != 0;
}

/** Has the host visit the references that it holds for an object; or release them. False if it could not. */
export function traverseObject(object: usize, type: u32, releases: u32): bool {
  let isDone: u32 = 1;
  objects.nesting = objects.nesting + 1;
  if (isDefined(TALLYHEAP_STANDALONE)) isDone = traverse(object, type, releases);
  objects.nesting = objects.nesting - 1;
  return isDone != 0;
}
