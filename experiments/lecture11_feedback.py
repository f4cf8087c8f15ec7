"""Uniform feedback and binary units, behind `lecture11`."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
from b2reduce.experiments.lecture11_cells import SEED, circuit, lif, surfaces
from b2reduce.experiments.lecture11_laws import LINES
from brian2 import Hz, amp, pcoulomb, second
from scipy.integrate import solve_ivp

import b2reduce as b2r
from b2reduce.basics.streams import seed_streams

REGIMES = ((100e-12, 0.5), (100e-12, 2.0), (-100e-12, 0.5), (-100e-12, 1.5), (0.0, 0.5), (0.0, 1.0))
BETA_, TAU_ = 250e9, 10e-3  # Hz/A, s, of the uniform networks
STEP_AT_, RUN_ = 0.2, 0.5  # s


@lru_cache
def feedback_population(tau, rates, dt_):
    """(ReducedCircuit, Activity) of E cells that excite themselves, on the gain of constant currents.

    The drive steps at `STEP_AT_`.
    """
    fit = b2r.fit_gain(surfaces()[2], rates=(5 * Hz, 60 * Hz))
    entry = next(each for each in circuit().projections if (each.source, each.target) == ("E", "E"))
    drive = circuit().drive("ext", "E")
    population = b2r.Circuit(
        name="feedback",
        populations={"E": b2r.Population(lif(), 100)},
        drives=[drive],
        projections=[
            b2r.Projection(source="E", target="E", in_degree=20, G=entry.G, tau=entry.tau, E=entry.E)
        ],
    )
    reduced = b2r.reduce(population, noise="none", gains={"E": fit}, tau=tau)
    return reduced, b2r.simulate_rates(
        reduced,
        duration=RUN_ * second,
        drives={"ext": ([0, STEP_AT_] * second, list(rates) * Hz)},
        dt=dt_ * second,
    )


def uniform(N, loop, theta_, start_, duration_):
    """N units tau dmu/dt = -mu + W_o sum r - theta, r = beta [mu]_+ with beta N W_o = loop, from rates
    `start_`: (times in s, rates (unit, time)).
    """
    W_o = loop / (BETA_ * N)
    f = lambda mu: BETA_ * np.maximum(mu, 0.0)
    slope = lambda t, mu: (-mu + W_o * f(mu).sum() - theta_) / TAU_
    t = np.linspace(0, duration_, 201)
    found = solve_ivp(
        slope,
        (0, duration_),
        np.broadcast_to(start_, N) / BETA_,
        t_eval=t,
        rtol=1e-9,
        atol=1e-18,
        max_step=TAU_ / 5,
    )
    return t, f(found.y)


@lru_cache
def binary_states():
    """Both lines of equation 11.38 for all states of ten units and of the external one.

    (states, line 1, line 2 without theta', theta, W, W_ext), in whole numbers.
    """
    rng = np.random.default_rng(seed_streams(SEED, 6))
    W, W_ext, theta = rng.integers(-4, 4, (10, 10)), rng.integers(-3, 4, 10), rng.integers(-8, 3, 10)
    W_ext[W_ext == 0] = 2
    S = np.array(list(product((-1, 1), repeat=11)))
    line1 = ((S[:, :10] + 1) // 2) @ W.T + (S[:, 10:] + 1) // 2 * W_ext - theta
    line2 = S[:, :10] @ W.T + S[:, 10:] * W_ext
    return S, line1, line2, theta, W, W_ext


def feedback_at(theta, loop):
    """What the package says of a uniform network."""
    return b2r.UniformFeedback.from_parameters(
        beta=BETA_ * Hz / amp, W=loop / BETA_ * 1e12 * pcoulomb, theta=theta * amp, tau=TAU_ * second
    )


def starts(feedback):
    """Rates to start from: 0, and below and above the fixed point, or 20 Hz."""
    active = [float(point) for point, _ in feedback.points if float(point) > 0]
    return (0.0, 0.8 * active[0], 1.2 * active[0]) if active else (0.0, 16.0, 24.0)


def draw_regimes(ax, sign):
    """Trajectories of a uniform network with a positive or a negative threshold."""
    for (theta, loop), line in zip([regime for regime in REGIMES if np.sign(regime[0]) == sign], LINES):
        feedback = feedback_at(theta, loop)
        for number, start in enumerate(starts(feedback)):
            t, r = uniform(1, loop, theta, start, 0.06)
            ax.plot(
                t * 1e3,
                r[0],
                color="black",
                linestyle=line,
                label=rf"$\beta N W_o$ = {loop:g}" if number == 0 else None,
            )
        if points := [float(point) for point, _ in feedback.points if float(point) > 0]:
            ax.axhline(
                points[0],
                color="0.7",
                linewidth=3,
                zorder=0,
                label=f"$r^*$, {'stable' if feedback.regime == 'active' else 'unstable'}",
            )
    ax.set(
        xlabel="time (ms)",
        ylabel="mean rate (Hz)",
        title=rf"11.37: $\theta$ = {100 * sign:+d} pA",
        ylim=(-2, 110),
        xlim=(0, 60),
    )
    ax.legend(fontsize="x-small", loc="upper right")
