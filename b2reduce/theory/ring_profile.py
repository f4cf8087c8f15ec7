"""Rates over the preferred angle of cells: of spiking runs, and as a reduced circuit predicts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import require, whole
from ..basics.errors import DivergenceError, InputError
from ..basics.fields import Floats, Table
from ..basics.frozen import FrozenDict, Record
from ..circuit.orientation import PERIOD, angles_
from ..reduction.drives import constant_drives_
from ..reduction.reduced_circuit import FAR, ReducedCircuit

if TYPE_CHECKING:
    from typing import Any

    import pandas

    from ..basics.types import Drives

__all__ = ["RingProfile", "ring_profile"]

POINTS = 256  # angles
SETTLED = 400  # of the longest time constant: how long rates are followed


@dataclass(frozen=True, eq=False)
class RingProfile(Record):
    """Rates of the populations of a ring over preferred angle.

    Attributes
    ----------
    angles_ : ndarray, shape (angle,)
        Radians.
    rate_ : ndarray, shape (population, angle)
        Hz.
    table : pandas.DataFrame
        For each population mean and peak rate in Hz, modulation ``2 |sum r exp(2 i a)|/sum r``, the angle
        where it is centred, and the half width at half maximum, both in degrees.
    modes : pandas.DataFrame
        For each pair of populations the coupling in modes 0 and 2, beta W and beta W m, with the slope of the
        gains at the operating point: what J0 and J2 of `Ring` are for one population.
    """

    angles_: np.ndarray
    rate_: np.ndarray
    table: pandas.DataFrame
    modes: Any

    FIELDS = FrozenDict(
        angles_=Floats("angle"),
        rate_=Floats("population", "angle"),
        table=Table("mean [Hz]", "peak [Hz]", "modulation", "centre [deg]", "half width [deg]"),
        modes=Table("J0", "J2"),
    )


def ring_profile(
    reduced: ReducedCircuit, *, drives: Drives | None = None, points: int = POINTS
) -> RingProfile:
    """Rates over preferred angle that a reduced circuit with a feature axis comes to rest at.

    Parameters
    ----------
    reduced : ReducedCircuit
        Of any level; the gains are those of its populations, and what differs from angle to angle is what
        profiles give it.
    drives : dict of str to Quantity, optional
    points : int
        Angles at which it is computed.

    Returns
    -------
    RingProfile

    Raises
    ------
    InputError
        If no population has a feature.
    DivergenceError
        If activity runs away: it says which angular mode is largest then.

    Notes
    -----
    The limit of many cells: every pathway carries the rate of its source convolved with its profile. With
    cosine profiles and threshold-linear gains this is the ring of `Ring`, with J0 = beta W and J2 = beta W m.

    Examples
    --------
    >>> from b2reduce import Circuit, Drive, Population, Projection, reduce
    >>> cosine = lambda modulation: {"kind": "cosine", "modulation": modulation}
    >>> synapse = dict(target="E", tau="5 ms", E="0 mV")
    >>> recurrent = Projection(source="E", in_degree=20, G="0.1 nS", profile=cosine(0.5), **synapse)
    >>> tuned = Drive(name="ext", inputs=200, rate="14 Hz", G="0.4 nS", profile=cosine(0.1), **synapse)
    >>> cells = Population("lif", 100, feature="orientation")
    >>> circuit = Circuit(populations={"E": cells}, projections=[recurrent], drives=[tuned])
    >>> bool(abs(ring_profile(reduce(circuit, seed=1)).table.loc["E", "centre [deg]"]) < 0.001)
    True
    """
    import pandas as pd
    from scipy.integrate import solve_ivp

    require(reduced, ReducedCircuit, "ring_profile, reduced")
    points = whole(points, "points", 16)
    circuit, drives_ = reduced.circuit, constant_drives_(reduced, drives)
    if not any(p.feature for p in circuit.populations.values()):
        raise InputError(
            f'circuit {circuit.name!r}: no population has a feature; give one feature = "orientation"'
        )
    a, names = angles_(points), circuit.populations
    profiles = {label: projection.profile for label, projection in zip(circuit.labels, circuit.projections)}
    # Means over the ring of weight times rate: products of Fourier coefficients.
    spectra = {
        label: np.fft.rfft(profile(PERIOD * np.arange(points) / points)) / points
        for label, profile in profiles.items()
        if profile is not None
    }
    weights = {(d.name, d.target): 1.0 if d.profile is None else d.profile(a) for d in circuit.drives}

    def response(rates):
        out = []
        for target in names:
            carried = {}
            for p in circuit.pathways(target):
                if p.is_drive:
                    carried[p.label] = drives_[p.source, target] * weights[p.source, target] + np.zeros(
                        points
                    )
                elif p.label in spectra:
                    carried[p.label] = np.fft.irfft(
                        spectra[p.label] * np.fft.rfft(p.sent_(rates[p.source])), points
                    )
                else:
                    carried[p.label] = np.full(points, p.sent_(rates[p.source]).mean())
            out.append(
                np.asarray(
                    reduced.functions_[target](*reduced.carried_arguments_(target, carried)), dtype=float
                )
                + np.zeros(points)
            )
        return np.array(out)

    tau_ = max(float(np.asarray(tau)) for tau in reduced.tau.values())
    beyond = lambda t, r: FAR - np.max(r)
    setattr(beyond, "terminal", True)  # noqa: B010  what solve_ivp reads
    start = np.array([np.full(points, float(np.asarray(reduced.operating_rate[name]))) for name in names])
    start *= 1 + 1e-3 * np.cos(2 * a)  # what grows out of the homogeneous state is seen to grow
    run = solve_ivp(
        lambda t, r: (response(dict(zip(names, r.reshape(len(names), points)))).ravel() - r) / tau_,
        (0, SETTLED * tau_),
        start.ravel(),
        method="RK45",
        rtol=1e-8,
        atol=1e-8,
        events=beyond,
    )
    rate_ = run.y[:, -1].reshape(len(names), points)
    if run.status == 1:
        bump = max(_modulation(a, r) for r in rate_) > 0.1
        raise DivergenceError(
            "the ring runs away, with mean rates of"
            f" {', '.join(f'{name} {r.mean():.3g} Hz' for name, r in zip(names, rate_))} and modulations of"
            f" {', '.join(f'{name} {_modulation(a, r):.2g}' for name, r in zip(names, rate_))}:"
            f" {'the bump grows' if bump else 'the mean rate, mode 0, grows'}; weaken its excitation"
        )
    table = pd.DataFrame([_described(a, r) for r in rate_], index=pd.Index(names, name="population"))
    rows = []
    for target in names:
        beta = float(np.asarray(reduced.gains[target].beta))
        for source in names:
            own = [p for p in circuit.pathways(target) if not p.is_drive and p.source == source]
            mode = lambda k: (
                beta
                * sum(
                    reduced.weight_(p)
                    * reduced.at_rest_(p, p.slope_)
                    * (1.0 if k == 0 else 0.0 if profiles[p.label] is None else profiles[p.label].mode(k))
                    for p in own
                )
            )
            rows.append((target, source, mode(0), mode(1)))
    return RingProfile(
        a,
        rate_,
        table,
        pd.DataFrame(rows, columns=["target", "source", "J0", "J2"]).set_index(["target", "source"]),
    )


def _modulation(a, rates):
    return float(2 * np.abs(rates @ np.exp(2j * a)) / rates.sum()) if rates.sum() > 0 else 0.0


def _described(a, rates):
    """Mean, peak, modulation, centre and half width of a profile."""
    centre = np.angle(rates @ np.exp(2j * a)) / 2 if _modulation(a, rates) > 1e-6 else np.nan
    return {
        "mean [Hz]": float(rates.mean()),
        "peak [Hz]": float(rates.max()),
        "modulation": _modulation(a, rates),
        "centre [deg]": float(np.degrees(centre)),
        "half width [deg]": _half_width(a, rates),
    }


def _half_width(a, rates):
    """Half of the width at half of the maximum, degrees; NaN where rates never fall to half."""
    size, top = len(a), int(np.argmax(rates))
    below = rates < rates[top] / 2
    if not below.any():
        return np.nan
    width = 0.0
    for step in (1, -1):
        k = next(k for k in range(1, size) if below[(top + step * k) % size])
        inner, outer = rates[(top + step * (k - 1)) % size], rates[(top + step * k) % size]
        width += k - 1 + (inner - rates[top] / 2) / (inner - outer)
    return float(np.degrees(width * PERIOD / size / 2))
