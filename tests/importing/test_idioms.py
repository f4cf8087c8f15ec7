"""What must come out of networks as people write them."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS, pA

from b2reduce.errors import CircuitError

from . import scripts
from .networks import imported

pytestmark = pytest.mark.usefixtures("numpy_code")


def projections(circuit):
    return dict(zip(circuit.labels, circuit.projections))


def close(value, expected, unit):
    """In a named unit, to the digits that were written."""
    assert float(value / unit) == pytest.approx(float(expected / unit), rel=1e-9, abs=1e-9)


@pytest.mark.slow
def test_currents_in_volts():
    found = imported(scripts.CUBA)
    circuit = found.circuit
    assert {name: p.size for name, p in circuit.populations.items()} == {"P_1": 3200, "P_2": 800}
    model = circuit.populations["P_1"].model
    assert model.leak_ == pytest.approx(10e-9) and model.capacitance_ == pytest.approx(200e-12)
    assert model.leak_reversal_ == pytest.approx(-49e-3) and model.refractory == 5 * ms
    by_label = projections(circuit)
    for label, w, tau in (
        ("P_1->P_1", 16.2, 5),
        ("P_1->P_2", 16.2, 5),
        ("P_2->P_1", -90, 10),
        ("P_2->P_2", -90, 10),
    ):
        close(by_label[label].w, w * pA, pA)
        close(by_label[label].tau, tau * ms, ms)
    # Cells that project to themselves are kept: about 0.02*3200 = 64 of them
    kept = by_label["P_1->P_1"].wiring
    assert np.count_nonzero(kept.i == kept.j) > 30 and by_label["P_1->P_2"].probability == pytest.approx(
        0.02, rel=0.02
    )
    assert "10 nS" in " ".join(found.warnings)
    assert str(circuit.populations["P_1"].initial["v"]) == "-60*mV + 10*mV*rand()"
    given = imported(scripts.CUBA, "b2r.from_brian2(P, Ce, Ci, g_L=20*nS, wiring='keep')").circuit
    close(given.projections[0].w, 32.4 * pA, pA)
    assert all(p.wiring is not None for p in given.projections)


def test_conductances_without_a_unit():
    circuit = imported(scripts.COBA).circuit
    assert {name: p.size for name, p in circuit.populations.items()} == {"Pe": 800, "Pi": 200}
    by_label = projections(circuit)
    assert by_label["Pe->Pi"].kind == "exponential"
    close(by_label["Pe->Pe"].G, 6 * nS, nS)
    close(by_label["Pi->Pe"].G, 67 * nS, nS)
    close(by_label["Pe->Pe"].E, 0 * mV, mV)
    close(by_label["Pi->Pi"].E, -80 * mV, mV)
    close(by_label["Pi->Pe"].tau, 10 * ms, ms)
    assert circuit.populations["Pe"].model.leak_reversal_ == pytest.approx(-60e-3)
    # One of the projections onto a cell starts with what all have summed up
    assert sum(p.start is not None for p in circuit.projections) == 4


@pytest.mark.slow
def test_hodgkin_huxley_in_siemens():
    circuit = imported(scripts.COBAHH).circuit
    model = circuit.populations["Pe"].model
    assert model.leak == "gl" and model.leak_ == pytest.approx(10e-9) and model.capacitance == "Cm"
    by_label = projections(circuit)
    close(by_label["Pe->Pi"].G, 6 * nS, nS)
    close(by_label["Pi->Pe"].E, -80 * mV, mV)
    assert set(model.state_variables) == {"v", "m", "n", "h"}


def test_jumps_of_the_membrane():
    circuit = imported(scripts.BRUNEL).circuit
    by_label = projections(circuit)
    assert set(by_label) == {
        f"{a}_neurons->{b}_neurons"
        for a in ("excitatory", "inhibitory")
        for b in ("excitatory", "inhibitory")
    }
    for label, p in by_label.items():
        assert (
            p.kind == "jump" and p.delay == (1.5 * ms,) and p.probability == pytest.approx(0.1, rel=0.05)
        ), label
        close(p.J, (0.5 if label.startswith("exc") else -2.5) * mV, mV)
    for drive in circuit.drives:
        assert (drive.name, drive.inputs, drive.rate, drive.kind) == ("external", 80, 10 * Hz, "jump")
        close(drive.J, 0.5 * mV, mV)


def test_a_membrane_without_a_unit():
    circuit = imported(scripts.NO_UNITS).circuit
    (projection,) = circuit.projections
    close(projection.J, -0.2 * mV, mV)
    model = circuit.populations["G"].model
    assert model.leak_reversal_ == pytest.approx(11e-3) and model.noisy


@pytest.mark.slow
def test_two_groups_in_a_network_with_a_shared_input():
    found = imported(scripts.ADEX, "b2r.from_brian2(net)")
    circuit = found.circuit
    assert set(circuit.populations) == {"RS", "FS"} and len(circuit.projections) == 4
    rs, fs = (circuit.populations[name].model for name in ("RS", "FS"))
    assert rs.input == "I_ext" and rs.constant_input_ == pytest.approx(30e-12) and fs.constant_input_ == 0
    assert rs.leak == "g_L" and rs.parameters["b"] == 20 * pA and fs.parameters["a"] == 0 * nS
    close(projections(circuit)["FS->RS"].G, 5 * nS, nS)
    assert {(d.name, d.target, d.trains) for d in circuit.drives} == {
        ("external", "RS", 400),
        ("external", "FS", 400),
    }
    assert all(d.inputs == pytest.approx(40, abs=2) for d in circuit.drives)
    assert any("spread between cells is left out" in line for line in found.warnings)


def test_alpha_functions():
    circuit = imported(scripts.ALPHA).circuit
    (projection,) = circuit.projections
    assert projection.kind == "alpha" and projection.in_degree == 49
    close(projection.G, 2 * nS, nS)
    close(projection.tau, 3 * ms, ms)
    # The extremes of 2450 draws are within a few of their mean distance of 2/2450 ms, and rounded back
    assert projection.delay == (1 * ms, 3 * ms)


def test_a_difference_of_exponentials():
    (projection,) = imported(scripts.RISE_DECAY).circuit.projections
    assert projection.kind == "current_rise_decay" and projection.in_degree == 20
    close(projection.tau_rise, 1 * ms, ms)
    close(projection.tau, 6 * ms, ms)
    t = np.linspace(0, 0.02, 200001)
    peak = np.max(np.exp(-t / 6e-3) - np.exp(-t / 1e-3))
    assert float(projection.w / pA) == pytest.approx(30 * peak, rel=1e-6)


def test_a_factor_of_the_voltage():
    circuit = imported(scripts.NMDA).circuit
    (projection,), (drive,) = circuit.projections, circuit.drives
    assert projection.kind == "nmda" and drive.kind == "nmda"
    from b2reduce.circuit.synapses.voltage_factor import factor_at_

    v = np.linspace(-0.09, 0.0, 10)
    assert factor_at_(projection.B, v) == pytest.approx(1 / (1 + np.exp(-62 * v) / 3.57), rel=1e-9)
    # s rises with 2 ms to a peak that follows from alpha x
    t = np.linspace(0, 0.05, 500001)
    s = 500 / (1 / 2e-3 - 1 / 100e-3) * (np.exp(-t / 100e-3) - np.exp(-t / 2e-3))
    assert float(projection.G / nS) == pytest.approx(0.3 * s.max(), rel=1e-6)
    assert float(drive.G / projection.G) == pytest.approx(0.5) and (drive.inputs, drive.rate) == (100, 2 * Hz)


def test_short_term_plasticity():
    circuit = imported(scripts.STP).circuit
    assert len(circuit.projections) == 4
    for projection in circuit.projections:
        law = projection.plasticity
        assert (law.U_, law.tau_rec_) == (0.6, 0.5) and law.tau_facil_ == pytest.approx(1 / 3.33)
    close(projections(circuit)["inh->exc"].G, 10 * nS, nS)
    assert circuit.populations["exc"].model.refractory == "tau_r"


OTHER_WAY = (
    ("-Omega_f * u_S", "Omega_f * (U_0 - u_S)"),
    (
        "u_S += U_0 * (1 - u_S)\nr_S = u_S * x_S\nx_S -= r_S",
        "r_S = u_S * x_S\nx_S -= r_S\nu_S += U_0 * (1 - u_S)",
    ),
)


def test_short_term_plasticity_written_the_other_way():
    text = scripts.STP
    for old, new in OTHER_WAY:
        assert old in text
        text = text.replace(old, new)
    law = imported(text).circuit.projections[0].plasticity
    assert (law.U_, law.tau_rec_) == (0.6, 0.5) and law.tau_facil_ == pytest.approx(1 / 3.33)
    # With one of both changed it is another law, of which nothing is known
    with pytest.raises(CircuitError, match="not as Tsodyks and Markram"):
        imported(scripts.STP.replace(*OTHER_WAY[0]))


def test_inputs_that_fire_at_random():
    found = imported(scripts.POISSON)
    drives = {drive.name: drive for drive in found.circuit.drives}
    assert drives["one"].trains is None and drives["one"].inputs == 1
    assert np.asarray(drives["one"].rate.values) == pytest.approx(5 + 0.1 * np.arange(100))
    assert (drives["several"].inputs, drives["several"].trains, drives["several"].rate) == (10, None, 3 * Hz)
    assert (drives["shared"].inputs, drives["shared"].trains, drives["shared"].rate) == (40, 40, 8 * Hz)
    times, rates = drives["changing"].rate
    assert np.asarray(times) == pytest.approx([0, 0.1, 0.15]) and np.asarray(rates) == pytest.approx(
        [2, 10, 4]
    )
    assert drives["home_made"].trains == 200 and drives["home_made"].rate == 7 * Hz
    assert set(found.circuit.populations) == {"G"}


def test_given_spikes():
    (drive,) = imported(scripts.GENERATOR).circuit.drives
    # Trains 0 to cell 0, 1 and 2 to cell 1, 2 to cell 3, half a millisecond later
    pairs = sorted(zip(drive.spikes.i.tolist(), (1e3 * drive.spikes.t).round(6).tolist()))
    assert pairs == [(0, 1.5), (1, 2.5), (1, 3.5), (1, 4.5), (3, 2.5), (3, 4.5)]
    close(drive.w, 200 * pA, pA)
    # Where spikes of several trains reach a cell in one step they are no one train
    text = scripts.GENERATOR.replace("[1, 2, 3, 4]*ms", "[1, 1, 1, 4]*ms")
    (drive,) = imported(
        text.replace("feed.connect(i=[0, 1, 2, 2], j=[0, 1, 1, 3])", "feed.connect()")
    ).circuit.drives
    assert (drive.trains, drive.inputs, drive.spikes.t.size) == (3, 3, 4)
    with pytest.raises(CircuitError, match="two spikes within one step"):
        imported(text)


def test_delays_that_go_with_cells_are_kept():
    late = scripts.ALPHA.replace("S.delay = '1*ms + rand()*2*ms'", "S.delay = '1*ms + j*0.04*ms'")
    (projection,) = imported(late).circuit.projections
    kept = projection.wiring
    assert kept.delay == pytest.approx(1e-3 + kept.j * 4e-5, rel=1e-9)


def test_weights_that_differ():
    circuit = imported(scripts.WEIGHTS).circuit
    drawn, structured, *both = circuit.projections
    assert [np.sign(p.synapse.w_) for p in both] == [1, -1]
    assert str(drawn.w).startswith("normal(") and drawn.probability == pytest.approx(0.1, rel=0.1)
    assert structured.wiring.number == 300 * 8 - 20
    onto = structured.wiring.j
    w = float(structured.w / pA) * structured.wiring.weight
    assert w == pytest.approx(0.5 * (10 + 0.1 * onto), rel=1e-9)


def test_currents_with_normal_weights_and_delays_of_their_own():
    circuit = imported(scripts.POTJANS, "b2r.from_brian2(network)").circuit
    model = circuit.populations["L4E"].model
    assert model.leak_ == pytest.approx(25e-9) and model.capacitance_ == pytest.approx(250e-12)
    by_label = projections(circuit)
    for label, sign in (("L4E->L4I", 1), ("L4I->L4E", -4)):
        mean = by_label[label].synapse.w_
        assert mean == pytest.approx(sign * 87.8e-12, rel=0.01)
        assert by_label[label].wiring is not None  # delays follow no law that circuits have
    assert {d.target: (d.inputs, d.rate) for d in circuit.drives} == {
        "L4E": (50, 8 * Hz),
        "L4I": (50, 8 * Hz),
    }
    close(circuit.drives[0].w, 87.8 * pA, pA)


def test_a_cell_without_leak():
    circuit = imported(scripts.IZHIKEVICH).circuit
    model = circuit.populations["G"].model
    assert model.leak is None and model.leak_reversal_ == pytest.approx(-65e-3)
    (drive,) = circuit.drives
    close(drive.w, 200 * pA, pA)  # 1 mV/ms of 200 pF


def test_parameters_that_differ():
    circuit = imported(scripts.HETEROGENEOUS).circuit
    assert [p.size for p in circuit.populations.values()] == [1500, 500]
    slow, fast = (p.model for p in circuit.populations.values())
    assert slow.parameters["tau"] == 20 * ms and fast.parameters["tau"] == 10 * ms
    assert slow.capacitance_ == pytest.approx(200e-12) and fast.capacitance_ == pytest.approx(100e-12)
    spread = slow.parameters["V_th"]
    assert float(spread.mean / mV) == pytest.approx(-50, abs=0.1) and float(spread.sd / mV) == pytest.approx(
        1, rel=0.1
    )
    assert slow.constant_input_ == pytest.approx(160e-12)


def test_what_learns_is_refused_or_frozen():
    with pytest.raises(CircuitError, match="freeze the weights as they are now"):
        imported(scripts.STDP)
    found = imported(scripts.STDP, "b2r.from_brian2(strict=False)")
    (drive,) = found.circuit.drives
    assert (drive.inputs, drive.trains) == (500, 500)
    close(drive.G, 0.05 * nS, nS)
    assert sum("stay what they are now" in line for line in found.warnings) == 2


def test_what_circuits_do_not_hold_is_refused_all_at_once():
    with pytest.raises(CircuitError) as raised:
        imported(scripts.REFUSED)
    said = str(raised.value)
    for word in (
        "as gap junctions do",
        "I_stim = 20*pA*rand()",
        "on_upper",
        "'upper'",
        "network_operation stimulate",
        "depends on v itself",
        "rand",
    ):
        assert word in said, word
    found = imported(scripts.REFUSED, "b2r.from_brian2(strict=False)")
    assert found.circuit.projections == () and len(found.warnings) >= 6
    assert {"traced", "soft", "gap", "chance", "stimulate"} <= set(found.table["object"])


def test_sums_of_linear_synapses():
    rising, depressed = imported(scripts.SUMMED).circuit.projections
    assert (rising.kind, depressed.kind) == ("rise_decay", "current")
    close(rising.tau_rise, 2 * ms, ms)
    close(rising.tau, 8 * ms, ms)
    # g = 2/(8 - 2) (exp(-t/8) - exp(-t/2)), t in ms
    t = np.linspace(0, 0.02, 200001)
    peak = np.max(np.exp(-t / 8e-3) - np.exp(-t / 2e-3)) / 3
    assert float(rising.G / nS) == pytest.approx(2 * peak, rel=1e-6)
    close(depressed.w, 100 * pA, pA)
    assert (depressed.plasticity.U_, depressed.plasticity.tau_rec_, depressed.plasticity.tau_facil_) == (
        0.5,
        0.2,
        0,
    )
    # What saturates is no sum
    with pytest.raises(CircuitError, match="da/dt is not linear|dg/dt is not linear"):
        imported(scripts.SUMMED.replace("da/dt = -a/(2*ms)", "da/dt = -a*(1 + g)/(2*ms)"))


def test_names_that_circuits_use_otherwise_and_inputs_that_are_switched():
    circuit = imported(scripts.RENAMED).circuit
    model = circuit.populations["G"].model
    assert model.input == "I_const" and model.constant_input_ == pytest.approx(20e-12) and model.noisy
    # The noise goes on in a variable of its own, to which events add theirs
    assert set(model.state_variables) == {"v", "I_ex"}
    (drive,) = circuit.drives
    times, rates = drive.rate
    assert np.asarray(times) == pytest.approx([0, 0.02, 0.04, 0.06]) and np.asarray(rates) == pytest.approx(
        [0, 10, 0, 10]
    )
    close(drive.w, 20 * pA, pA)


def test_values_of_cells_that_follow_no_distribution_are_kept():
    text = """
equations = "dv/dt = (v0 - v)/(10*ms) : volt; v0 : volt".replace(";", chr(10))
group = NeuronGroup(60, equations, threshold="v > 10*mV", reset="v = 0*mV", method="exact")
group.v0 = "20*mV*i/(N - 1)"
"""
    found = imported(text)
    (population,) = found.circuit.populations.values()
    kept = population.model.spreads["v0"].draw_(np.random.default_rng(1), 60)
    np.testing.assert_allclose(kept, np.linspace(0, 20e-3, 60), rtol=1e-12)
    assert found.table["assumed"].str.contains("keeps its value").any()
