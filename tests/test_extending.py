"""Kinds that others add from outside of the package work like its own."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import Hz, ms, nA, nS, second
from click.testing import CliRunner

import b2reduce as b2r
from b2reduce.circuit.synapses import register as synapses
from b2reduce.circuit.synapses.base import Parameter, Synapse
from b2reduce.circuit.synapses.exponential import ExponentialConductance
from b2reduce.circuit.synapses.low_pass import LowPass
from b2reduce.cli.commands import main
from b2reduce.networks.engines import register as engines
from b2reduce.networks.engines.base import NetworkEngine, Recorded
from b2reduce.networks.spiking_network import draws_of
from b2reduce.reduction.dynamics import register as dynamics
from b2reduce.reduction.dynamics.membrane import Membrane
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
    with pytest.raises(b2r.errors.InputError, match=r"power.*linear, gain, surface, transfer"):
        b2r.reduce(two_populations(), level="power")


class Double(Membrane):
    """Rate dynamics of twice the membrane's time constant, for gains that are laws of shifts."""

    name = "double"
    meaning = "twice C/<g>"

    def problem(self, circuit, level):
        return "" if level.shift_law else f"'double' filters currents, and level {level.name!r} has none"

    def time_constants(self, circuit, given, point, fits, responses):
        taus, stderr = super().time_constants(circuit, given, point, fits, responses)
        return {name: 2 * tau for name, tau in taus.items()}, stderr


@pytest.fixture
def double():
    yield dynamics.register(Double())
    del dynamics.DYNAMICS["double"]


@pytest.mark.slow
def test_dynamics_from_outside_are_reduced_validated_and_kept(double, tmp_path):
    circuit = two_populations()
    validation = b2r.validate(
        circuit, level="linear", levels=["linear"], tau="double", duration=0.5 * second, seeds=1
    )
    slow, fast = validation.reduced, b2r.reduce(circuit)
    assert slow.tau_choice == "double"
    # What the spikes are held against are rates that follow as slowly
    own = b2r.simulate_rates(slow, duration=0.5 * second).rate_[:, 125:].mean(axis=1)
    np.testing.assert_allclose(validation.comparison.table["rate"], own, rtol=1e-6)
    for name in slow.populations:
        assert slow.tau[name] == 2 * fast.tau[name]
    # Rest is where it was, and is approached at half the pace.
    (a,), (b,) = (b2r.fixed_points(each, delays=False) for each in (slow, fast))
    assert a.rates_ == b.rates_
    np.testing.assert_allclose(2 * a.eigenvalues_, b.eigenvalues_, rtol=1e-12, atol=0)
    slow.save(tmp_path / "slow.json")
    assert b2r.ReducedCircuit.load(tmp_path / "slow.json").equations == slow.equations
    with pytest.raises(
        b2r.errors.InputError, match="tau: 'double' filters currents, and level 'surface' has none"
    ):
        b2r.reduce(circuit, levels=["linear", "surface"], tau="double")


def test_dynamics_that_nobody_registered_are_unknown():
    with pytest.raises(b2r.errors.InputError, match="double.*one of membrane, synaptic, fitted, resonant"):
        b2r.reduce(two_populations(), tau="double")


class ByHand(NetworkEngine):
    """Integrate-and-fire cells in numpy, by Euler's method; all delays are one step."""

    name, title = "by_hand", "numpy"

    def problem(self, circuit):
        others = [name for name, p in circuit.populations.items() if p.model.name != "lif"]
        return f"'by_hand' has cells of kind 'lif', and {', '.join(others)} are others" if others else ""

    def record(self, run, report):
        circuit, draws, dt = run.circuit, draws_of(run.circuit, run.seed), run.dt_
        rng, parts = np.random.default_rng(run.noise_seed), circuit.populations
        v = {name: draws.start[name, "v"].copy() for name in parts}
        wait, fired = ({name: np.zeros(parts[name].size) for name in parts} for _ in range(2))
        g = {p.label: np.zeros(parts[name].size) for name in parts for p in circuit.pathways(name)}
        found, kept = {name: ([], []) for name in parts}, []
        for step in range(round(run.duration_ / dt)):
            before = dict(fired)
            for name, cells in parts.items():
                model, I = cells.model, cells.model.constant_input_
                for p in circuit.pathways(name):
                    if p.is_drive:
                        events = rng.poisson(p.K * circuit.drive(p.source, name).rate_ * dt, cells.size)
                    else:
                        i, j, _ = draws.wiring[p.label]
                        events = np.bincount(j, before[p.source][i], cells.size)
                    g[p.label] = g[p.label] * np.exp(-dt / p.tau_) + p.G_ * events
                    I = I + g[p.label] * (p.E_ - v[name])
                V_th, V_r, t_ref = (float(model.parameters[key]) for key in ("V_th", "V_r", "t_ref"))
                slope = (model.leak_ * (model.leak_reversal_ - v[name]) + I) / model.capacitance_
                new = np.where(wait[name] > 0, v[name], v[name] + dt * slope)
                fired[name], v[name] = new > V_th, np.where(new > V_th, V_r, new)
                wait[name] = np.where(fired[name], round(t_ref / dt), wait[name] - 1)
                found[name][0].extend(np.flatnonzero(fired[name]))
                found[name][1].extend([step * dt] * int(fired[name].sum()))
            kept += [{key: values[: run.record] for key, values in g.items()}] if step % 10 == 0 else []
        spikes = {name: tuple(map(np.array, pair)) for name, pair in found.items()}
        seen = {key: np.array([each[key] for each in kept]).T for key in g}
        return Recorded(spikes, seen, (np.arange(len(kept)) * 10 + 1) * dt)


@pytest.fixture
def by_hand():
    yield engines.register(ByHand())
    del engines.NETWORK_ENGINES["by_hand"]


@pytest.mark.slow
def test_an_engine_from_outside_runs_what_is_validated(by_hand):
    settings = dict(level="linear", levels=["linear"], duration=1 * second, seeds=1)
    hand = b2r.validate(two_populations(), network_engine="by_hand", **settings)
    brian = b2r.validate(two_populations(), **settings)
    assert hand.spikes[0].provenance["engine"] == "numpy"
    # Each is a count of 1,700 spikes or more in 0.5 s, as irregular as Poisson trains at most: two of them
    # differ by less than 5 sqrt(2/1700) = 0.17. Euler's method errs by some hundredths of the rate.
    ratio = hand.comparison.table["spiking"] / brian.comparison.table["spiking"]
    assert ((ratio > 0.8) & (ratio < 1.25)).all() and (ratio != 1).all()
    assert hand.comparison.tier == "quantitative"
    with pytest.raises(
        b2r.errors.InputError, match="engine: 'by_hand' has cells of kind 'lif', and RS, FS are others"
    ):
        b2r.simulate_spikes("zerlaut2018", duration=10 * ms, engine="by_hand")


def test_an_engine_that_nobody_registered_is_unknown():
    with pytest.raises(b2r.errors.InputError, match="by_hand.*auto, native, brian2, standalone, nest"):
        b2r.simulate_spikes(two_populations(), duration=10 * ms, engine="by_hand")


@dataclass(frozen=True)
class ToyCurrent(Synapse):
    """tau dI/dt = -I, I += w at an event: a current that no leak comes with."""

    w_: object
    tau_: object
    kind, size = "toy_current", "w"
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
    yield [synapses.register(kind) for kind in (ToyCurrent, Halves)]
    for kind in (ToyCurrent, Halves):
        del synapses.SYNAPSES[kind.kind]


def with_currents():
    """Cells that currents drive and excite, and that conductances inhibit."""
    excite = dict(kind="toy_current", tau="5 ms")
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
    assert (
        'kind = "toy_current"\nw = "4 pA"' in circuit.to_toml() and "currents that jump" in circuit.to_latex()
    )
    assert circuit.replace({"drive.ext.w": "9 pA"}).pathways("I")[0].w_ == pytest.approx(9e-12, rel=1e-12)
    run = b2r.simulate_spikes(circuit, duration=0.05 * second, record=5)
    assert run.conductance_units["ext->E"] == "A" and run.conductance_units["I->E"] == "S"
    # Poisson events at 3500 Hz of 18 pA and 5 ms: 315 pA, the mean of 5 cells in some 4 time constants to 8 %
    assert run.conductances_["ext->E"][:, 30:].mean() == pytest.approx(315e-12, rel=0.35)
    with pytest.raises(b2r.errors.CircuitError, match=r"unknown parameter of toy_current synapses 'G'"):
        b2r.Projection("E", "E", "1 nS", in_degree=1, kind="toy_current", w="4 pA", tau="5 ms")
    with pytest.raises(b2r.errors.CircuitError, match=r"w: got .*, expected a current in A, as the input"):
        circuit.replace({"drive.ext.w": "9 nS"})


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["native", "brian2"])
def test_a_synapse_of_two_states_jumps_in_both(kinds, numpy_code, engine):
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
    with pytest.raises(b2r.errors.CircuitError, match=r"drive n, kind: .*'toy_current'.* Known: exponential"):
        b2r.Drive("n", None, 1, "1 Hz", kind="toy_current", w="1 pA", tau="5 ms")


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
        b2r.check_premises(validation.circuit, validation.spikes, validation.reduced)["assumption"]
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
    with pytest.raises(b2r.errors.InputError, match=r"formulas.*brian2, numpy, xpp, pyrates, latex"):
        reduced().to_script("formulas")
    refused = CliRunner().invoke(main, call)
    assert refused.exit_code == 2 and "'pyrates'" in refused.output


def test_only_whole_kinds_with_a_name_of_their_own_are_registered():
    class Silent(Sleepy):
        name = ""

    class Another(Sleepy):
        name = "asynchrony"

    class Mute(ExponentialConductance):
        kind = "mute"
        jumps = classmethod(abstractmethod(lambda cls, label, model, at="": {}))

    registers = (LEVELS, PREMISES, EXPORTERS, synapses.SYNAPSES, engines.NETWORK_ENGINES, dynamics.DYNAMICS)
    before = [dict(known) for known in registers]
    for known in registers:
        for wrong in (Sleepy, "sleepy cells", 3):
            with pytest.raises(b2r.errors.InputError, match="expected a"):
                known.add(wrong)
    for add, wrong, said in (
        (register_premise, Silent(), "got the name '' of a premise"),
        (register_premise, Another(), "there is a premise 'asynchrony' already"),
        (synapses.register, Mute, "Mute does not say jumps"),
    ):
        with pytest.raises(b2r.errors.InputError, match=said):
            add(wrong)
    with pytest.raises(TypeError, match="abstract"):
        Premise()
    assert [dict(known) for known in registers] == before
