"""Background noise changes the slope of f-I curves: measured, and by the law of its fluctuations."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments.chords import DT_, LARGE, MIDDLE, SEED, SHUNT_, WINDOW, beside_closed_form, ratio_of
from b2reduce.experiments.script import Row
from brian2 import Hz, amp, ms, mV, nS, siemens
from scipy.optimize import curve_fit

import b2reduce as b2r
from b2reduce.cells.gain import SLOPE_LIMIT


def background(times, size=1.0):
    """Excitation and inhibition whose mean currents cancel at -57 mV.

    `times` multiplies their mean conductance, `size` the ratio of variance to mean.
    """
    excitation = b2r.Drive(
        name="exc", inputs=500, rate=4 * times / size * Hz, G=size * nS, tau=5 * ms, E=0 * mV
    )
    inhibition = b2r.Drive(
        name="inh", inputs=250, rate=4 * times / size * 57 / 23 * Hz, G=size * nS, tau=10 * ms, E=-80 * mV
    )
    return [excitation, inhibition]


def in_background(injected, drives, extra_=0.0, *, noisy=True, **settings):
    """The surface of the large cell over injected current, with a background as noise or as its mean alone,
    and a shunt of `extra_` that reverses where the background does.
    """
    means = [float(d.inputs * d.rate * d.G * d.tau) for d in drives]
    g = LARGE.si("g_L") + sum(means) + extra_
    balance = -57e-3 - LARGE.si("E_L")
    offset = sum(mean * (float(d.E) - LARGE.si("E_L")) for mean, d in zip(means, drives)) + extra_ * balance
    return b2r.measure_fi(
        LARGE,
        (injected + offset) * amp,
        [g] * siemens,
        noise=drives if noisy else None,
        seed=SEED,
        **settings,
    )


def scaled(surface, reference, injected):
    """(a, its error, s in A, its error, rms misfit in Hz) of rate(I) = a reference(I - s) over rates of 2 to
    60 Hz.

    Errors are those of the weighted fit, times the root of chi squared per degree of freedom where that
    exceeds 1: a curve that is not quite a scaled one is known no better than by how far it is from one.
    """
    rate, sem = surface.rate_[:, 0], np.hypot(surface.rate_sem_[:, 0], reference.rate_sem_[:, 0])
    here = (rate > 2) & (rate < WINDOW[1])
    law = lambda I, a, s: a * np.interp(I - s, injected, reference.rate_[:, 0])
    (a, s), cov = curve_fit(
        law, injected[here], rate[here], p0=(1.0, 0.1e-9), sigma=sem[here], absolute_sigma=True
    )
    residual = rate[here] - law(injected[here], a, s)
    widen = max(1.0, np.sqrt(np.sum((residual / sem[here]) ** 2) / (here.sum() - 2)))
    return a, widen * np.sqrt(cov[0, 0]), s, widen * np.sqrt(cov[1, 1]), float(np.sqrt(np.mean(residual**2)))


def slope_of(surface, injected):
    """(slope in Hz/A, its error) of a straight line through the rates in the window, widened by its misfit as
    in `scaled`.
    """
    rate, sem = surface.rate_[:, 0], surface.rate_sem_[:, 0]
    here = (rate > WINDOW[0]) & (rate < WINDOW[1])
    fit, cov = np.polyfit(injected[here], rate[here], 1, w=1 / sem[here], cov="unscaled")
    chi = np.sum(((rate[here] - np.polyval(fit, injected[here])) / sem[here]) ** 2) / (here.sum() - 2)
    return fit[0], np.sqrt(cov[0, 0] * max(1.0, chi))


def figure_of(long):
    """The figure, and rows of the table."""
    injected = np.linspace(0, 2.4, 193) * 1e-9
    many = dict(replicates=400 if long else 80)
    three = sum(float(d.inputs * d.rate * d.G * d.tau) for d in background(2))  # S, by which 3x exceeds 1x
    curves = {
        "1x": in_background(injected, background(1), **many),
        "2x": in_background(injected, background(2), **many),
        "3x": in_background(injected, background(3), **many),
        "32 nS, noise of 1x": in_background(injected, background(1), SHUNT_, **many),
        "conductance of 3x, noise of 1x": in_background(injected, background(1), three, **many),
        "conductance of 1x, variance of 3x": in_background(injected, background(1, size=3), **many),
    }
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), sharey=True, layout="constrained")
    shown = (
        ("1x", "2x", "3x"),
        ("1x", "conductance of 3x, noise of 1x", "conductance of 1x, variance of 3x", "3x"),
    )
    lines = dict(
        zip(
            curves,
            (("black", "-"), ("black", "--"), ("black", ":"), (None, None), ("0.45", "-."), ("0.45", "-")),
        )
    )
    for ax, names, title in zip(axes, shown, ("balanced background", "its two parts, each by itself")):
        for name in names:
            color, line = lines[name]
            ax.plot(injected * 1e9, curves[name].rate_[:, 0], color=color, linestyle=line, label=name)
        ax.set(xlabel="injected current (nA)", title=title, ylim=(0, 95), xlim=(0, 1.8))
        ax.legend(fontsize="small", loc="upper left")
    axes[0].set_ylabel("rate (Hz)")
    slopes = {name: slope_of(curves[name], injected) for name in ("1x", "2x", "3x")}
    fits = {name: scaled(surface, curves["1x"], injected) for name, surface in curves.items() if name != "1x"}
    tell = lambda name: "a = {:.2f} +- {:.2f}, s = {:+.3f} +- {:.3f} nA; misfit {:.1f} Hz".format(
        *fits[name][:2], *(1e9 * value for value in fits[name][2:4]), fits[name][4]
    )
    (a2, e2, *_), (a3, e3, *_) = fits["2x"], fits["3x"]
    shunt, only_g, only_noise = (
        fits["32 nS, noise of 1x"],
        fits["conductance of 3x, noise of 1x"],
        fits["conductance of 1x, variance of 3x"],
    )
    values = [slopes[name] for name in ("1x", "2x", "3x")]
    falls = all(
        before - after > 2 * np.hypot(error, after_error)
        for (before, error), (after, after_error) in zip(values, values[1:])
    )
    rows = [
        Row(
            f"slope at 1x, 2x, 3x, {WINDOW[0]:g}-{WINDOW[1]:g} Hz (Hz/nA)",
            "falls: the gain is divided",
            ", ".join(f"{value * 1e-9:.0f} +- {error * 1e-9:.0f}" for value, error in values),
            falls,
            source="paper",
        ),
        Row("2x as a scaled and shifted 1x, 2-60 Hz", "a < 1", tell("2x"), a2 + 2 * e2 < 1, source="paper"),
        Row(
            "3x as a scaled and shifted 1x",
            "a smaller still",
            tell("3x"),
            a3 + 2 * np.hypot(e2, e3) < a2,
            source="paper",
        ),
        # The package's own limit for "extra leak only shifts".
        Row(
            "32 nS in the noise of 1x: the shunt of Figure 1",
            "a = 1, s > 0: the curve shifts",
            tell("32 nS, noise of 1x"),
            abs(shunt[0] - 1) < SLOPE_LIMIT and shunt[2] > 2 * shunt[3],
            source="paper",
        ),
        Row(
            "conductance of 3x, noise of 1x",
            "s > 0, and a not below 1: conductance subtracts",
            f"{tell('conductance of 3x, noise of 1x')}. Steeper, since it also damps the fluctuations of the"
            " voltage",
            only_g[0] + 2 * only_g[1] > 1 and only_g[2] > 2 * only_g[3],
            source="paper",
        ),
        Row(
            "conductance of 1x, variance of 3x",
            "a < 1, s < 0: noise divides and lifts the foot of the curve",
            tell("conductance of 1x, variance of 3x"),
            only_noise[0] + 2 * only_noise[1] < 1 and only_noise[2] < -2 * only_noise[3],
            source="paper",
        ),
    ]
    # The noise gives back a part of the shift: the background is balanced below threshold, so that its
    # conductance pulls the voltage down there.
    together = only_g[2] + only_noise[2]
    rows.append(
        Row(
            "shift of 3x against the sum of the shifts of its parts (nA)",
            f"{together * 1e9:+.3f} if they added up",
            f"{fits['3x'][2] * 1e9:+.3f} +- {fits['3x'][3] * 1e9:.3f}: the noise takes back"
            f" {100 * (1 - fits['3x'][2] / only_g[2]):.0f} % of the shunt's shift",
        )
    )
    cv = [float(np.interp(MIDDLE, curves[name].rate_[:, 0], curves[name].cv_[:, 0])) for name in ("1x", "3x")]
    rows.append(
        Row(
            f"coefficient of variation of intervals at {MIDDLE:g} Hz, 1x and 3x",
            "no appreciable increase of variability",
            f"{cv[0]:.2f}, {cv[1]:.2f}: it does grow here",
            source="paper",
        )
    )
    # The mean of the background without its noise is a shunt of a cell that has a closed form.
    alone = []
    for times in (1, 3):
        g = LARGE.si("g_L") + sum(float(d.inputs * d.rate * d.G * d.tau) for d in background(times))
        low = float(b2r.rheobase(LARGE, [g] * siemens)[0] / amp)
        alone.append(
            beside_closed_form(
                b2r.measure_fi(
                    LARGE,
                    low * (1 + np.append(-1e-3, np.geomspace(1e-6, 0.6, 400))) * amp,
                    [g] * siemens,
                    dt=DT_ * 1e3 * ms,
                    seed=SEED,
                ),
                0,
                LARGE,
            )[0]
        )
    value, exact, bound = ratio_of(*alone)
    rows.append(
        Row(
            "mean of the background alone, without noise: slope at 3x over 1x",
            f"{exact:.2f} in closed form: steeper, not divided",
            f"{value:.2f} +- {bound:.2f} of the time step",
            abs(value - exact) < bound,
        )
    )
    return figure, rows
