// Which way imports point; `npm run check` runs this.
//
//   bindings/   entries ─▶ debug, link ─▶ heap ─▶ inspect, image, profile ─▶ collector ─▶ objects ─▶ core ─▶ generated
//     objects/  stress ─▶ values, ownership, weak ─▶ types ─▶ access
//   cli/        src/main, src/commands ─▶ the rest of src ─▶ src/report-data;  page ─▶ src/report-data
//   assembly/   abi ─▶ gc ─▶ object ─▶ debug ─▶ alloc ─▶ layout, state
//               rt ─▶ alloc ─▶ layout, state

/**
 * A rule for each layer: it imports nothing of the layers before it.
 * @param {string} name @param {string[]} layers patterns, from the outside in
 */
const layers = (name, layers) =>
  layers.slice(1).map((layer, i) => ({
    name,
    severity: /** @type {const} */ ("error"),
    from: { path: layer },
    to: { path: layers.slice(0, i + 1), pathNot: layer },
  }));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    { name: "no import circles", severity: "error", from: {}, to: { circular: true } },
    ...layers("layers of the bindings", [
      "^bindings/[^/]+$",
      "^bindings/(debug|link)/",
      "^bindings/heap/",
      "^bindings/(inspect|image|profile)/",
      "^bindings/collector/",
      "^bindings/objects/",
      "^bindings/core/",
      "^bindings/generated/",
    ]),
    ...layers("layers of the objects", [
      "^bindings/objects/[^/]+$",
      "^bindings/objects/values/",
      "^bindings/objects/(ownership|weak)/",
      "^bindings/objects/types/",
      "^bindings/objects/access/",
    ]),
    ...layers("layers of the core", [
      "^assembly/abi/",
      "^assembly/gc/",
      "^assembly/object/",
      "^assembly/debug/",
      "^assembly/alloc/",
      "^assembly/(layout/|state)",
    ]),
    ...layers("layers of the runtime", ["^assembly/rt[./]", "^assembly/alloc/", "^assembly/(layout/|state)"]),
    {
      name: "the page of a report knows its data alone",
      severity: "error",
      from: { path: "^cli/page/" },
      to: { path: "^(cli/src/(?!report-data)|bench/|bindings/)" },
    },
    {
      name: "what others import of the command line has nothing of the benchmarks",
      severity: "error",
      from: { path: "^cli/src/(report|report-data|recorder|html)\\.ts$" },
      to: { path: "^bench/" },
    },
    {
      name: "the core and the runtime share the bytes layer alone",
      severity: "error",
      from: { path: "^assembly/rt[./]" },
      to: { path: "^assembly/(abi|gc|object|debug)/" },
    },
    {
      name: "nothing imports the runtime",
      severity: "error",
      from: { path: "^assembly/(abi|gc|object|debug)/" },
      to: { path: "^assembly/rt[./]" },
    },
  ],
  options: {
    // Imports of types count: who reads one file has to read the other.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: [".ts"] },
    doNotFollow: { path: "node_modules" },
  },
};
