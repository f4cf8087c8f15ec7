"""The register of random streams: every purpose has a number of its own, and the numbers stay what they are."""

import ast
from enum import IntEnum
from pathlib import Path

import numpy as np

import b2reduce
from b2reduce.basics import streams
from b2reduce.basics.streams import seed_streams

#: What decided every result until now.
NUMBERS = {
    "OfNetwork": {
        "START": 0,
        "NOISE": 1,
        "WIRING": 2,
        "SIZES": 3,
        "DRIVE_SIZES": 4,
        "DRIVE_WIRING": 9,
        "DRIVE_RATES": 10,
        "INITIAL": 11,
    },
    "OfBinary": {"INITIAL": 20, "ORDER": 21, "WIRING": 22},
    "OfCells": {"RUN": 0, "MORE": 1, "SPREAD": 7, "CHECK": 31},
    "OfNative": {"CELLS": 0},
    "OfMoving": {"RANGE": 0, "CURVE": 1, "RESPONSES": 2, "LARGE": 3},
    "OfResponse": {"PILOT": 0, "TONES": 1, "STEP": 2},
    "OfReduction": {
        "OPERATING_POINT": 1,
        "GAINS": 2,
        "TRANSFERS": 4,
        "RESPONSES": 5,
        "SHUNTS": 6,
        "VOLTAGES": 8,
        "ANSWERS": 9,
        "MOVING": 10,
    },
    "OfSearch": {"SETTLING": 99, "SPREAD": 98},
    "OfSurface": {"GRID": 2, "PILOT": 3},
    "OfTransfer": {"PILOT": 0, "GRID": 1, "BETWEEN": 2, "CHECKED": 3},
}


def tables():
    return {
        name: value
        for name, value in vars(streams).items()
        if isinstance(value, type) and issubclass(value, IntEnum) and value is not IntEnum
    }


def bare(source):
    """Calls of seed_streams in a source whose keys hold a number, or a name that is no entry of a table."""
    wrong = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "seed_streams":
            for key in node.args[1:]:
                inside = [part for part in ast.walk(key)]
                entry = isinstance(key, ast.Attribute) and getattr(key.value, "id", "") in NUMBERS
                number = isinstance(key, ast.Constant)
                constant = any(isinstance(part, ast.Name) and part.id.isupper() for part in inside)
                if number or (constant and not entry and not isinstance(key, ast.BinOp)):
                    wrong.append(ast.unparse(node))
    return wrong


def test_purposes_of_one_seed_differ_and_stay():
    assert {name: {e.name: int(e) for e in table} for name, table in tables().items()} == NUMBERS
    for name, table in tables().items():
        # An alias, a second name of one number, is a member that is not walked through
        assert len(table.__members__) == len({int(entry) for entry in table.__members__.values()}), name


def test_a_purpose_gives_what_its_number_gave():
    for table in tables().values():
        for purpose in table:
            of_number = np.random.SeedSequence(7, spawn_key=(int(purpose), 3)).generate_state(1)[0]
            assert seed_streams(7, purpose, 3) == of_number
    assert seed_streams(1, 2, 0) == 537266697


def test_no_module_passes_a_bare_number():
    package = Path(b2reduce.__file__).parent
    found = {str(path): bare(path.read_text(encoding="utf-8")) for path in package.rglob("*.py")}
    assert {path: calls for path, calls in found.items() if calls} == {}
    assert sum("seed_streams(" in path.read_text(encoding="utf-8") for path in package.rglob("*.py")) > 10


def test_a_bare_number_would_be_seen():
    assert bare("seed_streams(seed, 3)") and bare("_RUN = 0\nseed_streams(seed, _RUN)")
    assert bare("seed_streams(seed, OfCells.RUN, 1)") and not bare("seed_streams(seed, OfCells.RUN, round_)")
