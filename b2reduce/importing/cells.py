"""Cells of a group as a neuron of a circuit, and what events on their variables do."""

from __future__ import annotations

import numpy as np

from ..basics.errors import InputError
from ..basics.units import with_units
from ..circuit.neuron import NeuronModel
from .algebra import names_of, rounded
from .answers import Answer
from .audit import shown
from .cell_text import cell_lines, equations_text, input_among, with_input
from .cell_values import CellValues
from .courses import courses_of, jump_of
from .free_names import renamed, replacements
from .membranes import read_membrane
from .statements import plain_code, statements_of
from .synaptic_states import NotLinear, SynapticStates, synaptic_names

__all__ = ["Cells"]

#: Names of what is added to the equations of a cell, the first that is free.
INPUTS, CAPACITANCES = ("I_app", "I_input", "I_from_circuit"), ("C_m", "C_membrane", "C_of_cell")


class Cells:
    """One population, read from the group that it is a part of.

    Parameters
    ----------
    part : Part
    equations : GroupEquations
    increased : collection of str
        Variables that events increase.
    audit : Audit
    g_L_ : float or None
        S, for cells without a conductance.
    """

    def __init__(self, part, equations, increased, audit, g_L_=None):
        self.part, self.equations, self.audit = part, equations, audit
        self.values = CellValues(part, equations, equations.scope)
        self.synaptic, self._driven = synaptic_names(equations, increased), bool(increased)
        names = set().union(*(names_of(slope) for slope in equations.slopes.values()))
        self._constants_ = self.values.values_of(names)
        self._states, self._answers, self._started = self._read_states(), {}, set()
        #: (Answer, projection or drive) of all that were made of its answers
        self.uses = []
        #: Variables of synapses that the cell does without
        self.dropped = tuple(name for name in self.synaptic if name not in self.kept)
        self.membrane = read_membrane(equations, self.synaptic, self.values, g_L_)
        self.model = self._model()

    def _read_states(self):
        """The equations of the synaptic variables; those that are none are refused and stand still."""
        try:
            return SynapticStates(self.equations, self.synaptic, self._constants_)
        except NotLinear as error:
            self._refuse_states(str(error))
        return None

    @property
    def kept(self):
        """Variables of synapses that move by themselves as well; all, where they are no sums of synapses."""
        return self.synaptic if self._states is None else self._states.kept

    def _refuse_states(self, reason):
        names = ", ".join(self.synaptic)
        self.audit.refuse(
            self.part.name,
            f"synapses in {names}: {reason}",
            "synapses of circuits add up: linear equations of their own, without the voltage in them",
            "these variables go on without events",
        )

    # The cell

    def _model(self):
        equations, membrane = self.equations, self.membrane
        lines = cell_lines(equations, self.dropped)
        taken = {*equations.lines, *self._constants_}
        added = {}
        own = input_among(equations, self.values, membrane.capacitance_)
        if own is not None:
            input_, capacitance = own, None
        else:
            input_ = next(name for name in INPUTS if name not in taken)
            capacitance = membrane.capacitance
            if capacitance is None:
                capacitance = next(name for name in CAPACITANCES if name not in taken)
                unit = "F/m^2" if membrane.per_area else "F"
                added[capacitance] = with_units(membrane.capacitance_, unit)
            lines = with_input(lines, input_, capacitance, equations.membrane)
        parameters = {**self._parameters(lines, own, {*added, input_}), **added}
        # Names that circuits have another use for are changed, in all texts alike
        movable = {*parameters, *lines} - {equations.membrane}
        new_names = self.new_names = replacements(movable, input_ if own is None else None)
        say = lambda text: renamed(text, new_names) if isinstance(text, str) else text
        try:
            model = NeuronModel(
                equations=say(equations_text(lines)),
                threshold=say(equations.threshold),
                reset=say(plain_code(equations.reset)),
                refractory=say(self._refractory()),
                parameters={say(name): value for name, value in parameters.items()},
                method=self._method(),
                membrane=equations.membrane,
                input=say(input_),
                leak=say(membrane.leak),
                leak_reversal=say(membrane.leak_reversal),
                capacitance=say(capacitance),
                name=self.part.name,
                dt=with_units(float(self.part.group.clock.dt_), "s"),
            )
        except InputError as error:
            raise InputError(f"from_brian2, {self.part.name}: {error}") from None
        self._row(model.method_used(self._driven))
        for old, new in new_names.items():
            self.audit.row(self.part.name, old, new, "circuits have another use for the name")
        return model

    def _refractory(self):
        found = self.equations.refractory
        return None if found is False else found

    def _method(self):
        """The method that the user chose by its name; several to choose from are Brian2's own choice."""
        chosen = self.part.group.state_updater.method_choice
        return chosen if isinstance(chosen, str) else None

    def _parameters(self, lines, own, given):
        """{name: value} of all names in the texts of the cell."""
        from brian2.core.functions import DEFAULT_FUNCTIONS
        from brian2.core.namespace import DEFAULT_UNITS
        from brian2.utils.stringtools import get_identifiers

        from ..circuit.neuron_checks import BUILTIN

        texts = [line.text for line in lines.values()]
        texts += [self.equations.threshold, self.equations.reset, str(self.equations.refractory or "")]
        local = {name for name in get_identifiers(self.equations.reset) if self._is_local(name)}
        used = set().union(*map(get_identifiers, texts))
        self._check_names(used)
        names = used - set(lines) - BUILTIN - given - local
        names -= {name for name in names if name.startswith("xi_")}
        if own is not None:
            names.add(own)
        found = {}
        for name in sorted(names):
            if name in self.equations.lines or (name == self.values.unit_name and self.equations.unit_ != 1):
                found[name] = self.values.quantity(name, self.audit)
            elif name in DEFAULT_UNITS or name in DEFAULT_FUNCTIONS:
                continue
            elif self._is_constant(name):
                found[name] = self.values.quantity(name, self.audit)
        return found

    def _check_names(self, used):
        """What differs between cells or changes in time without being a parameter or a variable."""
        for name in sorted(used & {"i", "N"}):
            self.audit.refuse(
                self.part.name,
                f"its equations have {name} in them, the number of {'the cell' if name == 'i' else 'cells'}",
                "cells of a population are alike but for parameters: declare a parameter and set its values",
                "taken as that of the population",
            )
        if "t" in used:
            self.audit.assumed(
                self.part.name,
                "its equations have the time t in them",
                "networks have it, rate models do not",
                "its equations change with time, and a rate model is made at one time",
            )

    def _is_local(self, name):
        """A name that the reset sets for itself."""
        body = statements_of(self.equations.reset)
        set_ = {node.targets[0].id for node in body if hasattr(node, "targets")}
        return name in set_ and name not in self.equations.lines

    def _is_constant(self, name):
        from brian2.core.functions import DEFAULT_CONSTANTS

        if name in DEFAULT_CONSTANTS:
            return False
        if not self.equations.scope.is_function(name):
            return True
        function = self.equations.scope.resolved(name)
        raise InputError(
            f"from_brian2, {self.part.name}: its equations call {name}(), a {type(function).__name__}, and"
            " cells of circuits have no functions of their own"
        )

    def _row(self, method):
        membrane, part = self.membrane, self.part
        unit = "F/m^2" if membrane.per_area else "F"
        self.audit.row(
            part.name,
            f"{part.group.name}, {part.cells}",
            f"population of {part.size} cells: membrane {self.equations.membrane}, C ="
            f" {shown(with_units(membrane.capacitance_, unit))}, leak {shown(membrane.leak)}, reversal"
            f" {shown(membrane.leak_reversal)}; from {membrane.read}; integrated by {method}",
            membrane.assumed,
        )
        if membrane.assumed:
            self.audit.warn(f"{part.name}: {membrane.assumed}")
        if self.equations.unit_ != 1:
            self.audit.assumed(
                part.name,
                f"{self.equations.membrane} has no unit",
                f"1 of {self.equations.membrane} is {1e3 * self.equations.unit_:g} mV",
                f"{self.equations.membrane} has no unit: 1 is taken as {1e3 * self.equations.unit_:g} mV,"
                " which changes no spike",
            )

    # What events do

    def entries(self, increments):
        """Every `Answer` of the cell to increments with fixed ratios.

        Parameters
        ----------
        increments : tuple of (str, float)
            Variables, and what an event adds to each, in SI.

        Raises
        ------
        NoKind, NoCourse
            If no kind of synapse is this.
        """
        if increments not in self._answers:
            self._answers[increments] = self._worked_out(dict(increments))
        return self._answers[increments]

    def _worked_out(self, increments):
        found, membrane = [], self.equations.membrane
        if membrane in increments:
            size_ = rounded(increments.pop(membrane) * self.equations.unit_)
            found.append(Answer(jump_of(size_), f"{membrane} jumps", self, None))
        states = self._states
        hit = [name for name in increments if states is not None and name in states.names]
        if not hit:
            return found
        moved = states.moved(hit)
        event = np.array([increments.get(each, 0.0) for each in states.names])
        for way in states.ways(moved):
            for course in courses_of(states.matrix, event, way.readout):
                entry = way.coupling.entry(course, self.membrane.capacitance_)
                reading = f"{' and '.join(hit)} is {way.coupling.reading}, {course.reading()}"
                found.append(Answer(entry, reading, self, way))
        return found

    def summed_(self, way):
        """What synapses have summed up along a way, in every cell now, as the conductance or current that it
        is, in SI.
        """
        values = np.array([self.part.values_(name).astype(float) for name in self.synaptic])
        scale = way.coupling.scale * self.membrane.capacitance_
        return np.broadcast_to(scale * (way.readout @ values), (self.part.size,))

    def in_equations(self, name):
        """Whether a variable that is no state of a synapse stands on a right-hand side."""
        return name not in self.synaptic and any(
            name in names_of(each) for each in self.equations.slopes.values()
        )
