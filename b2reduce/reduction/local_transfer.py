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
from .inputs import average, membrane_tau_, pathway_factor, source_of, source_rate, sources_of
from .plastic_transfer import plastic_inputs
from .transfer_axes import transfer_axes
from .transfer_grid import REACH, REACH_, ends_of, points_between, refined_grid

__all__ = ["transfer_at"]

# Of a population with a feature: how far its fastest cells exceed its mean rate, where a transfer function
# must still be precise
BUMP = 3.0
POINTS = {1: 25, 2: 13, 3: 9, 4: 6}  # rates per axis to begin with, by the number of axes
PILOT_, RUN_, WARMUP_ = 1.0, 2.25, 0.25  # s: of every point, and of those of interest, after the warm-up
# Cells a point; the latter as many as the wanted standard error takes
PILOT_REPLICATES, REPLICATES = 12, (8, 128)
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

    def measure(values, purpose, replicates, run_, **more):
        """Rates of cells at arguments, one row a point."""
        I_, g_, sources = _inputs(circuit, population, axes, values.T, point, noise)
        return measure_points(
            model,
            I_,
            g_,
            sources,
            replicates=replicates if noise else 1,
            seed=seed_streams(seed, purpose, round_),
            duration_=warmup_ + run_,
            warmup_=warmup_,
            **more,
            **settings,
        )

    lines = [np.linspace(*ends_of(circuit, axis, point), POINTS[len(axes)]) for axis in axes]
    seen, check, warnings = _Seen(), None, ()
    for round_ in range(ROUNDS):
        shape, values = (
            tuple(map(len, lines)),
            np.stack([grid.ravel() for grid in np.meshgrid(*lines, indexing="ij")], axis=-1),
        )
        new = values[~seen.has(values)]
        if len(new):
            measured = measure(new, OfTransfer.PILOT, PILOT_REPLICATES, PILOT_)
            seen.add(new, measured)
        # Precision is for rates that the circuit can have, and for the edge of silence.
        rates = seen.columns(values)[0]
        near = binary_dilation((rates > 0).reshape(shape), np.ones((3,) * len(shape))).ravel() & (
            rates <= 1.5 * top
        )
        cells = _replicates(seen.columns(values[near]), len(model.state_variables))
        rough = values[near & ~seen.precise(values)]
        if len(rough):
            measured = measure(rough, OfTransfer.GRID, cells, RUN_, check=True)
            seen.add(rough, measured, precise=True)
            warnings, check = tuple(dict.fromkeys((*warnings, *measured.warnings))), measured.check or check
        rates, sem, cv, time = (column.reshape(shape) for column in seen.columns(values))
        between = points_between(lines, rates, top, seed_streams(seed, OfTransfer.BETWEEN, round_))
        sampled = measure(between, OfTransfer.CHECKED, cells, RUN_) if len(between) else None
        I_, g_, _ = _inputs(circuit, population, axes, values.T, point, noise)
        provenance = {
            "model": model.name,
            "model_hash": model.hash,
            "population": population,
            "engine": measured.engine,
            "dt [s]": dt_,
            "duration [s]": warmup_ + RUN_,
            "warmup [s]": warmup_,
            "replicates": cells if noise else 1,
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
                {}
                if sampled is None
                else {"rates": between, "rate": sampled.rate_, "rate_sem": sampled.rate_sem_}
            ),
        )
        if sampled is None:
            return transfer
        table = transfer_lookup(transfer)
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

    def add(self, values, measured, precise=False):
        """Keep (rate, standard error, CV, time) of every point, one row of `values` each."""
        rows = list(map(tuple, values))
        self._rows.update(
            zip(
                rows,
                zip(
                    *(getattr(measured, name).tolist() for name in ("rate_", "rate_sem_", "cv_", "simulated"))
                ),
            )
        )
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


def _replicates(known, variables):
    """How many cells a point the wanted standard error takes, from rates, standard errors, CVs and times of
    the points of interest.
    """
    rate, sem, _, time = known
    fires = rate > 0
    wanted = (
        np.median((sem[fires] / (SEM * rate[fires] + SEM_)) ** 2 * time[fires]) / RUN_ if fires.any() else 0.0
    )
    affordable = max(CELLS // variables // max(rate.size, 1), LEAST // variables)
    return int(np.clip(np.ceil(min(wanted, affordable)), *REPLICATES))


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
