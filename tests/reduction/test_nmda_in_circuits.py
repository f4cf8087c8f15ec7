"""Voltage-dependent synapses in a circuit: the voltages that are measured, and the rates that follow."""

from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import Hz, second

import b2reduce as b2r
from b2reduce.basics.session import brian_session
from b2reduce.validation.premises.evidence import Evidence
from b2reduce.validation.premises.straight_currents import StraightCurrents

from ..cases import E_L, gain

TEXTS = dict(G="0.1 nS", tau_rise="2 ms", tau="80 ms", E="0 mV", norm="peak", kind="nmda")
CELLS, RATE = 300, 20 * Hz


def driven(rate=RATE, **more):
    """Cells that fast conductances and NMDA excite, half each."""
    return b2r.Circuit(
        name="nmda",
        populations={"E": b2r.Population("lif", CELLS)},
        drives=[
            b2r.Drive("fast", "E", 200, "10 Hz", "0.5 nS", "5 ms", "0 mV"),
            b2r.Drive("slow", "E", 50, rate, **{**TEXTS, **more}),
        ],
    )


@pytest.fixture(scope="module")
def reduced():
    return b2r.reduce(driven(), noise="matched", seed=1)


def spiking(rates):
    """[(rate in Hz, its standard error over cells)] of a network whose slow drive goes from one to the other."""
    run = b2r.simulate_spikes(
        driven({"times": ["0 s", "3 s"], "values": list(rates)}), duration=6 * second, seed=5, record=0
    )
    i, t = run.spikes_["E"]
    counts = [np.bincount(i[(t > end - 2.5) & (t < end)], minlength=CELLS) / 2.5 for end in (3, 6)]
    return [(each.mean(), each.std() / np.sqrt(CELLS)) for each in counts]


@pytest.mark.slow
def test_the_line_is_that_of_the_cells_voltages(reduced):
    # Cells of a network at a moment, independent: their mean voltage to sd/sqrt(N), 5 of these, of both
    # measurements; sd to 1/sqrt(2 N) of it, 5 of these.
    (slow,) = (p for p in reduced.circuit.pathways("E") if p.source == "slow")
    with brian_session(3) as brian2:
        network, groups = b2r.spiking_network(reduced.circuit, seed=3)
        network.run(0.8 * brian2.second, namespace={})
        v = groups["E"].variables["v"].get_value().copy()
    sd = v.std()
    assert slow.v_ == pytest.approx(v.mean(), abs=5 * sd * np.sqrt(1 / CELLS + 1 / 4000))
    assert slow.v_sd_ == pytest.approx(sd, rel=5 / np.sqrt(2 * CELLS))
    # The current over g itself, of which the voltages are not normal; its slope is -leak, about 0.2.
    current = (0 - v) / (1 + np.exp(-62 * v) / 3.57)
    assert slow.synapse.line.mean == pytest.approx(current.mean(), abs=5 * current.std() / np.sqrt(CELLS))
    assert 0 < slow.synapse.bend_ < 0.1


@pytest.mark.slow
def test_rates_follow_the_drive_as_those_of_brian2_do(reduced):
    rates = (RATE, 1.15 * RATE)
    first, second_ = (
        b2r.simulate_rates(reduced, duration=0.5 * second, drives={"slow": rate}).rate_[0, -1]
        for rate in rates
    )
    (low, low_sem), (high, high_sem) = spiking(rates)
    # The operating point is measured to 0.4 % or 0.025 Hz, and the run to its standard error: 4 of both
    assert first == pytest.approx(low, abs=4 * np.hypot(low_sem, max(0.004 * low, 0.025)))
    # The step up is the weight times the gain; a line of the gain leaves 10 % of it.
    step, sem = high - low, np.hypot(low_sem, high_sem)
    assert step > 10 * sem
    assert second_ - first == pytest.approx(step, abs=4 * sem + 0.1 * step)
    # A control: without the block, at the reversal, the weight is another.
    (slow,) = (p for p in reduced.circuit.pathways("E") if p.source == "slow")
    model = reduced.circuit.populations["E"].model
    whole = slow.mean_(1.0) * (0 - model.leak_reversal_ - float(reduced.gains["E"].v_theta))
    assert whole > 5 * reduced.weight_(slow)


@pytest.mark.slow
def test_the_premise_says_how_straight_the_current_is(reduced):
    row = StraightCurrents().measure(Evidence(reduced.circuit, [], reduced))
    assert row.holds and row.measured == reduced.circuit.pathways("E")[1].synapse.bend_
    # A control: a factor that switches within the spread of the voltages
    steep = reduced.circuit.replace({"drive.slow.B": "1/(1 + exp(-(v + 52*mV)/(1*mV)))"})
    row = StraightCurrents().measure(Evidence(steep, [], SimpleNamespace(circuit=steep)))
    assert not row.holds and "its line of the voltage" in row.advice


def test_a_voltage_that_is_given_stays():
    reduced = b2r.reduce(driven(v="-56 mV", v_sd="2 mV"), gains={"E": gain()})
    slow = reduced.circuit.pathways("E")[1]
    assert (slow.v_, slow.v_sd_) == (-56e-3, 2e-3)
    # W = K A G (B(v) (E - v) averaged, and on along its slope to E_leak + v_theta)
    area = 0.1e-9 * 80e-3 * (2 / 80) ** (2 / -78) * 1.0
    line = slow.synapse.line
    above = E_L + float(reduced.gains["E"].v_theta) - slow.v_
    assert reduced.weight_(slow) == pytest.approx(50 * area * (line.mean - line.leak * above), rel=1e-9)


def test_cells_that_are_left_without_a_leak_are_refused():
    steep = driven(B="1/(1 + exp(-(v + 52*mV)/(1*mV)))", v="-56 mV", v_sd="3 mV")
    with pytest.raises(b2r.errors.OperatingPointError, match="population E: .* mean leak of -.*; lower G or"):
        b2r.reduce(steep, gains={"E": gain()})
