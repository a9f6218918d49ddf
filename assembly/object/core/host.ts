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

/** A collection starts (0) or has ended (1). */
export function announceCollection(phase: u32, generation: u32): void {
  objects.nesting = objects.nesting + 1;
  if (isDefined(TALLYHEAP_STANDALONE)) collection(phase, generation);
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
