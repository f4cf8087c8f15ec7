import numpy as np
import pytest
from brian2 import (
    Hz,
    Quantity,
    amp,
    cm,
    coulomb,
    farad,
    get_dimensions,
    meter,
    mV,
    nS,
    pA,
    pF,
    second,
    siemens,
    uA,
    volt,
)

import b2reduce as b2r
from b2reduce.basics import unit_parser, units
from b2reduce.basics.units import format_quantity, parse_quantity, readable, si_label, to_si, with_units


@pytest.fixture(autouse=True)
def anew():
    """Nothing that another test has read stands for what is read here."""
    for function in (unit_parser._unit, units._divisor, units._written_as, units._label):
        function.cache_clear()


def test_units_are_those_of_brian2():
    import brian2
    from brian2.units import allunits

    known, held = {**vars(allunits), **vars(brian2)}, 0
    for name, (dim, scale) in unit_parser._unit_table().items():
        unit = known.get(name)
        if isinstance(unit, brian2.Unit):
            held += 1
            assert unit.dim is unit_parser.dimension_of(dim), name
            assert float(unit) == pytest.approx(scale, rel=1e-14), name
    assert held > 150
    for micro in "µμ":
        for name in ("V", "A", "S", "F", "m", "s", "amp", "meter"):
            assert unit_parser._unit_table()[micro + name] == unit_parser._unit_table()["u" + name]
    for text, si in (("1 cm", 1e-2), ("1 cmetre", 1e-2), ("3 1/s", 3.0), ("2 Ω", 2.0), ("5 kohm", 5e3)):
        assert unit_parser.split_value(text)[0] * unit_parser.split_value(text)[2] == pytest.approx(si)


@pytest.mark.parametrize(
    "text, si, unit",
    [
        ("281 pF", 281e-12, farad),
        ("-65 mV", -65e-3, volt),
        ("0.05 mS/cm^2", 0.5, siemens / meter**2),
        ("1 uF/cm**2", 1e-2, farad / meter**2),
        ("3.5e-1nA", 3.5e-10, amp),
        ("14 Hz", 14, Hz),
        ("1 µA/cm²".replace("²", "^2"), 1e-2, amp / meter**2),
        ("1e-9 amp", 1e-9, amp),
        ("0 s", 0, second),
    ],
)
def test_values_are_read_to_the_nearest_double(text, si, unit):
    value = parse_quantity(text)
    assert float(value) == pytest.approx(si, rel=1e-15, abs=0)
    assert get_dimensions(value) is get_dimensions(unit)


@pytest.mark.parametrize(
    "text, gist",
    [
        ("281 pf", "pF"),
        ("281", None),
        ("ten mV", "number"),
        ("3 mV/", "ends in"),
        ("__import__('os') mV", "number"),
        ("1 mV; 2", "cannot read"),
        ("", "number"),
    ],
)
def test_what_is_not_a_value_is_refused(text, gist):
    if gist is None:
        assert parse_quantity(text) == 281.0
        return
    with pytest.raises(b2r.errors.UnitError, match=gist):
        parse_quantity(text)


def test_text_and_back_is_the_same_double():
    rng = np.random.default_rng(0)
    for unit in (
        volt,
        amp,
        siemens,
        farad,
        second,
        Hz,
        coulomb,
        siemens / meter**2,
        amp / meter**2,
        Hz / amp,
        volt * volt,
    ):
        for value in 10.0 ** rng.uniform(-15, 3, 50) * rng.choice([-1, 1], 50):
            quantity = Quantity(value, dim=get_dimensions(unit))
            again = parse_quantity(format_quantity(quantity))
            assert float(again) == value and get_dimensions(again) is get_dimensions(unit)
    assert format_quantity(281 * pF) == "281 pF"


def test_arguments_keep_their_dimension():
    assert to_si([1, 2] * nS, "S", "g").tolist() == [1e-9, 2e-9]
    assert to_si(["1 nS", "20 nS"], "S", "g").tolist() == [1e-9, 2e-8]
    with pytest.raises(b2r.errors.UnitError, match="g: got a value in V"):
        to_si(1 * mV, "S", "g")
    with pytest.raises(b2r.errors.UnitError, match="plain number"):
        to_si(3.0, "S", "g")
    assert float(with_units(2e-2, "A/m^2") / (uA / cm**2)) == pytest.approx(2, rel=1e-15)
    assert si_label(get_dimensions(uA / cm**2)) == "A/m^2"


@pytest.mark.parametrize(
    "values, unit, text",
    [
        ([1.55e-8, 2.59e-8], "S", "15.5 25.9 nS"),
        ([2e-10, np.nan, 9e-10], "A", "200 nan 900 pA"),
        ([-5e-5], "V", "-50 µV"),
        ([0.5, 1.0], "S/m^2", "0.05 0.1 mS/cm²"),
        ([0.04], "A/m^2", "4 µA/cm²"),
        ([3.0], "Hz", "3 Hz"),
    ],
)
def test_values_are_shown_in_the_unit_that_people_write(values, unit, text):
    factor, shown = readable(values, unit)
    assert " ".join([*(f"{value / factor:.3g}" for value in values), shown]) == text


@pytest.mark.parametrize(
    "text, si, dimension",
    [
        ("0.05 mS/cm2", 0.5, "S/m^2"),
        ("1 uF/cm²", 1e-2, "F/m^2"),
        ("1 mS cm-2", 10, "S/m^2"),
        ("10 s-1", 10, "Hz"),
        ("10 1/s", 10, "Hz"),
        ("5 um2", 5e-12, "m^2"),
        ("5 mS / cm ^ 2", 50, "S/m^2"),
        ("−70 mV", -0.07, "V"),
        ("5 V s^-0.5", 5, "V s^-0.5"),
        ("5 V/s^(1/2)", 5, "V s^-0.5"),
        ("4 pF^2/pF", 4e-12, "F"),
        ("10 s⁻¹", 10, "Hz"),
    ],
)
def test_powers_of_units_as_papers_write_them(text, si, dimension):
    assert to_si(text, dimension, "value") == pytest.approx(si, rel=1e-14)


@pytest.mark.parametrize(
    "text, gist",
    [
        ("250 pF1", r"'pF1'.*write pF, or a power"),
        ("3 pF2", r"write pF\^2"),
        ("3 mV2", r"write mV\^2"),
        ("5 nS1/2", "nS1"),
        ("5 s0", "s0"),
        ("5 mV 3", "'3'"),
        ("5 m+2", r"m\^2"),
        ("1 V/mV^200", "exponent of mV is 200"),
        ("1 V^1e20", "exponent of ten"),
        ("1 mV^0", "not 0"),
        ("5 m^99999999999999999999", "cannot read"),
        ("1 mV^(2", "cannot read"),
        ("5 " + "m*" * 20_000 + "m", "characters"),
        ("5 " + "m^9*" * 7 + "m", "lower the exponents"),
        ("1e999 mV", "finite"),
        ("nan mV", "finite"),
        ("-inf", "finite"),
        ("1e308 GV", "finite"),
        ("1e-400 mV", "finite"),
        ("1,5 mV", "write '1.5 mV'"),
        ("1 500 mV", "without anything between"),
        ("1_000 mV", "without anything between"),
        ("5 12", "between"),
        ("5 e-3 V", "exponent of ten"),
        ("0x10 mV", "unknown unit"),
        ("5 msec", "write ms"),
        ("5 milliseconds", "write ms"),
        ("5 Volts", "write V"),
        ("5 nanosiemens", "write nS"),
        ("5 megaohm", "write Mohm"),
    ],
)
def test_other_spellings_are_refused_with_the_right_one(text, gist):
    with pytest.raises(b2r.errors.UnitError, match=gist) as caught:
        parse_quantity(text)
    assert len(str(caught.value)) < 300 and "\n" not in str(caught.value)


def test_any_dimension_survives_text():
    from brian2.units.fundamentalunits import get_or_create_dimension

    rng = np.random.default_rng(2)
    for _ in range(300):
        exponents = rng.integers(-4, 5, 7) / rng.choice([1, 2]) * (rng.random(7) < 0.4)
        quantity = Quantity(10.0 ** rng.uniform(-40, 40), dim=get_or_create_dimension(tuple(exponents)))
        again = parse_quantity(format_quantity(quantity))
        assert float(again) == float(quantity) and get_dimensions(again) is get_dimensions(quantity)


@pytest.mark.parametrize("expected", ["A", amp, amp.dim, 3 * amp])
def test_the_expected_dimension_is_given_in_any_way(expected):
    assert to_si(250 * pA, expected, "I") == pytest.approx(250e-12, rel=1e-15)
    np.testing.assert_allclose(to_si(["1 nA", 2 * pA], expected, "I"), [1e-9, 2e-12], rtol=1e-15)
    for wrong, got in ((3 * mV, "V"), (0.5, "a plain number"), ("2 mV", "V")):
        with pytest.raises(b2r.errors.UnitError, match=rf"^I: got .*{got}.*expected.*A"):
            to_si(wrong, expected, "I")


def test_the_shortest_text_between_a_tenth_and_a_thousand_is_written():
    for text, written in [
        ("0.1 nS", "0.1 nS"),
        ("100 pF", "100 pF"),
        ("1000 pF", "1 nF"),
        ("999 pF", "999 pF"),
    ]:
        assert format_quantity(parse_quantity(text)) == written
    with pytest.raises(b2r.errors.UnitError, match="got inf V, expected a finite number"):
        format_quantity(np.inf * volt)


def test_of_nothing_and_of_next_to_nothing():
    assert readable([], "S") == (1.0, "S")
    factor, unit = readable([1e-19], "A")
    assert unit.endswith("A") and factor == min(readable([10.0**k], "A")[0] for k in range(-19, 1))
    assert readable([1e-9], "S") == (1e-9, "nS") and readable([np.nan, 2e-9], "S") == (1e-9, "nS")
