import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as L from "../../bindings/generated/layout.js";

type Call = (...values: (number | bigint)[]) => number;

/** The object core without any bindings: raw exports, and host imports that note what they are called with. */
export class RawCore {
  readonly memory = new WebAssembly.Memory({ initial: 32, maximum: 65536 });
  readonly events: string[] = [];
  readonly unraisable: unknown[] = [];
  readonly call: Record<string, Call>;
  finalize: (object: number, type: number) => void = () => {};
  callback: (weakref: number, token: number) => void = () => {};
  readonly base: number;
  #view = new Uint32Array(this.memory.buffer);

  constructor(name: "release" | "debug", maxPages = 65536) {
    const file = fileURLToPath(new URL(`../../build/${name}.wasm`, import.meta.url));
    const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), {
      env: {
        memory: this.memory,
        grown: () => (this.#view = new Uint32Array(this.memory.buffer)),
        // Host imports never throw: what the tests' own code throws is kept for them to look at.
        finalize: (object: number, type: number) => {
          try {
            this.events.push(`finalize ${type}`);
            this.finalize(object >>> 0, type);
          } catch (error) {
            this.unraisable.push(error);
          }
        },
        collection: () => {},
        roots: () => 1,
        traverse: () => 1,
        callback: (weakref: number, token: number) => {
          try {
            this.events.push(`${weakref === 0 ? "forget" : "callback"} ${token}`);
            this.callback(weakref >>> 0, token);
          } catch (error) {
            this.unraisable.push(error);
          }
        },
      },
    });
    const functions = instance.exports as unknown as Record<string, Call>;
    this.call = Object.fromEntries(
      Object.entries(functions)
        .filter(([, f]) => typeof f === "function")
        .map(([name, f]) => [name, (...values: (number | bigint)[]) => f(...values) >>> 0]),
    );
    this.base = (instance.exports["stateBase"] as WebAssembly.Global).value as number;
    this.call["initialize"]!(maxPages, 512, 0xffff_ffff, 0, 12345);
    this.ok(this.call["objects_start"]!());
  }

  get(address: number): number {
    return this.#view[address >>> 2]!;
  }

  put(address: number, value: number): void {
    this.#view[address >>> 2] = value;
  }

  state(offset: number): number {
    return this.get(this.base + offset);
  }

  count(object: number): number {
    return this.get(object);
  }

  ok(fault: number): void {
    if (fault !== 0) throw new Error(`fault ${fault}`);
  }

  new(name: string, ...values: (number | bigint)[]): number {
    const object = this.call[name]!(...values);
    if (object === 0) throw new Error(`${name}: fault ${this.state(L.STATE_FAULT)}`);
    return object;
  }

  /** A type with `refs` references and nothing else; options are descriptor words. */
  type(refs: number, words: Partial<Record<"flags" | "weak" | "cap" | "items", number>> = {}): number {
    let size = 8 + 4 * refs;
    const weak = words.weak ? size : 0;
    if (weak) size += 4;
    const length = size;
    if (words.items) size += 4;
    const type = this.new("new_type", size, refs);
    this.put(type + L.TYPE_FLAGS, words.flags ?? L.FLAG_CONTAINER);
    this.put(type + L.TYPE_WEAK, weak);
    this.put(type + L.TYPE_FREE_CAP, words.cap ?? 0);
    if (words.items) {
      this.put(type + L.TYPE_ITEM_BYTES, words.items);
      this.put(type + L.TYPE_LENGTH, length);
      this.put(type + L.TYPE_ITEMS, size);
    }
    for (let i = 0; i < refs; i++) this.put(type + L.TYPE_OFFSETS + 4 * i, 8 + 4 * i);
    return this.new("define_type", type);
  }

  /** Addresses of the live mortal objects. */
  mortal(): number[] {
    const found: number[] = [];
    for (let object = this.call["object_next"]!(0); object; object = this.call["object_next"]!(object)) {
      if (this.count(object) < L.COUNT_LIMIT) found.push(object);
    }
    return found;
  }

  verify(): void {
    const broken = this.call["verify"]!();
    if (broken !== 0) {
      const words = [L.STATE_FAULT_ADDRESS, L.STATE_FAULT_EXPECTED, L.STATE_FAULT_ACTUAL].map((at) =>
        this.state(at),
      );
      throw new Error(`broken ${broken}: ${words.join(" ")}`);
    }
  }

  takeEvents(): string[] {
    return this.events.splice(0);
  }

  text(value: string): number {
    const wide = /[\u0100-\uffff]/.test(value);
    const str = this.new("str_new", value.length, wide ? 1 : 0);
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (wide) new DataView(this.memory.buffer).setUint16(str + L.STR_DATA + 2 * i, code, true);
      else new Uint8Array(this.memory.buffer)[str + L.STR_DATA + i] = code;
    }
    return str;
  }
}
