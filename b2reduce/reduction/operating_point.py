"""The self-consistent operating point of a circuit.

Uncoupled cells receive Poisson trains of every pathway at the current guess of the rates; the guess moves
until what goes in comes out. No spiking network is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..basics.errors import OperatingPointError
from ..basics.streams import OfReduction, OfSearch, seed_streams
from ..basics.units import with_units
from ..cells.engine import Source
from ..cells.points import measure_points
from .driven_cells import outputs_of
from .inputs import average, sources_of
from .noises import NOISES
from .search import APART, APART_, ATOL_, COARSE, LEAST_SURE, RTOL, SILENT_, WARMUP_, newton
from .settling import settling_
from .spread_cells import spread_warnings

__all__ = ["OperatingPoint", "find_operating_point", "point_at"]

# Times that at drives other than the circuit's, where rates of a model are held against them to 12 %: a
# twenty-fifth of the cells
ELSEWHERE = 5
START_ = 2.0  # Hz; from low rates the iteration finds the low branch where there are several
OTHER_STARTS_ = (20.0, 80.0)  # Hz; from here other branches are looked for, roughly


@dataclass(frozen=True)
class OperatingPoint:
    """Self-consistent rates and mean inputs; mappings over populations, SI."""

    rate_: Mapping
    rate_sem_: Mapping
    I_: Mapping  #: mean current, driving forces taken from the leak reversal
    g_: Mapping  #: mean total leak
    drives_: Mapping  #: {(drive, target): rate of one input}
    noise_free_rate_: Mapping  #: rate of the cell at (I, g) without noise
    iterations: int
    warnings: tuple
    cv2_: Mapping  #: squared CV of the intervals of recurrent trains; 1 for Poisson trains
    #: {(target, source): d rate out/d rate in}, noise moving with the rates
    response_: Mapping = field(default_factory=dict)
    others: tuple = ()  #: rates of other solutions, mappings as rate_
    #: {(population, population): covariance of the errors of the rates, Hz^2}
    covariance_: Mapping = field(default_factory=dict)
    #: Standard error of the cells' rates at the given input, before the loop multiplies it
    out_sem_: Mapping = field(default_factory=dict)
    unequal_: Mapping = field(default_factory=dict)  #: <r^2>/<r>^2 over cells, where it was measured
    #: Time in s after which cells that start at rest fire as they go on to, where it was measured
    settled_: Mapping = field(default_factory=dict)


def find_operating_point(circuit, drives_, *, seed, dt_, engine="auto", bar, noise=NOISES["matched"]):
    """Rates r with r_a = (rate of an uncoupled cell of a driven by Poisson trains at the rates r).

    Parameters
    ----------
    noise : Noise
        What inputs are like.

    Returns
    -------
    OperatingPoint
        The solution that the iteration reaches from low rates, or, where that is the silence of a circuit
        without drives, the lowest that is not; further ones are listed in `others`.

    Raises
    ------
    OperatingPointError
        If the iteration does not end; its `trajectory` holds the rates on the way.
    """
    names = list(circuit.populations)
    settings = dict(dt_=dt_, engine=engine)
    report = bar.stage("operating point")
    search = lambda start, number, rough: newton(
        circuit,
        np.broadcast_to(np.asarray(start, dtype=float), len(names)),
        drives_,
        noise,
        seed_streams(seed, OfReduction.OPERATING_POINT, number),
        rough,
        report,
        settings,
    )
    found, others = search(START_, 0, False), []
    apart = lambda r, known: np.any(np.abs(r - known) > APART * known + APART_)
    new = lambda r: all(apart(r, known.r) for known in (found, *others))
    for number, start in enumerate(OTHER_STARTS_, start=1):
        try:
            rough = search(start, number, True).r
            # What a rough search finds is looked at again.
            if new(rough) and new((other := search(rough, len(OTHER_STARTS_) + number, False)).r):
                others.append(other)
        except OperatingPointError:  # nothing is to be found from there, which is no fault
            continue
    silent, driven = np.zeros(len(names)), any(drives_.values())
    if found.r.max() < SILENT_ and others and not driven:
        # A network that keeps itself firing: at silence there is nothing to reduce.
        found, *others = sorted(others, key=lambda other: other.r.sum())
        others = [silent, *(other.r for other in others)]
    else:
        others = [other.r for other in others]
        if apart(found.r, silent) and not driven:
            quiet = outputs_of(
                circuit,
                dict.fromkeys(names, 0.0),
                drives_,
                dict.fromkeys(names, 1.0),
                cells=COARSE[1],
                duration_=COARSE[0] + WARMUP_,
                warmup_=WARMUP_,
                seed=seed_streams(seed, OfReduction.OPERATING_POINT, 2 * len(OTHER_STARTS_) + 2),
                **settings,
            )
            others += [silent] if max(output.rate for output in quiet.values()) < SILENT_ else []
    report(1.0)
    r, warnings = found.r, []
    show = lambda rates: (
        ", ".join(f"{name} {rate:.3g} Hz" for name, rate in zip(names, rates))
        if max(rates) >= SILENT_
        else "silence"
    )
    if others:
        warnings.append(
            f"the circuit has more than one operating point: besides the one used, {show(r)}, the iteration"
            f" also ends at {'; '.join(map(show, others))}; the network may jump between them, and the"
            " reduction is that of the first"
        )
    growth = np.max(np.linalg.eigvals(found.jacobian).real, initial=0.0)
    sem = np.sqrt(np.diag(found.covariance))
    if growth > 1:
        warnings.append(
            f"the operating point is unstable (d rates/d rates has the eigenvalue {growth:.3g}): rates that"
            " start beside it move away, so that the network will not stay there"
        )
    elif np.any(sem > LEAST_SURE * np.maximum(RTOL * r, ATOL_)):
        worst = int(np.argmax(sem / np.maximum(RTOL * r, ATOL_)))
        cause = (
            ", close to the instability at 1: the loop multiplies all errors of the gains by about"
            f" {1 / (1 - growth):.2g}"
            if growth > 0.5
            else ""
        )
        warnings.append(
            f"the operating point is known to {names[worst]} {r[worst]:.3g} +- {sem[worst]:.2g} Hz only; d"
            f" rates/d rates has the eigenvalue {growth:.2g} there{cause}"
        )
    mapping = lambda values: dict(zip(names, np.asarray(values).tolist()))
    if not noise.quenched:
        warnings += spread_warnings(
            circuit,
            found,
            drives_,
            seed=seed_streams(seed, OfReduction.OPERATING_POINT, OfSearch.SPREAD),
            **settings,
        )
    point = point_at(
        circuit,
        mapping(r),
        drives_,
        mapping(sem),
        noise=True,
        iterations=found.iterations,
        warnings=tuple(warnings),
        cv2_=mapping(found.cv2) if noise.renewal else None,
        **settings,
    )
    pairs = lambda matrix: {
        (a, b): float(matrix[i, j]) for i, a in enumerate(names) for j, b in enumerate(names)
    }
    settled_ = {
        name: settling_(
            circuit,
            name,
            point,
            seed=seed_streams(seed, OfReduction.OPERATING_POINT, OfSearch.SETTLING, number),
            **settings,
        )
        for number, name in enumerate(names)
    }
    return replace(
        point,
        settled_=settled_,
        response_=pairs(found.jacobian),
        others=tuple(map(mapping, others)),
        covariance_=pairs(found.covariance),
        unequal_=mapping(found.unequal) if noise.quenched else {},
        out_sem_=mapping(found.out_sem),
    )


def operating_rates_from(circuit, drives_, start_, *, seed, dt_, engine="auto", bar, noise=NOISES["matched"]):
    """{population: rate in Hz} of the operating point that the iteration reaches from given rates, as in
    `find_operating_point`.
    """
    start = np.array([start_[name] for name in circuit.populations], dtype=float)
    found = newton(
        circuit,
        start,
        drives_,
        noise,
        seed_streams(seed, OfReduction.OPERATING_POINT),
        False,
        bar.stage("operating point at other drives"),
        dict(dt_=dt_, engine=engine),
        ELSEWHERE,
    )
    return dict(zip(circuit.populations, found.r.tolist()))


def point_at(
    circuit, rate_, drives_, rate_sem_, *, noise, dt_, engine="auto", iterations=0, warnings=(), cv2_=None
):
    """The operating point at given rates, with the rate that each cell would have there without noise."""
    names = list(circuit.populations)
    cv2_ = dict.fromkeys(names, 1.0) if cv2_ is None else cv2_
    means = {name: average(circuit, name, rate_, drives_) for name in names}
    I_, g_ = ({name: float(mean[k]) for name, mean in means.items()} for k in (0, 1))
    _check_leaks(circuit, rate_, g_)
    quiet = {}
    for name in names:
        # The noise is switched off inside the same equations: what differs is the noise alone.
        sources = (
            tuple(
                Source(s.label, s.synapse.scaled(0.0), 0.0)
                for s in sources_of(circuit, name, rate_, drives_, cv2_)
            )
            if noise
            else ()
        )
        quiet[name] = float(
            measure_points(
                circuit.populations[name].model,
                [I_[name]],
                [g_[name]],
                sources,
                replicates=1,
                duration_=1.0 + WARMUP_,
                warmup_=WARMUP_,
                dt_=dt_,
                seed=0,
                engine=engine,
            ).rate_[0]
        )
    return OperatingPoint(
        dict(rate_), dict(rate_sem_), I_, g_, dict(drives_), quiet, iterations, warnings, dict(cv2_)
    )


def _check_leaks(circuit, rate_, g_):
    """Refuse cells that currents which rise with the voltage leave without a leak."""
    for name, leak_ in g_.items():
        if leak_ < 0:
            shown = with_units(leak_, circuit.populations[name].model.conductance_dim)
            raise OperatingPointError(
                f"population {name}: at {rate_[name]:.3g} Hz synapses whose current rises with the voltage"
                f" leave the cell a mean leak of {shown}, expected above 0: averaged, such a cell has no"
                " rest; lower G or the rates of these synapses, or give the voltage v at which their line is"
                " to be taken",
                [dict(rate_)],
            )
