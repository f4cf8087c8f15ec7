"""Kinds that others add from outside of the package work like its own."""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import Hz, nA, nS, second

import b2reduce as b2r
from b2reduce.circuit.synapses import register as synapses
from b2reduce.circuit.synapses.base import Parameter, Synapse
from b2reduce.circuit.synapses.exponential import ExponentialConductance
from b2reduce.circuit.synapses.low_pass import LowPass
from b2reduce.reduction.levels.register import LEVELS, register
from b2reduce.reduction.levels.shift_law import Gain

from .cases import two_populations


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


@dataclass(frozen=True)
class ExponentialCurrent(Synapse):
    """tau dI/dt = -I, I += w at an event: a current that no leak comes with."""

    w_: object
    tau_: object
    kind, size = "current", "w"
    meaning = "currents that jump by w at each spike and decay exponentially"
    weight, weight_latex = "K w tau", r"K\,w\,\tau"
    parameters = (Parameter("w", "A", "20 pA", negative=True), Parameter("tau", "s", "5 ms", positive=True))
    equations = classmethod(
        lambda cls, s, model: [(f"I_syn_{s}", f"-I_syn_{s}/tau_syn_{s}", model.current_dim)]
    )
    current = classmethod(lambda cls, s, model: f"I_syn_{s}")
    jumps = classmethod(lambda cls, s, model, at="": {f"I_syn_{s}{at}": f"w_syn_{s}{at}"})
    recorded = classmethod(lambda cls, s, model: (f"I_syn_{s}", model.current_dim))
    filter = property(lambda self: LowPass(self.tau_))

    def start_(self, label, rate_):
        return {f"I_syn_{label}": self.mean_(rate_)}

    def recorded_variance_(self, rate_, dt_):
        return self.w_**2 * rate_ * dt_ / -np.expm1(-2 * dt_ / self.tau_)

    def mean_(self, rate_, inputs=1.0):
        return inputs * self.w_ * self.tau_ * rate_

    def leak_(self, rate_, inputs=1.0):
        return 0.0 * rate_

    def current_(self, rate_, model, above_=0.0, inputs=1.0):
        return self.mean_(rate_, inputs)

    def variance_(self, rate_, model, above_=0.0, inputs=1.0):
        return inputs * self.w_**2 * self.tau_ * rate_ / 2


class Halves(ExponentialConductance):
    """The conductance of the package as two states, each of half of it."""

    kind = "halves"

    @classmethod
    def equations(cls, label, model):
        names = (f"g_syn_{label}", f"h_syn_{label}")
        return [(name, f"-{name}/tau_syn_{label}", model.conductance_dim) for name in names]

    @classmethod
    def current(cls, label, model):
        return f"(g_syn_{label} + h_syn_{label})*(E_syn_{label} - {model.membrane})"

    @classmethod
    def jumps(cls, label, model, at=""):
        return {f"{name}_syn_{label}{at}": f"0.5*G_syn_{label}{at}" for name in "gh"}

    def start_(self, label, rate_):
        return {f"{name}_syn_{label}": 0.5 * self.mean_(rate_) for name in "gh"}


@pytest.fixture
def kinds():
    yield [synapses.register(kind) for kind in (ExponentialCurrent, Halves)]
    for kind in (ExponentialCurrent, Halves):
        del synapses.SYNAPSES[kind.kind]


def with_currents():
    """Cells that currents drive and excite, and that conductances inhibit."""
    excite = dict(kind="current", tau="5 ms")
    return b2r.Circuit(
        name="currents",
        populations={"E": b2r.Population("lif", 80), "I": b2r.Population("lif", 40)},
        projections=[
            b2r.Projection("E", "E", w="4 pA", in_degree=50, delay="1 ms", **excite),
            b2r.Projection("E", "I", w="4 pA", in_degree=50, delay="1 ms", **excite),
            b2r.Projection("I", "E", "0.3 nS", "10 ms", "-80 mV", in_degree=20, delay="1 ms"),
        ],
        drives=[b2r.Drive("ext", target, 250, "14 Hz", w="18 pA", **excite) for target in "EI"],
    )


@pytest.mark.slow
def test_a_synapse_from_outside_is_reduced_validated_and_reported(kinds, tmp_path):
    circuit = with_currents()
    validation = b2r.validate(circuit, level="linear", duration=0.5 * second, seeds=1)
    reduced = validation.reduced
    assert reduced.W_ext_["E", "ext"] == pytest.approx(250 * 18e-12 * 5e-3, rel=1e-12)
    assert float(np.asarray(reduced.stderr["W"]["E", "E"])) == 0, "no v_theta is in it"
    inhibition = 20 * 0.3e-9 * 10e-3 * (-80e-3 + 65e-3 - float(reduced.gains["E"].v_theta))
    assert reduced.W_["E", "I"] == pytest.approx(inhibition, rel=1e-12)
    # 80 cells at 15 Hz in 0.5 s fire 600 spikes, 4 %; the rest is the reduction's.
    assert validation.comparison.table["error"].abs().max() < 0.15
    assert float(reduced.operating_g["I"] / nS) == pytest.approx(16.7), "currents bring no leak"
    validation.save(tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text()
    assert "K w tau or K G tau" in page


@pytest.mark.slow
def test_a_synapse_from_outside_is_written_and_read(kinds):
    circuit = with_currents()
    assert b2r.Circuit.from_dict(circuit.to_dict()).hash == circuit.hash
    assert 'kind = "current"\nw = "4 pA"' in circuit.to_toml() and "currents that jump" in circuit.to_latex()
    assert circuit.replace({"drive.ext.w": "9 pA"}).pathways("I")[0].w_ == pytest.approx(9e-12, rel=1e-12)
    run = b2r.simulate_spikes(circuit, duration=0.05 * second, record=5)
    assert run.conductance_units["ext->E"] == "A" and run.conductance_units["I->E"] == "S"
    # Poisson events at 3500 Hz of 18 pA and 5 ms: 315 pA, the mean of 5 cells in some 4 time constants to 8 %
    assert run.conductances_["ext->E"][:, 30:].mean() == pytest.approx(315e-12, rel=0.35)
    with pytest.raises(b2r.CircuitError, match=r"unknown parameter of current synapses 'G'"):
        b2r.Projection("E", "E", "1 nS", in_degree=1, kind="current", w="4 pA", tau="5 ms")
    with pytest.raises(b2r.CircuitError, match=r"w: got .*, expected a current in A, as the input"):
        circuit.replace({"drive.ext.w": "9 nS"})


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["native", "brian2"])
def test_a_synapse_of_two_states_jumps_in_both(kinds, engine):
    noise = lambda kind: b2r.Drive("n", None, 250, 20 * Hz, "0.4 nS", "5 ms", "0 mV", kind=kind)
    one, two = (
        b2r.measure_fi(
            "lif",
            I=[0.6, 0.8] * nA,
            g=[40] * nS,
            noise=noise(kind),
            duration=0.4 * second,
            replicates=20,
            engine=engine,
        ).rate_
        for kind in ("exponential", "halves")
    )
    assert one.min() > 1 and np.array_equal(one, two), "halves of binary numbers are exact"


def test_a_synapse_that_nobody_registered_is_unknown():
    with pytest.raises(b2r.CircuitError, match=r"drive n, kind: .*'current'; known: exponential"):
        b2r.Drive("n", None, 1, "1 Hz", kind="current", w="1 pA", tau="5 ms")
