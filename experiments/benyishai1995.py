"""A hypercolumn in spikes and in theory (Ben-Yishai, Bar-Or & Sompolinsky 1995; Shriki, Hansel & Sompolinsky
2003).

Excitation between cells falls off with the difference of their preferred orientations and inhibition does
not: the ring sharpens a weakly tuned input, and above a critical modulation of its coupling, J2 = 2, it makes
a bump by itself. The bump is as wide at any contrast, and when the input turns it travels through the
orientations between, slowly, where a ring without tuned coupling fades from one to the other.

The exact states of the threshold-linear ring stand beside integration of its units, and beside a network of
spiking cells and its reduction.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments.script import Row, run
from brian2 import Hz, second

import b2reduce as b2r

TITLE = "The ring: homogeneous, marginal and unstable; spiking cells beside it"
DOI = "doi:10.1073/pnas.92.9.3844"
SEED = 1
MINUTES = (0.8, 1.5)  # short, long
PICTURES = ("fig1", "fig3")
DEPARTURES = (
    (
        "Weights of the spiking ring were chosen for this package; the theory's conditions are those of the"
        " paper, in units of the gain."
    ),
    "Profiles shape who is connected (the probability of a synapse), not the strength of single synapses.",
    (
        "The paper's correlations between cells, whose long tails tell of the same slow turning, are not"
        " reproduced. The ring of the cells of Shriki et al. is in shriki2003."
    ),
)

UNITS = 512  # of integrated rings
SPACING_ = np.pi / UNITS  # radians


def grid_errors(ring):
    """(radians, relative) by which half width and peak of a bump of UNITS units may differ from the exact
    ones.

    A sum over units errs where rates have a kink, by less than slope times spacing^2/12 a kink: of [cos 2a -
    cos 2c]_+, whose two slopes are 2 sin 2c, the means err by e0 = sin 2c spacing^2/(3 pi) and, with cos 2a
    and sin 2a, by less. Feedback makes of these changes J0 e0 and J2 e0 of the input (1 - M)^-1 as much.
    """
    state = ring.state
    if state.kind != "narrow":
        return 0.0, 0.0
    c, A = state.cut, state.amplitude
    e0 = np.sin(2 * c) * SPACING_**2 / (3 * np.pi)
    p, q, tuned = 2 * c / np.pi, np.sin(2 * c) / np.pi, (c + np.sin(4 * c) / 4) / np.pi
    M = np.array([[ring.J0 * p, ring.J0 * q], [ring.J2 * q, ring.J2 * tuned]])
    offset, amplitude = np.abs(np.linalg.inv(np.eye(2) - M)) @ np.abs([ring.J0 * A * e0, ring.J2 * A * e0])
    # The largest rate is that of a unit within half a spacing of the peak, where the cosine has fallen by
    # spacing^2/2.
    peak = (offset + amplitude) / state.peak + A * SPACING_**2 / (2 * state.peak)
    # Half of the maximum is at cos 2w = (peak/2 - offset)/A; between units a straight line stands for a
    # cosine of curvature 4 A; and the bump stands where its mode 2, A f2, points, to e0.
    f2 = (c - np.sin(4 * c) / 4) / np.pi
    width = ((offset + state.peak * peak) / A + SPACING_**2 / 2) / (2 * np.sin(2 * state.half_width)) + (
        e0 / (2 * f2) if state.marginal else 0.0
    )
    return width, peak


def half_width_(x, rates):
    """Half width at half maximum, radians, of a bump that falls off on both sides of 0."""
    order = np.argsort(np.abs(x))
    return np.interp(-rates.max() / 2, -rates[order], np.abs(x[order]))


def integrated(ring, **how):
    """(angles from the centre of what is tuned, rates) where integration of UNITS units ends."""
    a, m = ring.simulate(units=UNITS, seed=SEED, **how)
    at = np.angle(m @ np.exp(2j * a)) / 2 if ring.state.marginal else 0.0
    x = (a - at + np.pi / 2) % np.pi - np.pi / 2
    order = np.argsort(x)
    return x[order], m[order]


# %%
def fig1(long=False):
    """Phases of the ring, and its bumps: exact and by integration of 512 units."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
    J2 = np.linspace(0, 8, 201)
    left.plot(J2, [b2r.Ring(J0=0, J2=j).largest_J0 for j in J2], color="black")
    left.axvline(2, ymax=5 / 7.6, color="black", linestyle="--")
    for x, y, text in (
        (0.15, -2.5, "homo-\ngeneous"),
        (2.3, -3.2, "marginal:\na bump by itself"),
        (3.6, 0.9, "amplitude-unstable"),
    ):
        left.text(x, y, text)
    left.set(
        xlabel="modulation of the coupling, $J_2$",
        ylabel="mean of the coupling, $J_0$",
        xlim=(0, 8),
        ylim=(-4, 3.6),
        title="(a) phases",
    )
    rows, off = [], []
    for number, (J0, J2_, tuning) in enumerate(
        [(-2, 1, 0.2), (-4, 4, 0.05), (-4, 6, 0.0), (-2, 3, 0.1)]
        + ([(-8, 7, 0.02), (-1, 2.5, 0.0)] if long else [])
    ):
        ring = b2r.Ring(J0=J0, J2=J2_, tuning=tuning)
        x, y = integrated(ring, duration=6.0)
        fine = np.linspace(-np.pi / 2, np.pi / 2, 400)
        if number < 4:
            right.plot(
                np.degrees(fine),
                ring.state.rates(fine),
                color="black",
                linestyle=("-", "--", "-.", ":")[number],
                label=f"$J_0$ = {J0}, $J_2$ = {J2_}, $\\epsilon$ = {tuning:g}",
            )
            right.plot(
                np.degrees(x[::8]),
                y[::8],
                color="0.5",
                linestyle="",
                marker="os^D"[number],
                markersize=3.5,
                zorder=1,
            )
        (width_bound, peak_bound), width, peak = (
            grid_errors(ring),
            half_width_(x, y) - ring.state.half_width,
            y.max() / ring.state.peak - 1,
        )
        off.append((abs(width), width_bound, abs(peak), peak_bound))
    right.set(
        xlabel="angle from the centre (degrees)",
        ylabel="rate / contrast",
        xticks=[-90, -45, 0, 45, 90],
        ylim=(-0.05, 2.4),
        title="(b) bumps: exact (lines), integrated (marks)",
    )
    right.legend(fontsize="small", loc="upper center", ncols=2)
    for what, values, bounds, scale in (
        ("half width of the bump, integrated less exact (deg)", 0, 1, 180 / np.pi),
        ("peak of the bump, the same, relative", 2, 3, 1.0),
    ):
        found, allowed = np.array(off)[:, values] * scale, np.array(off)[:, bounds] * scale
        listed = lambda numbers: ", ".join(f"{value:.1e}" for value in numbers)
        rows.append(
            Row(
                f"{what}, of {len(off)} rings",
                f"0, up to {listed(allowed)} by the spacing of units",
                listed(found),
                np.all(found <= allowed),
            )
        )
    rows += boundaries(left)
    left.legend(fontsize="small", loc="upper right")
    return figure, rows


def boundaries(ax):
    """Rows: where bumps and where runaway begin, by integration to either side.

    Marks on the diagram of phases.
    """
    rows, growth = [], []
    a = np.arange(UNITS) * SPACING_ - np.pi / 2
    for J2 in (1.95, 2.05):
        ring, bump = b2r.Ring(J0=-2, J2=J2), []
        for duration in (0.05, 0.1):
            # A ripple so small that all units fire: each mode grows by itself.
            angles, m = ring.simulate(duration=duration, units=UNITS, initial=(1 + 1e-3 * np.cos(2 * a)) / 3)
            bump.append(abs(m @ np.exp(2j * angles)))
        growth.append(np.log(bump[1] / bump[0]) / (0.05 / ring.tau))
        ax.plot(
            J2,
            -2,
            color="black",
            marker="o",
            mfc="black" if growth[-1] > 0 else "white",
            ms=5,
            ls="none",
            label=f"a ripple {'grows' if growth[-1] > 0 else 'dies away'}",
        )
    # Linear, and integrated to 1e-9 of the rates, 1e-6 of a ripple of 1e-3.
    rows.append(
        Row(
            "growth of a ripple in 1/tau at J2 = 1.95, 2.05: it breaks the symmetry from J2 = 2 on",
            "J2/2 - 1 = -0.025, +0.025",
            ", ".join(f"{value:+.6f}" for value in growth),
            np.all(np.abs(np.array(growth) - [-0.025, 0.025]) < 1e-6),
        )
    )
    for J2 in (1.0, 3.0, 6.0):
        boundary, ends = b2r.Ring(J0=0, J2=J2).largest_J0, []
        for sign in (-1, 1):
            ring = b2r.Ring(J0=boundary + 0.02 * sign * max(abs(boundary), 1), J2=J2)
            try:
                ends.append(ring.simulate(duration=12.0, units=UNITS, seed=SEED)[1].max())
            except FloatingPointError:
                ends.append(np.inf)
            ax.plot(
                J2,
                ring.J0,
                color="black",
                marker="s",
                mfc="white" if np.isfinite(ends[-1]) else "black",
                ms=4,
                ls="none",
                label=None if J2 > 1 else "comes to rest" if np.isfinite(ends[-1]) else "runs away",
            )
            if sign < 0:
                # What the slowest even mode leaves at the end, and the grid.
                wanted, within = (
                    ring.state.peak,
                    grid_errors(ring)[1] + np.exp(np.max(ring.state.eigenvalues[:2]) * 12.0 / ring.tau),
                )
        rows.append(
            Row(
                f"J2 = {J2:g}: peak with J0 2 % below and above {boundary:.3f}",
                f"{wanted:.2f} +- {wanted * within:.2f}; none",
                f"{ends[0]:.2f}; " + ("runs away" if np.isinf(ends[1]) else f"{ends[1]:.2f}"),
                abs(ends[0] - wanted) <= within * wanted and np.isinf(ends[1]),
            )
        )
    return rows


# %%
CONTRASTS, THRESHOLD = (1.0, 2.0, 4.0), 0.5
TURN = np.radians(60)


def turned(ring, duration, steps):
    """(times in tau, angle of mode 2 in radians, its size over that at rest) after the input has turned by 60
    degrees, to 0.
    """
    a = np.arange(UNITS) * SPACING_ - np.pi / 2
    rest, m = ring.state.rates(a), ring.state.rates(a - TURN)
    modes = [m @ np.exp(2j * a)]
    for _ in range(steps):
        a, m = ring.simulate(duration=duration * ring.tau / steps, units=UNITS, initial=m)
        modes.append(m @ np.exp(2j * a))
    modes = np.array(modes) / np.abs(rest @ np.exp(2j * a))
    return np.linspace(0, duration, steps + 1), np.angle(modes) / 2, np.abs(modes)


def fig2(long=False):
    """What tuned coupling does.

    The same width at any contrast, and a bump that travels when its input turns.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
    dense, rows = np.geomspace(0.8, 5, 60), []
    for J2, tuning, line, marker, name in (
        (4.0, 0.05, "-", "o", "tuned coupling"),
        (0.0, 0.25, "--", "s", "untuned coupling"),
    ):
        ring = lambda contrast: b2r.Ring(J0=-4, J2=J2, tuning=tuning, contrast=contrast, threshold=THRESHOLD)
        left.plot(
            dense,
            [np.degrees(ring(c).state.half_width) for c in dense],
            color="black",
            linestyle=line,
            label=f"{name}, $J_2$ = {J2:g}, $\\epsilon$ = {tuning:g}",
        )
        exact, found, bounds = np.degrees(
            [
                (
                    ring(c).state.half_width,
                    half_width_(*integrated(ring(c), duration=3.0)),
                    grid_errors(ring(c))[0],
                )
                for c in CONTRASTS
            ]
        ).T
        left.plot(CONTRASTS, found, color="0.5", linestyle="", marker=marker, label="integrated")
        peaks = [ring(c).state.peak for c in CONTRASTS]
        claim = "nearly independent of contrast" if J2 else "widens with contrast"
        rows.append(
            Row(
                f"{name}: half width (deg) at contrasts {', '.join(f'{c:g}' for c in CONTRASTS)}, peak"
                f" {peaks[0]:.2f} to {peaks[-1]:.2f}",
                f"{claim}: {', '.join(f'{value:.2f}' for value in exact)} (closed form)",
                ", ".join(f"{value:.2f}" for value in found),
                np.all(np.abs(found - exact) <= bounds),
            )
        )
    left.set(
        xlabel="contrast (threshold 0.5)",
        ylabel="half width at half maximum (degrees)",
        xscale="log",
        xticks=(ticks := [1, 2, 4]),
        xticklabels=ticks,
        ylim=(0, 45),
        title="(a) width over contrast",
    )
    left.minorticks_off()
    left.legend(fontsize="small", loc="lower left")

    # Weakly tuned, the bump of the marginal phase keeps its shape, and only turns: of its mode 2, r = A f2,
    # tau d(2 phi)/dt = -c e/(J2 r) sin 2 phi, by the input at 0 beside J2 r at phi. So tan phi falls as e^(-k
    # t/tau), k = c e/(J2 r), and phi from 60 to 30 degrees, a third of the tangent, in log 3/k.
    J0, J2, shares = -4.0, 4.0, []
    bump = b2r.Ring(J0=J0, J2=J2).state
    r = bump.amplitude * (bump.cut - np.sin(4 * bump.cut) / 4) / np.pi
    for tuning, shade, marker in ((0.04, "0.55", "^"), (0.02, "0.3", "s"), (0.01, "black", "o")):
        k = tuning / (J2 * r)
        t, angle, size = turned(b2r.Ring(J0=J0, J2=J2, tuning=tuning), 2 * np.log(3) / k, 60)
        shares.append(np.interp(-TURN / 2, -angle, t) * k / np.log(3))
        right.plot(
            t,
            np.degrees(angle),
            color=shade,
            marker=marker,
            ms=3,
            ls="none",
            label=f"$\\epsilon$ = {tuning}, integrated",
        )
        right.plot(t, np.degrees(np.arctan(np.tan(TURN) * np.exp(-k * t))), color=shade, lw=1.2)
        weakest = size.min()
    slow = np.interp(-TURN / 2, -angle, t)
    # So weakly tuned that all units fire, and the equations are linear: what was falls as e^(-t/tau).
    t, angle, faded = turned(b2r.Ring(J0=J0, J2=0.0, tuning=0.1), 5.0, 60)
    right.plot(t, np.degrees(angle), color="black", ls="--", label="untuned coupling")
    right.set(
        xlabel="time / tau",
        ylabel="orientation of the activity (degrees)",
        xlim=(0, 180),
        ylim=(0, 65),
        title="(b) the input turns from 60 to 0 degrees",
    )
    right.legend(fontsize="small", loc="upper right")
    # What the closed form leaves out is of first order in the tuning: it halves with it, up to shares of the
    # second order.
    off = np.array(shares) - 1
    rows.append(
        Row(
            "turning by half, from 60 to 30 degrees, time over that of the closed form log 3 J2 r tau/(c e),"
            " tuning 0.04, 0.02, 0.01",
            "virtual rotation, slow: 1 as the tuning falls; what is missing halves with it",
            ", ".join(f"{share:.4f}" for share in shares),
            np.all(np.abs(off[1:] / off[:-1] - 0.5) < 0.5 * np.abs(off[:-1])),
        )
    )
    # |1 - s + s e^(2 i 60 deg)|, least at s = 1/2; over steps of t it is seen within half a step of there, s
    # off by a quarter of it and the size by 3 s^2.
    late = 3 * ((t[1] - t[0]) / 4) ** 2
    rows.append(
        Row(
            "least size of mode 2 on the way over that at rest, and time of half the turn in tau: without"
            " tuned coupling",
            f"it fades and grows: cos 60 deg = 0.5 (to {late:.4f} as sampled), log 2 = {np.log(2):.3f}",
            f"{faded.min():.4f}, {np.interp(-TURN / 2, -angle, t):.3f}",
            0.5 - 1e-6 <= faded.min() <= 0.5 + late,
        )
    )
    rows.append(
        Row(
            "the same, tuned coupling and tuning 0.01",
            "the bump travels, slowly",
            f"{weakest:.4f}, {slow:.0f}",
            source="paper",
        )
    )
    return figure, rows


# %%
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


def fig3(long=False):
    """A ring of leaky cells at two contrasts, beside its reduction."""
    figure, ax = plt.subplots(figsize=(7.2, 4), layout="constrained")
    return figure, beside(
        "ring_lif", ax, (12, 14, 16) if long else (12, 14), "transfer", 3.0 if long else 2.0, 4 if long else 2
    )


# %%
if __name__ == "__main__":
    run(globals())
