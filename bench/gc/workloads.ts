/** The structures that bench:gc collects, young objects, and lists as they are built. */

import { UNIT, type Container, type GcWorkload, type Order, type Request } from "../lib/collections.js";

/** A figure from two workloads of the same round. */
interface Derived {
  readonly name: string;
  readonly unit: string;
  readonly from: readonly [with_: string, without: string];
  combine(with_: number, without: number): number;
}

const YOUNG = 2000;
const OLD = 5_000_000;
/** Where the nodes of a tree lie; records at random would tell what lists do. */
const ORDERS: readonly [Container, Order][] = [
  ["list", "parent first"],
  ["list", "children first"],
  ["list", "at random"],
  ["record", "parent first"],
  ["record", "children first"],
];

/** The structures, each with so many objects. */
export function shapeWorkloads(objects: number): GcWorkload[] {
  const common = { unit: UNIT, units: objects, objects };
  const live = { measure: "collect", isHeld: true, objects } as const;
  const dead = { measure: "collect", isHeld: false, objects } as const;
  const plural: Record<Container, string> = { list: "lists", record: "records" };
  const trees = ORDERS.map(([of, order]) => ({
    name: `live tree of ${plural[of]}, ${order}`,
    request: { ...live, shape: "tree", of, order } as const,
    ...{ ...common, found: 0 },
  }));
  const rows = {
    name: "live list of lists",
    request: { ...live, shape: "rows", of: "list" } as const,
    ...{ ...common, found: 0 },
  };
  const garbage = (["pairs", "ring"] as const).flatMap((shape) =>
    (["record", "list"] as const).map((of) => ({
      name: `garbage ${shape} of ${plural[of]}`,
      request: { ...dead, shape, of } as const,
      ...{ ...common, found: shape === "pairs" ? objects - (objects % 2) : objects },
    })),
  );
  return [...trees, rows, ...garbage, ...youngWorkloads(objects), ...buildWorkloads(objects)];
}

const YOUNG_EMPTY = `${YOUNG} young objects, nothing else`;
const YOUNG_OLD = "the same beside old ones";
const BUILD = "building live lists";
const BUILD_COLLECTING = "the same with automatic collection";

/** The number of old objects follows the scale of the rest. */
function youngWorkloads(objects: number): GcWorkload[] {
  const old = Math.min(OLD, 5 * objects);
  const common = { unit: "ns", units: 1, found: 0 };
  return [
    { name: YOUNG_EMPTY, request: { measure: "young", objects: YOUNG, old: 0 }, objects: YOUNG, ...common },
    { name: YOUNG_OLD, request: { measure: "young", objects: YOUNG, old }, objects: old + YOUNG, ...common },
  ];
}

function buildWorkloads(objects: number): GcWorkload[] {
  const common = { unit: UNIT, units: objects, objects, found: 0 };
  const build = (isAutomatic: boolean): Request => ({ measure: "build", objects, isAutomatic });
  return [
    { name: BUILD, request: build(false), ...common },
    { name: BUILD_COLLECTING, request: build(true), ...common },
  ];
}

export const DERIVED: readonly Derived[] = [
  {
    name: "young objects: beside old ones / alone",
    unit: "ratio",
    from: [YOUNG_OLD, YOUNG_EMPTY],
    combine: (beside, alone) => beside / alone,
  },
  {
    name: "automatic collection adds to a list",
    unit: UNIT,
    from: [BUILD_COLLECTING, BUILD],
    combine: (collecting, not) => collecting - not,
  },
];
