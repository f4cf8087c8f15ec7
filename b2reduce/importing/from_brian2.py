"""Reading a network that a user has written in Brian2."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..basics.arguments import one_of, to_si
from ..basics.errors import CircuitError, InputError
from ..basics.units import with_units
from ..circuit.circuit import Circuit
from ..circuit.population import Population
from .algebra import NotAlgebra
from .audit import Audit
from .blocks import blocks_of
from .cells import Cells
from .collected import collected, namespace_of
from .drives import drives_of_input, drives_of_trains
from .events import NotRead
from .given_spikes import drives_of_spikes
from .group_equations import GroupEquations, NoMembrane
from .imported import Imported
from .object_names import Names, base_of
from .parts import boundaries, parts_of
from .projections import AUTO, WIRINGS, projections_of
from .scope import Scope
from .sorted_objects import refuse_summed, sorted_objects, sum_is_only_read
from .source import source_of
from .starting import initial_of
from .summed import sum_of
from .synaptic_links import links_of, variables_increased
from .timed_values import without_tables
from .verification import verify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..basics.types import QuantityLike

__all__ = ["from_brian2"]


def from_brian2(
    *objects: Any,
    namespace: Mapping[str, Any] | None = None,
    g_L: QuantityLike | None = None,
    wiring: str = AUTO,
    strict: bool = True,
    name: str = "imported",
) -> Imported:
    """A network of live Brian2 objects as a circuit.

    Nothing of the network is changed or run. What cells, synapses and inputs are is read from what their
    equations and statements do, whatever their names and units; values, wiring, weights, delays and starting
    values are those that the objects have now.

    Parameters
    ----------
    objects : Network, Brian2 objects, or containers of them
        Without any, those that Brian2's own ``run()`` would take where this is called.
    namespace : mapping, optional
        Where names in equations are looked for, as ``run(namespace=...)``; by default the variables of the
        caller.
    g_L : Quantity, optional
        The leak of cells in whose equations nothing has a conductance, as in ``tau*dv/dt = ...``; 10 nS by
        default. Only ratios of currents and conductances to it matter.
    wiring : {"auto", "keep"}
        Synapses whose wiring a test does not refuse to be random become an in-degree or a probability, and
        every seed of the circuit draws anew; the others are kept one by one. Or all are kept.
    strict : bool
        Refuse a network of which something that changes rates cannot be taken along, with a list of all such
        things. Else they are left out, as the table and the warnings say.
    name : str
        Of the circuit.

    Returns
    -------
    Imported

    Raises
    ------
    CircuitError
        If something cannot be taken along, or there is nothing.

    Examples
    --------
    >>> from brian2 import Hz, NeuronGroup, PoissonInput, mV, ms
    >>> cells = NeuronGroup(100, "dv/dt = -v/(10*ms) : volt", threshold="v > 20*mV", reset="v = 0*mV")
    >>> noise = PoissonInput(cells, "v", 1000, 5*Hz, 0.5*mV)
    >>> from_brian2(cells, noise).circuit.drives[0].J
    0.5 * mvolt
    """
    frame = sys._getframe(1)
    try:
        given, visible = collected(objects, frame), namespace_of(frame)
        names = dict(visible if namespace is None else namespace)
    finally:
        del frame
    one_of(wiring, WIRINGS, "wiring", CircuitError)
    g_L_ = None if g_L is None else to_si(g_L, "S", "g_L")
    return imported_of(given, names, visible, g_L_=g_L_, wiring=wiring, strict=strict, name=name)


def imported_of(objects, namespace, visible, *, g_L_=None, wiring=AUTO, strict=True, name="imported"):
    """The `Imported` of some objects, with the variables of a run and those that name objects."""
    _check_device()
    audit = Audit()
    reading = _Reading(objects, namespace, Names(visible), audit, g_L_, wiring)
    circuit = reading.circuit(name, strict)
    source = source_of(objects, namespace, reading.cells, circuit, blocks_of(reading.links, reading.parts))
    return Imported(circuit, audit.table, tuple(audit.warnings), source)


def _check_device():
    from brian2.devices.device import get_device, runtime_device

    device = get_device()
    if device is not runtime_device and not getattr(device, "has_been_run", False):
        raise CircuitError(
            f"from_brian2: the device is {type(device).__name__}, on which synapses are made when the"
            " program is built; leave set_device out for the import, or call this after the run"
        )


class _Reading:
    """What is known of a network while it is read."""

    def __init__(self, objects, namespace, names, audit, g_L_, wiring):
        self.namespace, self.names, self.audit, self.g_L_, self.wiring = namespace, names, audit, g_L_, wiring
        objects = names.in_order(objects)
        self.objects = sorted_objects(objects, names, audit)
        self.sums = self._read_sums()
        self._read_equations()
        self.links = [
            link
            for synapses in self.objects.synapses
            for link in links_of(synapses, namespace, names.of(synapses), audit, self.sums)
        ]
        self.parts = {name: self._parts(equations) for name, equations in self.equations.items()}
        self.cells = self._cells()

    def _read_sums(self):
        found = []
        for item in self.objects.sums:
            if sum_is_only_read(item, self.names, self.audit):
                continue
            try:
                found.append(sum_of(item, self.namespace))
            except (NotRead, NotAlgebra) as error:
                refuse_summed(item, str(error), self.names, self.audit)
        return found

    def _read_equations(self):
        self.equations = {}
        for group in self.objects.groups:
            try:
                self.equations[group.name] = GroupEquations(group, Scope(group, self.namespace))
            except NotAlgebra as error:
                self.audit.refuse(self.names.of(group), str(error), "write the cell as circuits have it")
            except NoMembrane as error:
                if group.events.get("spike"):
                    self.audit.refuse(self.names.of(group), str(error), "name one variable in the threshold")
                else:
                    self.audit.row(
                        self.names.of(group), "NeuronGroup", "nothing", f"{error}, and acts on no other"
                    )
        for equations in self.equations.values():
            self._refuse_linked(equations)
            for each in self.sums:
                if each.target == equations.group.name:
                    equations.lines.update(each.lines)
                    for constant, (value_, dim) in each.constants.items():
                        equations.scope.define(constant, value_, dim)
            name = self.names.of(equations.group)
            equations.lines = without_tables(equations.lines, equations.scope, name, self.audit)
        if not self.equations:
            self.audit.settle(True)
            raise CircuitError(
                "from_brian2: there is no NeuronGroup with a threshold among the objects"
                f" {', '.join(self.names.of(each) for each in self.objects.groups) or '(none)'}"
            )

    def _refuse_linked(self, equations):
        linked = [name for name, line in equations.lines.items() if "linked" in line.flags]
        for name in linked:
            self.audit.refuse(
                self.names.of(equations.group),
                f"{name} is a variable of another group (linked)",
                "cells of circuits act on each other by spikes alone: give it a value",
                "it keeps the values that it has now",
            )

    def _parts(self, equations):
        group = equations.group
        named = [each for synapses in self.objects.synapses for each in (synapses.source, synapses.target)]
        named += [each._group for each in self.objects.inputs]
        named += self.objects.recorded
        ends = [link.i for link in self.links if link.source is group]
        ends += [link.j for link in self.links if link.target is group]
        sums_ = {
            key: values
            for each in self.sums
            if each.target == group.name
            for key, values in each.values_.items()
        }
        return parts_of(group, boundaries(group, named, ends, equations.parameters), self.names, sums_)

    def _increased(self, group):
        found = set()
        for synapses in self.objects.synapses:
            if base_of(synapses.target) is group:
                found |= variables_increased(synapses, self.namespace, self.sums)
        return found | {each.target_var for each in self.objects.inputs if base_of(each._group) is group}

    def _cells(self):
        found = {}
        for name, parts in self.parts.items():
            increased = self._increased(self.equations[name].group)
            for part in parts:
                try:
                    found[part.name] = Cells(part, self.equations[name], increased, self.audit, self.g_L_)
                except InputError as error:
                    reason = str(error).removeprefix(f"from_brian2, {part.name}: ")
                    self.audit.refuse(part.name, reason, "write the cell as circuits have it")
        self.parts = {
            name: [part for part in parts if part.name in found] for name, parts in self.parts.items()
        }
        return found

    def circuit(self, name, strict):
        """The circuit; raises where something was refused and nothing may be."""
        projections, drives = [], []
        drive_names = {}
        for link in self.links:
            if link.target in self.objects.trains:
                self.audit.refuse(
                    link.name,
                    f"{link.code!r} acts on {self.names.of(link.target)}, which fires at random",
                    "trains of drives follow nothing in the network",
                    "these synapses are left out",
                )
            elif link.target.name not in self.parts:
                self.audit.row(link.name, link.code, "nothing", f"{link.target.name} is no population")
            elif not link.i.size:
                self.audit.row(link.name, link.code, "nothing", "there are no synapses")
            elif link.source.name in self.parts:
                projections += projections_of(link, self.parts, self.cells, self.audit, self.wiring)
            else:
                drives += self._driven(link, drive_names)
        for item in self.objects.inputs:
            own = self.names.of_drive(item)
            if base_of(item._group).name in self.parts:
                drives += drives_of_input(item, self.parts, self.cells, self.namespace, own, self.audit)
        self.audit.settle(strict)
        self._verify()
        return Circuit(
            populations={
                key: Population(cells.model, cells.part.size, initial=initial_of(cells))
                for key, cells in self.cells.items()
            },
            projections=projections,
            drives=drives,
            name=name,
            dt=self._dt(),
        )

    def _driven(self, link, drive_names):
        group = link.source
        if group in self.objects.trains or group in self.objects.generators:
            # Synapses from one group onto several are the same trains, which is what drives of one name are
            key = (group.name, frozenset(link.increments), link.target.name)
            own = drive_names.get(group.name)
            if own is None or key in drive_names:
                own = self.names.of_drive(group)
            drive_names[group.name] = drive_names[key] = own
            if group in self.objects.generators:
                return drives_of_spikes(link, self.parts, self.cells, own, self.audit)
            return drives_of_trains(link, self.parts, self.cells, self.namespace, own, self.audit)
        self.audit.refuse(
            link.name,
            f"its source {self.names.of(group)} is none of the objects, or is no population",
            "pass it along",
            "these synapses are left out",
        )
        return []

    def _verify(self):
        for cells in self.cells.values():
            verify(cells, [answer for answers in cells._answers.values() for answer in answers])

    def _dt(self):
        steps = {cells.part.name: float(cells.part.group.clock.dt_) for cells in self.cells.values()}
        if len(set(steps.values())) > 1:
            self.audit.assumed(
                "clocks",
                ", ".join(f"{key} {1e3 * value:g} ms" for key, value in steps.items()),
                f"dt = {1e3 * min(steps.values()):g} ms",
                "cells have different time steps, and all of the circuit have the shortest",
            )
        return with_units(min(steps.values()), "s")
