"""Texts that nobody wrote: units, model and circuit files, recordings; own errors or the right thing, no hang.

The examples are the same in every run. What is changed by chance is mostly no file of ours any more; each test
counts how often something was read nevertheless, so that none passes by refusing everything.
"""

import os
from collections import Counter

import numpy as np
import pytest
from brian2 import Quantity, get_dimensions
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import b2reduce as b2r
from b2reduce.basics.units import format_quantity, parse_quantity, with_units

MANY = 10 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 1
FIXED = dict(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
UNITS = [
    "mV",
    "pA",
    "nS",
    "pF",
    "ms",
    "Hz",
    "mS/cm^2",
    "uA/cm^2",
    "Mohm",
    "Hz/pA",
    "mM",
    "um^2",
    "V/s",
    "K",
    "V A",
]
NUMBERS = st.floats(1e-200, 1e200) | st.floats(-1e200, -1e-200) | st.just(0.0)
POINTS = [(float(I), float(g)) for I in (100, 200, 350, 400) for g in (10, 15.5, 20)]


# Units
# --------------------------------------------------------------------------------------------------------------------------


@settings(max_examples=300 * MANY, **FIXED)
@given(NUMBERS | st.integers(-(10**6), 10**6).map(lambda n: n / 1000), st.sampled_from(UNITS))
def test_a_quantity_is_read_back_from_its_text(number, unit):
    one = parse_quantity(f"1 {unit}")
    for value in (Quantity(number, dim=one.dim), number * one):
        again = parse_quantity(format_quantity(value))
        assert again.dim is value.dim and float(again) == float(value), (value, format_quantity(value))


SYMBOLS = st.sampled_from(
    [
        *UNITS,
        *"0123456789.+-eE^*/()_ ,\t\n",
        "µ",
        "⁻²",
        "−",
        "1e999",
        "nan",
        "inf",
        "^-9",
        "**",
        "__import__",
        "'",
    ]
)


@settings(max_examples=400 * MANY, **FIXED)
@given(st.text(max_size=40) | st.lists(SYMBOLS, max_size=12).map("".join))
def test_a_text_is_a_finite_value_or_no_value(text):
    try:
        value = parse_quantity(text)
    except b2r.errors.InputError as error:
        assert str(error)
        return
    assert np.ndim(value) == 0 and np.isfinite(float(value))
    again = parse_quantity(format_quantity(value))
    assert get_dimensions(again) is get_dimensions(value) and float(again) == float(value)


# Model and circuit files
# --------------------------------------------------------------------------------------------------------------------------

PIECES = [
    "",
    "0",
    "-1",
    "nan",
    "1e999 mV",
    '"',
    "[[",
    "]",
    "{",
    "\0",
    "true",
    '"5 mV"',
    '"5 parsec"',
    "= =",
    "''' ",
]
CHANGE = st.tuples(
    st.sampled_from(["drop", "twice", "swap", "cut", "put", "value"]),
    st.integers(0, 10**4),
    st.integers(0, 10**4),
    st.sampled_from(PIECES),
)


def changed(text, changes):
    """A text with lines left out, doubled and exchanged, cut short, and with pieces put into it."""
    for how, a, b, piece in changes:
        lines = text.split("\n")
        k, m = a % len(lines), b % len(lines)
        if how == "drop":
            del lines[k]
        elif how == "twice":
            lines.insert(m, lines[k])
        elif how == "swap":
            lines[k], lines[m] = lines[m], lines[k]
        elif how == "value" and " = " in lines[k]:
            lines[k] = lines[k].partition(" = ")[0] + f" = {piece}"
        text = "\n".join(lines)
        if how == "cut":
            text = text[: a % (len(text) + 1)]
        elif how == "put":
            at = a % (len(text) + 1)
            text = text[:at] + piece + text[at + b % 3 :]
    return text


TOML = {
    "neuron": (b2r.load_model, [b2r.load_model(name).to_toml() for name in ("lif", "shriki2003")]),
    "circuit": (b2r.load_circuit, [b2r.load_circuit("ei_lif").to_toml()]),
}


@pytest.mark.parametrize("kind", TOML)
def test_a_changed_file_is_refused_or_is_what_it_says(kind, tmp_path):
    load, texts = TOML[kind]
    read, path = Counter(), tmp_path / "changed.toml"

    @settings(max_examples=60 * MANY, **FIXED)
    @given(st.sampled_from(texts), st.lists(CHANGE, min_size=1, max_size=3))
    def one(text, changes):
        path.write_text(changed(text, changes), encoding="utf-8")
        try:
            found = load(path)
        except b2r.errors.InputError as error:
            read["refused"] += 1
            assert str(error)
            return
        read["read"] += 1
        (tmp_path / "again.toml").write_text(found.to_toml(), encoding="utf-8")
        assert load(tmp_path / "again.toml").to_dict() == found.to_dict()

    one()
    assert read["read"] > 5 and read["refused"] > 5, read


# Recordings
# --------------------------------------------------------------------------------------------------------------------------

CURRENTS, CONDUCTANCES, RATES = {"pA": 1.0, "nA": 1e-3}, {"nS": 1.0, "uS": 1e-3}, {"Hz": 1.0, "1/s": 1.0}
RATE = st.integers(0, 20000).map(lambda n: n / 100) | st.just(float("nan"))


@st.composite
def recordings(draw):
    """(text, {(I in pA, g in nS): rate in Hz}) of a table of f-I points, in one of many spellings."""
    kept = draw(st.lists(st.sampled_from(POINTS), min_size=6, max_size=12, unique=True))
    truth = {point: draw(RATE) for point in kept}
    separator, decimal = draw(st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ",")]))
    brackets = draw(st.sampled_from([" [{}]", " ({})"]))
    units = [draw(st.sampled_from(list(choice))) for choice in (CURRENTS, CONDUCTANCES, RATES)]
    order = draw(st.permutations([0, 1, 2]))
    names = [name + brackets.format(unit) for name, unit in zip(("I", "g", "rate"), units)]
    write = lambda value: "NaN" if np.isnan(value) else repr(float(f"{value:.12g}")).replace(".", decimal)
    lines = [separator.join(names[k] for k in order)]
    for (I, g), rate in truth.items():
        row = (I * CURRENTS[units[0]], g * CONDUCTANCES[units[1]], rate)
        lines.append(separator.join(write(row[k]) for k in order))
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines) + "\n", truth


def test_a_recording_in_any_spelling_has_its_numbers(tmp_path):
    path, read = tmp_path / "points.csv", Counter()

    @settings(max_examples=60 * MANY, **FIXED)
    @given(recordings())
    def one(recording):
        text, truth = recording
        path.write_text(text, encoding="utf-8", newline="")
        if not any(np.isfinite(rate) for rate in truth.values()):
            return
        surface = b2r.FISurface.from_csv(path)
        read["read"] += 1
        I_, g_ = surface.I_ * 1e12, surface.g_ * 1e9
        for (I, g), rate in truth.items():
            i, j = np.argmin(np.abs(I_ - I)), np.argmin(np.abs(g_ - g))
            if np.isnan(rate):  # such a row is no point, so that its current may not be an axis value at all
                near = abs(I_[i] - I) < 1e-6 * I and abs(g_[j] - g) < 1e-6 * g
                assert not near or np.isnan(surface.rate_[i, j]), text
            else:
                found = [I_[i], g_[j], surface.rate_[i, j]]
                assert found == pytest.approx([I, g, rate], rel=1e-9, abs=1e-12), text
        assert np.isfinite(surface.rate_).sum() == np.isfinite(list(truth.values())).sum()

    one()
    assert read["read"] > 30, read


@pytest.mark.filterwarnings("ignore")  # what is odd about such numbers is said in many ways
def test_a_changed_recording_is_refused_or_a_surface(tmp_path):
    path, read = tmp_path / "points.csv", Counter()

    @settings(max_examples=100 * MANY, **FIXED)
    @given(recordings(), st.lists(CHANGE, min_size=1, max_size=3))
    def one(recording, changes):
        path.write_text(changed(recording[0], changes), encoding="utf-8", newline="")
        try:
            surface = b2r.FISurface.from_csv(path)
        except b2r.errors.InputError as error:
            read["refused"] += 1
            assert str(error)
            return
        read["read"] += 1
        assert np.isfinite(surface.I_).all() and np.all(np.diff(surface.I_) > 0)
        assert np.isfinite(surface.g_).all() and np.all(np.diff(surface.g_) > 0)
        assert np.all((surface.rate_ >= 0) | np.isnan(surface.rate_))

    one()
    assert read["read"] > 10 and read["refused"] > 10, read


def test_changes_change(tmp_path):
    """The control: a number that was changed is seen by the comparison of recordings."""
    path = tmp_path / "points.csv"
    path.write_text("I [pA],g [nS],rate [Hz]\n100,10,5\n200,10,10\n100,20,2\n200,20,6\n")
    surface = b2r.FISurface.from_csv(path)
    assert with_units(surface.rate_[1, 0], "Hz") == with_units(10.0, "Hz")
    path.write_text(changed(path.read_text(), [("put", path.read_text().index("10,10") + 3, 2, "11")]))
    assert b2r.FISurface.from_csv(path).rate_[1, 0] == 11
