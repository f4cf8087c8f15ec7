"""LaTeX of rates that arrive late: its numbers are the circuit's, and it says nothing where there are none."""

import re

import numpy as np
import pytest
from brian2 import ms

import b2reduce as b2r
from b2reduce.reduction.exporters.late_rates import BREAK

from ..cases import gain, two_populations
from ..circuit.test_given_wiring import DELAY, WEIGHT, circuit_of
from ..networks.test_rate_delays import DELAYS, model
from .test_export import latex_faults, needs

TIME = r"([\d.e-]+)\\,\\mathrm\{(ms|µs|\\mu s|s)\}"
SECONDS = {"ms": 1e-3, r"\mu s": 1e-6, "µs": 1e-6, "s": 1.0}


def times_(found):
    """Pairs of (number, unit) in s."""
    return [float(value) * SECONDS[unit] for value, unit in zip(found[::2], found[1::2])]


def equations(reduced):
    """The equations of each population, joined."""
    text = reduced.to_latex(document=False)
    found = re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", text, re.DOTALL)
    return dict(zip(reduced.populations, found))


def symbol(letter, *names):
    joined = r" \leftarrow ".join(rf"\mathrm{{{name}}}" for name in names)
    return f"{letter}_{{{joined}}}"


@pytest.mark.parametrize(
    "level, tau", [("linear", "membrane"), ("surface", "membrane"), ("linear", "synaptic")]
)
def test_the_delays_are_those_of_the_circuit(level, tau):
    reduced = model(level, tau)
    own = equations(reduced)
    fixed = re.compile(re.escape(symbol("r", "E") + "(t - ") + TIME + r"\)")
    for name, delay_ in (("E", 3e-3), ("I", 2.53e-3)):
        (found,) = fixed.findall(own[name])
        assert times_(found) == pytest.approx([delay_], rel=1e-3)
    for k, (source, expected) in enumerate((("E", [2e-3, 6e-3]), ("I", [0.5e-3, 5e-3])), start=1):
        mean = rf"\langle {symbol('r', source)} \rangle_{{d_{{{k}}}}}"
        assert own["E"].count(mean) == 2, "once where it acts, once where it is defined"
        (line,) = [each for each in own["E"].split("\n") if each.startswith(mean + "(t) &=")]
        above, below, first, last = (
            times_(each) for each in re.findall(TIME, line.replace(r"\frac{1}{", ""))
        )
        assert [*below, *above] == [*first, *last] == pytest.approx(expected, rel=1e-3)
        assert line.removesuffix(r" \\").endswith(rf"{symbol('r', source)}(t - u)\,du")
    assert r"\langle" not in own["I"]


def test_two_delays_of_one_source_are_two_inputs():
    """Each with its weight: of the same source they would be one sum else."""
    late = equations(model("surface", "membrane"))["E"]
    at_once = equations(model("surface", "membrane", _none()))["E"]
    other = symbol("s", "E", "E'")
    assert late.count(rf"\frac{{d{other}}}{{dt}}") == 1 and other not in at_once
    weight = lambda text, of: float(re.search(r"([\d.]+)\\,\\mathrm\{pC\}\\," + re.escape(of), text)[1])
    own = symbol("s", "E", "E")
    assert weight(late, own) + weight(late, other) == pytest.approx(weight(at_once, own), rel=1e-3)


def _none():
    return {**DELAYS, **{key: 0 * ms for key in DELAYS if key.endswith("delay")}}


@pytest.mark.parametrize(
    "level, tau", [("linear", "membrane"), ("surface", "membrane"), ("linear", "synaptic")]
)
def test_without_delays_nothing_is_said_of_them(level, tau):
    """With one delay a source what they add is all that differs."""
    spread = {"projection.I->E.delay": ["0.5 ms", "5 ms"]}
    late, at_once = (
        equations(model(level, tau, {**_none(), **changes}))
        for changes in ({"projection.E->E.delay": 3 * ms, "projection.E->E#2.delay": 3 * ms, **spread}, {})
    )
    assert late != at_once
    for name, text in late.items():
        lines = [line for line in text.split("\n") if not re.match(r"\\langle .*\(t\) &=", line)]
        text = re.sub(r"\(t - " + TIME + r"\)", "", "\n".join(lines).replace(BREAK, ""))
        assert re.sub(r"\\langle (\S+) \\rangle_\{d\}", r"\1", text) == at_once[name]


def test_given_delays_have_their_mean_and_their_spread():
    reduced = b2r.reduce(circuit_of(), gains={"E": gain()}, tau="membrane")
    (text,) = equations(reduced).values()
    assert text.count(rf"\langle {symbol('r', 'E')} \rangle_{{d}}") == 2 and "of the wiring" in text
    said = re.search(rf"mean }}{TIME}\\text{{, standard deviation }}{TIME}", text).groups()
    mean_ = np.average(DELAY, weights=WEIGHT)
    sd_ = np.sqrt(np.average((DELAY - mean_) ** 2, weights=WEIGHT))
    assert times_(said) == pytest.approx([mean_, sd_], rel=1e-3)


@needs("pdflatex")
@pytest.mark.parametrize("name", ["linear", "surface", "synaptic", "given"])
def test_it_compiles(name, tmp_path):
    reduced = {
        "linear": lambda: model("linear", "membrane"),
        "surface": lambda: model("surface", "membrane"),
        "synaptic": lambda: model("linear", "synaptic"),
        "given": lambda: b2r.reduce(circuit_of(), gains={"E": gain()}, tau="membrane"),
    }[name]()
    assert latex_faults(reduced.to_latex(), tmp_path) == []


def test_a_transfer_function_is_of_the_shares_of_what_arrives_apart():
    """Of synapses of 5 ms, 50 of 0.1 nS, and of 20 ms, 10 of 0.1 nS: mean conductances as 25 to 20."""
    from types import SimpleNamespace

    from b2reduce.reduction.levels.transfer import Transfer
    from b2reduce.reduction.transfer_axes import transfer_axes

    circuit = two_populations()
    pathways = {(p.source + "'" * p.label.endswith("#2"), p.is_drive): [p] for p in circuit.pathways("E")}
    write = SimpleNamespace(
        symbol=symbol, sources=list(pathways), pathways=lambda *key: pathways[key], parted=True
    )
    (line,) = Transfer().latex(SimpleNamespace(axes_=lambda name: transfer_axes(circuit, name)), "E", write)
    ext, one, other, I = (symbol("s", "E", name) for name in ("ext", "E", "E'", "I"))
    assert rf"({ext}, 0.5556\,{one} + 0.4444\,{other}, {I})" in line


@needs("pdflatex")
@pytest.mark.parametrize("delay", ["1.5 ms", ["0.25 ms", "2.75 ms"]])
def test_long_sums_stay_on_the_page(delay, tmp_path):
    """Four populations, all onto all: in one row they would run off it, as a control shows."""
    synapse = dict(in_degree=20, G="0.05 nS", tau="5 ms", E="0 mV", delay=delay)
    circuit = b2r.Circuit(
        populations={name: b2r.Population("lif", 80) for name in "ABCD"},
        projections=[b2r.Projection(source=a, target=b, **synapse) for a in "ABCD" for b in "ABCD"],
        drives=[b2r.Drive("ext", name, 250, "14 Hz", "0.4 nS", "5 ms", "0 mV") for name in "ABCD"],
    )
    for tau in ("membrane", "synaptic"):
        text = b2r.reduce(circuit, gains=dict.fromkeys("ABCD", gain()), tau=tau).to_latex()
        assert latex_faults(text, tmp_path) == []
        assert latex_faults(text.replace(BREAK, ""), tmp_path) != []
