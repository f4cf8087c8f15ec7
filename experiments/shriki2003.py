"""Rate models for conductance-based cells (Shriki, Hansel & Sompolinsky 2003): the linear law, its weights,
and networks beside it.

An A-type potassium current makes the f-I curve straight, and leak shifts it: r = beta [I - I_c - V_c g_L]_+.
The weights of the rate model follow, W = G tau (E - E_L - V_c). They are checked with Poisson conductances of
three kinds, excitatory, inhibitory and shunting, the last of which acts through V_c alone; in a recurrent
network; and in a hypercolumn.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments.linear_law import PUBLISHED, SEED, WINDOW, WINDOWS, bends, errors, law
from b2reduce.experiments.recurrent_in_noise import figure_of
from b2reduce.experiments.ring_in_spikes import beside
from b2reduce.experiments.script import Row, run
from brian2 import Hz, cm, ms, msiemens, mV, second, uA, usiemens

import b2reduce as b2r

TITLE = "The Shriki cell: a linear law with a shift by leak"
DOI = "doi:10.1162/08997660360675053"
MINUTES = (1.3, 3.5)  # short, long
PICTURES = ("fig1", "fig2")
DEPARTURES = (
    (
        "beta, I_c and V_c are quoted without errors, and the window of rates that the paper fitted is not"
        " known to us. 0-80 Hz is the window that agrees best; the others are listed."
    ),
    (
        "The networks and their weights were chosen for this package; no number of the paper's own networks"
        " is known to us."
    ),
)


# %%
def fig1(long=False):
    """Rate over current for leaks of 0.05 to 0.15 mS/cm2, with and without the A-current, and the law fitted
    to it.
    """
    g = np.linspace(0.05, 0.15, 5 if long else 3) * msiemens / cm**2
    I = np.linspace(0, 4, 81 if long else 41) * uA / cm**2
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True, layout="constrained")
    rows, bent, fits = [], {}, {}
    for ax, (title, change) in zip(
        axes, (("with the A-current", {}), ("without", {"g_A": 0 * msiemens / cm**2}))
    ):
        surface = b2r.measure_fi("shriki2003", I, g, parameters=change, seed=SEED)
        fits[title] = fit = b2r.fit_gain(surface, rates=WINDOW * Hz)
        b2r.plots.plot_fi(surface, fit, ax=ax)
        ax.set(title=title, ylim=(0, 165))
        bent[title] = bends(surface)
        if change:
            continue
        for name, (published, digit, unit, _) in PUBLISHED.items():
            value, error = law(fit)[name], errors(fit)[name]
            # Rounded as printed, and two standard errors: how far the law lies from these points.
            rows.append(
                Row(
                    f"{name}, {WINDOW[0]}-{WINDOW[1]} Hz ({unit})",
                    f"{published:g}",
                    f"{value:.3f} +- {error:.3f}",
                    abs(value - published) < digit + 2 * error,
                    source="paper",
                )
            )
        for window in WINDOWS:
            other = b2r.fit_gain(surface, rates=window * Hz)
            shown = ", ".join(f"{law(other)[name]:.2f} +- {errors(other)[name]:.2f}" for name in PUBLISHED)
            rows.append(
                Row(
                    f"beta, I_c, V_c over {window[0]}-{window[1]} Hz",
                    "35.4, 0.65, 5.6, window not known",
                    shown,
                    source="paper",
                )
            )
    shown = [f"{min(values):.1f} to {max(values):.1f} {title}" for title, values in bent.items()]
    rows.append(
        Row(
            "distance of each curve from a straight line, 1-80 Hz, rms (Hz)",
            "the A-current makes the curve straight",
            ", ".join(shown),
            max(bent["with the A-current"]) < min(bent["without"]),
            source="paper",
        )
    )
    told = [warning for warning in fits["without"].warnings]
    rows.append(
        Row(
            "does the fit say where the law is poor?",
            "with the A-current no warning, without it at least one",
            f"{len(fits['with the A-current'].warnings)} with; without:"
            f" {'; '.join(told).split(':')[0] or 'none'}",
            not fits["with the A-current"].warnings and bool(told),
        )
    )
    return figure, rows


# %%
INPUTS, TAU_ = 100, 5e-3
# G in S/m2, E in V
KINDS = {"excitation": (4e-2, 0.0), "inhibition": (8e-2, -80e-3), "shunt": (8e-2, -65e-3)}


def drive(kind):
    G_, E_ = KINDS[kind]
    return b2r.Drive(
        name=kind,
        inputs=INPUTS,
        rate=10 * Hz,
        G=G_ * 1e2 * usiemens / cm**2,
        tau=TAU_ * 1e3 * ms,
        E=E_ * 1e3 * mV,
    )


def fig2(long=False):
    """The weights of Poisson conductances.

    Rates over grids of excitation with inhibition and with a shunt, against beta [sum W r - theta].
    """
    model = b2r.load_model("shriki2003")
    leak, E_L = model.si("g_L"), model.si("E_L")
    r_e, r_x = np.linspace(8, 20, 9 if long else 5), np.linspace(0, 12, 7 if long else 4)
    # The law that was fitted to constant currents, nothing else; over all windows of fig1, which say how well
    # its numbers are known.
    surface = b2r.measure_fi(
        model, np.linspace(0, 4, 41) * uA / cm**2, [0.05, 0.1, 0.15] * msiemens / cm**2, seed=SEED
    )
    laws = [law(b2r.fit_gain(surface, rates=window * Hz)) for window in (WINDOW, *WINDOWS)]
    W = lambda kind, numbers: INPUTS * KINDS[kind][0] * TAU_ * (KINDS[kind][1] - E_L - numbers["V_c"] * 1e-3)
    slope = lambda kind, numbers: numbers["beta"] * 1e2 * W(kind, numbers)
    theta = laws[0]["I_c"] * 1e-2 + leak * laws[0]["V_c"] * 1e-3
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 4), sharey=True, layout="constrained")
    measured, rows = {}, []
    for ax, kind in zip(axes, ("inhibition", "shunt")):
        transfer = b2r.measure_transfer(
            model,
            [drive("excitation"), drive(kind)],
            {"excitation": r_e * Hz, kind: r_x * Hz},
            replicates=80 if long else 30,
            duration=2 * second,
            seed=SEED,
        )
        rate, sem = transfer.rate_, transfer.rate_sem_
        predicted = (
            laws[0]["beta"]
            * 1e2
            * np.maximum(W("excitation", laws[0]) * r_e[:, None] + W(kind, laws[0]) * r_x - theta, 0)
        )
        for j, (h, marker) in enumerate(zip(r_x, "os^DvPX")):
            ax.errorbar(
                predicted[:, j],
                rate[:, j],
                sem[:, j],
                color="black",
                linestyle="",
                marker=marker,
                markerfacecolor="white" if j % 2 else "black",
                label=f"{h:g} Hz",
            )
        top = max(predicted.max(), rate.max()) * 1.05
        ax.plot([0, top], [0, top], color="0.6", linestyle="-")
        ax.set(
            xlabel="rate by W = G tau (E - E_L - V_c) (Hz)",
            title=f"excitation and {kind}",
            xlim=(0, top),
            ylim=(0, top),
        )
        ax.legend(
            title=f"each {'inhibitory' if kind == 'inhibition' else 'shunting'} input",
            fontsize="small",
            loc="upper left",
        )
        # Above the corner that noise rounds.
        here = (rate > 10) & (predicted > 10)
        e, x = np.meshgrid(r_e, r_x, indexing="ij")
        design = np.stack([e[here], x[here], np.ones(here.sum())], axis=1) / sem[here][:, None]
        found, *_ = np.linalg.lstsq(design, rate[here] / sem[here], rcond=None)
        residual = rate[here] / sem[here] - design @ found
        cov = np.linalg.inv(design.T @ design) * max(1.0, np.sum(residual**2) / (here.sum() - 3))
        measured[kind] = (found, cov, rate, predicted)
    axes[0].set_ylabel("rate measured (Hz)")
    for kind, (found, cov, _, _) in (
        (name, measured["shunt" if name == "shunt" else "inhibition"]) for name in KINDS
    ):
        number = 0 if kind == "excitation" else 1
        value, error = found[number], np.sqrt(cov[number, number])
        expected = [slope(kind, numbers) for numbers in laws]
        low, high = min(expected), max(expected)
        rows.append(
            Row(
                f"dr/dr of {kind}, beta W (Hz/Hz)",
                f"{expected[0]:.2f}; {low:.2f} to {high:.2f} over the windows of the law",
                f"{value:.2f} +- {error:.2f}",
                low - 2 * error < value < high + 2 * error,
            )
        )
    found, cov, _, _ = measured["inhibition"]
    ratio = found[1] / found[0]
    ratio_error = abs(ratio) * np.sqrt(
        cov[0, 0] / found[0] ** 2 + cov[1, 1] / found[1] ** 2 - 2 * cov[0, 1] / (found[0] * found[1])
    )
    expected = [W("inhibition", numbers) / W("excitation", numbers) for numbers in laws]
    rows.append(
        Row(
            "effect of inhibition over that of excitation, W_i/W_e: a single gain cancels",
            f"{expected[0]:.3f}; {min(expected):.3f} to {max(expected):.3f}",
            f"{ratio:.3f} +- {ratio_error:.3f}",
            min(expected) - 2 * ratio_error < ratio < max(expected) + 2 * ratio_error,
        )
    )
    for kind, (_, _, rate, predicted) in measured.items():
        above, below = rate > 10, (rate <= 10) & (rate > 0)
        rows.append(
            Row(
                f"rate less that of the law, excitation and {kind}: above 10 Hz, and below (Hz)",
                "small; below, noise rounds the corner",
                f"mean {np.mean((rate - predicted)[above]):+.1f}, at most"
                f" {np.abs(rate - predicted)[above].max():.1f} of up to {rate.max():.0f}; below mean"
                f" {np.mean((rate - predicted)[below]):+.1f}",
            )
        )
    return figure, rows


# %%
def fig3(long=False):
    """A recurrent population of these cells in spikes, beside its rate model with the gain in noise and with
    the law of constant currents.
    """
    return figure_of(long)


# %%
def fig4(long=False):
    """A hypercolumn of Shriki cells, spiking beside the ring of the linear rate model."""
    figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
    return figure, beside(
        "ring_shriki", ax, (12, 14) if long else (14,), "linear", 2.0 if long else 1.2, 3 if long else 2
    )


# %%
if __name__ == "__main__":
    run(globals())
