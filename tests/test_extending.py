"""Kinds that others add from outside of the package work like its own."""

import numpy as np
import pytest
from brian2 import ms, second

import b2reduce as b2r
from b2reduce.networks.engines import register as engines
from b2reduce.networks.engines.base import NetworkEngine, Recorded
from b2reduce.networks.spiking_network import draws_of
from b2reduce.reduction.dynamics import register as dynamics
from b2reduce.reduction.dynamics.membrane import Membrane
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
    assert slow.tau_choice == "double" and validation.comparison.largest_error < 0.15
    for name in slow.populations:
        assert slow.tau[name] == 2 * fast.tau[name]
    # Rest is where it was, and is approached at half the pace.
    (a,), (b,) = b2r.fixed_points(slow), b2r.fixed_points(fast)
    assert a.rates_ == b.rates_
    np.testing.assert_allclose(2 * a.eigenvalues_, b.eigenvalues_, rtol=1e-12, atol=0)
    slow.save(tmp_path / "slow.json")
    assert b2r.ReducedCircuit.load(tmp_path / "slow.json").equations == slow.equations
    with pytest.raises(b2r.InputError, match="tau: 'double' filters currents, and level 'surface' has none"):
        b2r.reduce(circuit, levels=["linear", "surface"], tau="double")


def test_dynamics_that_nobody_registered_are_unknown():
    with pytest.raises(b2r.InputError, match="double.*one of membrane, synaptic, fitted, resonant"):
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
        b2r.InputError, match="engine: 'by_hand' has cells of kind 'lif', and RS, FS are others"
    ):
        b2r.simulate_spikes("zerlaut2018", duration=10 * ms, engine="by_hand")


def test_an_engine_that_nobody_registered_is_unknown():
    with pytest.raises(b2r.InputError, match="by_hand.*auto, brian2, standalone"):
        b2r.simulate_spikes(two_populations(), duration=10 * ms, engine="by_hand")
