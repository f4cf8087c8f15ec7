"""The report: complete, self-contained, and readable where it is opened."""

import re
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pandas as pd
import pytest

import b2reduce as b2r
import b2reduce.reduction.model_table

from ..browser import BROWSER, NO_BROWSER

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(ei_validation, tmp_path_factory):
    place = tmp_path_factory.mktemp("report") / "out"
    ei_validation.save(place)
    return place


class Page(HTMLParser):
    """Open tags, addresses, and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.open, self.addresses, self.images, self.text, self.ids = [], [], [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.addresses += [attributes[name] for name in ("src", "href") if name in attributes]
        self.ids |= {attributes["id"]} if "id" in attributes else set()
        if tag == "img":
            self.images.append(attributes)
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_is_whole_and_needs_nothing_else(folder):
    html = (folder / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    assert page.open == [] and "{{" not in html and "{%" not in html and "<script" not in html
    assert all(
        address.startswith(("data:image/svg+xml;base64,", "https://doi.org/10.", "#"))
        for address in page.addresses
    )
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= page.ids
    assert len(page.images) == 4 and all(image["alt"] for image in page.images)
    assert 'name="viewport"' in html


def test_the_page_says_what_the_results_say(folder, ei_validation):
    text = re.sub(r"\s+", " ", " ".join(Page((folder / "report.html").read_text(encoding="utf-8")).text))
    for _name, row in ei_validation.comparison.table.iterrows():
        assert (
            f"{row.spiking:.2f}" in text and f"{row.rate:.2f}" in text and f"{100 * row.error:+.1f} %" in text
        )
    for premise in ei_validation.assumptions["assumption"]:
        assert premise in text
    assert str(ei_validation.verdict) in text and all(level in text for level in ei_validation.levels.index)
    for _name, row in ei_validation.comparison.split.iterrows():
        assert f"{100 * row.open_loop_error:+.1f} %" in text
    assert (
        ei_validation.comparison.tier in text
        and ei_validation.circuit.hash in text
        and "doi:10.1162/08997660360675053" in text
    )
    assert " nan" not in text.lower()


def test_the_answer_comes_first(folder, ei_validation):
    """The verdict by its trust, the model with its errors, then the numbers, then pictures, then premises,
    those that fail before the others.
    """
    html = (folder / "report.html").read_text(encoding="utf-8")
    places = [
        html.index(text)
        for text in (
            'id="verdict"',
            "theta (pA)",
            'id="rates"',
            'id="levels"',
            'id="figures"',
            'id="premises"',
            'id="model"',
        )
    ]
    assert places == sorted(places) and html.index(ei_validation.verdict.trust) < html.index("<table")
    _columns, rows = b2r.reduction.model_table.model_table(ei_validation.reduced)
    text = re.sub(r"\s+", " ", " ".join(Page(html).text))
    assert all(value in text for row in rows for value in row)
    premises = html[html.index('id="premises"') :]
    broken = [
        name
        for name, holds in zip(ei_validation.assumptions["assumption"], ei_validation.assumptions["holds"])
        if not holds
    ]
    assert premises.count("does not hold") == len(broken)


def test_every_premise_is_explained(ei_validation):
    from b2reduce.validation.premises.register import PREMISES

    assert set(ei_validation.assumptions["assumption"]) <= set(PREMISES)
    for name, premise in PREMISES.items():
        assert len(premise.meaning) > 80 and len(premise.reason) > 20 and type(premise).__doc__, name
        assert premise.change or premise.otherwise, name


def test_tables_and_figures_are_beside_it(folder, ei_validation):
    table = pd.read_csv(folder / "comparison.csv", index_col="population")
    pd.testing.assert_frame_equal(table, ei_validation.comparison.table, check_names=False)
    assert pd.read_csv(folder / "levels.csv")["level"].tolist() == ei_validation.levels.index.tolist()
    assert (
        pd.read_csv(folder / "assumptions.csv")["assumption"].tolist()
        == ei_validation.assumptions["assumption"].tolist()
    )
    names = {"levels", "activity", "fi_E", "fi_I"}
    assert {path.name for path in (folder / "figures").iterdir()} == {
        f"{name}.{kind}" for name in names for kind in ("png", "svg")
    }
    for name in names:
        drawn = ET.parse(folder / "figures" / f"{name}.svg").getroot()
        assert drawn.tag.endswith("svg")
    assert b2r.load_circuit(folder / "circuit.toml").hash == ei_validation.circuit.hash
    assert b2r.ReducedCircuit.load(folder / "reduced.json").W_ == ei_validation.reduced.W_
    surface = b2r.FISurface.from_frame(pd.read_csv(folder / "surface_E.csv"))
    gain = ei_validation.reduced.gains["E"]
    again = b2r.fit_gain(
        surface, rates=gain.rates, through=[gain.through[name] for name in ("I", "g", "rate")]
    )
    assert float(again.beta) == pytest.approx(float(ei_validation.reduced.gains["E"].beta), rel=1e-9)


def test_an_interrupted_write_leaves_nothing(ei_validation, tmp_path, monkeypatch):
    import b2reduce.validation.report

    def fail(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(b2reduce.validation.report, "page", fail)
    with pytest.raises(KeyboardInterrupt):
        ei_validation.save(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@NO_BROWSER
def test_a_phone_shows_it_without_scrolling_sideways(folder):
    """In a real browser: every picture is drawn, and no part is wider than a phone."""
    assert BROWSER, "CI is true and there is no Chromium: install it (apt-get install chromium)"
    probe = folder.parent / "probe.html"
    script = (
        "<script>addEventListener('load', () => { document.title = JSON.stringify({wide:"
        " document.documentElement.scrollWidth, pictures: [...document.images].map(i => i.complete &&"
        " i.naturalWidth > 0)}); });</script>"
    )
    probe.write_text(
        (folder / "report.html").read_text(encoding="utf-8").replace("</body>", script + "</body>"),
        encoding="utf-8",
    )
    # A window cannot be narrower than 500 pixels, so the page is looked at through a frame of 390.
    frame = folder.parent / "frame.html"
    frame.write_text(
        "<!DOCTYPE html><iframe src='probe.html' style='width:390px;height:800px;border:0'></iframe><p"
        " id=out></p><script>addEventListener('load', () => {document.getElementById('out').textContent ="
        " document.querySelector('iframe').contentDocument.title; });</script>",
        encoding="utf-8",
    )
    dom = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--allow-file-access-from-files",
            "--virtual-time-budget=5000",
            "--dump-dom",
            frame.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout
    import json

    seen = json.loads(re.search(r'id="?out"?>(.*?)</p>', dom).group(1).replace("&quot;", '"'))
    assert seen["pictures"] == [True] * 4
    assert seen["wide"] <= 390


def test_spectra_stand_beside_those_of_the_spikes_where_answers_are_known(tmp_path):
    circuit = b2r.load_circuit("ei_lif").replace({"population.E.size": 800, "population.I.size": 200})
    validation = b2r.validate(
        circuit, duration="1 s", after="200 ms", seeds=1, seed=1, levels=("linear",), tau="pathway"
    )
    validation.save(tmp_path / "out")
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert (
        "Spectra of the population rates" in html and (tmp_path / "out" / "figures" / "spectra.png").is_file()
    )
