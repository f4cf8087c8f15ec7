"""Synapses objects, pathway by pathway: who is connected, what an event does, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .algebra import NotAlgebra, names_of
from .events import NotRead, executed
from .numbers_of_synapses import Places, numbers_of
from .object_names import base_of, bounds_of
from .releases import release_of
from .scope import Scope
from .spread_values import same

__all__ = ["Link", "links_of", "variables_increased"]


@dataclass(frozen=True)
class Link:
    """What the spikes of a source do, along one pathway.

    Attributes
    ----------
    name : str
        Of the Synapses object.
    source, target : Group
        The whole groups.
    bounds : (int, int)
        Cells of the source that the synapses may come from: first, and one behind the last.
    i, j : ndarray of int
        Cells of these.
    increments : dict of str to float or ndarray
        {variable of the target: what an event adds, SI}, over synapses where they differ.
    delay : float or ndarray
        s.
    plasticity : dict or None
    code : str
        The statements.
    synapses : Synapses
        The object itself.
    sizes : tuple of str
        Variables of it, one value a synapse, which the increments hang on.
    """

    name: str
    source: Any
    target: Any
    bounds: tuple
    i: Any
    j: Any
    increments: dict
    delay: Any
    plasticity: Any
    code: str
    synapses: Any
    sizes: tuple


def _in_one_line(code):
    """Statements without comments, for messages."""
    lines = [line.partition("#")[0].strip() for line in code.splitlines()]
    return "; ".join(line for line in lines if line)


def _event(pathway, places, sums):
    """What a pathway does, with sums over synapses as variables of the target."""
    event = executed(pathway.code, places)
    for each in sums:
        if each.synapses == places.synapses.name and pathway.prepost == "pre":
            each.taken_into(event)
    return event


def variables_increased(synapses, namespace, sums=()):
    """Variables of the target that statements at presynaptic spikes set, as far as they can be read."""
    places = Places(synapses, Scope(synapses, namespace))
    found = set()
    for pathway in synapses._pathways:
        if pathway.prepost == "pre":
            try:
                found.update(_event(pathway, places, sums).increments)
            except NotRead:
                continue  # which `links_of` refuses, with the reason
    return found


def links_of(synapses, namespace, name, audit, sums=()):
    """The `Link`s of a Synapses object; what is none of them is refused."""
    places = Places(synapses, Scope(synapses, namespace))
    i = np.asarray(synapses.variables["_synaptic_pre"].get_value())
    j = np.asarray(synapses.variables["_synaptic_post"].get_value())
    links = []
    for pathway in synapses._pathways:
        code = _in_one_line(pathway.code)
        if not pathway.active:
            audit.row(name, code, "nothing", "it is not active")
            continue
        if pathway.event != "spike":
            audit.refuse(
                name, f"on the event {pathway.event}: {code}", "circuits have spikes and no other events"
            )
            continue
        try:
            event = _event(pathway, places, sums)
            if pathway.prepost == "post":
                _refuse_post(event, code, name, audit)
                continue
            if event.elsewhere:
                raise NotRead(f"sets {', '.join(event.elsewhere)} of the cell that fires")
            increments = {
                variable: each
                for variable, each in event.increments.items()
                if _constant_part(each, variable)
            }
            plasticity, increments = _released(event, increments, places, name, code, audit)
            if not increments:
                audit.row(name, code, "nothing", "it adds to no variable of the target")
                continue
            values = {variable: numbers_of(each, places, i, j) for variable, each in increments.items()}
        except (NotRead, NotAlgebra) as error:
            audit.refuse(
                name,
                f"on_pre {code!r} {error}",
                "events add a number to variables of the target, which may be a variable of the synapse",
                "these synapses are left out",
            )
            continue
        delay = np.asarray(pathway.variables["delay"].get_value(), dtype=float)
        delay = float(delay[0]) if delay.size and same(delay) else delay
        ends = base_of(synapses.source), base_of(synapses.target), bounds_of(synapses.source)
        sizes = places.listed({each for increment in increments.values() for each in names_of(increment)})
        links.append(Link(name, *ends, i, j, values, delay, plasticity, code, synapses, sizes))
    return links


def _constant_part(increment, variable):
    """True; raises where what is added depends on the variable itself."""
    if any(each.name == f"{variable}_post" for each in increment.free_symbols):
        raise NotRead(f"changes {variable} by an amount that depends on {variable} itself")
    return True


def _released(event, increments, places, name, code, audit):
    """The plasticity and what is left of the increments; weights that learn are frozen as they are now."""
    try:
        return release_of(event, increments, places)
    except NotRead as error:
        if "learns" not in str(error):
            raise
        audit.refuse(
            name,
            f"on_pre {code!r} {error}",
            "circuits have short-term plasticity of Tsodyks and Markram alone; freeze the weights as they"
            " are now",
            "its weights stay what they are now",
        )
        return None, increments


def _refuse_post(event, code, name, audit):
    """Statements at postsynaptic spikes: they learn, or act on the source."""
    audit.refuse(
        name,
        f"on_post {code!r} changes"
        f" {', '.join([*event.changes, *event.increments, *event.elsewhere]) or 'nothing'}",
        "circuits have no plasticity of postsynaptic spikes; freeze the weights as they are now",
        "its weights stay what they are now",
    )
