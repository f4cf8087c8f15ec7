"""Every example in a docstring runs and shows what it says."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import b2reduce

MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages([str(Path(b2reduce.__file__).parent)], "b2reduce.")
    if not name.endswith("__main__") and ".models" not in name and ".experiments" not in name
]
# That run small networks for moments
MOMENTS = {
    f"b2reduce.{name}"
    for name in (
        "networks.simulate_spikes",
        "networks.tuning_curve",
        "validation.frequencies",
        "validation.check_premises",
        "validation.transients",
    )
}


@pytest.mark.slow
@pytest.mark.pages
@pytest.mark.parametrize("name", MODULES)
def test_examples(name, request):
    if name in MOMENTS:
        request.getfixturevalue("numpy_code")
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert result.failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    with_examples = [
        name for name in MODULES if any(test.examples for test in finder.find(importlib.import_module(name)))
    ]
    assert len(with_examples) >= 10
