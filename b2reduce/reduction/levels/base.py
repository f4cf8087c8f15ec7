"""What a level of rate models is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..inputs import average

__all__ = ["Level"]


class Level(ABC):
    """How a rate model gives the rate of a population from what reaches its cells.

    Nobody asks for the name of a level: what differs between levels is said here. A new one is a subclass in
    a file of its own, and one line in `register`.

    Attributes
    ----------
    name : str
        As `reduce` takes it.
    meaning : str
        Half a sentence, for reports and pages.
    shift_law : bool
        Whether r = f(I - I_theta - v_theta g): W and theta are the model itself, and its state is the current
        in excess of the threshold. Else they are its tangent at the operating point.
    straight : bool
        Whether f is the straight line that is fitted to every surface.
    noise_moves : bool
        Whether the noise that cells receive follows the rates.
    holds_synapses : bool
        Whether synapses, leaks and constant currents are in what was measured, so that none of them can be
        changed without measuring again.
    measures_surface, measures_transfer : bool
        What it needs besides the gains: a surface from silence on, a transfer function.
    rate_step, parameter_step : float
        Relative changes of rates and of parameters over which derivatives are taken: over the spacing of a
        table, or as small as rounding allows.
    """

    name = ""
    meaning = ""
    shift_law = False
    straight = False
    noise_moves = False
    holds_synapses = False
    measures_surface = False
    measures_transfer = False
    rate_step, parameter_step = 2e-2, 1e-2

    def problem(self, circuit):
        """Why a circuit cannot have this level; empty where it can."""
        return ""

    def fits(self, fits, measured):
        """{population: GainFit} of the model, from the straight ones of what was measured."""
        return fits

    @abstractmethod
    def functions(self, reduced):
        """{population: what gives its rate in Hz of `arguments`}, SI floats or arrays."""

    def arguments(self, reduced, population, rates_, drives_):
        """Arguments of the function of a population at rates in Hz of populations and of (drive, target)."""
        return average(reduced.circuit, population, rates_, drives_)

    def carried_arguments(self, reduced, population, carried):
        """The same where rates of their own arrive by the pathways: {pathway label: rate in Hz}."""
        model, pathways = reduced.circuit.populations[population].model, reduced.circuit.pathways(population)
        return model.constant_input_ + sum(
            p.current_(carried[p.label], model) for p in pathways
        ), model.leak_ + sum(p.leak_(carried[p.label]) for p in pathways)

    @abstractmethod
    def argument_units(self, reduced, population):
        """Units of the arguments of a table, "A", "S" or "Hz"; A and S are per area where cells are."""

    @abstractmethod
    def moved(self, reduced):
        """{population: by how much its gain lay above the operating rate before it was moved onto it}, Hz."""

    @abstractmethod
    def place(self, reduced, population):
        """Variables of the equations that say where in the measured range a population is."""

    @abstractmethod
    def outside(self, reduced, population, values):
        """Whether units are outside of what was measured, by the values of the variables of `place`."""

    def is_outside(self, reduced, population, rates_, drives_):
        """Whether a population at rest at these rates is outside of what was measured."""
        return bool(
            reduced.functions_[population].outside(*self.arguments(reduced, population, rates_, drives_))
        )

    @abstractmethod
    def lines(self, reduced, population, sources, area):
        """Brian2 equations of r from the filtered rates of `sources`."""

    @abstractmethod
    def assignment(self, reduced, population):
        """The statement that sets r from a table every step; empty where r is an expression."""

    def table(self, reduced, population):
        """The function that `assignment` calls F."""
        return reduced.functions_[population]

    @abstractmethod
    def values(self, reduced, population, sources):
        """{variable: SI value} of the parameters in `lines`."""

    @abstractmethod
    def latex(self, reduced, population, write):
        """Lines of LaTeX that give r.

        Parameters
        ----------
        write : namespace
            ``amount(value, unit)`` and ``signed(value, unit)`` of SI values, ``symbol(letter, *names)``, the
            ``area`` that units are per, the ``sources``, (name, whether it is a drive), ``pathways(*source)``
            of one and ``filtered(*source)`` for what reaches the cell from it, whether a source comes in
            parts (``parted``) that arrive at different times, ``summed(terms)`` of terms with signs, and
            ``form(name)`` for f(x) of a form of gains.
        """

    def bounded(self, reduced):
        """Whether no rate grows as fast as the rates that drive it, far out."""
        return True

    def same_cells(self, reduced, circuit, population):
        """Why gains do not hold for a changed circuit whose cells are the same; empty where they do."""
        if not self.holds_synapses:
            return ""
        old, own = (c.populations[population].model for c in (reduced.circuit, circuit))
        synapses = lambda c: [
            (p.label, p.K, p.synapse, p.second, p.plasticity) for p in c.pathways(population)
        ]
        same = (
            synapses(circuit) == synapses(reduced.circuit)
            and old.constant_input_ == own.constant_input_
            and old.leak_ == own.leak_
        )
        measured = (
            f"its {self.name} function was measured with its synapses, its leak and its current as they were"
        )
        return "" if same else measured
