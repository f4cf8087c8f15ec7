"""What the dynamics of a rate model are."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ...basics.errors import InputError

__all__ = ["RateDynamics"]


class RateDynamics(ABC):
    """How fast the rate of a population follows: what is filtered, and with which time constants.

    Nobody asks for the name of dynamics: what differs between them is said here. New ones are a subclass of
    `OnePerPopulation` or of `Synaptic` in a file of their own, and one line in `register`.

    Attributes
    ----------
    name : str
        As `reduce` takes it for `tau`, and as a ReducedCircuit records it.
    meaning : str
        Half a sentence, for reports and pages.
    named : bool
        Whether `tau` is the name; else it is the time constants themselves.
    by_pathway : bool
        Whether every pathway has a time constant of its own; else every population has one.
    measures_response : bool
        Whether the cells' linear response to their current at the operating point is measured for it, in
        their noise.
    measures_answers : bool
        Whether it is measured how cells answer to the rates of each kind of synapse.
    measures_moving : bool
        Whether the linear response is measured at several rates, and how cells follow large currents.
    """

    name = ""
    meaning = ""
    named = True
    by_pathway = False
    measures_response = False
    measures_answers = False
    measures_moving = False

    def problem(self, circuit, level):
        """Why a `Level` of a circuit cannot have these dynamics; empty where it can."""
        return ""

    def check(self, noisy, adapts):
        """Refuse what cannot be measured: without noise, or beside adaptation as a variable of its own."""
        measures = self.measures_response or self.measures_answers
        if measures and not noisy:
            raise InputError(
                f"tau: {self.name!r} is measured in the cells' noise, and noise = 'none' leaves that out; use"
                " noise = 'renewal', or tau = 'membrane' or 'synaptic'"
            )
        if measures and adapts:
            raise InputError(
                f"adaptation: got it with tau = {self.name!r}, but the response measured for that holds the"
                " cells' adaptation already; use tau = 'membrane' or 'synaptic'"
            )

    def read(self, circuit, tau):
        """{population: time} of time constants that the user gives as `tau`; empty where `tau` is a name."""
        return {}

    @abstractmethod
    def time_constants(self, circuit, given, point, fits, responses):
        """({population or pathway label: Quantity}, {the same: standard error in s, where one is known}).

        Parameters
        ----------
        circuit : Circuit
        given : mapping
            What `read` made of `tau`.
        point : OperatingPoint
        fits : mapping of str to GainFit
        responses : mapping of str to LinearResponse
            Of the populations, where these dynamics measure them.
        """

    def argument(self, reduced):
        """The `tau` with which `reduce` makes such a model again."""
        return self.name

    @abstractmethod
    def filters(self, reduced, population):
        """[Filter]: which presynaptic rates are filtered together."""

    def carrier(self, f):
        """The variable in which a filter's rate reaches the gain."""
        return f"s_{f.key}"

    @abstractmethod
    def filter_(self, reduced, pathway):
        """The linear filter that the rate of a pathway passes first, such as `LowPass`."""

    @abstractmethod
    def lines(self, reduced, population, sources, external, area):
        """Brian2 equations of what is filtered, with their parameters.

        Parameters
        ----------
        sources : list of Filter
        external : callable
            The rate of a drive in the equations.
        area : str
            "/meter**2" where cells are per area, else empty.
        """

    @abstractmethod
    def values(self, reduced, population, sources):
        """{variable: SI value} of the parameters in `lines`."""

    def held(self, f, rate):
        """{variable: value} of a filter whose rate in Hz has long been; what is left out is 0."""
        return f.filter.held_(f.key, rate)

    def statements(self, reduced, population):
        """Statements that set what is held over a step, before its rate is asked for."""
        return []

    def started(self, reduced, population, rate):
        """{variable: value} of a population whose rate in Hz has long been, besides its filters."""
        return {}

    def fastest_(self, reduced):
        """Time constants in s that a time step must resolve."""
        return [float(np.asarray(value)) for value in reduced.tau.values()]

    def linear_(self, reduced, pathways, rates_):
        """(A, B, C) of d state/dt = A state + B input, output C state, beside a state.

        Parameters
        ----------
        pathways : list of Pathway
            Of projections: inputs and outputs are one for each of them, or one a population.
        rates_ : mapping of str to float
            Of the populations in that state, Hz.
        """
        from scipy.linalg import block_diag

        chains = self.chains_(reduced, pathways, rates_)
        if not chains:
            return (np.zeros((0, 0)),) * 3
        return (
            block_diag(*[A for A, _, _ in chains]),
            block_diag(*[B[:, None] for _, B, _ in chains]),
            block_diag(*[C[None] for _, _, C in chains]),
        )

    @abstractmethod
    def chains_(self, reduced, pathways, rates_):
        """(A, B, C) of each filter, as `linear_` puts them together."""

    def stderr_(self, reduced, population, covariance):
        """Standard error in s of the time constant of a population; None where none is derived.

        Parameters
        ----------
        covariance : ndarray, shape (population, population)
            Of the errors of the rates at rest, Hz^2.
        """
        return None

    def about(self, reduced, population):
        """What is to be shown of a population beside its time constant; empty where that is all."""
        return ""

    def warnings(self, reduced):
        """Sentences about what these dynamics cannot follow."""
        return []

    def latex(self, reduced, population):
        """Lines of LaTeX for what stands beside the filters."""
        return []
