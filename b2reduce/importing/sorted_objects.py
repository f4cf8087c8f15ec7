"""The objects of a network by what they are, and those that a circuit does not hold."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .collected import with_contained
from .object_names import base_of
from .train_rates import is_poisson

__all__ = ["SortedObjects", "refuse_summed", "sorted_objects", "sum_is_only_read"]

#: Of a group, that is recorded by itself and is then a population; of fewer cells people look at spikes.
_SHARE = 0.1


@dataclass
class SortedObjects:
    """
    Attributes
    ----------
    groups : list of NeuronGroup
        Whose cells become populations.
    trains, generators : list of Group
        That fire at random, or when they were told.
    synapses, inputs, sums : list
    recorded : list of Group
        Groups and subgroups whose spikes or rates are recorded by themselves.
    """

    groups: list = field(default_factory=list)
    trains: list = field(default_factory=list)
    generators: list = field(default_factory=list)
    synapses: list = field(default_factory=list)
    inputs: list = field(default_factory=list)
    sums: list = field(default_factory=list)
    recorded: list = field(default_factory=list)


def sorted_objects(objects, names, audit):
    """The `SortedObjects`; what is none of them is refused by its name."""
    import brian2
    from brian2.groups.group import CodeRunner
    from brian2.spatialneuron.spatialneuron import SpatialNeuron

    found = SortedObjects()
    for item in objects:
        name = names.of(item)
        if not item.active:
            audit.row(name, type(item).__name__, "nothing", "it is not active")
        elif isinstance(
            item,
            (brian2.SpikeMonitor, brian2.PopulationRateMonitor, brian2.StateMonitor, brian2.EventMonitor),
        ):
            if not isinstance(item, brian2.StateMonitor) and len(item.source) >= _SHARE * len(
                base_of(item.source)
            ):
                found.recorded.append(item.source)
            audit.row(
                name, f"{type(item).__name__} of {base_of(item.source).name}", "nothing", "it only records"
            )
        elif isinstance(item, SpatialNeuron):
            audit.refuse(
                name, "a SpatialNeuron", "cells of circuits are points; reduce it to one compartment"
            )
        elif isinstance(item, brian2.NeuronGroup):
            (found.trains if is_poisson(item) else found.groups).append(item)
        elif isinstance(item, brian2.PoissonGroup):
            found.trains.append(item)
        elif isinstance(item, brian2.SpikeGeneratorGroup):
            found.generators.append(item)
        elif isinstance(item, brian2.Synapses):
            found.synapses.append(item)
        elif isinstance(item, brian2.PoissonInput):
            found.inputs.append(item)
        elif isinstance(item, brian2.NetworkOperation):
            audit.refuse(
                name,
                f"network_operation {getattr(item.function, '__name__', '')}",
                "circuits run no functions of yours: say what it changes as a drive over time, or leave it"
                " out",
            )
        elif not isinstance(item, (CodeRunner, brian2.Subgroup)):
            audit.refuse(name, f"a {type(item).__name__}", "circuits hold nothing of this kind")
    _refuse_runners(objects, names, audit, found)
    return found


def _refuse_runners(objects, names, audit, found):
    """Operations that are tied to groups: regular ones, and those at events."""
    from brian2.groups.group import CodeRunner
    from brian2.groups.neurongroup import Resetter, Thresholder
    from brian2.synapses.synapses import SummedVariableUpdater

    for item in with_contained(objects):
        known = isinstance(item, (Thresholder, Resetter, SummedVariableUpdater)) or type(item) is CodeRunner
        if not known or not item.active:
            continue
        group = names.of(base_of(item.group))
        if isinstance(item, SummedVariableUpdater):
            found.sums.append(item)
        elif isinstance(item, (Thresholder, Resetter)):
            if item.event != "spike":
                audit.refuse(
                    group,
                    f"the event {item.event!r}: {item.group.events.get(item.event)}",
                    "circuits have spikes and no other events",
                )
        else:
            audit.refuse(
                group,
                f"run_regularly or run_on_event: {item.abstract_code or getattr(item, 'code', '')}",
                "circuits do nothing between the equations, spikes and inputs of a cell: write it as a"
                " drive over time, or into the equations",
            )


_COUPLES = "couples cells at every moment, as gap junctions do"
_GAP = "such couplings are none"
_SUM = "let them add to a variable of the target that decays there, g += w with dg/dt = -g/tau"


def sum_is_only_read(item, names, audit):
    """Whether the cells that something is summed in never spike, so that no other cell sees it.

    What else such cells do, to those that are linked to them or sum them up, is refused there.
    """
    target = base_of(item.target_var.owner)
    if getattr(target, "events", {}).get("spike"):
        return False
    audit.row(
        names.of(base_of(item.group)),
        f"{item.target_varname} = {item.expression.code} (summed)",
        "nothing",
        f"{names.of(target)} never spikes",
    )
    return True


def refuse_summed(item, why, names, audit):
    """What is summed over synapses at every step."""
    text = item.expression.code
    gap = {name.rpartition("_")[2] for name in item.expression.identifiers} >= {"pre", "post"}
    audit.refuse(
        names.of(base_of(item.group)),
        f"{item.target_varname} = {text} (summed) "
        + ("couples cells at every moment, as gap junctions do" if gap else why),
        f"synapses of circuits act at spikes: {_GAP if gap else _SUM}",
        "what is summed stays 0" if not _current_values(item) else "what is summed stays what it is now",
    )


def _current_values(item):
    return bool(np.any(np.asarray(item.target_var.get_value()) != 0))
