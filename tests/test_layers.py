"""Imports run one way: rooms stand in an order, and a module imports only from rooms below its own."""

import ast
from pathlib import Path

import b2reduce

#: From the bottom to the top. `theory` and `networks` stand on one floor, and never meet.
FLOORS = [
    {"basics"},
    {"circuit"},
    {"cells"},
    {"reduction"},
    {"networks", "theory"},
    {"results"},
    {"validation"},
    {"scanning"},
    {"cli"},
]
PACKAGE = Path(b2reduce.__file__).parent
#: The command plays the scripts of the experiments, which import the package.
OUTSIDE = {("cli", "experiments"), ("cli", "models"), ("circuit", "models")}


def floor(room):
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def imports(source, module):
    """Dotted names, within the package, that a module's source imports, anywhere in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = module.split(".")[: -node.level]
            yield ".".join([*base, *(node.module.split(".") if node.module else [])])
        elif isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("b2reduce"), f"{module}: import relatively"


def arrows(sources):
    """(module, imported module) of all imports that leave a room."""
    for module, source in sources.items():
        for other in imports(source, module):
            room, target = module.split(".")[0], other.split(".")[0]
            if target and target != room and (room, target) not in OUTSIDE:
                yield module, other


def wrong(sources):
    """Arrows that do not run downwards."""
    return [
        f"{module} imports {other}"
        for module, other in arrows(sources)
        if floor(other.split(".")[0]) >= floor(module.split(".")[0])
    ]


def sources():
    """{dotted module: source} of all that stands in a room."""
    paths = (path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE)
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path.read_text(encoding="utf-8")
        for path in paths
    }


def test_arrows_run_down():
    assert wrong(sources()) == []


def test_every_module_stands_in_a_room():
    assert {path.stem for path in PACKAGE.glob("*.py")} == {"__init__", "__main__"}
    assert {module.split(".")[0] for module in sources()} == set().union(*FLOORS)


def test_rooms_are_bare():
    """An init that imports makes `--help` slow, and circles."""
    inits = {
        module: source
        for module, source in sources().items()
        if module.endswith("__init__") and module != "cells.engine.__init__"
    }
    assert [module for module, source in inits.items() if len(ast.parse(source).body) != 1] == []


def test_no_room_has_the_name_of_a_public_verb():
    assert not set().union(*FLOORS) & set(b2reduce.__all__)


def test_an_arrow_upwards_or_across_would_be_seen():
    planted = {
        "cells.gain": "from ..reduction.reduce import reduce",
        "theory.ring": "from ..networks.activity import Activity",
        "validation.validate": "from ..cells.gain import GainFit\nfrom .comparison import compare",
    }
    assert wrong(planted) == ["cells.gain imports reduction.reduce", "theory.ring imports networks.activity"]
