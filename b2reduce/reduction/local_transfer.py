"""The transfer function of a population around its operating point.

Where it is measured, and how far it can be trusted between its points.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import binary_dilation

from ..basics.provenance import versions
from ..basics.streams import OfTransfer, seed_streams
from ..cells.points import measure_points
from ..cells.transfer import TransferFunction
from ..cells.transfer_lookup import missed_between, transfer_lookup
from .control_variates import ControlledRates
from .inputs import average, membrane_tau_, pathway_factor, source_of, source_rate, sources_of
from .plastic_transfer import plastic_inputs
from .transfer_axes import transfer_axes
from .transfer_grid import REACH, REACH_, ends_of, points_between, refined_grid
from .unequal_inputs import spread_of_inputs

__all__ = ["transfer_at"]

# Of a population with a feature: how far its fastest cells exceed its mean rate, where a transfer function
# must still be precise
BUMP = 3.0
POINTS = {1: 25, 2: 13, 3: 9, 4: 6}  # rates per axis to begin with, by the number of axes
PILOT_, RUN_, WARMUP_ = 1.0, 2.25, 0.25  # s: of every point, and of those of interest, after the warm-up
# Cells a point: of the pilot; of interest, to begin with and where the wanted standard error takes more
PILOT_REPLICATES, FIRST, REPLICATES = 12, 16, (8, 64)
SEM, SEM_ = 0.015, 0.03  # wanted standard error of each rate: relative, plus Hz
# Cells in all, over the number of variables of a cell: what precision may take beyond LEAST a point, and what
# a grid may take with LEAST a point.
CELLS, MOST_CELLS, LEAST = 48000, 60000, 32
ROUNDS = 5  # of refinement
# Share of the points between that may lie elsewhere than expected, one by chance, and by how much in these
# units
MISSED, GROSSLY = 0.007, 1.5


def transfer_at(circuit, population, point, noise=True, *, seed, dt_, engine="auto", bar):
    """The rate of a population over the rates of all its sources, whose noise moves with them.

    The grid is refined until what is interpolated between its points agrees with cells that are simulated
    there, as far as `ROUNDS` and `MOST_CELLS` allow. The circuit must have one (see `transfer_problem`).

    Returns
    -------
    TransferFunction
    """
    model, axes = circuit.populations[population].model, transfer_axes(circuit, population)
    top = (BUMP if circuit.populations[population].feature else 1.0) * (
        REACH * point.rate_[population] + REACH_
    )
    report = bar.stage(f"transfer function of {population}")
    warmup_ = max(WARMUP_, point.settled_.get(population, 0.0))
    settings = dict(dt_=dt_, engine=engine, report=report)

    def measure(values, purpose, replicates, run_, rising, most=0, **more):
        """(what cells do at arguments, one row a point, their rates and standard errors).

        `rising` says how steep the rates are at arguments, shape (axis, point). Points that are not known
        well enough get more cells, `most` of them in all.
        """
        I_, g_, sources = _inputs(circuit, population, axes, values.T, point, noise)
        every = np.arange(len(values))
        run = lambda points, replicates, *number, **more: measure_points(
            model,
            I_[points],
            g_[points],
            tuple(
                source.mapped(lambda value: np.broadcast_to(value, I_.shape)[points]) for source in sources
            ),
            replicates=replicates,
            seed=seed_streams(seed, purpose, round_, *number),
            duration_=warmup_ + run_,
            warmup_=warmup_,
            **more,
            **settings,
        )
        measured = run(every, replicates if noise else 1, **more)
        if not sources:
            return measured, (measured.rate_, measured.rate_sem_)
        controlled = ControlledRates(lambda rates: rising(values, rates), sources, run_)
        controlled.add(every, measured, replicates)
        rate, sem = controlled.rates_
        excess = sem / (SEM * rate + SEM_)
        unsure = np.flatnonzero(excess > 1)
        if most > replicates and len(unsure):
            wanted = replicates * (np.median(excess[unsure]) ** 2 - 1)
            further = int(np.ceil(min(wanted, most - replicates)))
            added = run(unsure, further, 1)
            controlled.add(unsure, added, further)
            measured, (rate, sem) = measured.pooled(unsure, added), controlled.rates_
        return measured, (rate, sem)

    lines = [np.linspace(*ends_of(circuit, axis, point), POINTS[len(axes)]) for axis in axes]
    seen, check, warnings, rising = _Seen(), None, (), None
    spread = {
        axis.name: spread_of_inputs([p for p, _ in axis.members], point.rate_, point.drives_, point.unequal_)
        for axis in axes
        if point.unequal_
    }
    for round_ in range(ROUNDS):
        shape, values = (
            tuple(map(len, lines)),
            np.stack([grid.ravel() for grid in np.meshgrid(*lines, indexing="ij")], axis=-1),
        )
        new = values[~seen.has(values)]
        if len(new):
            # At first these are all, and their own rates say how they rise
            known = rising or (lambda at, rates: _rising(lines, rates.reshape(shape))(at, rates))
            measured, found = measure(new, OfTransfer.PILOT, PILOT_REPLICATES, PILOT_, known)
            seen.add(new, measured, found)
        # Precision is for rates that the circuit can have, and for the edge of silence.
        rates = seen.columns(values)[0]
        near = binary_dilation((rates > 0).reshape(shape), np.ones((3,) * len(shape))).ravel() & (
            rates <= 1.5 * top
        )
        rising = _rising(lines, rates.reshape(shape))
        most = _most_cells(np.count_nonzero(near), len(model.state_variables))
        cells = min(FIRST, most)
        rough = values[near & ~seen.precise(values)]
        if len(rough):
            measured, found = measure(rough, OfTransfer.GRID, cells, RUN_, rising, most, check=True)
            seen.add(rough, measured, found, precise=True)
            warnings, check = tuple(dict.fromkeys((*warnings, *measured.warnings))), measured.check or check
        rates, sem, cv, time = (column.reshape(shape) for column in seen.columns(values))
        between = points_between(lines, rates, top, seed_streams(seed, OfTransfer.BETWEEN, round_))
        sampled = measure(between, OfTransfer.CHECKED, cells, RUN_, rising, most)[1] if len(between) else None
        I_, g_, _ = _inputs(circuit, population, axes, values.T, point, noise)
        provenance = {
            "model": model.name,
            "model_hash": model.hash,
            "population": population,
            "engine": measured.engine,
            "dt [s]": dt_,
            "duration [s]": warmup_ + RUN_,
            "warmup [s]": warmup_,
            "replicates": int(measured.replicates.max()),
            "seed": seed,
            "cv2": dict(point.cv2_),
            "versions": versions(),
        }
        transfer = TransferFunction(
            {axis.name: line for axis, line in zip(axes, lines)},
            rates,
            sem,
            cv,
            I_.reshape(shape),
            g_.reshape(shape),
            time,
            per_area=circuit.per_area(population),
            provenance=provenance,
            check=check.to_dict() if check else {},
            warnings=warnings,
            top_=top,
            between=(
                {} if sampled is None else {"rates": between, **dict(zip(("rate", "rate_sem"), sampled))}
            ),
            spread=spread,
        )
        if sampled is None:
            return transfer
        table = transfer_lookup(transfer, spread_over_cells=False)
        beyond = missed_between(table, transfer)
        missed = beyond > 1
        if missed.mean() <= MISSED and beyond.max() <= GROSSLY:
            return transfer
        # As large a part of the finer grid will be of interest.
        finer = refined_grid(
            lines, rates, between[missed], top, MOST_CELLS / len(model.state_variables) / LEAST / near.mean()
        )
        if finer is None:
            break
        lines = finer
    return replace(
        transfer,
        warnings=(
            *transfer.warnings,
            (
                f"between the points of its grid the transfer function misses {100 * missed.mean():.0f} % of"
                " the cells that were simulated there by more than 3 % and three standard errors,"
                f" {100 * table.error:.1f} % of the rate in all: rates of this level are as uncertain"
            ),
        ),
    )


class _Seen:
    """What was measured at arguments: points of a coarse grid are points of the finer ones."""

    def __init__(self):
        self._rows, self._precise = {}, set()

    def add(self, values, measured, rates, precise=False):
        """Keep (rate, standard error, CV, time) of every point, one row of `values` each."""
        rows = list(map(tuple, values))
        columns = (*rates, measured.cv_, measured.simulated)
        self._rows.update(zip(rows, zip(*(column.tolist() for column in columns))))
        self._precise.update(rows if precise else ())

    def has(self, values):
        """Of which points there are rates at all."""
        return np.array([row in self._rows for row in map(tuple, values)])

    def precise(self, values):
        """Of which points they are precise."""
        return np.array([row in self._precise for row in map(tuple, values)])

    def columns(self, values):
        """Rates, standard errors, CVs and times, shape (4, point)."""
        return np.array([self._rows[row] for row in map(tuple, values)], dtype=float).reshape(-1, 4).T


def _rising(lines, rates):
    """What says how steep rates over a grid are along its axes, over the steepest, at arguments: shape (axis,
    point).
    """
    from scipy.interpolate import RegularGridInterpolator

    slopes = [np.gradient(rates, line, axis=axis) for axis, line in enumerate(lines)]
    slopes = [slope / (np.abs(slope).max() or 1.0) for slope in slopes]
    table = RegularGridInterpolator(lines, np.stack(slopes, axis=-1))
    return lambda at, rates: table(at).T


def _most_cells(points, variables):
    """How many cells a point there may be."""
    affordable = max(CELLS // variables // max(points, 1), LEAST // variables)
    return int(np.clip(affordable, *REPLICATES))


def _inputs(circuit, population, axes, arguments, point, noise):
    """(mean current, mean leak, sources) at arguments, one array an axis."""
    model = circuit.populations[population].model
    if any(p.plasticity is not None for axis in axes for p, _ in axis.members):
        return plastic_inputs(circuit, population, axes, arguments, point, noise)
    if axes[0].kind is None:
        rates_, drives_ = {}, {}
        for axis, values in zip(axes, arguments):
            for p, _ in axis.members:
                (drives_ if p.is_drive else rates_)[(p.source, population) if p.is_drive else p.source] = (
                    values
                )
        I_, g_ = average(circuit, population, rates_, drives_)
        return (
            I_ + np.zeros(arguments[0].size),
            g_ + np.zeros(arguments[0].size),
            sources_of(circuit, population, rates_, drives_, point.cv2_) if noise else (),
        )
    I_, g_ = np.full(arguments[0].size, model.constant_input_), np.full(arguments[0].size, model.leak_)
    for axis, values in zip(axes, arguments):
        I_, g_ = I_ + axis.kind.current_(values, model), g_ + axis.kind.leak_(values)
    if not noise:
        return I_, g_, ()
    tau_m_, sources = membrane_tau_(model, g_), []
    for number, (axis, values) in enumerate(zip(axes, arguments)):
        # The sources on one axis share its events as they do at the operating point, and their spikes are as
        # regular as there.
        rates = [(p, source_rate(p, point.rate_, point.drives_)) for p, _ in axis.members]
        total = sum(p.K * r for p, r in rates)
        varied = (
            sum(
                p.K * p.second * r * pathway_factor(p, r * values / total, point.cv2_, tau_m_)
                for p, r in rates
            )
            / total
            if total
            else 1.0
        )
        sources.append(source_of(f"s{number}", axis.kind, values, varied * values))
    return I_, g_, tuple(sources)
