import type { Graph } from "./graph.js";

const NOTHING = new Uint32Array(0);

/**
 * Ids of the nodes of heap snapshots: odd, the same in later snapshots for the same object, never used again.
 *
 * An object keeps its id as long as an object of the same type is at its address, and nobody saw a birth there since the
 * last snapshot. Births are seen where they are recorded (option `serials`, debug entry); elsewhere an object that took
 * the place of one of its own type takes its id too. That is the stand-in: it says "the same" too often, never too
 * seldom.
 *
 *     id = 2 · serial + 1
 */
export class SnapshotIds {
  #serial = 0;
  readonly #named = new Map<string, number>();
  // The last snapshot's blocks in the order of addresses.
  #address = NOTHING;
  #kind = NOTHING;
  #ids = NOTHING;

  /** An id for each node. `wasBorn` says whether a birth was seen at an address since the last call. */
  assign(graph: Graph, wasBorn: (address: number) => boolean): Uint32Array {
    const { nodeCount, kind, type, address } = graph;
    const ids = new Uint32Array(nodeCount);
    const addresses = new Uint32Array(nodeCount);
    const kinds = new Uint32Array(nodeCount);
    const kept = new Uint32Array(nodeCount);
    let count = 0;
    let old = 0;
    for (let node = 0; node < nodeCount; node++) {
      const p = address[node]!;
      if (p === 0) {
        ids[node] = this.#idOf(graph.nameOf(node));
        continue;
      }
      const what = (kind[node]! << 16) | type[node]!;
      while (this.#address[old]! < p) old++;
      const isSame = this.#address[old] === p && this.#kind[old] === what && !wasBorn(p);
      const id = isSame ? this.#ids[old]! : 2 * this.#serial++ + 1;
      ids[node] = id;
      addresses[count] = p;
      kinds[count] = what;
      kept[count++] = id;
    }
    this.#address = addresses.subarray(0, count);
    this.#kind = kinds.subarray(0, count);
    this.#ids = kept.subarray(0, count);
    return ids;
  }

  /** Id of what has no address but a name that no other node has: groups, overheads. */
  #idOf(name: string): number {
    let id = this.#named.get(name);
    if (id === undefined) this.#named.set(name, (id = 2 * this.#serial++ + 1));
    return id;
  }
}
