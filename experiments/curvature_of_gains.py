"""Curvature of steady gains, with and without adaptation."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments.script import Row
from b2reduce.experiments.two_adaptations import GATE_, KINDS, LEAKS, RATES, SEED, SHUNTS, cell
from brian2 import Hz, cm, uA

import b2reduce as b2r


def curvature(adaptation, leak_):
    """By how much of its mean the slope of a(r) changes, at one leak, over the rates measured.

    Of a parabola through it.
    """
    here = adaptation.curve.iloc[:, 1] == leak_
    r, a = adaptation.curve.iloc[:, 0][here].to_numpy(), adaptation.curve.iloc[:, 2][here].to_numpy()
    square, linear, _ = np.polyfit(r, a, 2)
    return float(np.max(np.abs(2 * square * r + linear - np.polyfit(r, a, 1)[0]))) / np.polyfit(r, a, 1)[0]


def figure_of(long):
    """The figure, and rows of the table."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    rows = []
    for ax, kind in zip(axes, ("I_M", "I_AHP")):
        adaptation = b2r.measure_adaptation(cell(kind), g=SHUNTS, rates=RATES * Hz, seed=SEED)
        b2r.plots.plot_adaptation(adaptation, ax=ax)
        ax.set_title(kind)
        wanted = "voltage-driven" if kind == "I_M" else "spike-driven"
        rows.append(
            Row(f"{kind}: what drives it", wanted, adaptation.kind, adaptation.kind == wanted, source="paper")
        )
        # tau is found with a(r) taken as straight: it is off by no more than the slope of a(r) changes over
        # these rates.
        tau, error = adaptation.tau_ * 1e3, float(np.asarray(adaptation.tau_stderr)) * 1e3
        bias = 1e3 * GATE_ * curvature(adaptation, LEAKS[0] * 10.0)
        rows.append(
            Row(
                f"{kind}: time constant (ms)",
                f"{1e3 * GATE_:g} of the gate; {bias:.0f} may come from a(r) not being straight",
                f"{tau:.1f} +- {error:.1f}",
                abs(tau - 1e3 * GATE_) < bias + 2 * error,
            )
        )
        J, J_error = adaptation.J_ * 100, float(np.asarray(adaptation.J_stderr)) * 100
        there = (
            f", {float(np.asarray(adaptation.a_0)) * 100:.1f} µA/cm² before any spike, rising by"
            f" {float(np.asarray(adaptation.rise)) * 1e3:.1f} mV with the shunt"
            if kind == "I_M"
            else ", none before a spike"
        )
        rows.append(
            Row(
                f"{kind}: current it takes away for each Hz (µA/cm²)",
                "not known",
                f"{J:.3f} +- {J_error:.3f}{there}",
                source="paper",
            )
        )
    warned = {}
    for kind in KINDS:
        surface = b2r.measure_fi(cell(kind), np.linspace(30, 160, 131) * uA / cm**2, SHUNTS, seed=SEED)
        fit = b2r.fit_gain(surface, rates=(0, 100) * Hz)
        warned[kind] = fit.warnings
        rows.append(
            Row(
                f"{kind}: the linear law over 0-100 Hz",
                "straightened" if kind == "I_AHP" else "poor: the package must say so",
                f"r2 {fit.r2:.2f}, {len(fit.warnings)} warnings",
                (not fit.warnings) if kind == "I_AHP" else bool(fit.warnings),
            )
        )
    return figure, rows
