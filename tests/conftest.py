"""What several test files share: expensive results are made once, by the worker that first needs them."""

import os
import pickle
from functools import cache

import pytest
from brian2.codegen.runtime.cython_rt import cython_rt
from filelock import FileLock

import b2reduce as b2r

# What Brian2 compiles for single runs of a few cells is compiled with less care: that takes half the time,
# and a run of these tests is mostly that.
_compiler_and_arguments = cython_rt.get_compiler_and_args
cython_rt.get_compiler_and_args = lambda: (
    _compiler_and_arguments()[0],
    [*_compiler_and_arguments()[1], "-O1"],
)
# Python's own flags ask for tables for a debugger, in processes that tests start as well: a quarter of the rest.
for _flags in ("CFLAGS", "CXXFLAGS"):  # setuptools reads the second for C++ since it knows it
    os.environ[_flags] = f"{os.environ.get(_flags, '')} -g0".strip()


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """What `make()` gives, from whichever worker was first: `once("name", make)`.

    The others wait for it, which leaves its threads all cores, and read it.
    """
    folder = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        folder = folder.parent  # of all workers of this run, and of no other

    def get(name, make):
        path = folder / f"{name}.pickle"
        with FileLock(f"{path}.lock"):
            if not path.exists():
                whole = path.with_suffix(".part")
                whole.write_bytes(pickle.dumps(make()))
                whole.replace(path)
            return pickle.loads(path.read_bytes())

    return get


@pytest.fixture(scope="session")
def ei_validation(once):
    """The whole job on the default circuit, as `make demo` does it."""
    return once("ei_validation", lambda: b2r.validate("ei_lif", seeds=2, seed=1))


@pytest.fixture(scope="session")
def ei_reduced(ei_validation):
    """The default circuit reduced where it is meant to run, at the level with formulas."""
    return ei_validation.reductions["linear"]


@pytest.fixture(scope="session")
def ei_levels(ei_validation):
    """{level: the default circuit reduced at it}, as `reduce(levels=...)` gives it: one measurement for all."""
    return ei_validation.reductions


@pytest.fixture(scope="session")
def ei_linear(once):
    """The default circuit as `reduce` gives it when nothing is said."""
    return once("ei_linear", lambda: b2r.reduce("ei_lif", seed=1))


@pytest.fixture(scope="session")
def ei_quiet(once):
    """The default circuit at a level, with gains that were measured without noise: `ei_quiet("surface")`.

    Each is made once, by itself: several levels of one call share what was measured, over a wider range.
    """
    make = lambda level: b2r.reduce("ei_lif", level=level, noise="none", seed=1)
    return cache(lambda level: once(f"ei_quiet_{level}", lambda: make(level)))


@pytest.fixture
def numpy_code():
    """Brian2 in numpy: a few cells for a moment take less time than a compiler does."""
    from brian2 import prefs

    before, prefs.codegen.target = prefs.codegen.target, "numpy"
    yield
    prefs.codegen.target = before


@pytest.fixture(scope="session")
def small():
    """The default circuit with fewer cells.

    Not asynchronous enough to compare rates, good enough to look at its parts.
    """
    return b2r.load_circuit("ei_lif").replace({"population.E.size": 400, "population.I.size": 100})


@pytest.fixture(scope="session")
def small_quiet(small, once):
    """Its rate model, with gains that were measured without noise."""
    return once("small_quiet", lambda: b2r.reduce(small, noise="none"))
