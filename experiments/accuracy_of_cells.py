"""How accurate the f-I surfaces and gains of cells are."""

from __future__ import annotations

import time

import click
import numpy as np
from b2reduce.experiments.exact_lif import exact_interval_, rounding_

import b2reduce as b2r


def line(what, value, wanted, good=None):
    """One number, what was wanted, and whether it is so."""
    verdict = "" if good is None else "   ok" if good else "   MISSED"
    click.echo(f"  {what:<66} {value:<28} {wanted}{verdict}")


def lif():
    """The LIF cell against its closed form."""
    from brian2 import ms, nA, nS

    model = b2r.load_model("lif")
    I, g = np.linspace(0.151, 0.9, 120), np.array([10, 16.7, 30])
    means = []
    for dt in (0.1, 0.05, 0.025):
        surface = b2r.measure_fi(model, I * nA, g * nS, dt=dt * ms)
        exact = exact_interval_(model, surface.I_[:, None], surface.g_)
        counted = exact < 1 / 5.0
        error = 1 / surface.rate_[counted] - exact[counted]
        slack = rounding_(model, surface.I_[:, None], surface.g_, dt * 1e-3)[counted]
        line(
            f"dt {dt} ms: intervals off by at most, of {counted.sum()} points above 5 Hz",
            f"{np.abs(error).max() / dt * 1e3:.3f} dt",
            "<= 1 dt",
            np.all(np.abs(error) <= dt * 1e-3 + slack),
        )
        means.append(np.abs(error).mean())
        line(
            f"dt {dt} ms: mean error of the interval, {(counted.sum(axis=0)).min()} currents or more each g",
            f"{means[-1] * 1e6:.2f} us",
            "",
        )
    for coarse, fine in zip(means, means[1:]):
        line(
            "ratio of mean errors when dt is halved",
            f"{coarse / fine:.2f}",
            "2 (first order)",
            1.6 < coarse / fine < 2.5,
        )


def shriki():
    """The published fit of Shriki, Hansel & Sompolinsky (2003)."""
    from brian2 import Hz, cm, msiemens, mV, uA

    surface = b2r.measure_fi(
        "shriki2003", np.linspace(0, 4, 41) * uA / cm**2, np.linspace(0.05, 0.15, 5) * msiemens / cm**2
    )
    fit = b2r.fit_gain(surface, rates=(0 * Hz, 80 * Hz))
    for name, value, published, within in (
        ("beta (Hz cm2/uA)", fit.beta / (Hz * cm**2 / uA), 35.4, 1.2),
        ("I_c (uA/cm2)", fit.I_theta / (uA / cm**2), 0.65, 0.07),
        ("V_c (mV)", fit.v_theta / mV, 5.6, 0.8),
    ):
        line(
            f"Shriki 2003, {name}, 0-80 Hz, {fit.points} points",
            f"{float(value):.3f}",
            f"{published} +- {within}",
            abs(value - published) <= within,
        )


def cells():
    """One rate unit a cell on random in-degrees: rates over cells."""
    from brian2 import second

    circuit = b2r.load_circuit("ei_lif")
    data = circuit.to_dict()
    for projection in data["projections"]:
        projection["probability"] = (
            projection.pop("in_degree") / circuit.populations[projection["source"]].size
        )
    circuit = b2r.Circuit.from_dict(data)
    start = time.perf_counter()
    run = b2r.simulate_spikes(circuit, duration=2.5 * second, seed=1, record=0)
    spent = time.perf_counter() - start
    for level, noise in (("linear", "matched"), ("transfer", "renewal")):
        reduced = b2r.reduce(circuit, level=level, noise=noise, cells=True, seed=1)
        start = time.perf_counter()
        rates = b2r.simulate_rates(reduced, duration=2.5 * second, seed=1)
        line(
            f"{level}: 5000 units, time against that of the spiking network",
            f"{time.perf_counter() - start:.2f} s of {spent:.2f} s",
            "faster",
            time.perf_counter() - start < spent,
        )
        table = b2r.compare(run, rates, after=0.5 * second).cells
        for name in circuit.populations:
            own = table.loc[name]
            line(
                f"{level}, {name}: mean and sd without counting, spiking",
                f"{own.spiking['mean']:.2f}, {own.spiking['sd without counting']:.2f} Hz",
                "",
            )
            line(
                f"{level}, {name}: mean and sd without counting, rate model",
                f"{own.rate['mean']:.2f}, {own.rate['sd without counting']:.2f} Hz",
                "",
            )
            quantiles = [key for key in own.index if key.endswith("%")]
            line(
                f"{level}, {name}: quantiles {', '.join(quantiles)}, spiking",
                ", ".join(f"{own.spiking[key]:.1f}" for key in quantiles),
                "",
            )
            line(
                f"{level}, {name}: quantiles, rate model counted",
                ", ".join(f"{own.rate[key]:.1f}" for key in quantiles),
                "",
            )
