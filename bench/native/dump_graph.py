"""Writes the object graph of a CPython program to a file (bench/data/graphs/FORMAT.md).

python3 dump_graph.py imports|ast|FILE.py OUT.graph.gz, or dump(roots, path) from a program of your own. Of FILE.py,
which is run to its end, the graph has what its global names lead to, under the names of its classes; modules and what
is built in are left out.
"""
import builtins
import collections
import gc
import glob
import gzip
import importlib
import os
import struct
import sys

MODULES = """asyncio unittest xml.dom.minidom email.message http.client http.server json sqlite3 decimal fractions
argparse logging.config multiprocessing concurrent.futures ctypes distutils.core pydoc doctest tarfile zipfile
difflib inspect typing dataclasses pickle csv configparser urllib.request smtplib imaplib ftplib ssl socketserver
statistics random calendar locale gettext optparse cmd code pdb profile cProfile timeit trace tokenize ast dis
symtable lib2to3.main turtle idlelib""".split()
BUILT_IN = (int, float, str, bytes, list, tuple, dict, set, frozenset, bool)
# A kind is a byte, and a name may need two of them: with the collector's header and without.
MOST_NAMES = 120
NAMED = {"function", "cell", "code", "module", "builtin_function_or_method", "method", "getset_descriptor",
         "wrapper_descriptor", "method_descriptor", "property", "member_descriptor"}


def imports():
    for name in MODULES:
        try:
            importlib.import_module(name)
        except Exception:
            pass  # not in this version
    return [sys.modules]


def syntax_trees():
    import ast
    trees = []
    for path in sorted(glob.glob(os.path.dirname(os.__file__) + "/*.py"))[:60]:
        with open(path, encoding="utf-8") as file:
            trees.append(ast.parse(file.read()))
    return [trees]


def program(path):
    module = type(sys)("__main__")
    module.__file__ = path
    sys.modules["__main__"] = module
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    sys.argv = [path]
    with open(path, encoding="utf-8") as file:
        source = file.read()
    exec(compile(source, path, "exec"), module.__dict__)
    return [module.__dict__]


def is_outside(obj):
    """Of the interpreter and not of a program: modules, the built-in names, types that are no classes of the program."""
    return (isinstance(obj, type(sys)) or obj is builtins.__dict__
            or isinstance(obj, type) and not obj.__flags__ & 1 << 9)


def class_of(obj):
    return "none" if obj is None else type(obj).__name__


def kind_of(obj):
    kind = type(obj)
    if kind in BUILT_IN:
        return kind.__name__
    if obj is None:
        return "none"
    if isinstance(obj, type):
        return "type"
    return kind.__name__ if kind.__name__ in NAMED else "object"


def dump(roots, path, kind_of=kind_of, is_outside=lambda obj: False):
    gc.collect()
    gc.disable()
    number, order, edges, queue = {}, [], [], collections.deque()
    own = {id(number), id(order), id(edges), id(queue)}

    def see(obj):
        index = number.get(id(obj))
        if index is None:
            index = number[id(obj)] = len(order)
            order.append(obj)
            queue.append(obj)
        return index

    held = sorted({see(root) for root in roots})
    while queue:
        targets = gc.get_referents(queue.popleft())
        edges.append([see(t) for t in targets
                      if id(t) not in own and type(t).__name__ != "frame" and not is_outside(t)])
    kinds = {}
    names = collections.Counter(map(kind_of, order))
    common = {name for name, _ in names.most_common(MOST_NAMES)}
    kind_name = lambda obj: kind_of(obj) if kind_of(obj) in common else "object"
    node_kinds = [kinds.setdefault((kind_name(o), gc.is_tracked(o) or type(o) in (list, tuple, dict, set)), len(kinds))
                  for o in order]
    targets = [target for of_node in edges for target in of_node]
    with gzip.open(path, "wb", 9) as file:
        file.write(b"HGPH" + struct.pack("<5I", 1, len(order), len(targets), len(held), len(kinds)))
        for name, is_container in kinds:
            name = name.encode()[:255]
            file.write(bytes([len(name)]) + name + bytes([is_container]))
        file.write(bytes(node_kinds))
        for words in ([sys.getsizeof(o, 64) for o in order], list(map(len, edges)), targets, held):
            file.write(struct.pack("<%dI" % len(words), *words))
    gc.enable()


if __name__ == "__main__":
    if len(sys.argv) != 3 or not (sys.argv[1] in ("imports", "ast") or sys.argv[1].endswith(".py")):
        raise SystemExit(__doc__)
    what, out = sys.argv[1:]
    if what.endswith(".py"):
        dump(program(what), out, class_of, is_outside)
    else:
        dump(imports() if what == "imports" else syntax_trees(), out)
