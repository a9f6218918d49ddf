"""CPython's side of bench:objects: reads the name of a workload a line, answers with ns a unit (process time).

What is destroyed or created are the types that are made and destroyed in C alone: tuples with their free lists, floats, lists. The
cost of an empty loop is subtracted where the loop is Python's.
"""
import gc
import os
import sys
import tempfile
from itertools import repeat
from time import process_time_ns

gc.disable()

TREE_DEPTH = 19
CHAIN = 5_000_000
LOOP = 2_000_000
OBJECTS = 100_000


def list_tree(depth):
    return [list_tree(depth - 1), list_tree(depth - 1)] if depth else [None, None]


def dying(build, count):
    held = [build()]
    start = process_time_ns()
    held[0] = None
    return (process_time_ns() - start) / count


def tree_death():
    return dying(lambda: tree_of_tuples(TREE_DEPTH), 2 ** (TREE_DEPTH + 1) - 1)


def tree_of_tuples(depth):
    # Made at run time, or the leaves would be one constant.
    leaf = object()

    def build(d):
        return (build(d - 1), build(d - 1)) if d else (leaf, leaf)
    return build(depth)


def list_tree_death():
    return dying(lambda: list_tree(TREE_DEPTH), 2 ** (TREE_DEPTH + 1) - 1)


def chain():
    head = (None,)
    for _ in repeat(None, CHAIN - 1):
        head = (head,)
    return head


def empty_loop():
    start = process_time_ns()
    for _ in repeat(None, LOOP):
        pass
    return process_time_ns() - start


def float_pair():
    x, y = 1.5, 2.5
    empty = empty_loop()
    start = process_time_ns()
    for _ in repeat(None, LOOP):
        x * y
    return (process_time_ns() - start - empty) / LOOP


def record_pair():
    x, y = 1.5, 2.5
    empty = empty_loop()
    start = process_time_ns()
    for _ in repeat(None, LOOP):
        (x, y)
    return (process_time_ns() - start - empty) / LOOP


def int_pair():
    x = 1000
    empty = empty_loop()
    start = process_time_ns()
    for _ in repeat(None, LOOP):
        x + x
    return (process_time_ns() - start - empty) / LOOP


def str_pair():
    x, y = "spam", "+egg"
    empty = empty_loop()
    start = process_time_ns()
    for _ in repeat(None, LOOP):
        x + y
    return (process_time_ns() - start - empty) / LOOP


def long_str():
    text = b"spam+egg" * 250
    empty = empty_loop()
    start = process_time_ns()
    for _ in repeat(None, LOOP):
        text.decode("latin-1").encode("latin-1")
    return (process_time_ns() - start - empty) / LOOP


def list_pair():
    x, y = 1000, 2000
    empty = empty_loop()
    start = process_time_ns()
    for _ in repeat(None, LOOP):
        [x, y]
    return (process_time_ns() - start - empty) / LOOP


def empty_dict():
    empty = empty_loop()
    start = process_time_ns()
    for _ in repeat(None, LOOP):
        {}
    return (process_time_ns() - start - empty) / LOOP


def dict_pair():
    a, b, x, y = "key 1", "key 2", 1000, 2000
    empty = empty_loop()
    start = process_time_ns()
    for _ in repeat(None, LOOP):
        {a: x, b: y}
    return (process_time_ns() - start - empty) / LOOP


def append_pop():
    x, items = 1000, [None] * 10
    append, pop = items.append, items.pop
    empty = empty_loop()
    start = process_time_ns()
    for _ in repeat(None, LOOP):
        append(x)
        pop()
    return (process_time_ns() - start - empty) / LOOP


def extend_clear():
    target = []
    pair = [1000, 2000]
    batch = pair * 500
    turns = range(LOOP // 1000)
    start = process_time_ns()
    for _ in turns:
        target.extend(batch)
        target.clear()
    return (process_time_ns() - start) / (LOOP // 1000 * 1000)


def long_bytes():
    data = bytearray(2000)
    turns = range(LOOP // 10)
    start = process_time_ns()
    for _ in turns:
        bytearray(bytes(data))
    return (process_time_ns() - start) / (LOOP // 10)


def dict_get():
    keys = ["key %d" % i for i in range(64)]
    entries = dict.fromkeys(keys)
    order = keys * (LOOP // 64)
    start = process_time_ns()
    for key in order:
        pass
    empty = process_time_ns() - start
    start = process_time_ns()
    for key in order:
        entries[key]
    return (process_time_ns() - start - empty) / len(order)


def dict_visit():
    entries = dict.fromkeys(["key %d" % i for i in range(64)])
    turns = range(LOOP // 64)
    start = process_time_ns()
    for _ in turns:
        for _ in entries:
            pass
    return (process_time_ns() - start) / (LOOP // 64 * 64)


class Record:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a = self.b = None


class Plain:
    def __init__(self):
        self.a = self.b = None


def allocated_bytes():
    """Bytes in allocated blocks, from sys._debugmallocstats, which writes to file descriptor 2."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as out:
        os.dup2(out.fileno(), 2)
        sys._debugmallocstats()
        os.dup2(saved, 2)
        os.close(saved)
        out.seek(0)
        for line in out.read().decode().splitlines():
            if line.startswith("# bytes in allocated blocks"):
                return int(line.split("=")[1].replace(",", ""))
    raise RuntimeError("no such line")


KINDS = {
    "int": lambda i: i + 1000,
    "float": lambda i: i + 0.5,
    "str, 8 characters": lambda i: "%08d" % i,
    "1-tuple": lambda i: tuple([None]),
    "2-tuple": lambda i: tuple([None, None]),
    "empty list": lambda i: [],
    "list of 1": lambda i: [None],
    "empty dict": lambda i: {},
    "dict of 1": lambda i: {"key": None},
    "record, 2 fields": lambda i: Record(),
    "object, 2 attributes": lambda i: Plain(),
}


def bytes_of(kind):
    make = KINDS[kind]
    kept = [None] * OBJECTS
    before = allocated_bytes()
    for i in range(OBJECTS):
        kept[i] = make(i)
    return (allocated_bytes() - before) / OBJECTS


WORKLOADS = {
    "death: tree of 1M records": tree_death,
    "death: tree of 1M lists": list_tree_death,
    "death: chain of 5M": lambda: dying(chain, CHAIN),
    "float: create, destroy": float_pair,
    "record: create, destroy": record_pair,
    "int: create, destroy": int_pair,
    "str of 8: create, destroy": str_pair,
    "str of 2,000: create, read, destroy": long_str,
    "list of 2: create, destroy": list_pair,
    "empty dict: create, destroy": empty_dict,
    "dict of 2: create, destroy": dict_pair,
    "list: append, pop": append_pop,
    "list: extend by 1,000, clear": extend_clear,
    "2,000 bytes: create, read, destroy": long_bytes,
    "dict of 64: get": dict_get,
    "dict of 64: visit": dict_visit,
}

print("CPython", sys.version.split()[0], flush=True)
for line in sys.stdin:
    name = line.rstrip("\n")
    answer = bytes_of(name[6:]) if name.startswith("bytes ") else WORKLOADS[name]() if name in WORKLOADS else None
    print("-" if answer is None else answer, flush=True)
