"""Kinds that others add from outside of the package work like its own."""

import pytest
from brian2 import second
from click.testing import CliRunner

import b2reduce as b2r
from b2reduce.cli.commands import main
from b2reduce.reduction.exporters.base import Exporter
from b2reduce.reduction.exporters.register import EXPORTERS
from b2reduce.reduction.exporters.register import register as register_exporter
from b2reduce.reduction.levels.register import LEVELS, register
from b2reduce.reduction.levels.shift_law import Gain
from b2reduce.reduction.rate_system import printed, rate_system
from b2reduce.validation.premises.base import Premise
from b2reduce.validation.premises.evidence import Evidence
from b2reduce.validation.premises.register import PREMISES
from b2reduce.validation.premises.register import register as register_premise

from .cases import reduced, two_populations


class Power(Gain):
    """A level whose f-I curve is a power of the current above threshold, whatever predicts best."""

    name = "power"
    meaning = "a power of the current above a threshold, shifted by leak"

    def fits(self, fits, measured):
        powers = {
            name: b2r.fit_gain(
                surface,
                form="threshold_power",
                rates=measured.windows[name],
                through=measured.through.get(name),
            )
            for name, surface in measured.surfaces.items()
        }
        return {**fits, **powers}


@pytest.fixture
def power():
    yield register(Power())
    del LEVELS["power"]


@pytest.mark.slow
def test_a_level_from_outside_is_reduced_validated_and_reported(power, tmp_path):
    validation = b2r.validate(
        two_populations(), level="power", levels=["linear", "power"], duration=0.5 * second, seeds=1
    )
    assert validation.reduced.gains["E"].form == "threshold_power"
    assert list(validation.levels.index) == ["linear", "power"]
    # At the operating point, through which both pass, both are as near to the spikes.
    assert validation.levels["largest_error"].max() < 0.15
    validation.save(tmp_path / "report")
    assert power.meaning in (tmp_path / "report" / "report.html").read_text()


def test_a_level_that_nobody_registered_is_unknown():
    with pytest.raises(b2r.InputError, match=r"power.*linear, gain, surface, transfer"):
        b2r.reduce(two_populations(), level="power")


class Sleepy(Premise):
    """A premise that cells fire at most at some rate."""

    name = "sleepy cells"
    meaning = "Cells that fire fast make noise, and somebody has to listen to it: a premise of a test."
    limit = 0.5  # Hz
    reason = "one spike in two seconds can be slept through"
    fatal = "nobody can sleep"
    otherwise = "turn the drives down"

    def measure(self, evidence):
        rates = evidence.spiking_rates
        fastest = max(rates, key=rates.get)
        return self.judged(rates[fastest], f"population {fastest}: its rate in Hz", "; it is loud there")


@pytest.fixture
def sleepy():
    yield register_premise(Sleepy())
    PREMISES.pop("sleepy cells", None)


@pytest.mark.slow
def test_a_premise_from_outside_is_measured_weighed_and_reported(sleepy, numpy_code, tmp_path):
    validation = b2r.validate(
        two_populations(), noise="none", levels=["linear"], duration=0.2 * second, seeds=1
    )
    row = validation.premises.iloc[-1]
    rates = validation.spikes[0].mean(after=0.05 * second)
    assert row.assumption == sleepy.name and row.limit == "<= 0.5" and not row.holds
    assert row.measured == pytest.approx(rates.max(), rel=1e-9) and row.advice.endswith("it is loud there")
    assert sleepy.name in validation.verdict.failed and validation.warned
    assert validation.verdict.trust == "do not rely" and sleepy.fatal in validation.verdict.sentence
    validation.save(tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text()
    assert sleepy.meaning in page and f"What helps: {sleepy.otherwise}." in page
    # Where nobody registered it, its row is as it was, and the page says why it explains nothing.
    del PREMISES[sleepy.name]
    validation.save(tmp_path / "elsewhere")
    elsewhere = (tmp_path / "elsewhere" / "report.html").read_text()
    assert sleepy.meaning not in elsewhere and "nobody registered it here" in elsewhere
    assert sleepy.name not in set(
        b2r.check_assumptions(validation.circuit, validation.spikes, validation.reduced)["assumption"]
    )
    # A control: what is measured decides.
    evidence = Evidence(validation.circuit, validation.spikes, validation.reduced)
    sleepy.limit = 2 * rates.max()
    assert sleepy.measure(evidence).holds and sleepy.measure(evidence).measured == row.measured


class Formulas(Exporter):
    """What changes in a rate model, a line a variable."""

    name = "formulas"
    meaning = "a text of formulas"

    def write(self, reduced, duration_, drives, initial, dt_):
        system = rate_system(reduced, drives, dt_, initial)
        lines = [f"{state.name}' = {printed(state.derivative, 'numpy')}" for state in system.states]
        return "\n".join([*lines, f"until {duration_:g} s", ""])


@pytest.fixture
def formulas():
    yield register_exporter(Formulas())
    EXPORTERS.pop("formulas", None)


def test_an_exporter_from_outside_writes_from_python_and_from_a_shell(formulas, tmp_path):
    text = reduced().to_script("formulas", duration=3 * second)
    assert text.startswith("mu_E' = ") and "\nmu_I' = " in text and text.endswith("\nuntil 3 s\n")
    assert "formulas" in CliRunner().invoke(main, ["export", "--help"]).stdout
    circuit, script = tmp_path / "circuit.toml", tmp_path / "rates.txt"
    two_populations().save(circuit)
    call = ["export", str(circuit), "--noise", "none", "--to", "formulas", "-o", str(script)]
    ran = CliRunner().invoke(main, call)
    assert ran.exit_code == 0, ran.output
    assert script.read_text().startswith("mu_E' = ") and "until 2 s" in script.read_text()
    del EXPORTERS["formulas"]
    with pytest.raises(b2r.InputError, match=r"formulas.*brian2, numpy, xpp, pyrates, latex"):
        reduced().to_script("formulas")
    refused = CliRunner().invoke(main, call)
    assert refused.exit_code == 2 and "'pyrates'" in refused.output


@pytest.mark.parametrize("add", [register, register_premise, register_exporter])
def test_only_kinds_with_a_name_are_registered(add):
    before = [dict(known) for known in (LEVELS, PREMISES, EXPORTERS)]
    for wrong in (Sleepy, "sleepy cells", Premise(), Exporter()):
        with pytest.raises(TypeError, match="with a name"):
            add(wrong)
    assert [dict(known) for known in (LEVELS, PREMISES, EXPORTERS)] == before
