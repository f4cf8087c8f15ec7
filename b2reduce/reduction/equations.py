"""The Brian2 equations of a population of the rate network, and the values of their parameters."""

from __future__ import annotations

import numpy as np

from ..circuit.drive_rates import rate_at
from ..circuit.plasticity.averaged import averaged
from .rate_filters import filters

__all__ = [
    "automatic_dt_",
    "rate_assignment",
    "rate_equations",
    "rate_values",
    "start_values_",
    "step_statements",
]

BIN_ = 1e-3  # s
STEP = 0.1  # time step in units of the fastest time constant, feedback included


def rate_equations(reduced, population, tables=()):
    """Brian2 equations of one population; drives in `tables` are functions of t, the others parameters.

    Notes
    -----
    At levels "linear" and "gain" mu is the current in excess of the threshold; with one time constant a
    population it is what is filtered, else every pathway is, by its synapse and, where the dynamics have one,
    by the cell's filter. At level "surface" the mean current I and leak g follow from the filtered
    rates and r = F(I, g); at level "transfer" r = F of the filtered rates themselves. Where a population
    adapts, a is the current that adaptation takes away. Where synapses from a population have short-term
    plasticity, u and x are its averaged variables there, and ``sent_stp_<number>`` is the rate of events of
    full size that arrives in place of r.
    """
    area = "/meter**2" if reduced.circuit.per_area(population) else ""
    external = lambda drive: f"rate_{drive}(t)" if drive in tables else f"rate_{drive}"
    sources = filters(reduced, population)
    drives = dict.fromkeys(f.source for f in sources if f.is_drive)
    lines = reduced.dynamics.lines(reduced, population, sources, external, area)
    lines += [f"rate_{drive} : Hz (constant)" for drive in drives if drive not in tables]
    lines += reduced.kind.lines(reduced, population, sources, area)
    for plasticity, key in reduced.plastic_(population).items():
        lines += averaged(plasticity).lines(key)
    return "\n".join(lines)


def rate_assignment(reduced, population):
    """The statement that sets r from a table every step; empty where r is an expression of the equations.

    Where others read an expression Brian2 evaluates it anew for every reader; a table is worth asking once.
    """
    return reduced.kind.assignment(reduced, population)


def step_statements(reduced, population):
    """Statements that run before every step: what the dynamics hold over it, and then r where it is set."""
    assignment = rate_assignment(reduced, population)
    return [*reduced.dynamics.statements(reduced, population), *([assignment] if assignment else [])]


def rate_values(reduced, population):
    """({variable: SI value}, namespace) of the equations of one population; rates of drives apart."""
    import brian2

    sources = filters(reduced, population)
    values = {
        **reduced.dynamics.values(reduced, population, sources),
        **reduced.kind.values(reduced, population, sources),
    }
    for plasticity, key in reduced.plastic_(population).items():
        values.update(averaged(plasticity).values(key))
    if not rate_assignment(reduced, population):
        return values, {}
    function = reduced.kind.table(reduced, population)
    area = brian2.meter**2 if reduced.circuit.per_area(population) else 1
    units = {"A": brian2.amp / area, "S": brian2.siemens / area, "Hz": brian2.hertz}
    # Brian2 asks functions for units and for arrays without them: this one is only ever called with arrays.
    lookup = brian2.Function(
        lambda *arguments: function(*arguments),
        arg_units=[units[unit] for unit in reduced.kind.argument_units(reduced, population)],
        return_unit=brian2.hertz,
        stateless=True,
    )
    lookup.implementations.add_implementation("numpy", function)
    return values, {"F": lookup}


def automatic_dt_(reduced, step=STEP):
    """A step of 1 ms over a whole number, at most `step` of the fastest time constant of the network with its
    feedback.

    Within a step the input is held, so that the step must resolve tau/(1 + beta sum |W|).
    """
    feedback = 0.0
    for target in reduced.populations:
        beta = float(np.asarray(reduced.gains[target].beta))
        beta = reduced.adaptation[target].onset_slope_(beta) if target in reduced.adaptation else beta
        feedback = max(
            feedback, abs(beta) * sum(abs(W) for (to, _), W in reduced.strongest_W_.items() if to == target)
        )
    fastest = min(reduced.dynamics.fastest_(reduced), default=BIN_)
    return BIN_ / max(1, int(np.ceil(BIN_ / (step * fastest / (1 + feedback)))))


def start_values_(reduced, population, variables, rates, initial):
    """{variable: SI value} that a population starts from: rates in Hz that have long been, or, with None, no
    input before.

    Parameters
    ----------
    variables : set of str
        That have differential equations.
    rates : mapping of (drive, target) to rate or table
    initial : mapping of str to float or None
    """
    values = {}
    if "mu" in variables:
        values["mu"] = (
            -reduced.theta_[population]
            if initial is None
            else float(reduced.gains[population].inverse_(initial[population]))
        )
    elif initial is not None:
        for f in filters(reduced, population):
            rate = rate_at(rates[f.source, population], 0.0) if f.is_drive else initial[f.source]
            values.update(reduced.dynamics.held(f, float(f.pathways[0].sent_(float(rate)))))
        values.update(reduced.dynamics.started(reduced, population, float(initial[population])))
    if (adapts := reduced.adaptation.get(population)) is not None:
        # From rest nothing has adapted yet; at a given rate all has.
        start = 0.0 if initial is None else initial[population]
        if "mu" in values:
            values["mu"] += adapts.a_0_
        values["a"] = adapts.J_ * start + adapts.a_0_ * (start > 0)
    for plasticity, key in reduced.plastic_(population).items():
        values.update(averaged(plasticity).start(key, 0.0 if initial is None else initial[population]))
    return values
