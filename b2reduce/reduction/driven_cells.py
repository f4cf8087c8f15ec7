"""What uncoupled cells do at given rates of their sources, and how it changes with these."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..basics.streams import seed_streams
from ..cells.engine import Source
from ..cells.points import measure_points
from .control_variates import regressed
from .inputs import average, source_rate, sources_of, synapses_of
from .unequal_inputs import drawn_inputs, spread_of_inputs, unequal_rates

# For a CV to mean something; and beyond which events would be too small or too large to stand for spikes
FEWEST_INTERVALS, CV2_RANGE = 100, (0.02, 4.0)
FEW_INTERVALS = 5  # of one cell


class Output(NamedTuple):
    """What uncoupled cells of one population do at given input."""

    rate: float
    sem: float
    response: dict  #: {source population: d rate/d its rate}
    cv2: float
    cv2_sem: float
    unequal: float  #: <r^2>/<r>^2 over cells that get as different inputs as there
    unequal_sem: float
    state: dict  #: of the cells at the end: {variable: values}


def _alike(circuit):
    """Populations whose cells can run in one group: the same model and the same kinds of synapses."""
    groups = {}
    for name, population in circuit.populations.items():
        kinds = tuple(type(synapse) for synapse, _ in synapses_of(circuit, name))
        groups.setdefault((population.model.hash, kinds), []).append(name)
    return groups.values()


def _constant_parts(circuit, name, sources, rates_, drives_):
    """[(current, leak)] of each kind of synapse that its source does not carry, SI."""
    model, parts = circuit.populations[name].model, []
    for source, (_, pathways) in zip(sources, synapses_of(circuit, name)):
        arriving = [(p, p.sent_(source_rate(p, rates_, drives_))) for p in pathways]
        current = sum(p.current_(rate, model) for p, rate in arriving)
        leak = sum(p.leak_(rate) for p, rate in arriving)
        parts.append((float(current - source.current_(model)), float(leak - source.leak_)))
    return parts


def outputs_of(circuit, rates_, drives_, cv2_, unequal_=None, *, cells, seed, state=None, **settings):
    """{population: Output} of uncoupled cells at given rates.

    `state` is {population: {variable: values}} of cells to go on from, by default they rest; `unequal_`, as
    `spread_of_inputs` has it, lets cells differ in what they get.
    """
    out = {}
    for number, names in enumerate(_alike(circuit)):
        I_, g_ = np.transpose([average(circuit, name, rates_, drives_) for name in names])
        columns = [sources_of(circuit, name, rates_, drives_, cv2_) for name in names]
        spreads = [
            [
                spread_of_inputs(pathways, rates_, drives_, unequal_) if unequal_ else 0.0
                for _, pathways in synapses_of(circuit, name)
            ]
            for name in names
        ]
        sources = tuple(
            Source(
                f"s{number}",
                alike[0].synapse.stacked([source.synapse for source in alike]),
                np.array([source.rate_ for source in alike]),
            )
            for number, alike in enumerate(zip(*columns))
        )
        more = {}
        if np.any(spreads):
            # Shape (kind, row, cell)
            drawn = np.stack(
                [
                    drawn_inputs(own, cells, seed_streams(seed, number, row))
                    for row, own in enumerate(spreads)
                ],
                axis=1,
            )
            more["events"] = drawn.reshape(len(sources), -1)
            # Where the noise of regular trains leaves part of a mean to a constant, that differs as well
            rest = np.transpose(
                [_constant_parts(circuit, *entry, rates_, drives_) for entry in zip(names, columns)],
                (2, 1, 0),
            )
            more["beside"] = np.sum(rest[..., None] * (drawn - 1), axis=1).reshape(2, -1)
        model = circuit.populations[names[0]].model
        initial = (
            "rest"
            if state is None
            else {
                key: np.concatenate([np.resize(state[name][key], cells) for name in names])
                for key in model.state_variables
            }
        )
        statistics = measure_points(
            model,
            I_,
            g_,
            sources,
            replicates=cells,
            seed=seed_streams(seed, number),
            initial=initial,
            **more,
            **settings,
        ).statistics
        T = statistics.duration - statistics.warmup
        for row, name in enumerate(names):
            mine = slice(row * cells, (row + 1) * cells)
            kinds = [pathways for _, pathways in synapses_of(circuit, name)]
            excess = np.array(
                [statistics.events[f"s{k}"][mine] / T - column.rate_ for k, column in enumerate(columns[row])]
            ).reshape(len(kinds), cells)
            # Events of the source that move the mean as one of full size from each presynaptic cell does.
            spikes_to_events = [
                [p.K * synapse.in_events_of(source.synapse) for p in pathways]
                for (synapse, pathways), source in zip(synapses_of(circuit, name), columns[row])
            ]
            # Expected slopes d out/d in are at most ten times the ratio of the rates: synapses too silent to
            # show theirs count little, weightless ones not at all.
            reach = np.array(
                [
                    sum(n * p.sent_(source_rate(p, rates_, drives_) + 3) for n, p in zip(numbers, pathways))
                    for numbers, pathways in zip(spikes_to_events, kinds)
                ]
            )
            scale = (
                10
                * (statistics.count[mine].mean() / T + 3)
                * np.divide(1.0, reach, out=np.zeros(len(kinds)), where=reach > 0)
            )
            if np.any(spreads[row]):
                # What cells get for good is told from what luck brings them, which alone has the derivatives
                own = drawn[:, row] - 1
                excess = excess - own * np.array([[column.rate_] for column in columns[row]])
                excess = np.concatenate([excess, own])
                scale = np.append(scale, np.full(len(own), 10 * (statistics.count[mine].mean() / T + 3)))
            rate, sem, slopes = regressed(statistics.count[mine] / T, excess, scale)
            response = {}
            for pathways, numbers, slope in zip(kinds, spikes_to_events, slopes):
                for pathway, n in zip(pathways, numbers):
                    if not pathway.is_drive:
                        passed = slope * n * pathway.slope_(rates_[pathway.source])
                        response[pathway.source] = response.get(pathway.source, 0.0) + passed
            out[name] = Output(
                rate,
                max(sem, 1 / (cells * T)),
                response,
                *_squared_cv(statistics, mine, bool(np.any(spreads[row]))),
                *(unequal_rates(statistics.count[mine]) if np.any(spreads[row]) else (1.0, 0.0)),
                {key: statistics.final_state[key][mine] for key in model.state_variables},
            )
    return out


def _squared_cv(statistics, cells, differ):
    """(squared CV of the intervals of some cells pooled, its standard error); (1, 0) where too few fired."""
    intervals, sums, squares = (
        np.asarray(getattr(statistics, key)[cells], dtype=float)
        for key in ("intervals", "interval_sum", "interval_square_sum")
    )
    n = intervals.sum()
    if n < FEWEST_INTERVALS:
        return 1.0, 0.0
    if differ:
        return _within(intervals, sums, squares)
    cv2 = squares.sum() * n / sums.sum() ** 2 - 1
    # The delta method over cells: what each adds to the three sums.
    influence = (n * squares + squares.sum() * intervals) / sums.sum() ** 2 - 2 * (
        cv2 + 1
    ) * sums / sums.sum()
    return float(np.clip(cv2, *CV2_RANGE)), float(np.sqrt(np.sum((influence - influence.mean()) ** 2)))


def _within(intervals, sums, squares):
    """The same within cells that differ, of which each counts as often as it fires."""
    enough = intervals >= FEW_INTERVALS
    if not enough.any():
        return 1.0, 0.0
    n, sums, squares = (values[enough] for values in (intervals, sums, squares))
    mean = sums / n
    own = (squares - n * mean**2) / (n - 1) / mean**2
    cv2 = np.average(own, weights=n)
    sem = np.sqrt(np.sum((n * (own - cv2)) ** 2)) / n.sum()
    return float(np.clip(cv2, *CV2_RANGE)), float(sem)
