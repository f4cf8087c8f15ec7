"""Recorded sweeps of known cells: spikes, rates, leaks and faults are those that were put in."""

import numpy as np
import pytest
from brian2 import Hz, mV, nS, pA, prefs

import b2reduce as b2r
from b2reduce.cells.sweeps.passive import bridge_jumps
from b2reduce.cells.sweeps.plateaus import long_plateaus
from b2reduce.cells.sweeps.spikes import Rule, find_spikes

from ..figures import faults
from ..recorded_sweeps import (
    RATE,
    REST,
    START,
    STOP,
    R,
    command,
    needed,
    passive,
    paste,
    regular,
    simulate,
    write_abf2,
    write_nwb,
    write_steps,
)

needed("pyabf")
ADDED = (0.0, 10e-9, 20e-9)
CURRENTS = np.arange(-100, 701, 25) * 1e-12
NOISE = 2e-4  # V
G_L, E_L = 16.7e-9, -65e-3


@pytest.fixture(scope="module")
def clamped(tmp_path_factory):
    """Files of the cell `lif` with three added conductances, and when it truly fired."""
    folder, rng = tmp_path_factory.mktemp("clamped"), np.random.default_rng(1)
    before, prefs.codegen.target = prefs.codegen.target, "numpy"
    try:
        runs = [simulate("lif", CURRENTS, np.full(CURRENTS.size, g)) for g in ADDED]
    finally:
        prefs.codegen.target = before
    noisy = [[v + NOISE * rng.standard_normal(v.size) for v in voltages] for voltages, _ in runs]
    files = [write_steps(folder / f"g{k}.abf", voltages, -100, 25) for k, voltages in enumerate(noisy)]
    return files, noisy, [train for _, trains in runs for train in trains]


@pytest.fixture(scope="module")
def recording(clamped):
    return b2r.read_sweeps(clamped[0], g_added=[0, 10, 20] * nS, E_added=E_L * 1e3 * mV)


def test_spikes_are_those_of_the_simulation(clamped, recording):
    trains = clamped[2]
    assert recording.table["spikes"].tolist() == [train.size for train in trains]
    assert sum(train.size for train in trains) > 1000
    # Pasted spikes rise within 0.3 ms from the step of the simulation on: half way at 0.15 ms, later by what the
    # base below threshold adds to half of the rise, within one sample
    late = np.concatenate([sweep.spikes_ - train for sweep, train in zip(recording.sweeps, trains)])
    assert np.all(np.abs(late - 1.25e-4) < 1 / RATE)
    assert not recording.warnings and not recording.left_out


def test_rates_are_those_of_the_spikes(recording, clamped):
    """From the definition: intervals that end in the last half of the step."""
    for row, train in zip(recording.table.itertuples(index=False), clamped[2]):
        ends = train[1:] >= 0.5 * (START + STOP) - 1.25e-4
        intervals = np.diff(train)[ends]
        rate, onset = row[7], row[9]
        if not train.size:
            assert rate == 0 and np.isnan(onset)
            continue
        # Both ends of the stretch are known to one sample
        assert rate == pytest.approx(1 / intervals.mean(), abs=rate**2 / intervals.size / RATE)
        assert onset == pytest.approx(1 / (train[1] - train[0]), abs=onset**2 / RATE)


def sensitivities(I, g):
    """How much slope and shift move, at most, if every rate moves by 1 Hz: of r = a + b I + c g."""
    design = np.stack([np.ones_like(I), I, g], axis=1)
    return np.abs(np.linalg.pinv(design)).sum(axis=1)[1:]


def test_the_law_is_that_of_the_cell_measured(recording):
    """The fit to the recording is the fit to `measure_fi` at the same points.

    Either rate is off by its time grid: an interval of a simulation by a step, 0.05 ms here, 0.1 ms there.
    """
    surface = recording.to_surface(g_L=G_L * 1e9 * nS, E_L=E_L * 1e3 * mV)
    measured = b2r.measure_fi("lif", CURRENTS * 1e12 * pA, [16.7, 26.7, 36.7] * nS)
    assert np.allclose(surface.g_, measured.g_, rtol=1e-9, atol=0)
    same = [np.argmin(np.abs(surface.I_ - I)) for I in CURRENTS]
    assert np.allclose(surface.I_[same], CURRENTS, rtol=0, atol=1e-15)
    off = measured.rate_**2 * (1 / RATE + 1e-4)
    assert np.all(np.abs(surface.rate_[same] - measured.rate_) <= off + 1e-9)
    window = (25 * Hz, 110 * Hz)
    one, other = (b2r.fit_gain(found, rates=window) for found in (surface, measured))
    inside = [(found >= 25) & (found <= 110) for found in (surface.rate_[same], measured.rate_)]
    assert np.array_equal(*inside) and inside[0].sum() == one.points == other.points > 12
    i, j = np.nonzero(inside[0])
    worst = np.abs(surface.rate_[same] - measured.rate_)[inside[0]].max()
    b, c = worst * sensitivities(measured.I_[i], measured.g_[j])
    beta, v_theta = float(other.beta), float(other.v_theta)
    assert abs(float(one.beta) - beta) <= b
    assert abs(float(one.v_theta) - v_theta) <= (c + abs(v_theta) * b) / (beta - b)


def test_swapped_conductances_would_be_seen(clamped, recording):
    wrong = b2r.read_sweeps(clamped[0], g_added=[20, 10, 0] * nS, E_added=-65 * mV)
    right = b2r.fit_gain(recording.to_surface(g_L="16.7 nS", E_L="-65 mV"), rates=(25 * Hz, 110 * Hz))
    fit = b2r.fit_gain(wrong.to_surface(g_L="16.7 nS", E_L="-65 mV"), rates=(25 * Hz, 110 * Hz))
    assert float(right.v_theta) > 5e-3 and float(fit.v_theta) < 0


def test_the_cells_own_leak_comes_from_steps_below_threshold(recording):
    # The steady half of a step of 500 ms begins 250 ms, 17 time constants, after its edge: exp(-17) is left
    assert abs(recording.g_L_ - G_L) < 4 * recording.g_L_sem_ < 0.01 * G_L
    assert abs(recording.E_L_ - E_L) < 4 * recording.E_L_sem_ < 1e-4
    assert abs(recording.bridge_) < 4 * recording.bridge_sem_ < 1e6
    surface = recording.to_surface()
    assert surface.g_[0] == recording.g_L_ and any("standard error" in text for text in surface.warnings)


def test_nwb_gives_what_abf_gives(clamped, recording, tmp_path):
    pytest.importorskip("pynwb")
    path = write_nwb(tmp_path / "g0.nwb", clamped[1][0], [command(I) for I in CURRENTS])
    found = b2r.read_sweeps(path)
    own = recording.table.iloc[: CURRENTS.size]
    for name in ("I [A]", "spikes", "rate [Hz]", "plateau [V]"):
        # 16 bits over 190 mV are 3 uV, of 55 mV; a crossing moves by that over a spike's slope, 300 V/s
        np.testing.assert_allclose(found.table[name], own[name], rtol=6e-5, atol=1e-14)
    assert found.g_L_ == pytest.approx(recording.g_L_, rel=1e-2)


def test_efel_finds_the_same_spikes(clamped):
    pytest.importorskip("efel")
    found = b2r.read_sweeps(clamped[0][0], spikes="efel", sweeps=range(1, 21, 4))
    own = b2r.read_sweeps(clamped[0][0], sweeps=range(1, 21, 4))
    assert found.table["spikes"].tolist() == own.table["spikes"].tolist() and own.table["spikes"].max() > 19
    for one, other in zip(found.sweeps, own.sweeps):
        # A peak is half of the rise later
        assert np.all(np.abs(one.spikes_ - other.spikes_ - 1.5e-4) < 1e-4)


def test_adapting_cells(tmp_path):
    """Counts and adaptation of an adaptive exponential cell, from the simulation's own spikes."""
    prefs.codegen.target, before = "numpy", prefs.codegen.target
    try:
        voltages, trains = simulate("adex_brette2005", np.array([0.0, 0.6e-9, 0.8e-9, 1e-9]), np.zeros(4))
    finally:
        prefs.codegen.target = before
    rng = np.random.default_rng(2)
    noisy = [v + NOISE * rng.standard_normal(v.size) for v in voltages]
    table = b2r.read_sweeps(
        write_nwb(tmp_path / "a.nwb", noisy, [command(I) for I in (0, 0.6e-9, 0.8e-9, 1e-9)])
    ).table
    assert table["spikes"].tolist() == [train.size for train in trains] and trains[-1].size > 5
    intervals = np.diff(trains[-1])
    index = np.mean(np.diff(intervals) / (intervals[1:] + intervals[:-1]))
    # Either interval is known to a sample
    assert (
        table["adaptation"].iloc[-1] == pytest.approx(index, abs=2 / RATE / intervals.min()) and index > 0.01
    )


def one(I, number, **more):
    rng = np.random.default_rng(int(abs(I) * 1e13) + number)
    return passive(I, rng, spikes=regular(number), **more)


def steps(tmp_path, numbers=(0, 0, 0, 5, 10), first=-50, increment=25, jump=0.0, **more):
    levels = first + increment * np.arange(len(numbers))
    voltages = [one(I * 1e-12, n, jump=jump) for I, n in zip(levels, numbers)]
    return write_steps(tmp_path / "steps.abf", voltages, first, increment, **more)


def test_a_wrong_threshold_is_noticed(tmp_path):
    path = steps(tmp_path)
    found = b2r.read_sweeps(path, threshold="35 mV")
    assert found.table["spikes"].sum() == 0
    assert any("15 fast rises were not counted" in text and "sweeps 4, 5" in text for text in found.warnings)
    for threshold in ("-20 mV", "20 mV", "-60 mV"):
        found = b2r.read_sweeps(path, threshold=threshold)
        assert found.table["spikes"].tolist() == [0, 0, 0, 5, 10] and not found.warnings


def test_spikes_of_a_slow_cell_are_noticed_and_found_with_another_slope(tmp_path):
    # 80 mV in 8 ms, as of some muscle and invertebrate cells: 10 V/s
    slow = 8e-3 * (1 - np.abs(np.linspace(-1, 1, round(16e-3 * RATE))))
    voltages, levels = [], np.array([-50.0, 0.0, 100.0, 200.0])
    for I, number in zip(levels, (0, 0, 4, 9)):
        v = passive(I * 1e-12)
        for time in regular(number):
            first = round(time * RATE)
            v[first : first + slow.size] += 10 * slow
        voltages.append(v)
    path = write_nwb(tmp_path / "a.nwb", voltages, [command(I * 1e-12) for I in levels])
    found = b2r.read_sweeps(path)
    assert found.table["spikes"].tolist() == [0, 0, 0, 0]
    assert any("13 peaks above -20 mV were not counted as spikes" in text for text in found.warnings)
    found = b2r.read_sweeps(path, slope="5 V/second")
    assert found.table["spikes"].tolist() == [0, 0, 4, 9]
    assert not any("not counted" in text for text in found.warnings)


def test_swapped_channels_are_noticed(tmp_path):
    voltages = np.array([one(I, n) for I, n in ((-5e-11, 0), (2e-10, 5))])
    currents = np.array([command(I) for I in (-5e-11, 2e-10)])
    data = np.stack([1e3 * voltages, 1e12 * currents], axis=1)
    good = write_abf2(tmp_path / "a.abf", data, [("V", "mV"), ("I", "pA")])
    assert b2r.read_sweeps(good).table["spikes"].tolist() == [0, 5]
    with pytest.raises(b2r.errors.InputError, match="channel 'I': is in 'pA', expected a unit of V"):
        b2r.read_sweeps(good, voltage="I", command="V")
    # Names and units at the wrong cables: the numbers cannot be a cell's
    swapped = write_abf2(tmp_path / "b.abf", data[:, ::-1] * 10, [("V", "mV"), ("I", "pA")])
    with pytest.raises(b2r.errors.InputError, match=r"no step|cells stay below|no sweep has a step"):
        b2r.read_sweeps(swapped)


def test_a_bridge_that_is_off_is_measured(tmp_path):
    planted = 15e6
    found = b2r.read_sweeps(steps(tmp_path, jump=planted))
    # A parabola through 0.3 to 3 ms misses (3 ms)^3/(120 tau^3) of the steady change
    bias = R * 3**3 / (120 * 15**3)
    assert abs(found.bridge_ - planted) < 4 * found.bridge_sem_ + bias
    share = planted / (R + planted)
    text = next(text for text in found.warnings if "bridge" in text)
    assert f"{share:.0%} too small" in text and "too little" in text
    assert found.g_L_ == pytest.approx(1 / (R + planted), rel=0.01)
    over = b2r.read_sweeps(steps(tmp_path, jump=-planted))
    assert any("the bridge took too much" in text for text in over.warnings)
    assert not b2r.read_sweeps(steps(tmp_path)).warnings


def test_jumps_of_a_fast_membrane_are_not_a_bridge():
    """A charging with tau = 5 ms alone gives 0.18 % of the steady change, as the formula says."""
    t, tau = np.arange(14_000) / RATE, 5e-3
    v = np.where(t >= 0.1, 0.01 * (1 - np.exp(-(t - 0.1) / tau)), 0.0)
    ((change, jump),) = bridge_jumps(v, RATE, [(2000, 1e-10)], np.array([]))
    assert change == 1e-10 and abs(jump) < 2 * 0.01 * 27 / (120 * 125)


def test_the_junction_potential_is_taken_off(tmp_path):
    path = steps(tmp_path)
    plain, corrected = b2r.read_sweeps(path), b2r.read_sweeps(path, junction="12 mV")
    assert corrected.E_L_ - plain.E_L_ == pytest.approx(-12e-3, rel=1e-9)
    assert corrected.g_L_ == pytest.approx(plain.g_L_, rel=1e-9)
    assert corrected.table["spikes"].tolist() == plain.table["spikes"].tolist()


def test_holding_currents_count(tmp_path):
    """Held at -40 pA: currents are those that flow, and E_L is where the cell would rest without."""
    held = -40e-12
    voltages = [one(held + I, n, holding=held) for I, n in ((-5e-11, 0), (0.0, 0), (5e-11, 0), (2e-10, 8))]
    levels = np.array([-90.0, -40.0, 10.0, 160.0])
    data = np.stack(
        [1e3 * np.array(voltages), [1e12 * command(I * 1e-12, holding=held) for I in levels]], axis=1
    )
    found = b2r.read_sweeps(write_abf2(tmp_path / "h.abf", data, [("V", "mV"), ("I", "pA")]))
    np.testing.assert_allclose(found.table["I [A]"], levels * 1e-12, rtol=0, atol=1e-14)
    assert found.E_L_ == pytest.approx(REST, abs=4 * found.E_L_sem_ + 1e-5)
    unsaid = [command(I * 1e-12 - held) for I in levels]  # the amplifier adds what the file does not say
    path = write_nwb(tmp_path / "h.nwb", voltages, unsaid)
    again = b2r.read_sweeps(path, holding="-40 pA")
    np.testing.assert_allclose(again.table["I [A]"], levels * 1e-12, rtol=0, atol=1e-15)
    path = write_nwb(tmp_path / "b.nwb", voltages, unsaid, bias=held)
    again = b2r.read_sweeps(path)
    np.testing.assert_allclose(again.table["I [A]"], levels * 1e-12, rtol=0, atol=1e-15)
    assert any("bias_current" in text for text in again.warnings)


def test_dynamic_clamp_alone_says_the_leak(tmp_path):
    """Steps below threshold at added conductances only: by the line through their steady states."""
    g, E, rng = np.array([5e-9, 10e-9, 20e-9, 20e-9]), -80e-3, np.random.default_rng(3)
    I = np.array([-50, 50, 100, -50]) * 1e-12
    steady = (G_L * REST + g * E + I) / (G_L + g)
    t = np.arange(14_000) / RATE
    inside = (t >= START) & (t < STOP)
    data = [1e3 * (np.where(inside, v, -0.07) + 1e-4 * rng.standard_normal(t.size))[None] for v in steady]
    dac = [("Cmd 0", "pA", 0.0, [], 1)]
    path = write_abf2(tmp_path / "g.abf", data, [("V", "mV")], dacs=dac)
    found = b2r.read_sweeps(
        path, currents=I * 1e12 * pA, window=("100 ms", "600 ms"), g_added=g * 1e9 * nS, E_added="-80 mV"
    )
    assert found.g_L_ == pytest.approx(G_L, abs=5 * found.g_L_sem_) and found.g_L_sem_ < 0.01 * G_L
    assert found.E_L_ == pytest.approx(REST, abs=5 * found.E_L_sem_)


def test_drift_clipping_and_block_are_said(tmp_path):
    rng = np.random.default_rng(4)
    levels = np.arange(-50, 151, 25) * 1e-12
    drifting = [one(I, 0, rest=REST + 1e-3 * k) for k, I in enumerate(levels)]
    text = " ".join(b2r.read_sweeps(write_steps(tmp_path / "d.abf", drifting, -50, 25)).warnings)
    # 8 mV over nine sweeps, at 16.7 nS, are 134 pA
    assert "drifts by 8.0" in text and "133.6 pA" in text
    small = [one(I, 0, rest=REST + 5e-5 * k) for k, I in enumerate(levels)]
    assert not b2r.read_sweeps(write_steps(tmp_path / "s.abf", small, -50, 25)).warnings
    clipped = [np.minimum(one(I, n), 0.01) for I, n in ((-5e-11, 0), (0.0, 0), (5e-11, 7))]
    found = b2r.read_sweeps(write_steps(tmp_path / "c.abf", clipped, -50, 50))
    assert found.table["spikes"].iloc[-1] == 7
    assert any("at its limit" in text and "10.0 mV" in text and "sweep 3" in text for text in found.warnings)
    t = np.arange(14_000) / RATE
    plateau = REST + np.where((t >= START) & (t < STOP), 0.04, 0.0) + 1e-4 * rng.standard_normal(t.size)
    blocked = [one(0.0, 0), one(1e-10, 6), one(2e-10, 12), paste(plateau, [0.11, 0.13, 0.15])]
    found = b2r.read_sweeps(write_steps(tmp_path / "b.abf", blocked, 0, 100))
    assert found.table["blocked"].tolist() == [False, False, False, True]
    assert found.table["rate [Hz]"].iloc[-1] == 0 and found.table["spikes"].iloc[-1] == 3
    assert any("depolarisation block" in text and "300 pA" in text for text in found.warnings)
    assert found.to_surface(g_L="16.7 nS", E_L="-65 mV").blocked[:, 0].tolist() == [False, False, False, True]


def test_spikes_at_the_edge_of_a_strong_step_count():
    """Charging at 40 V/s from the edge on, into a spike 0.9 ms later; without one it is no spike."""
    t = np.arange(4000) / RATE
    charging = np.where(t < 0.1, -0.065, np.minimum(-0.065 + 40 * (t - 0.1), -0.025))
    spiking = charging.copy()
    at = slice(2000 + 12, 2000 + 20)
    spiking[at] = np.linspace(-0.04, 0.03, 8)
    spiking[2020:2060] = np.linspace(0.03, -0.025, 40)
    assert [x.size for x in find_spikes(spiking, RATE, Rule(), edges=(0.1,))] == [1, 0]
    assert [x.size for x in find_spikes(charging, RATE, Rule(), edges=(0.1,))] == [0, 0]
    jump = np.where(t < 0.1, -0.065, -0.01)  # of a bridge that is far off
    assert [x.size for x in find_spikes(jump, RATE, Rule(), edges=(0.1,))] == [0, 0]


def test_spikes_of_a_conductance_based_cell(tmp_path):
    """Wang and Buzsaki's equations at 50 kHz: their own spikes, and block at the largest current."""
    from brian2 import Network, NeuronGroup, Quantity, SpikeMonitor, StateMonitor, second

    cell, rate, area = b2r.load_model("wang_buzsaki1996"), 50_000.0, 1e-8  # 1e-4 cm^2
    I = np.array([-1e-10, 0, 5e-11, 2e-10, 8e-10, 2e-9, 8e-9])
    before, prefs.codegen.target = prefs.codegen.target, "numpy"
    try:
        group = NeuronGroup(
            I.size, f"{cell.equations}\nI_app : amp/meter**2", threshold=cell.threshold, reset=cell.reset or "",
            refractory=cell.refractory, method="rk4", dt=Quantity(1 / rate, dim=second.dim),
            namespace=dict(cell.parameters),
        )  # fmt: skip
        group.v = -64 * mV
        voltage, spikes = StateMonitor(group, "v", record=True), SpikeMonitor(group)
        network = Network(group, voltage, spikes)
        for level, duration in ((0.0, 0.1), (1.0, 0.3), (0.0, 0.05)):
            group.I_app = Quantity(level * I / area, dim=group.I_app.dim)
            network.run(duration * second)
    finally:
        prefs.codegen.target = before
    v = np.asarray(voltage.v)
    noisy = v + NOISE * np.random.default_rng(8).standard_normal(v.shape)
    commands = [command(level, rate, stop=0.4, end=0.45) for level in I]
    table = b2r.read_sweeps(write_nwb(tmp_path / "wb.nwb", noisy, commands, rate)).table
    t, i = np.asarray(spikes.t), np.asarray(spikes.i)
    own = [int(np.sum((i == k) & (t >= 0.1) & (t < 0.4))) for k in range(I.size)]
    assert table["spikes"].tolist()[:-1] == own[:-1] and own[-2] > 50
    assert table["blocked"].tolist() == [False] * (I.size - 1) + [True]


def test_spikes_on_a_high_plateau_count():
    """Troughs above the threshold: rises are counted, not crossings; small and slow ones are not."""
    t = np.arange(20_000) / RATE
    high = paste(np.where(t > 0.1, -0.012, -0.065), regular(20, 0.2, 0.9))
    spikes, _ = find_spikes(high, RATE, Rule(), edges=(0.1,))
    assert spikes.size == 20
    slow = -0.05 + 0.04 * np.sin(2 * np.pi * 50 * t)  # 12.6 V/s
    noise = np.random.default_rng(5).standard_normal(t.size)
    assert [x.size for x in find_spikes(slow + 3e-4 * noise, RATE, Rule())] == [0, 0]
    potentials = -0.065 + 0.012 * np.exp(-((t % 0.05) / 0.004))  # rises of 12 mV in no time
    assert [x.size for x in find_spikes(potentials, RATE, Rule())] == [0, 0]


@pytest.mark.parametrize("rate", [5_000.0, 10_000.0, 50_000.0])
def test_any_sampling_rate(rate, tmp_path):
    rng = np.random.default_rng(6)
    voltages = [
        passive(I, rng, spikes=regular(n), rate=rate) for I, n in ((-5e-11, 0), (0.0, 0), (3e-10, 11))
    ]
    found = b2r.read_sweeps(
        write_nwb(tmp_path / "r.nwb", voltages, [command(I, rate) for I in (-5e-11, 0, 3e-10)], rate)
    )
    assert found.table["spikes"].tolist() == [0, 0, 11]
    # Regular spikes: the rate is one over their distance, which the step's ends know to a sample
    assert found.table["rate [Hz]"].iloc[-1] == pytest.approx(22.0, abs=22.0**2 / 5 * 2 / rate)


def test_steps_are_found_in_noisy_commands():
    rng = np.random.default_rng(7)
    noisy = command(5e-12) + 1e-12 * rng.standard_normal(14_000)
    (step,), why = long_plateaus(noisy, RATE)
    # The means are half a millisecond wide: the edge is where the noise lets it be, within that
    assert abs(step.first - 2000) <= 10 and abs(step.stop - 12_000) <= 10 and not why
    assert step.level == pytest.approx(5e-12, abs=5 * 1e-12 / np.sqrt(1e4))
    assert long_plateaus(1e-12 * rng.standard_normal(14_000), RATE) == ([], "its command has no step")
    ramp = np.interp(np.arange(14_000), [0, 2000, 12_000, 14_000], [0, 0, 2e-10, 2e-10])
    assert long_plateaus(ramp, RATE)[0] == []


def test_pictures(recording, tmp_path):
    import matplotlib.pyplot as plt

    ax = b2r.plots.plot_sweeps(recording, ax=plt.subplots(layout="constrained")[1])
    assert faults(ax.figure) == []
    marks = [line for line in ax.lines if line.get_marker() == "v"]
    assert len(marks) >= 3 and ax.get_xlabel() == "time (ms)"
    ax = b2r.plots.plot_sweeps(recording, sweeps=[20], ax=plt.subplots(layout="constrained")[1])
    (marked,) = [line for line in ax.lines if line.get_marker() == "v"]
    np.testing.assert_allclose(marked.get_xdata(), 1e3 * recording.sweeps[20].spikes_)
    with pytest.raises(b2r.errors.InputError, match="expected rows from 0 to 98"):
        b2r.plots.plot_sweeps(recording, sweeps=[99])
    plt.close("all")


def test_a_recording_is_saved_and_read_back(tmp_path):
    found = b2r.read_sweeps(steps(tmp_path))
    b2r.save(found, tmp_path / "kept")
    again = b2r.load(tmp_path / "kept")
    assert np.array_equal(again.sweeps[4].voltage_, found.sweeps[4].voltage_)
    assert again.to_surface().to_frame().equals(found.to_surface().to_frame())
