"""Kinds of synapses against their kernels, against one another in both engines, and against theory."""

import numpy as np
import pytest
from brian2 import Hz, mV, nA, nS, second
from scipy.integrate import quad
from scipy.linalg import expm
from scipy.optimize import minimize_scalar
from scipy.special import erfcx

import b2reduce as b2r
from b2reduce.basics.session import brian_session
from b2reduce.cells.engine import Cells, Source
from b2reduce.cells.engine.brian import build_group
from b2reduce.cells.engine.kernel_arrays import RunArrays
from b2reduce.cells.engine.native import kernel_of
from b2reduce.circuit.synapses.alpha import Alpha
from b2reduce.circuit.synapses.current import ExponentialCurrent
from b2reduce.circuit.synapses.current_alpha import CurrentAlpha
from b2reduce.circuit.synapses.current_rise_decay import CurrentRiseAndDecay
from b2reduce.circuit.synapses.exponential import ExponentialConductance
from b2reduce.circuit.synapses.jump import Jump
from b2reduce.circuit.synapses.low_pass import LowPass
from b2reduce.circuit.synapses.nmda import Nmda
from b2reduce.circuit.synapses.rise_decay import RiseAndDecay
from b2reduce.circuit.synapses.through import Through
from b2reduce.circuit.synapses.two_poles import TwoPoles

E_L, G_L, C_M, V_TH, V_R = -65e-3, 16.7e-9, 250e-12, -50e-3, -60e-3  # of the cell `lif`


def difference(rise, decay):
    return lambda t: np.exp(-t / decay) - np.exp(-t / rise)


def peak_of(kernel, longest):
    found = minimize_scalar(
        lambda t: -kernel(t), bounds=(0, longest), method="bounded", options={"xatol": 1e-9}
    )
    return -found.fun


def area_of(kernel, power=1):
    return quad(
        lambda t: kernel(t) ** power, 0, 0.5, points=[1e-3, 1e-2, 5e-2], epsabs=0, epsrel=1e-10, limit=200
    )[0]


#: {kind: (class, values as circuits give them, what an event is, over time)}, the last by definition.
KERNELS = {
    "exponential": (
        ExponentialConductance,
        dict(G=2e-9, tau=4e-3, E=0.0),
        lambda t: 2e-9 * np.exp(-t / 4e-3),
    ),
    "current": (ExponentialCurrent, dict(w=-20e-12, tau=3e-3), lambda t: -20e-12 * np.exp(-t / 3e-3)),
    "alpha": (Alpha, dict(G=2e-9, tau=3e-3, E=-0.08), lambda t: 2e-9 * t / 3e-3 * np.exp(1 - t / 3e-3)),
    "peak": (
        RiseAndDecay,
        dict(G=2e-9, tau_rise=1e-3, tau=6e-3, E=0.0, norm="peak"),
        lambda t: 2e-9 * difference(1e-3, 6e-3)(t) / peak_of(difference(1e-3, 6e-3), 0.02),
    ),
    "area": (
        RiseAndDecay,
        dict(G=2e-9, tau_rise=1e-3, tau=6e-3, E=0.0, norm="area"),
        lambda t: 2e-9 * 6e-3 * difference(1e-3, 6e-3)(t) / 5e-3,
    ),
    "current_peak": (
        CurrentRiseAndDecay,
        dict(w=20e-12, tau_rise=4e-3, tau=5e-3, norm="peak"),
        lambda t: 20e-12 * difference(4e-3, 5e-3)(t) / peak_of(difference(4e-3, 5e-3), 0.02),
    ),
    "current_alpha": (
        CurrentAlpha,
        dict(w=-20e-12, tau=2e-3),
        lambda t: -20e-12 * t / 2e-3 * np.exp(1 - t / 2e-3),
    ),
}
RATE_ = 3000.0  # Hz, of all events


@pytest.fixture(scope="module")
def lif():
    return b2r.load_model("lif")


@pytest.mark.parametrize("name", KERNELS)
def test_mean_and_variance_are_those_of_the_kernel(name, lif):
    kind, values, kernel = KERNELS[name]
    synapse, dt_ = kind.of(values), 1e-4
    area, square = area_of(kernel), area_of(kernel, 2)
    assert synapse.mean_(7.0, 50) == pytest.approx(350 * area, rel=1e-7)
    force = synapse.E_ - E_L - 5e-3 if synapse.brings_leak else 1.0
    assert synapse.current_(7.0, lif, 5e-3, 50) == pytest.approx(350 * area * force, rel=1e-7)
    assert synapse.leak_(7.0, 50) == (synapse.mean_(7.0, 50) if synapse.brings_leak else 0.0)
    assert synapse.variance_(7.0, lif, 5e-3, 50) == pytest.approx(350 * square * force**2, rel=1e-7)
    assert synapse.density_(7.0, lif, 5e-3, 50) == pytest.approx(350 * (area * force) ** 2, rel=1e-7)
    # At the ends of steps, where events come just before.
    grid = kernel(np.arange(5000) * dt_)
    assert synapse.recorded_variance_(RATE_, dt_) == pytest.approx(RATE_ * dt_ * np.sum(grid**2), rel=1e-9)


@pytest.mark.parametrize("name", KERNELS)
def test_the_filter_is_the_kernel_over_its_area(name):
    kind, values, kernel = KERNELS[name]
    filter_, area = kind.of(values).filter, area_of(kernel)
    A, B, C = filter_.chain_()
    for t in (0.0, 1e-3, 4e-3, 2e-2):
        assert C @ expm(A * t) @ B == pytest.approx(kernel(t) / area, rel=1e-7, abs=1e-9)
    late = quad(
        lambda t: t * kernel(t), 0, 0.5, points=[1e-3, 1e-2, 5e-2], epsabs=0, epsrel=1e-10, limit=200
    )[0]
    assert filter_.delay_ == pytest.approx(late / area, rel=1e-7)
    s = 2j * np.pi * 40
    through = C @ np.linalg.solve(s * np.eye(len(B)) - A, B)
    assert 1 / np.polyval(filter_.below_(1e-3), s * 1e-3) == pytest.approx(through, rel=1e-12)
    assert filter_.fastest_ == pytest.approx(-1 / np.linalg.eigvals(A).real.min(), rel=1e-12)


def test_equal_time_constants_are_a_limit():
    # The jump of peak G is G (tau/tau_rise)^(tau/(tau - tau_rise)), e G where both are the same.
    near = RiseAndDecay.of(dict(G=2e-9, tau_rise=3e-3 * (1 - 1e-6), tau=3e-3, E=0.0, norm="peak"))
    alpha = Alpha.of(dict(G=2e-9, tau=3e-3, E=0.0))
    assert near.jump_ == pytest.approx(alpha.jump_, rel=1e-5)
    assert near.recorded_variance_(1.0, 1e-4) == pytest.approx(alpha.recorded_variance_(1.0, 1e-4), rel=1e-5)
    # And of a fast rise an exponential conductance, of either norm.
    for norm in ("peak", "area"):
        fast = RiseAndDecay.of(dict(G=2e-9, tau_rise=1e-9, tau=3e-3, E=0.0, norm=norm))
        assert fast.mean_(1.0) == pytest.approx(2e-9 * 3e-3, rel=1e-5)


@pytest.mark.parametrize(
    "filter_",
    [LowPass(5e-3), Through(), TwoPoles(1e-3, 6e-3), TwoPoles(3e-3, 3e-3), TwoPoles(2e-3, 15e-3)],
    ids=repr,
)
def test_variance_behind_a_membrane_is_that_of_the_spectrum(filter_):
    # A train in which a spike lowers the rate for a while, m(t) = r (1 - exp(-t/T)), L(s) = r/s - r/(s + 1/T).
    r, T, tau_m = 20.0, 4e-3, 15e-3
    passed = lambda tau: tau * r * (tau - 1 / (1 / tau + 1 / T))
    H = lambda w: 1 / (np.polyval(filter_.below_(1.0), 1j * w) * (1 + 1j * w * tau_m))
    # With w = tan(x)/tau_m, over all frequencies; sides of the spectrum count twice.
    over = lambda f: quad(
        lambda x: f(np.tan(x) / tau_m) / np.cos(x) ** 2 / tau_m / np.pi, 0, np.pi / 2, epsrel=1e-9
    )[0]
    power = over(lambda w: abs(H(w)) ** 2)
    assert filter_.band_(tau_m) == pytest.approx(power, rel=1e-4)
    # int (m - r) K dt is that of the spectra: -r exp(-t/T) on both sides has -2 r T/(1 + (w T)^2).
    less = over(lambda w: abs(H(w)) ** 2 * -r * T / (1 + (w * T) ** 2)) / power
    found = filter_.behind_(passed, r, tau_m)
    assert found == pytest.approx(less, rel=3e-4)
    many = filter_.behind_(passed, np.full(2, r), np.array([tau_m, tau_m]))
    np.testing.assert_allclose(many, [found, found], rtol=1e-12, atol=0)


@pytest.mark.slow
def test_conductances_and_currents_in_brian2_have_mean_variance_and_autocorrelation_of_the_kernel(
    numpy_code, lif
):
    # Cells that never fire, with a source of every kind; independent, so that an ensemble of N gives a mean
    # to sqrt(variance/N), a variance to sqrt(2/N) of it (more by what the events' number adds, 1/(r tau)).
    N, dt_, lag, power = 4000, 1e-4, 20, 5
    sources = tuple(
        Source(f"s{number}", kind.of(values), RATE_)
        for number, (kind, values, _) in enumerate(KERNELS.values())
    )
    deaf = b2r.load_model("lif").with_parameters({"V_th": "10 V"})
    with brian_session(3) as brian2:
        group, _ = build_group(brian2, Cells(deaf, N, {"I_app": np.zeros(N)}, sources), dt_)
        group.variables["count_from_syn"].set_value(0.0)
        network, seen = brian2.Network(group), []
        names = [source.synapse.recorded(source.label, deaf)[0] for source in sources]
        for steps in (1000, lag):
            network.run(steps * dt_ * second, namespace={})
            seen.append({name: group.variables[name].get_value().copy() for name in names})
    for (_, _, kernel), name in zip(KERNELS.values(), names):
        first, later = (values[name] for values in seen)
        grid = kernel(np.arange(3000) * dt_)
        mean, variance = RATE_ * dt_ * grid.sum(), RATE_ * dt_ * np.sum(grid**2)
        covariance = RATE_ * dt_ * np.sum(grid[lag:] * grid[:-lag])
        # Brian2's method steps over a decay to x^3/6, x = 0.1: of a mean (x/2)^2/3 at most
        assert later.mean() == pytest.approx(mean, abs=power * np.sqrt(variance / N) + 1e-3 * abs(mean))
        slack = power * np.sqrt((2 + 1 / (RATE_ * 3e-3)) / N) + 2e-3
        assert later.var() == pytest.approx(variance, rel=slack)
        assert np.cov(first, later)[0, 1] == pytest.approx(covariance, abs=slack * variance)
        # A kernel of half a time constant more would be seen.
        assert slack < 0.15


def stepped_cell(refractory, held, reset):
    """A LIF cell whose membrane is held while it is refractory, or not."""
    return b2r.NeuronModel(
        equations=f"dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt{' (unless refractory)' if held else ''}",
        threshold="v > V_th",
        reset=reset,
        refractory=refractory,
        name="stepped",
        parameters=dict(C_m="250 pF", g_L="16.7 nS", E_L="-65 mV", V_th="-50 mV"),
        capacitance="C_m",
    )


CELLS = {
    "held": stepped_cell("2 ms", True, "v = -60*mV"),
    "held, lowered": stepped_cell("2 ms", True, "v -= 12*mV"),
    "not held": stepped_cell("2 ms", False, "v -= 12*mV"),
    "never refractory": stepped_cell(None, False, "v = -60*mV"),
}
EACH, STEPS = 7, 4000  # events come at the end of every seventh step


def with_given_events(model, synapse, number):
    """Steps of spikes and last state of cells in which `number` events come every seventh step, by engine."""
    dt_, cells = 1e-4, 3
    start = {"v": np.array([E_L, -55e-3, -50.1e-3])}
    given = {"I_app": np.array([0.0, 50e-12, 150e-12])}
    made = Cells(model, cells, given, (Source("s0", synapse, 100.0),), start)
    kernel = kernel_of(made, dt_)
    arrays = RunArrays(kernel, made, dt_, stride=EACH)
    # A table that is 0 up to the number and 2 beyond it draws just that number.
    arrays.cumulative = np.repeat([[[0.0]] * number + [[2.0]]], cells, axis=2)
    trains = [[] for _ in range(cells)]
    for step in range(STEPS):
        arrays.run(step, step + 1, warmup_=0.0, half_=0.0)
        for cell in np.flatnonzero(arrays.statistics[0]):
            trains[cell].append(step)
    native = dict(zip(kernel.source.variables, arrays.state))
    with brian_session(0) as brian2:
        from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

        numpys = dict(codeobj_class=NumpyCodeObject)
        written = model.cell_equations(made.synapses, per_cell=["I_app"], poisson=["s0"])
        drawn = f"int(timestep(t, dt) % {EACH} == {EACH - 1})*{number}"
        events = written.events.replace("poisson(rate_syn_s0*dt)", drawn)
        if drawn not in events:
            raise AssertionError(events)
        group = brian2.NeuronGroup(
            cells,
            written.equations,
            threshold=written.threshold,
            reset=written.reset,
            refractory=written.refractory,
            method=written.method,
            namespace=written.namespace,
            dt=dt_ * second,
            **numpys,
        )
        for item in group.contained_objects:
            item.codeobj_class = NumpyCodeObject
        values = {**made.sources[0].parameters_(), **made.sources[0].start_, **start, **given}
        for name, value in values.items():
            group.variables[name].set_value(value)
        group.run_regularly(events, when="synapses", **numpys)
        monitor = brian2.SpikeMonitor(group, **numpys)
        brian2.Network(group, monitor).run(STEPS * dt_ * second, namespace={})
        i, t = np.array(monitor.i), np.round(np.array(monitor.t_) / dt_).astype(int)
        state = {name: group.variables[name].get_value().copy() for name in kernel.source.variables}
    return (trains, native), ([t[i == cell].tolist() for cell in range(cells)], state)


GIVEN = {
    "exponential": (ExponentialConductance.of(dict(G=2e-9, tau=4e-3, E=0.0)), 2),
    "current": (ExponentialCurrent.of(dict(w=80e-12, tau=3e-3)), 2),
    "alpha": (Alpha.of(dict(G=1e-9, tau=3e-3, E=0.0)), 2),
    "rise_decay": (RiseAndDecay.of(dict(G=1e-9, tau_rise=1e-3, tau=6e-3, E=0.0, norm="area")), 2),
    "current_rise_decay": (CurrentRiseAndDecay.of(dict(w=50e-12, tau_rise=1e-3, tau=6e-3, norm="peak")), 2),
    "current_alpha": (CurrentAlpha.of(dict(w=50e-12, tau=2e-3)), 2),
    "nmda": (Nmda.of(dict(G=4e-9, tau_rise=1e-3, tau=20e-3, E=0.0, norm="peak")), 2),
    "jump": (Jump.of(dict(J=0.5e-3)), 3),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind, cell", [*(("jump", cell) for cell in CELLS), *((kind, "held") for kind in GIVEN if kind != "jump")]
)
def test_both_engines_spike_at_the_same_steps_with_the_same_events(kind, cell):
    (native, last), (brian, state) = with_given_events(CELLS[cell], *GIVEN[kind])
    assert native == brian and min(map(len, native)) >= 5
    for name, values in state.items():
        # 4,000 steps, each rounded to 1e-16
        np.testing.assert_allclose(last[name], values, rtol=1e-9, atol=0, err_msg=name)


@pytest.mark.slow
def test_jumps_are_lost_where_the_membrane_is_held_and_nowhere_else():
    trains = {
        name: with_given_events(CELLS[name], *GIVEN["jump"])[1][0] for name in ("held, lowered", "not held")
    }
    # 1.5 mV every 0.7 ms that count for 2 ms more a spike
    assert sum(map(len, trains["not held"])) > 1.05 * sum(map(len, trains["held, lowered"]))


def siegert(mu, sigma, tau, t_ref, V_th, V_r):
    """Rate of a LIF cell in white noise, tau dv/dt = mu - v + sigma sqrt(tau) xi (Siegert 1951)."""
    total = quad(lambda x: erfcx(-x), (V_r - mu) / sigma, (V_th - mu) / sigma, epsrel=1e-10)[0]
    return 1 / (t_ref + tau * np.sqrt(np.pi) * total)


TAU_M = C_M / G_L


@pytest.mark.slow
@pytest.mark.parametrize("mu", [-54e-3, -49e-3])
def test_a_cell_with_jumps_fires_as_siegert_says(mu):
    # Jumps of both signs at the same rate, so that the third cumulant is 0 and the fourth adds (J/sigma)^2
    # of what noise does, 2e-4. On the grid the walk is seen once a step of standard deviation s = sigma
    # sqrt(dt/tau), which lifts the threshold by 0.5826 s (Broadie, Glasserman & Kou 1997), and by what the
    # membrane decays until it is looked at.
    J, R, dt_ = 0.05e-3, 213e3, 0.05e-3
    noise = [
        b2r.Drive(f"n{k}", None, 1000, R / 1000 * Hz, kind="jump", J=s * J * 1e3 * mV)
        for k, s in enumerate((1, -1))
    ]
    found = b2r.measure_fi(
        "lif",
        I=[(mu - E_L) * G_L * 1e9] * nA,
        g=[16.7] * nS,
        noise=noise,
        dt=dt_ * second,
        duration=4.5 * second,
        warmup=0.5 * second,
        replicates=200,
        seed=2,
    )
    rate, sem = float(found.rate_[0, 0]), float(found.rate_sem_[0, 0])
    sigma = J * np.sqrt(2 * R * TAU_M)
    step = sigma * np.sqrt(dt_ / TAU_M)
    lifted = V_TH + 0.5826 * step + (V_TH - mu) * dt_ / TAU_M
    theory = siegert(mu, sigma, TAU_M, 2e-3, lifted, V_R)
    # The next order of the lift is some s^2/sigma = sigma dt/tau: by what it moves the rate.
    next_order = abs(siegert(mu, sigma, TAU_M, 2e-3, lifted + sigma * dt_ / TAU_M, V_R) - theory)
    bound = 4 * sem + next_order + 2e-3 * theory
    assert sem < 0.015 * rate
    assert rate == pytest.approx(theory, abs=bound)
    # A threshold that the grid does not lift is seen, and below threshold a tenth of the noise more.
    assert abs(rate - siegert(mu, sigma, TAU_M, 2e-3, V_TH, V_R)) > bound
    if mu < V_TH:
        assert abs(rate - siegert(mu, 1.1 * sigma, TAU_M, 2e-3, lifted, V_R)) > bound


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["current", "current_rise_decay"])
def test_a_cell_with_fast_currents_fires_as_fourcaud_and_brunel_say(kind):
    # Threshold and reset rise by alpha/2 sqrt(tau_s/tau_m) sigma with alpha = sqrt(2) |zeta(1/2)| (Fourcaud &
    # Brunel 2002, for exponential currents and cells without a refractory period). Next come terms of
    # tau_s/tau_m.
    tau_s, dt_, mu, R = 0.25e-3, 0.02e-3, -53e-3, 100e3
    sigma = 4e-3
    w = sigma * C_M / tau_s / np.sqrt(2 * R * TAU_M)
    given = dict(kind="current", tau=tau_s * second)
    if kind == "current_rise_decay":  # next to exponential: the same area
        given = dict(kind=kind, tau=tau_s * second, tau_rise=0.004e-3 * second, norm="area")
        dt_ = 0.004e-3
    noise = [
        b2r.Drive(f"n{k}", None, 1000, R / 1000 * Hz, w=sign * w * 1e9 * nA, **given)
        for k, sign in enumerate((1, -1))
    ]
    found = b2r.measure_fi(
        stepped_cell(None, False, "v = -60*mV"),
        I=[(mu - E_L) * G_L * 1e9] * nA,
        g=[16.7] * nS,
        noise=noise,
        dt=dt_ * second,
        duration=2.5 * second,
        warmup=0.5 * second,
        replicates=200 if kind == "current" else 100,
        seed=2,
    )
    rate, sem = float(found.rate_[0, 0]), float(found.rate_sem_[0, 0])
    shift = 2.0653 / 2 * np.sqrt(tau_s / TAU_M) * sigma
    # A cell is reset at the end of the step in which it crosses.
    colored = 1 / (1 / siegert(mu, sigma, TAU_M, 0.0, V_TH + shift, V_R + shift) + dt_ / 2)
    white = siegert(mu, sigma, TAU_M, 0.0, V_TH, V_R)
    bound = 4 * sem + 2 * tau_s / TAU_M * colored
    assert rate == pytest.approx(colored, abs=bound)
    assert abs(rate - white) > bound
