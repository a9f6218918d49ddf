"""CPython's side of bench:gc: reads a request (bench/gc/gc-request.ts) a line, answers with a line of JSON.

Structures are those of bench/lib/shapes.ts, made in the same order. As a module it offers read_graph, build_graph and collect.
"""
import gc
import gzip
import json
import random
import struct
import sys
from array import array
from functools import lru_cache
from statistics import median
from time import process_time_ns

COLLECTIONS = 3
YOUNG_COLLECTIONS = 100


class Record:
    __slots__ = ("a", "b")


def new_list():
    return [None, None]


def link_list(node, index, target):
    node[index] = target


def link_record(node, index, target):
    if index:
        node.b = target
    else:
        node.a = target


KINDS = {"list": (new_list, link_list), "record": (Record, link_record)}


@lru_cache(maxsize=1)
def creation(count, order):
    if order == "parent first":
        return range(count)
    if order == "at random":
        numbers = array("I", range(count))
        random.Random(count).shuffle(numbers)
        return numbers
    numbers = array("I")

    def visit(i):
        if i < count:
            visit(2 * i + 1)
            visit(2 * i + 2)
            numbers.append(i)
    visit(0)
    return numbers


def tree(kind, count, order):
    make, link = KINDS[kind]
    nodes = [None] * count
    for i in creation(count, order):
        nodes[i] = make()
    for child in range(1, count):
        link(nodes[(child - 1) >> 1], (child - 1) & 1, nodes[child])
    return nodes[:1]


def rows(kind, count):
    make, _ = KINDS[kind]
    held = [None] * (count - 1)
    for i in range(count - 1):
        held[i] = make()
    return [held]


def pairs(kind, count):
    make, link = KINDS[kind]
    held = [None] * (count // 2)
    for i in range(count // 2):
        a, b = make(), make()
        link(a, 0, b)
        link(b, 0, a)
        held[i] = a
    return held


def ring(kind, count):
    make, link = KINDS[kind]
    first = last = make()
    for _ in range(count - 1):
        following = make()
        link(last, 0, following)
        last = following
    link(last, 0, first)
    return [first]


def read_graph(path):
    """A graph (bench/data/graphs/FORMAT.md): for each node whether it is a container, edge counts, targets, roots."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    _, nodes, edges, roots, kinds = struct.unpack_from("<5I", data, 4)
    at = 24
    tracked = []
    for _ in range(kinds):
        at += 1 + data[at]
        tracked.append(data[at] != 0)
        at += 1
    kind_of = data[at:at + nodes]
    at += nodes + 4 * nodes

    def words(count):
        nonlocal at
        result = array("I", data[at:at + 4 * count])
        if sys.byteorder == "big":
            result.byteswap()
        at += 4 * count
        return result
    degrees, targets, root_nodes = words(nodes), words(edges), words(roots)
    containers = bytearray(tracked[kind] or degree > 0 for kind, degree in zip(kind_of, degrees))
    return containers, degrees, targets, root_nodes


def build_graph(graph):
    """The roots of the graph, with a list for each container and a float for everything else."""
    containers, degrees, targets, roots = graph
    nodes = [[None] * degree if container else i + 0.5
             for i, (container, degree) in enumerate(zip(containers, degrees))]
    at = 0
    for node, degree in zip(nodes, degrees):
        if degree:
            node[:] = [nodes[target] for target in targets[at:at + degree]]
            at += degree
    return [nodes[root] for root in sorted(set(roots))]


graphs = {}


def graph_of(path):
    if path not in graphs:
        graphs.clear()
        graphs[path] = read_graph(path)
    return graphs[path]


def structure(request):
    shape, kind, count = request["shape"], request["of"], request["objects"]
    if shape == "graph":
        return build_graph(graph_of(request["file"]))
    if shape == "tree":
        return tree(kind, count, request["order"])
    return {"rows": rows, "pairs": pairs, "ring": ring}[shape](kind, count)


def timed(generation=2):
    start = process_time_ns()
    found = gc.collect(generation)
    return process_time_ns() - start, found


def times(count):
    runs = [timed() for _ in range(count)]
    return median(ns for ns, _ in runs), sum(found for _, found in runs)


def collect(build, held):
    """Nanoseconds of a collection of what `build` makes, less those of one without it, and the objects found."""
    gc.collect()
    empty, _ = times(COLLECTIONS)
    roots = build()
    if held:
        gc.collect()
        ns, found = times(COLLECTIONS)
    else:
        del roots
        ns, found = timed()
    return {"ns": ns - empty, "found": found}


def young(count, old):
    old_objects = tree("record", old, "parent first") if old else None
    gc.collect()
    samples, found = [], 0
    for _ in range(YOUNG_COLLECTIONS):
        held = tree("record", count, "parent first")
        ns, trash = timed(0)
        samples.append(ns)
        found += trash
        del held
    del old_objects
    return {"ns": median(samples), "found": found}


def build_lists(count, automatic):
    gc.collect()
    if automatic:
        gc.enable()
    start = process_time_ns()
    lists = [[None, None] for _ in range(count)]
    ns = process_time_ns() - start
    gc.disable()
    assert len(lists) == count
    return {"ns": ns, "found": gc.collect()}


def answer(request):
    if request["measure"] == "build":
        return build_lists(request["objects"], request["isAutomatic"])
    if request["measure"] == "young":
        return young(request["objects"], request["old"])
    if request["of"] == "types":
        return None
    return collect(lambda: structure(request), request["isHeld"])


if __name__ == "__main__":
    gc.disable()
    print("CPython", sys.version.split()[0], flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
