"""The Brian2 equations of a population of the rate network, and the values of their parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..circuit.parts import rate_at

__all__ = [
    "Filter",
    "carrier",
    "filters",
    "rate_assignment",
    "rate_equations",
    "rate_values",
    "automatic_dt_",
    "start_values_",
]

BIN_ = 1e-3  # s
STEP = 0.1  # time step in units of the fastest time constant, feedback included


@dataclass(frozen=True)
class Filter:
    """Presynaptic rates that are filtered together: one variable ``s_<key>`` of the equations."""

    key: str
    source: str
    is_drive: bool
    pathways: tuple
    #: Of projections: the variable that brings the rates is ``r_from_<input>``, or the current ``I_<input>``
    input: str = ""


def filters(reduced, population):
    """The filters of a population: one a pathway with tau "synaptic" and "resonant", else one a source.

    With one unit a cell every projection has its own, since parallel projections are wired apart.
    """
    pathways = reduced.circuit.pathways(population)
    if reduced.by_pathway:
        return [
            Filter(p.symbol, p.source, p.is_drive, (p,), p.symbol if reduced.cells else p.source)
            for p in pathways
        ]
    found = []
    for source, is_drive in dict.fromkeys((p.source, p.is_drive) for p in pathways):
        own = tuple(p for p in pathways if (p.source, p.is_drive) == (source, is_drive))
        if reduced.cells and not is_drive:
            found += [Filter(p.symbol, source, is_drive, (p,), p.symbol) for p in own]
        else:
            found.append(
                Filter(
                    f"drive_{source}" if is_drive and source in reduced.circuit.populations else source,
                    source,
                    is_drive,
                    own,
                    source,
                )
            )
    return found


def carrier(reduced, f):
    """The variable in which a filter's rate reaches the cell.

    Past the synapse, and with tau "resonant" past the cell's own filter.
    """
    return f"{'q' if reduced.tau_choice == 'resonant' else 's'}_{f.key}"


def rate_equations(reduced, population, tables=()):
    """Brian2 equations of one population; drives in `tables` are functions of t, the others parameters.

    Notes
    -----
    At levels "linear" and "gain" mu is the current in excess of the threshold; with one time constant a
    population it is what is filtered, else every pathway is, with tau "resonant" by its synapse and then by
    the cell's linear response. At level "surface" the mean current I and leak g follow from the filtered
    rates and r = F(I, g); at level "transfer" r = F of the filtered rates themselves. Where a population
    adapts, a is the current that adaptation takes away.
    """
    area = "/meter**2" if reduced.circuit.per_area(population) else ""
    external = lambda drive: f"rate_{drive}(t)" if drive in tables else f"rate_{drive}"
    sources = filters(reduced, population)
    recurrent = dict.fromkeys(f.input for f in sources if not f.is_drive)
    drives = dict.fromkeys(f.source for f in sources if f.is_drive)
    lines, synaptic, shift_law = [], reduced.by_pathway, reduced.level in ("linear", "gain")
    if shift_law and not synaptic:
        terms = [f"I_{key}" for key in recurrent] + [f"W_ext_{drive}*{external(drive)}" for drive in drives]
        lines.append(f"dmu/dt = (-mu + {_sum([*terms, '-theta'])})/tau : amp{area}")
        lines += [f"I_{key} : amp{area}" for key in recurrent] + [
            f"W_ext_{drive} : coulomb{area} (constant)" for drive in drives
        ]
    else:
        for f in sources:
            incoming = external(f.source) if f.is_drive else f"r_from_{f.input}"
            tau = f"tau_{f.key}" if synaptic else "tau"
            lines.append(f"ds_{f.key}/dt = (-s_{f.key} + {incoming})/{tau} : Hz")
            lines += [f"tau_{f.key} : second (constant)"] if synaptic else []
            lines += (
                reduced.responses[population].best.equations(f.key)
                if reduced.tau_choice == "resonant"
                else []
            )
        lines += [f"r_from_{key} : Hz" for key in recurrent]
    lines += [] if synaptic else ["tau : second (constant)"]
    lines += list(reduced.responses[population].best.parameters) if reduced.tau_choice == "resonant" else []
    lines += [f"rate_{drive} : Hz (constant)" for drive in drives if drive not in tables]
    if shift_law and synaptic:
        lines.append(
            f"mu = {_sum([*(f'W_{f.key}*{carrier(reduced, f)}' for f in sources), '-theta'])} : amp{area}"
        )
        lines += [f"W_{f.key} : coulomb{area} (constant)" for f in sources]
    if shift_law and population in reduced.adaptation:
        # The gain of the cell that has not adapted yet; mu is then the current in excess of the threshold at
        # onset.
        lines += [
            f"r = beta_onset*x*int(x > 0*amp{area}) : Hz",
            f"x = mu - a : amp{area}",
            f"da/dt = (-a + a_0*int(mu > 0*amp{area}) + J*r)/tau_a : amp{area}",
            *(
                f"{name} : {unit}{area} (constant)"
                for name, unit in (("theta", "amp"), ("a_0", "amp"), ("J", "coulomb"))
            ),
            "tau_a : second (constant)",
            f"beta_onset : Hz/amp{'*meter**2' if area else ''} (constant)",
        ]
    elif shift_law:
        gain, statement = reduced.gains[population], rate_assignment(reduced, population)
        lines += [
            f"r : Hz  # {statement}, every step" if statement else f"r = {gain.equation} : Hz",
            *gain.parameters,
            f"theta : amp{area} (constant)",
        ]
    elif reduced.level == "surface":
        lines += [
            f"I = {_sum(['I_const', *(f'Q_{f.key}*{carrier(reduced, f)}' for f in sources)])} : amp{area}",
            f"g = {_sum(['g_leak', *(f'X_{f.key}*{carrier(reduced, f)}' for f in sources)])} : siemens{area}",
            f"r : Hz  # {rate_assignment(reduced, population)}, every step",
            f"I_const : amp{area} (constant)",
            f"g_leak : siemens{area} (constant)",
        ]
        lines += [f"Q_{f.key} : coulomb{area} (constant)" for f in sources] + [
            f"X_{f.key} : farad{area} (constant)" for f in sources
        ]
    else:
        lines.append(f"r : Hz  # {rate_assignment(reduced, population)}, every step")
        lines += [
            f"{name} : 1 (constant)"
            for name in dict.fromkeys(
                name
                for terms in _transfer_terms(reduced, population, sources)
                for name, _, _ in terms
                if name
            )
        ]
    return "\n".join(lines)


def rate_assignment(reduced, population):
    """The statement that sets r from a table every step; empty where r is an expression of the equations.

    Where others read an expression Brian2 evaluates it anew for every reader; a table is worth asking once.
    """
    if reduced.level in ("linear", "gain"):
        return "" if reduced.gains[population].equation else "r = F(mu)"
    if reduced.level == "surface":
        return "r = F(I, g)"
    return f"r = F({', '.join(_transfer_arguments(reduced, population, filters(reduced, population)))})"


def _sum(terms):
    return " + ".join(terms).replace("+ -", "- ")


def _transfer_terms(reduced, population, sources):
    """Of every argument of a transfer function [(name of the factor, or "" where it is 1, its value,
    filter)].
    """
    for number, axis in enumerate(reduced.axes_(population)):
        terms = [(f, axis.factor(f.pathways)) for f in sources]
        terms = [(f, factor) for f, factor in terms if factor]
        if axis.kind is None and len(terms) == 1:
            yield [("", 1.0, terms[0][0])]
        elif axis.kind is None:
            yield [(f"share_{f.key}", factor, f) for f, factor in terms]
        else:  # all events of one kind of synapse
            yield [(f"events_{number}_{f.key}", factor, f) for f, factor in terms]


def _transfer_arguments(reduced, population, sources):
    """The arguments of a transfer function as expressions.

    Parallel pathways of different time constants count by their shares of its mean conductance.
    """
    return [
        _sum([f"{name}*{carrier(reduced, f)}" if name else carrier(reduced, f) for name, _, f in terms])
        for terms in _transfer_terms(reduced, population, sources)
    ]


def rate_values(reduced, population):
    """({variable: SI value}, namespace) of the equations of one population; rates of drives apart."""
    import brian2

    model, gain = reduced.circuit.populations[population].model, reduced.gains[population]
    sources, E_leak = filters(reduced, population), model.leak_reversal_
    values = {}
    if reduced.by_pathway:
        values.update({f"tau_{f.key}": f.pathways[0].tau_ for f in sources})
    else:
        values["tau"] = float(np.asarray(reduced.tau[population]))
    if reduced.tau_choice == "resonant":
        values.update(
            {
                line.partition(" ")[0]: value
                for line, value in reduced.responses[population].best.parameters.items()
            }
        )
    if reduced.level in ("linear", "gain"):
        weight = lambda f: sum(map(reduced.weight_, f.pathways))
        adapts = reduced.adaptation.get(population)
        if adapts is None:
            values.update(theta=reduced.theta_[population], **gain.parameter_values)
        else:
            values.update(
                theta=reduced.theta_[population] - adapts.a_0_,
                a_0=adapts.a_0_,
                J=adapts.J_,
                tau_a=adapts.tau_,
                beta_onset=adapts.onset_slope_(float(np.asarray(gain.beta))),
            )
        if reduced.by_pathway:
            values.update({f"W_{f.key}": weight(f) for f in sources})
        else:
            values.update({f"W_ext_{f.source}": weight(f) for f in sources if f.is_drive})
    amp, siemens = (
        (brian2.amp / brian2.meter**2, brian2.siemens / brian2.meter**2)
        if reduced.circuit.per_area(population)
        else (brian2.amp, brian2.siemens)
    )
    if not rate_assignment(reduced, population):
        return values, {}
    if reduced.level in ("linear", "gain"):
        function, units = gain.f_, [amp]
    else:
        function, units = (
            reduced.functions_[population],
            (
                [amp, siemens]
                if reduced.level == "surface"
                else [brian2.hertz] * len(reduced.axes_(population))
            ),
        )
    # Brian2 asks functions for units and for arrays without them: this one is only ever called with arrays.
    lookup = brian2.Function(
        lambda *arguments: function(*arguments), arg_units=units, return_unit=brian2.hertz, stateless=True
    )
    lookup.implementations.add_implementation("numpy", function)
    if reduced.level == "surface":
        values.update(I_const=model.constant_input_, g_leak=model.leak_)
        values.update({f"X_{f.key}": sum(p.mean_(1.0) for p in f.pathways) for f in sources})
        values.update(
            {f"Q_{f.key}": sum(p.mean_(1.0) * (p.E_ - E_leak) for p in f.pathways) for f in sources}
        )
    else:
        values.update(
            {
                name: factor
                for terms in _transfer_terms(reduced, population, sources)
                for name, factor, _ in terms
                if name
            }
        )
    return values, {"F": lookup}


def automatic_dt_(reduced, step=STEP):
    """A step of 1 ms over a whole number, at most `step` of the fastest time constant of the network with its
    feedback.

    Within a step the input is held, so that the step must resolve tau/(1 + beta sum |W|).
    """
    taus = [float(np.asarray(value)) for value in reduced.tau.values()]
    taus += (
        [response.best.fastest_ for response in reduced.responses.values()]
        if reduced.tau_choice == "resonant"
        else []
    )
    feedback = 0.0
    for target in reduced.populations:
        beta = float(np.asarray(reduced.gains[target].beta))
        beta = reduced.adaptation[target].onset_slope_(beta) if target in reduced.adaptation else beta
        feedback = max(feedback, abs(beta) * sum(abs(W) for (to, _), W in reduced.W_.items() if to == target))
    return BIN_ / int(np.ceil(BIN_ / (step * min(taus, default=BIN_) / (1 + feedback))))


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
        held = {
            f.key: float(rate_at(rates[f.source, population], 0.0) if f.is_drive else initial[f.source])
            for f in filters(reduced, population)
        }
        values.update(
            {
                f"{variable}_{key}": rate
                for key, rate in held.items()
                for variable in (("s", "x") if reduced.tau_choice == "resonant" else ("s",))
            }
        )
    if (adapts := reduced.adaptation.get(population)) is not None:
        # From rest nothing has adapted yet; at a given rate all has.
        start = 0.0 if initial is None else initial[population]
        if "mu" in values:
            values["mu"] += adapts.a_0_
        values["a"] = adapts.J_ * start + adapts.a_0_ * (start > 0)
    return values
