"""The page to explore.

In a real browser its own arithmetic gives the rates of simulate_rates, and its sliders do what they say.
"""

import json
import re
import subprocess
from html import unescape

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS, pA, second

import b2reduce as b2r

from ..browser import BROWSER, NO_BROWSER
from ..networks.test_rate_delays import DELAYS
from ..networks.test_rate_delays import model as late_model

pytestmark = [pytest.mark.slow, NO_BROWSER]


@pytest.fixture(scope="module")
def reduced(ei_quiet):
    return {level: ei_quiet(level) for level in ("linear", "gain", "surface")}


@pytest.fixture(scope="module")
def pages(reduced, ei_validation, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for level, model in {**reduced, "transfer": ei_validation.reductions["transfer"]}.items():
        b2r.explore(model, folder / f"{level}.html", spikes=0)
    return folder


def seen(page, script, width=1280, dark=False):
    """What a script returns in a page of a width."""
    assert BROWSER, "CI is true and there is no Chromium: install it (apt-get install chromium)"
    probe = page.with_name(f"{page.stem}_probe_{width}.html")
    report = (
        f"<script>addEventListener('load', () => {{ const value = (() => {{ {script} }})();"
        " parent.postMessage(JSON.stringify(value), '*'); });</script>"
    )
    probe.write_text(
        page.read_text(encoding="utf-8").replace("</body>", report + "</body>"), encoding="utf-8"
    )
    frame = page.with_name(f"{page.stem}_frame_{width}.html")  # a window cannot be narrower than 500 pixels
    frame.write_text(
        "<!DOCTYPE html><p id=out></p><script>addEventListener('message', e =>"
        f" document.getElementById('out').textContent = e.data);</script><iframe src='{probe.name}'"
        f" style='width:{width}px;height:2000px;border:0'></iframe>",
        encoding="utf-8",
    )
    options = ["--blink-settings=preferredColorScheme=0"] if dark else []
    dom = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--allow-file-access-from-files",
            f"--window-size={max(width, 500)},2000",
            "--virtual-time-budget=20000",
            "--dump-dom",
            *options,
            frame.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=180,
    ).stdout
    return json.loads(unescape(re.search(r'id="?out"?>(.*?)</p>', dom, re.DOTALL).group(1)))


def runs_apart(page, model):
    """(how far the rates of a page at a step are off those of simulate_rates, with delays and without, and how
    far these are apart), over the largest rate.
    """
    got = seen(
        page,
        "const run = more => b2reduce.simulate({rate_ext: 14}, {}, 0.2, {later: {rate_ext: 17}, change: 0.1,"
        " ...more}), late = run({}); return {t: late.t, rates: [late.rates, run({delays: false}).rates]};",
    )
    step = {"ext": ([0, 0.1] * second, [14, 17] * Hz)}
    runs = [
        b2r.simulate_rates(model, duration=0.2 * second, drives=step, delays=delays)
        for delays in (True, False)
    ]
    assert np.allclose(got["t"], runs[0].t_, rtol=0, atol=1e-9)
    off = [
        np.abs(np.array(rates) - own.rate_.T).max() / own.rate_.max()
        for rates, own in zip(got["rates"], runs)
    ]
    return (*off, np.abs(runs[0].rate_ - runs[1].rate_).max() / runs[0].rate_.max())


@pytest.mark.parametrize("level", ["linear", "gain", "surface", "transfer"])
def test_the_page_computes_what_simulate_rates_does(pages, reduced, ei_validation, level):
    model = reduced.get(level, ei_validation.reductions["transfer"])
    late, at_once, told = runs_apart(pages / f"{level}.html", model)
    assert late <= 1e-3 and at_once <= 1e-3 and told > 1e-2


@pytest.mark.parametrize(
    "level, tau", [("linear", "membrane"), ("surface", "membrane"), ("linear", "synaptic")]
)
def test_the_page_has_delays_of_every_kind(level, tau, tmp_path):
    """Fixed, between two steps and spread ones, two of one source; the page says what it is at rest."""
    model = late_model(level, tau)
    b2r.explore(model, tmp_path / "page.html")
    late, at_once, told = runs_apart(tmp_path / "page.html", model)
    assert late <= 1e-3 and at_once <= 1e-3 and told > 1e-2
    header = seen(tmp_path / "page.html", "return document.querySelector('header').innerText;")
    assert "those at rest without delays" in header


def test_a_page_of_a_circuit_without_delays_has_none(tmp_path):
    at_once = {key: 0 * ms for key in DELAYS if key.endswith("delay")}
    b2r.explore(late_model("linear", "membrane", at_once), tmp_path / "page.html")
    late, at_rest = seen(
        tmp_path / "page.html", "return [b2reduce.DATA.late, document.querySelector('header').innerText];"
    )
    assert late == [] and "delays" not in at_rest


@pytest.mark.parametrize("level", ["linear", "surface"])
def test_a_conductance_on_the_page_is_that_of_the_circuit(pages, reduced, level):
    got = seen(pages / f"{level}.html", "return b2reduce.rest({rate_ext: 15}, {'I->E': 1.25}).rates;")
    changed = reduced[level].replace({"projection.I->E.G": 2.5 * nS})
    own = b2r.simulate_rates(changed, duration=1 * second, drives={"ext": 15 * Hz}, delays=False).rate_[:, -1]
    assert got == pytest.approx(own.tolist(), rel=1e-3)
    same = seen(pages / f"{level}.html", "return b2reduce.rest({rate_ext: 15}, {}).rates;")  # a control
    assert abs(same[0] - got[0]) > 0.05 * got[0]


def test_sliders_keys_and_the_shift(pages, reduced):
    page = pages / "linear.html"
    got = seen(
        page,
        """
        const shown = () => document.getElementById('rates').innerText, before = shown(), drive = document.querySelector('#drives input');
        drive.value = 18; drive.dispatchEvent(new Event('input', {bubbles: true})); draw();
        const after = shown(); document.getElementById('controls').reset(); draw();
        return {before, after, back: shown(), shift: document.getElementById('shift').textContent, labels: [...document.querySelectorAll('input[type=range]')].every(i => i.labels.length || i.ariaLabel),
                focusable: [...document.querySelectorAll('input, select, button')].filter(e => !e.disabled).every(e => e.tabIndex === 0), sliders: document.querySelectorAll('input[type=range]').length};""",
    )
    assert (
        got["before"] != got["after"] and got["back"] == got["before"] and got["labels"] and got["focusable"]
    )
    assert got["sliders"] == 1 + 1 + 6 + 1  # the drive, the step, six pathways, the shunt
    # 32 nS, as in Chance, Abbott and Reyes (2002), shift the curve by v_theta times 32 nS.
    shift = float(re.search(r"= ([\d.]+) pA", got["shift"]).group(1))
    assert "32.0 nS" in got["shift"] and shift == pytest.approx(
        float(reduced["linear"].gains["E"].v_theta) * 32e-9 / 1e-12, rel=2e-3
    )


def test_measured_curves_lie_where_the_shift_puts_them(pages, reduced):
    """The page shows cells that were measured under the shunt.

    Without noise an integrate-and-fire cell shifts by v_theta g near the middle of its window, within the
    change of slope that is warned of.
    """
    curves = seen(pages / "linear.html", "return b2reduce.DATA.curves.E;")
    middle = sum(curves["window"]) / 2
    crossing = [np.interp(middle, rate, I) for I, rate in zip(curves["I"], curves["rate"])]
    shifts, leaks = np.diff(crossing), np.diff(curves["g"])
    assert shifts / leaks == pytest.approx(curves["v_theta"], rel=0.15)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(pages, width, dark):
    got = seen(
        pages / "surface.html",
        "return {wide: document.documentElement.scrollWidth, plots: document.querySelectorAll('svg"
        " path').length, back: getComputedStyle(document.body).backgroundColor};",
        width,
        dark,
    )
    assert got["wide"] <= width and got["plots"] > 30
    assert got["back"] == ("rgb(20, 25, 31)" if dark else "rgb(255, 255, 255)")


def test_the_page_needs_nothing_else_and_is_not_written_over(pages, tmp_path, reduced):
    text = (pages / "linear.html").read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=", text) and "http" not in text.replace("http-equiv", "")
    with pytest.raises(b2r.errors.OutputError, match="overwrites nothing"):
        b2r.explore(reduced["linear"], pages / "linear.html")
    with pytest.raises(b2r.errors.OutputError, match="ends in .html"):
        b2r.explore(reduced["linear"], tmp_path / "page.txt")


def test_a_hostile_title_is_text(tmp_path):
    evil = "</script><script>document.title='owned'</script>"
    circuit = b2r.load_circuit("e_shriki").replace({"title": evil})
    b2r.explore(b2r.reduce(circuit, noise="none"), tmp_path / "page.html")
    assert seen(tmp_path / "page.html", "return document.title;") == "e_shriki: rate model to explore"


def test_a_network_without_drives_has_its_conductances_to_move(tmp_path):
    """As published ones that keep themselves firing.

    The page rests where the model does, and follows a conductance.
    """
    cells = {"population.E.I_app": 400 * pA, "population.I.I_app": 400 * pA}
    circuit = b2r.Circuit(
        populations={name: b2r.Population("lif", 200) for name in "EI"},
        projections=[
            b2r.Projection(source=a, target=b, in_degree=20, G=G, tau=5 * ms, E=E)
            for a, G, E in (("E", 0.1 * nS, 0 * mV), ("I", 0.5 * nS, -80 * mV))
            for b in "EI"
        ],
    ).replace(cells)
    model = b2r.reduce(circuit, noise="none")
    b2r.explore(model, tmp_path / "page.html")
    got = seen(
        tmp_path / "page.html",
        "return {rest: b2reduce.rest({}, {}).rates, weaker: b2reduce.rest({}, {'I->E': 0.5}).rates, shown:"
        " document.getElementById('drive').hidden, over: document.getElementById('along').value, table:"
        " document.getElementById('rates').innerText};",
    )
    assert got["rest"] == pytest.approx(list(model.states_[0].values()), rel=1e-3) and min(got["rest"]) > 1
    weaker = model.replace({"projection.I->E.G": 0.25 * nS})
    assert (
        got["weaker"] == pytest.approx(list(weaker.states_[0].values()), rel=1e-3)
        and got["weaker"][0] > 1.05 * got["rest"][0]
    )
    assert got["shown"] and got["over"] == "G E->E" and "(outside)" not in got["table"]
    with pytest.raises(b2r.errors.InputError, match="no drive and no conductance"):
        b2r.explore(
            b2r.reduce(
                b2r.Circuit(populations={"E": b2r.Population("lif", 10)}).replace(
                    {"population.E.I_app": 400 * pA}
                ),
                noise="none",
            ),
            tmp_path / "none.html",
        )
