import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test, vi } from "vitest";
import * as inlined from "tallyheap";
import { createHeap, Heap, HeapError, heapModule, type HeapOptions } from "tallyheap/url";
import * as browser from "../../../bindings/url.js";
import { MIB } from "../../support/cores.js";

const file = new URL("../../../dist/heap.wasm", import.meta.url);

describe("tallyheap/url", () => {
  test("loads heap.wasm beside it", async () => {
    const heap = await createHeap({ initialBytes: 2 * MIB });
    expect(heap).toBeInstanceOf(Heap);
    expect(heap.stats().heapTotal).toBe(2 * MIB);
    heap.free(heap.malloc(100));
    heap.verify();
  });

  test("its module serves the inlined entry, and the other way round", async () => {
    const module = await heapModule();
    expect(module).toBeInstanceOf(WebAssembly.Module);
    inlined.createHeap({ module }).verify();
    (await createHeap({ module: inlined.heapModule() })).verify();
  });

  test("takes an address, bytes, a module", async () => {
    for (const source of [file, file.href, readFileSync(file), await heapModule()]) {
      (await createHeap({ module: await heapModule(source) })).verify();
    }
  });

  test("what is no wasm module is ERR_HEAP_ARGUMENT", async () => {
    const junk = heapModule(new Uint8Array([1, 2, 3]));
    await expect(junk).rejects.toBeInstanceOf(HeapError);
    await expect(junk).rejects.toMatchObject({ code: "ERR_HEAP_ARGUMENT", argument: "source" });
  });

  test("options are looked at before anything is fetched, and refused like those of the other entries", async () => {
    const options = [null, { maxBytes: -1 }, { module: 5 }, { checks: "no" }];
    for (const wrong of options as unknown as HeapOptions[]) {
      for (const create of [createHeap, browser.createHeap]) {
        await expect(create(wrong)).rejects.toMatchObject({ name: "HeapError", code: "ERR_HEAP_ARGUMENT" });
      }
    }
  });

  test("the bytes of an option are compiled once, and not synchronously", async () => {
    const synchronous = vi.spyOn(WebAssembly, "Module");
    const asynchronous = vi.spyOn(WebAssembly, "compile");
    try {
      (await createHeap({ module: readFileSync(file) })).verify();
      expect(synchronous).not.toHaveBeenCalled();
      expect(asynchronous).toHaveBeenCalledTimes(1);
    } finally {
      vi.restoreAllMocks();
    }
  });

  test("what cannot be read is ERR_HEAP_ARGUMENT, with the cause", async () => {
    for (const source of ["./missing.wasm", new URL("file:///missing.wasm"), "http://[", "nowhere:x"]) {
      for (const load of [heapModule, browser.heapModule]) {
        const error: unknown = await load(source).catch((reason: unknown) => reason);
        expect(error).toMatchObject({ name: "HeapError", code: "ERR_HEAP_ARGUMENT", argument: "source" });
        expect((error as HeapError).cause).toBeInstanceOf(Error);
      }
    }
  });

  test("both forms take a Response; one that failed is ERR_HEAP_ARGUMENT", async () => {
    const server = createServer((request, response) => {
      const found = request.url === "/heap.wasm";
      response.writeHead(found ? 200 : 404, { "content-type": "application/wasm" });
      response.end(found ? readFileSync(file) : "not here");
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      for (const load of [heapModule, browser.heapModule]) {
        expect(await load(`${address}/heap.wasm`)).toBeInstanceOf(WebAssembly.Module);
        expect(await load(await fetch(`${address}/heap.wasm`))).toBeInstanceOf(WebAssembly.Module);
        await expect(load(`${address}/missing`)).rejects.toMatchObject({ code: "ERR_HEAP_ARGUMENT" });
      }
      const heap = await browser.createHeap({ module: await browser.heapModule(`${address}/heap.wasm`) });
      heap.verify();
    } finally {
      server.close();
    }
  });

  test("bytes that the host does not let be compiled are told from those that are no module", async () => {
    const compile = vi
      .spyOn(WebAssembly, "compile")
      .mockRejectedValue(new WebAssembly.CompileError("refused"));
    try {
      const refused = await heapModule(readFileSync(file)).catch((error: unknown) => error);
      expect((refused as HeapError).message).toContain("'wasm-unsafe-eval'");
      const junk = await heapModule(new Uint8Array([1])).catch((error: unknown) => error);
      expect((junk as HeapError).message).toContain("not a wasm module");
    } finally {
      compile.mockRestore();
    }
  });

  test("a file that was not found is named, with where to read on", async () => {
    const error = await heapModule("./missing.wasm").catch((reason: unknown) => reason);
    expect((error as HeapError).message).toContain("./missing.wasm");
    expect((error as HeapError).message).toContain("docs/hosts.md#bundlers");
  });

  test("every entry exports the same names", async () => {
    const debug = await import("tallyheap/debug");
    const url = await import("tallyheap/url");
    const hardened = await import("tallyheap/hardened");
    const names = ["Handle", "Heap", "HeapError", "Kind", "NULL", "createHeap", "heapModule"];
    for (const entry of [inlined, debug, hardened, url, browser])
      expect(Object.keys(entry).sort()).toEqual(names);
  });
});
