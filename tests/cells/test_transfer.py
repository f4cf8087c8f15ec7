"""Transfer functions against a Brian2 script that a user would have written, and against the f-I surface."""

import numpy as np
import pytest
from brian2 import Hz, Network, NeuronGroup, PoissonInput, SpikeMonitor, ms, mV, nS, pF, second, seed

import b2reduce as b2r

E = b2r.Drive(name="E", inputs=400, G="1 nS", tau="5 ms", E="0 mV")
I = b2r.Drive(name="I", inputs=100, G="4 nS", tau="10 ms", E="-80 mV")


@pytest.fixture(scope="module")
def transfer():
    return b2r.measure_transfer(
        "lif", [E, I], {"E": [8, 12, 18] * Hz, "I": [0, 10] * Hz}, replicates=200, duration=2 * second, seed=1
    )


def by_hand(rate_E, rate_I, n=400):
    """Rates of n cells over 1.5 s, from plain Brian2."""
    namespace = dict(C=250 * pF, g_L=16.7 * nS, E_L=-65 * mV)
    group = NeuronGroup(
        n,
        """dv/dt = (g_L*(E_L - v) + ge*(0*mV - v) + gi*(-80*mV - v))/C : volt (unless refractory)
                              dge/dt = -ge/(5*ms) : siemens
                              dgi/dt = -gi/(10*ms) : siemens""",
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=2 * ms,
        method="rk2",
        dt=0.1 * ms,
        namespace=namespace,
    )
    group.v = -60 * mV
    inputs = [
        PoissonInput(group, "ge", 400, rate_E * Hz, 1 * nS),
        PoissonInput(group, "gi", 100, rate_I * Hz, 4 * nS),
    ]
    spikes = SpikeMonitor(group)
    seed(7)
    Network(group, inputs, spikes).run(2 * second, namespace={})
    counts = np.bincount(spikes.i[spikes.t > 0.5 * second], minlength=n)
    return counts / 1.5


def test_a_users_script_gives_the_same_rates(transfer):
    for i, j in ((1, 1), (2, 1), (0, 0)):
        rates = by_hand(transfer.rates_["E"][i], transfer.rates_["I"][j])
        error = np.hypot(rates.std() / np.sqrt(rates.size), transfer.rate_sem_[i, j])
        assert abs(rates.mean() - transfer.rate_[i, j]) < 4 * error < 0.08 * rates.mean()
    assert abs(by_hand(8.8, 0).mean() - transfer.rate_[0, 0]) > 4 * error, "a tenth more input must be seen"


def test_it_is_the_surface_at_the_same_means(transfer):
    drive_at = lambda drive, rate: b2r.Drive(
        name=drive.name, inputs=drive.inputs, rate=rate * Hz, G=drive.G, tau=drive.tau, E=drive.E
    )
    surface = b2r.measure_fi(
        "lif",
        transfer.I[2, 1:2],
        transfer.g[2, 1:2],
        noise=[drive_at(E, 18), drive_at(I, 10)],
        replicates=200,
        duration=2 * second,
        seed=2,
    )
    assert abs(surface.rate_[0, 0] - transfer.rate_[2, 1]) < 4 * np.hypot(
        surface.rate_sem_[0, 0], transfer.rate_sem_[2, 1]
    )
    # I = sum K G tau r (E - E_L), g = g_L + sum K G tau r
    g = np.array([400 * 1e-9 * 5e-3 * 18, 100 * 4e-9 * 10e-3 * 10])
    np.testing.assert_allclose(
        [transfer.I_[2, 1], transfer.g_[2, 1]], [g @ [65e-3, -15e-3], 16.7e-9 + g.sum()], rtol=1e-9
    )


def test_axes_frame_and_units(transfer):
    assert transfer.rate.shape == transfer.rate_sem.shape == transfer.cv.shape == (3, 2) and list(
        transfer.rates
    ) == ["E", "I"]
    frame = transfer.to_frame()
    assert list(frame.columns[:3]) == ["r_E [Hz]", "r_I [Hz]", "rate [Hz]"] and len(frame) == 6
    row = frame[(frame["r_E [Hz]"] == 18) & (frame["r_I [Hz]"] == 10)]
    assert row["rate [Hz]"].item() == transfer.rate_[2, 1] > 0
    assert transfer.rate_[2, 0] > transfer.rate_[2, 1] and np.all(np.diff(transfer.rate_[:, 0]) > 0)
    with pytest.raises(ValueError):
        transfer.rate_[0, 0] = 0


def test_precision_threads_and_fixed_drives():
    settings = dict(rtol=0.05, seed=5)
    a = b2r.measure_transfer(
        "lif",
        [E, I.__class__(name="I", inputs=100, rate="10 Hz", G="4 nS", tau="10 ms", E="-80 mV")],
        {"E": [14, 18] * Hz},
        threads=1,
        **settings,
    )
    b = b2r.measure_transfer("lif", [E, I], {"E": [14, 18] * Hz, "I": [10] * Hz}, threads=2, **settings)
    assert a.rate.shape == (2,) and b.rate.shape == (2, 1)
    np.testing.assert_array_equal(a.rate_, b.rate_[:, 0])
    assert np.all(a.rate_sem_ <= 0.05 * a.rate_)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(rates={"X": [1, 2] * Hz}), "unknown drive 'X'.*E, I"),
        (dict(rates={"E": [2, 1] * Hz}), "rates, E.*increase"),
        (dict(rates={}), "expected a dict"),
        (dict(rates={"E": [-1, 1] * Hz}), "at least 0 Hz"),
        (dict(rates={"E": [1, 2] * ms}), "rates, E"),
        (dict(drives=[]), "at least one Drive"),
        (dict(rtol=2), "rtol"),
        (dict(engine="gpu"), "engine"),
        (dict(rates={"E": [1, 1e8] * Hz}), "events a time step"),
        (dict(drives=[b2r.Drive(name="E", inputs=1, G="1 nS/m^2", tau="5 ms", E="0 mV")]), "drive 'E', G"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(b2r.errors.InputError, match=message):
        b2r.measure_transfer("lif", **{"drives": [E, I], "rates": {"E": [1, 2] * Hz}, **arguments})


def test_pictures(transfer):
    import matplotlib.pyplot as plt

    axes = b2r.plots.plot_transfer(transfer)
    assert axes.get_xlabel() == "rate of E (Hz)" and axes.get_ylabel() == "rate of I (Hz)"
    line = b2r.measure_transfer("lif", [E], {"E": [1, 5] * Hz}, duration=300 * ms)
    assert b2r.plots.plot_transfer(line).get_ylabel() == "rate (Hz)"
    flat = b2r.measure_transfer("lif", [E, I], {"E": [1, 5] * Hz, "I": [3] * Hz}, duration=300 * ms)
    with pytest.raises(b2r.errors.InputError, match="2 x 1"):
        b2r.plots.plot_transfer(flat)
    plt.close("all")
