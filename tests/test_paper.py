"""The text of the paper is the template with the numbers that were measured, and cites what its list of references has."""

import json
import re
from pathlib import Path

import jinja2
import pytest

import b2reduce as b2r

PAPER = Path(b2r.__file__).parent.parent / "paper"
pytestmark = pytest.mark.skipif(not PAPER.is_dir(), reason="an installed package has no paper")


@pytest.fixture
def module():
    from b2reduce.experiments import paper

    return paper


@pytest.fixture
def numbers(module):
    return json.loads(module.NUMBERS.read_text(encoding="utf-8"))


def test_the_text_has_the_numbers_that_were_measured(module, numbers):
    assert module.TEXT.read_text(encoding="utf-8") == module.rendered(numbers)


def test_a_stale_or_missing_number_would_be_seen(module, numbers):
    assert module.rendered({**numbers, "beta": 36.4}) != module.rendered(numbers)
    with pytest.raises(jinja2.UndefinedError, match="beta"):
        module.rendered({key: value for key, value in numbers.items() if key != "beta"})


def test_no_number_of_a_measurement_is_typed(module):
    """What is left without the braces are years, drives, rates of a window, and sizes of figures."""
    text = module.TEMPLATE.read_text(encoding="utf-8").partition("# Summary")[2]
    text = re.sub(r"<<.*?>>|\$.*?\$|@\w+|\{[^{}]*\}", "", text, flags=re.DOTALL)
    typed = set(re.findall(r"(?<![\w.])\d+(?:\.\d+)?", text))
    assert typed <= {"1", "80", "14", "8", "20", "95", "15", "3.11", "2", "2.5"}, typed


def test_what_is_cited_is_listed_and_the_other_way_round(module):
    cited = set(re.findall(r"@(\w+)", module.TEXT.read_text(encoding="utf-8").partition("---\n\n")[2]))
    listed = re.findall(r"(?m)^@article\{(\w+),$", (PAPER / "paper.bib").read_text(encoding="utf-8"))
    assert cited == set(listed) and len(listed) == len(set(listed))
    entries = (PAPER / "paper.bib").read_text(encoding="utf-8").split("\n@")
    assert all(re.search(r"(?m)^  doi = \{10\.\d{4,}/\S+\}$", entry) for entry in entries)


def test_figures_are_there_and_the_length_is_that_of_a_paper(module):
    text = module.TEXT.read_text(encoding="utf-8")
    figures = re.findall(r"!\[.*?\]\((.*?)\)", text)
    assert len(figures) == 2 and all((PAPER / figure).stat().st_size > 5000 for figure in figures)
    words = len(text.partition("# Summary")[2].split())
    assert 750 <= words <= 1750, words
