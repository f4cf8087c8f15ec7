"""Voltages of the cells at the operating point, for synapses whose mean current depends on them.

Cells are run with the synapses as they are, and a mean that is put for these is taken out of the input and of
the leak again (`measure_points`): with Poisson trains the rates of the operating point, and the voltages
there, do not depend on what stands in for the means until the voltages are known. With trains so regular that
a part of their mean is constant (`source_of`) they do: these are looked at once the voltages in Poisson
trains are known.
"""

from __future__ import annotations

from dataclasses import replace

from ..basics.streams import OfReduction, seed_streams
from ..cells.points import measure_points
from .inputs import sources_of
from .noises import NOISES, Noise
from .operating_point import find_operating_point
from .search import WARMUP_

__all__ = ["at_voltages"]

# Cells that are looked at once: the mean is then known to a 60th of the spread
CELLS = 4000


def at_voltages(request, bar):
    """The Request with circuits whose synapses know the voltages of their cells, measured where they ask."""
    circuit = request.circuit
    entries = (*circuit.projections, *circuit.drives)
    asking = {each.target for each in entries if each.synapse_kind.asks_voltage(each.parameters)}
    if not asking:
        return request
    told = circuit
    # With Poisson trains to begin with
    for noise in dict.fromkeys((Noise(), NOISES[request.noise])):
        point = find_operating_point(
            told, request.drives_, seed=request.seed, bar=bar, noise=noise, **request.settings
        )
        seen = {
            name: _voltages_at(
                told,
                name,
                point,
                seed=seed_streams(request.seed, OfReduction.VOLTAGES, number),
                **request.settings,
            )
            for number, name in enumerate(circuit.populations)
            if name in asking
        }
        told = _told(circuit, seen)
    asked = _told(request.asked, seen)
    return replace(request, circuit=told, asked=asked)


def _voltages_at(circuit, population, point, *, seed, dt_, engine="auto"):
    """Voltages in V of uncoupled cells at one moment, in the noise they have at an operating point."""
    model = circuit.populations[population].model
    warmup_ = max(2 * WARMUP_, point.settled_.get(population, 0.0))
    return measure_points(
        model,
        [point.I_[population]],
        [point.g_[population]],
        sources_of(circuit, population, point.rate_, point.drives_, point.cv2_),
        replicates=CELLS,
        duration_=warmup_ + WARMUP_,
        warmup_=warmup_,
        dt_=dt_,
        seed=seed,
        engine=engine,
    ).statistics.final_state[model.membrane]


def _told(circuit, seen):
    """The circuit whose synapses that ask know the voltages of their targets."""
    tell = lambda each: (
        replace(each, parameters=each.synapse_kind.at_voltages(each.parameters, seen[each.target]))
        if each.synapse_kind.asks_voltage(each.parameters)
        else each
    )
    return replace(
        circuit, projections=tuple(map(tell, circuit.projections)), drives=tuple(map(tell, circuit.drives))
    )
