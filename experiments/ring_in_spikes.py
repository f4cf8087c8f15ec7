"""A ring in spikes beside the theory of it: tuning that is kept, and tuning that turns."""

from __future__ import annotations

import numpy as np
from b2reduce.experiments.ring_boundaries import SEED
from b2reduce.experiments.script import Row
from brian2 import Hz, second

import b2reduce as b2r


def modulation_of(x, rates, sem=None):
    """Modulation 2 |sum r e^(2ix)|/sum r, and what standard errors of single rates make of it."""
    mode = rates @ np.exp(2j * x)
    found = 2 * np.abs(mode) / rates.sum()
    return found, (
        None
        if sem is None
        else np.sqrt(np.sum(((2 * np.cos(2 * x - np.angle(mode)) - found) * sem) ** 2)) / rates.sum()
    )


def once_through(reduced, curves, tuned=True):
    """Rates of E over the bins of tuning curves, {population: rates}, that a reduction gives for the inputs
    that have these rates.

    Nothing is fed back, and what it errs is the level's own error. Not tuned, projections carry the mean over
    all angles.
    """
    circuit, bins = reduced.circuit, len(curves["E"])
    x = (np.arange(bins) + 0.5) * np.pi / bins - np.pi / 2
    profiles = dict(zip(circuit.labels, (projection.profile for projection in circuit.projections)))
    carried = {}
    for p in circuit.pathways("E"):
        if p.is_drive:
            drive = circuit.drive(p.source, "E")
            carried[p.label] = drive.rate_ * (1.0 if drive.profile is None else drive.profile(x)) + np.zeros(
                bins
            )
        elif profiles[p.label] is None or not tuned:
            carried[p.label] = np.full(bins, curves[p.source].mean())
        else:
            carried[p.label] = profiles[p.label](x[:, None] - x) @ curves[p.source] / bins
    return np.asarray(reduced.functions_["E"](*reduced.carried_arguments_("E", carried)), dtype=float)


def beside(name, ax, contrasts, level, duration, seeds):
    """Draw tuning curves of a spiking ring of the library at some rates of its input, the ring of rates and
    single cells beside them; return rows.

    Parameters
    ----------
    name : str
    ax : Axes
    contrasts : sequence of float
        Rates of each input in Hz.
    level : str
        Of the reduction.
    duration : float
        Of a run in s, whose first half second is left out.
    seeds : int
    """
    rows = []
    for rate, line, marker in zip(contrasts, ("-", "--", ":"), "os^"):
        circuit = b2r.load_circuit(name).replace({"drive.ext.rate": rate * Hz})
        runs = [
            b2r.simulate_spikes(circuit, duration=duration * second, seed=seed, record=0)
            for seed in range(SEED, SEED + seeds)
        ]
        bins = 18 if circuit.populations["E"].size >= 1000 else 12
        table = b2r.tuning_curve(runs, circuit, after=0.5 * second, bins=bins)
        curves = {
            population: table.loc[table["population"] == population, "rate [Hz]"].to_numpy()
            for population in table["population"].unique()
        }
        spiking, of_E = curves["E"], table["population"] == "E"
        degrees, sem = table.loc[of_E, "angle [deg]"].to_numpy(), table.loc[of_E, "sem [Hz]"].to_numpy()
        reduced = b2r.reduce(circuit, level=level, seed=SEED)
        profile = b2r.ring_profile(reduced)
        cells = b2r.simulate_rates(
            b2r.reduce(circuit, level=level, seed=SEED, cells=True), duration=0.4 * second, seed=SEED
        )
        by_cell = b2r.tuning_curve(cells, circuit, after=0.3 * second, bins=bins)
        by_cell = by_cell[by_cell["population"] == "E"]["rate [Hz]"].to_numpy()
        x, fine, half = np.deg2rad(degrees), np.degrees(profile.angles_), 90 / bins
        ring = np.array(
            [profile.rate_[0][(fine >= centre - half) & (fine < centre + half)].mean() for centre in degrees]
        )
        opened, untuned = once_through(reduced, curves), once_through(reduced, curves, tuned=False)
        ax.errorbar(
            degrees,
            spiking,
            sem,
            color="0.5",
            linestyle="",
            marker=marker,
            markersize=5,
            label=f"spiking, {rate:g} Hz input",
        )
        ax.plot(
            fine, profile.rate_[0], color="black", linestyle=line, label=f"ring of rates, {rate:g} Hz input"
        )
        ax.plot(
            degrees,
            by_cell,
            color="black",
            linestyle="",
            marker="x",
            markersize=4,
            label="cell by cell" if line == "-" else None,
        )
        top = int(np.argmax(spiking))
        off = lambda other: f"{np.max(np.abs(other - spiking)):.1f}"
        # How far a level may be off at one angle nothing here derives: the error of its gain, seen once
        # through, comes back through the feedback.
        rows.append(
            Row(
                f"{name}, {rate:g} Hz input, level {level}: peak (Hz), and largest error at an angle",
                f"{spiking[top]:.1f} +- {sem[top]:.1f}",
                f"ring {ring.max():.1f} (off by {off(ring)}), cell by cell {by_cell.max():.1f}"
                f" ({off(by_cell)}), once through at the spiking rates {opened.max():.1f} ({off(opened)})",
                None,
                "spiking",
            )
        )
        (modulation, error), ring_, cells_, flat = (
            modulation_of(x, spiking, sem),
            modulation_of(x, ring)[0],
            modulation_of(x, by_cell)[0],
            modulation_of(x, untuned)[0],
        )
        # The claim: tuned coupling sharpens, in spikes by far more than chance, and the ring has most of it.
        rows.append(
            Row(
                f"the same: modulation of rates; {flat:.2f} if the coupling were not tuned",
                f"{modulation:.3f} +- {error:.3f}",
                f"ring {ring_:.3f}, cell by cell {cells_:.3f}",
                modulation - 4 * error > flat
                and all(abs(other - modulation) < (modulation - flat) / 2 for other in (ring_, cells_)),
                "spiking",
            )
        )
    ax.set(
        xlabel="preferred orientation (degrees)",
        ylabel="rate (Hz)",
        xticks=[-90, -45, 0, 45, 90],
        ylim=(0, None),
        title=name,
    )
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return rows
