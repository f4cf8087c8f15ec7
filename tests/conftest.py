"""What several test files share: expensive results are made once a worker."""

import os
from functools import cache

import pytest
from brian2.codegen.runtime.cython_rt import cython_rt

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
def ei_validation():
    """The whole job on the default circuit, as `make demo` does it."""
    return b2r.validate("ei_lif", seeds=2, seed=1)


@pytest.fixture(scope="session")
def ei_reduced(ei_validation):
    """The default circuit reduced where it is meant to run, at the level with formulas."""
    return ei_validation.reductions["linear"]


@pytest.fixture(scope="session")
def ei_linear():
    """The default circuit as `reduce` gives it when nothing is said."""
    return b2r.reduce("ei_lif", seed=1)


@pytest.fixture(scope="session")
def ei_quiet():
    """The default circuit at a level, with gains that were measured without noise: `ei_quiet("surface")`.

    Each is made once, by itself: several levels of one call share what was measured, over a wider range.
    """
    return cache(lambda level: b2r.reduce("ei_lif", level=level, noise="none", seed=1))


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
def small_quiet(small):
    """Its rate model, with gains that were measured without noise."""
    return b2r.reduce(small, noise="none")
