"""Imports run one way: rooms stand in an order, and a module imports only from rooms below its own."""

import ast
from functools import cache
from pathlib import Path

import b2reduce.experiments

import b2reduce
from b2reduce.reduction.exporters.register import EXPORTERS
from b2reduce.validation.premises.register import PREMISES

#: From the bottom to the top. `theory` and `networks` stand on one floor, and never meet.
FLOORS = [
    {"basics"},
    {"circuit"},
    {"cells"},
    {"reduction"},
    {"networks", "theory"},
    {"results", "importing"},
    {"validation"},
    {"scanning"},
    {"cli"},
]
PACKAGE = Path(b2reduce.__file__).parent
#: Beside the rooms, what users import from
NAMESPACES = {"binary", "drives", "errors", "plots"}
#: The folder of the scripts, beside the package in a clone and within it where it is installed.
EXPERIMENTS = Path(b2reduce.experiments.__file__).parent
LONGEST = 300  # lines of a file: beyond it stand two ideas
#: Files that are longer still, and how long they may be: none may grow, and one that no longer needs to stand
#: here leaves the list.
STILL_LONG = {}
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


def lengths():
    """{path: lines} of all files of the package and of the experiments."""
    return {
        f"{name}/{path.relative_to(folder).as_posix()}": len(path.read_text(encoding="utf-8").splitlines())
        for name, folder in (("b2reduce", PACKAGE), ("experiments", EXPERIMENTS))
        for path in folder.rglob("*.py")
    }


def misfits(lengths, known):
    """Files that are too long, and those that stand among the long ones without need."""
    long = {path: lines for path, lines in lengths.items() if lines > LONGEST}
    return [
        *(f"{path} has {lines} lines" for path, lines in long.items() if lines > known.get(path, LONGEST)),
        *(f"{path} is no longer too long" for path in known if path not in long),
    ]


def test_arrows_run_down():
    assert wrong(sources()) == []


def test_every_module_stands_in_a_room():
    assert {path.stem for path in PACKAGE.glob("*.py")} == {"__init__", "__main__", *NAMESPACES}
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


def test_no_file_is_long():
    assert misfits(lengths(), STILL_LONG) == []


def test_a_long_file_would_be_seen():
    found = {
        "b2reduce/new.py": LONGEST + 1,
        "b2reduce/grown.py": 402,
        "b2reduce/shrunk.py": 401,
        "b2reduce/done.py": 9,
    }
    known = {
        "b2reduce/grown.py": 401,
        "b2reduce/shrunk.py": 402,
        "b2reduce/done.py": 330,
        "b2reduce/gone.py": 350,
    }
    assert misfits(found, known) == [
        "b2reduce/new.py has 301 lines",
        "b2reduce/grown.py has 402 lines",
        "b2reduce/done.py is no longer too long",
        "b2reduce/gone.py is no longer too long",
    ]
    assert len(lengths()) > 150, "the files are found"


def texts(tree):
    """Strings in code, without docstrings."""
    docs = [
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and isinstance(node.body[0], ast.Expr)
    ]
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docs
    ]


@cache
def texts_of(source):
    """The same of a source, which is read once however many names are looked for in it."""
    return texts(ast.parse(source))


def modules_that_name(name, sources):
    """Modules with a string that is this name, or holds it in quotes."""
    return [
        module
        for module, source in sources.items()
        if any(text == name or f"'{name}'" in text for text in texts_of(source))
    ]


def compared(source):
    """Strings that a module compares with something."""
    return {
        text for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Compare) for text in texts(node)
    }


def test_a_premise_is_named_in_one_file():
    """What a premise means, measures and weighs is said where it is named: nobody else asks for it."""
    all_sources = sources()
    places = {name: modules_that_name(name, all_sources) for name in PREMISES}
    assert {name: places for name, places in places.items() if len(places) != 1} == {}
    assert {place.rpartition(".")[0] for (place,) in places.values()} == {"validation.premises"}
    planted = {"validation.judge": '"""asynchrony"""\nif name in ("asynchrony",):\n    pass'}
    assert modules_that_name("asynchrony", {**all_sources, **planted}) == [
        "validation.judge",
        "validation.premises.asynchrony",
    ], "a second place would be seen"
    assert modules_that_name("asynchrony", {"a": '"""\'asynchrony\' in a docstring"""'}) == []


def test_nobody_compares_the_names_of_exporters():
    # Where else these words are known they are engines and languages of formulas.
    asking = {
        module: compared(source) & set(EXPORTERS)
        for module, source in sources().items()
        if module.startswith(("reduction.exporters", "reduction.reduced_circuit", "cli.asking"))
    }
    assert len(asking) > 10 and not any(asking.values()), asking
    assert compared('text = latex() if kind == "latex" else script(kind)') == {"latex"}
