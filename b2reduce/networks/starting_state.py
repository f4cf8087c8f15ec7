"""Spiking networks that start at rates that they have had for long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..basics.streams import OfNetwork, seed_streams
from ..cells.points import measure_points
from ..reduction.driven_cells import outputs_of
from ..reduction.inputs import average, source_rate, sources_of, synapses_of
from ..reduction.states import active_rates_, read_rates

__all__ = ["StartingState", "starting_state"]

CELLS = 4000  # that are run, at most as many as there are; the network's take their states from these
# s: how long they have run by then, where the membrane is all that there is, and where others are slower
RUN_, SLOW_RUN_ = 0.5, 2.0
ROUNDS, SEEN = 3, 400  # in which it is seen how regularly cells fire, and of how many
PHASES = 32  # of an interval at the rate of the state
NEVER_ = 1e4  # s before the start, of cells that have not fired: what Brian2 has


@dataclass(frozen=True, eq=False)
class StartingState:
    """What a network starts from instead of what its circuit says.

    Attributes
    ----------
    values : mapping of (population, variable) to float or ndarray
        SI.
    plastic : mapping of str to mapping of str to float
        {projection label: {variable of its plasticity: value}}.
    rates_ : mapping of str to float
        Of the populations, Hz.
    """

    values: Mapping
    plastic: Mapping
    rates_: Mapping

    @property
    def structure(self):
        """What programs that can start so share, as plain data."""
        values = [[*key, bool(np.ndim(value))] for key, value in self.values.items()]
        return {"values": sorted(values), "plastic": dict(self.plastic)}

    @classmethod
    def of_structure(cls, structure, circuit):
        """One of this structure, whose values are all 0."""
        sizes = {name: population.size for name, population in circuit.populations.items()}
        values = {
            (name, key): np.zeros(sizes[name]) if several else 0.0
            for name, key, several in structure["values"]
        }
        return cls(values, structure["plastic"], {})


def starting_state(circuit, initial, *, seed, dt_, bar):
    """The StartingState of what `simulate_spikes` takes as `initial`; None where it is None.

    Cells with their synapses are as uncoupled ones are, one moment each, that trains of these rates, as
    regular as the cells fire, have driven for long: conductances fluctuate around their means, membranes with
    them, and those that are refractory stay so for what is left of it. At the means alone, or in trains more
    regular than its own, a network that its fluctuations keep firing falls silent. Drives have the rates that
    they have in the long run. Cells that receive nothing keep the membranes that they start from otherwise,
    and their synapses are at rest.
    """
    if initial is None:
        return None
    named = lambda name: active_rates_(circuit, name, seed=seed, dt_=dt_, bar=bar)
    rates_ = read_rates(tuple(circuit.populations), initial, named)
    released, plastic = _released(circuit, rates_)
    drives_ = circuit.drives_
    values, cv2_ = {}, _regularity(released, rates_, drives_, seed, dt_)
    for number, name in enumerate(circuit.populations):
        seed_ = seed_streams(seed, OfNetwork.INITIAL, number)
        cells = _cells(released, name, rates_, drives_, cv2_, seed_, dt_)
        values.update({(name, key): each for key, each in cells.items()})
    return StartingState(values, plastic, rates_)


def _released(circuit, rates_):
    """(circuit whose synapses are as strong as plasticity leaves them at these rates, {label: {variable of
    plasticity: value}}).
    """
    projections, plastic = [], {}
    for label, each in zip(circuit.labels, circuit.projections):
        if (plasticity := each.plasticity) is not None:
            rate, size = rates_[each.source], each.synapse_kind.size
            plastic[label] = plasticity.held_(rate)
            weaker = {**each.parameters, size: plasticity.release_(rate) * each.parameters[size]}
            each = replace(each, parameters=weaker, plasticity=None)
        projections.append(each)
    return (replace(circuit, projections=tuple(projections)) if plastic else circuit), plastic


def _regularity(circuit, rates_, drives_, seed, dt_):
    """{population: squared CV of the intervals} that cells have at these rates of their sources, whose trains
    are as regular as they.
    """
    cv2_ = dict.fromkeys(circuit.populations, 1.0)
    for number in range(ROUNDS if any(rates_.values()) else 0):
        outputs = outputs_of(
            circuit,
            rates_,
            drives_,
            cv2_,
            cells=SEEN,
            seed=seed_streams(seed, OfNetwork.INITIAL, len(rates_) + number),
            duration_=SLOW_RUN_,
            warmup_=RUN_,
            dt_=dt_,
        )
        cv2_ = {name: outputs[name].cv2 for name in cv2_}
    return cv2_


def _cells(circuit, name, rates_, drives_, cv2_, seed, dt_):
    """{variable: value, or values over cells} of a population and of its synapses."""
    model, size = circuit.populations[name].model, circuit.populations[name].size
    sources = sources_of(circuit, name, rates_, drives_, cv2_)
    if not any(np.any(source.rate_ > 0) for source in sources):
        held = (p.synapse.start_(p.symbol, 0.0) for p in circuit.pathways(name))
        return {key: float(value) for each in held for key, value in each.items()}
    final = _driven(circuit, name, sources, rates_, drives_, seed, dt_)
    # Each as often as the others, where there are more
    cells = len(final[model.membrane])
    chosen = np.random.default_rng(seed).permutation(np.resize(np.arange(cells), max(size, cells)))[:size]
    found = {key: final[key][chosen] for key in model.state_variables}
    if model.refractory is not None:
        found["lastspike"] = final["lastspike"][chosen]
    for source, (_, pathways) in zip(sources, synapses_of(circuit, name)):
        # Of synapses that a cell cannot tell apart every pathway has its part of the mean
        events = np.array([p.K * source_rate(p, rates_, drives_) for p in pathways])
        for p, part in zip(pathways, events / max(events.sum(), np.finfo(float).tiny)):
            # What is missing of the mean in trains so regular that a part of it is constant stands apart
            means = p.synapse.start_(p.symbol, part * events.sum())
            pooled = source.synapse.start_(source.label, float(source.rate_))
            for (own, mean), (key, seen) in zip(means.items(), pooled.items()):
                found[own] = mean + part * (final[key][chosen] - seen) if part else 0.0
    return found


def _driven(circuit, name, sources, rates_, drives_, seed, dt_):
    """{variable: values over cells} of uncoupled cells, and when they last fired, before the start.

    They run for times that differ by up to an interval: those that fire regularly are in all its phases.
    """
    model = circuit.populations[name].model
    run_ = RUN_ if len(model.state_variables) == 1 else SLOW_RUN_
    longer_ = min(1 / max(rates_[name], 1e-9), RUN_)
    points, found = average(circuit, name, rates_, drives_), []
    replicates = -(-min(circuit.populations[name].size, CELLS) // PHASES)
    for number in range(PHASES):
        duration_ = dt_ * round((run_ + longer_ * number / PHASES) / dt_)
        run = measure_points(
            model,
            *([point] for point in points),
            sources,
            replicates=replicates,
            duration_=duration_,
            warmup_=0.0,
            dt_=dt_,
            seed=seed_streams(seed, OfNetwork.NOISE, number),
        ).statistics
        since = np.nan_to_num(duration_ - run.last_time, nan=NEVER_)
        found.append({**run.final_state, "lastspike": -since})
    return {key: np.concatenate([each[key] for each in found]) for key in found[0]}
