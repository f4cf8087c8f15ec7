"""The derived rate model as one table.

A row a population, W by source, theta, v_theta and tau with their standard errors.
"""

from __future__ import annotations

import numpy as np

from ..basics.display import field_unit, number
from ..circuit.synapses.register import DEFAULT, SYNAPSES

__all__ = ["model_table", "model_title", "pathway_table", "states_sheet"]


def model_table(reduced):
    """(column names, rows of texts) of W, W_ext, theta, v_theta, tau and the operating rate of every
    population.

    Where cells are described per area in some populations only, units stand in the rows.
    """
    names, drives, error = reduced.populations, reduced.circuit.drive_names, reduced.stderr
    si = lambda value: float(np.asarray(value))
    W = {**reduced.W_, **reduced.W_ext_}
    W_error = {key: si(value) for what in ("W", "W_ext") for key, value in error[what].items()}
    by_area = {name: reduced.circuit.per_area(name) for name in names}
    area = {name: "/m^2" if by_area[name] else "" for name in names}
    kinds = dict.fromkeys(area.values())
    units = {
        kind: (
            field_unit("C" + kind, [value for (target, _), value in W.items() if area[target] == kind]),
            field_unit("A" + kind, [reduced.theta_[name] for name in names if area[name] == kind]),
        )
        for kind in kinds
    }
    one = len(kinds) == 1
    head = (lambda what, k: f"{what} ({units[next(iter(kinds))][k][1]})") if one else (lambda what, k: what)
    shown = lambda value, error_, kind, k: (
        number(value / units[kind][k][0], error_ / units[kind][k][0])
        + ("" if one else f" {units[kind][k][1]}")
    )
    connected = {(p.target, p.source) for name in names for p in reduced.circuit.pathways(name)}
    sources = [(source, f"from {source}") for source in names] + [(drive, drive) for drive in drives]
    columns = [
        head("W", 0),
        *(label for _, label in sources),
        head("theta", 1),
        "v_theta (mV)",
        "tau (ms)",
        "rate (Hz)",
    ]
    rows = []
    for name in names:
        kind = area[name]
        weights = [
            (
                ("+" if W[name, source] > 0 else "") + shown(W[name, source], W_error[name, source], kind, 0)
                if (name, source) in connected
                else ""
            )
            for source, _ in sources
        ]
        tau = (
            number(1e3 * si(reduced.tau[name]), 1e3 * si(error["tau"].get(name, np.nan)))
            if name in reduced.tau
            else "by synapse"
        )
        rows.append(
            (
                f"to {name}",
                *weights,
                shown(reduced.theta_[name], si(error["theta"][name]), kind, 1),
                number(1e3 * si(reduced.gains[name].v_theta), 1e3 * si(error["v_theta"][name])),
                tau,
                number(si(reduced.operating_rate[name]), si(error["rates"][name])),
            )
        )
    return columns, rows


def states_sheet(reduced):
    """(column names, rows of texts) of the states of a circuit."""
    rows = [
        (
            state.name,
            *(number(rate) for rate in state.rates_.values()),
            "yes" if state.stable else "NO",
            ", ".join(state.outside),
        )
        for state in reduced.known_states_
    ]
    return (
        "state",
        *(f"{name} (Hz)" for name in reduced.populations),
        "stable",
        "outside of what was measured",
    ), rows


def pathway_table(reduced):
    """One row a projection or drive, SI floats; the weight of one synapse is W/K."""
    import pandas as pd

    error = {name: float(np.asarray(value)) for name, value in reduced.stderr["v_theta"].items()}
    kinds = reduced.circuit.synapse_kinds or (SYNAPSES[DEFAULT],)
    values = list(dict.fromkeys(parameter.name for kind in kinds for parameter in kind.numbers()))
    rows = [
        (
            p.label,
            p.target,
            p.source,
            "drive" if p.is_drive else "projection",
            p.K,
            *(p.synapse.values_.get(name, np.nan) for name in values),
            reduced.weight_(p) * reduced.at_rest_(p, p.release_),
            p.leak_(1.0) * reduced.at_rest_(p, p.release_) * error[p.target],
            reduced._charge(p.target),
        )
        for target in reduced.populations
        for p in reduced.circuit.pathways(target)
    ]
    return pd.DataFrame(
        rows, columns=["pathway", "target", "source", "kind", "K", *values, "W", "W_stderr", "unit"]
    ).set_index("pathway")


def model_title(reduced):
    """One line that says what a rate model is."""
    count, replaced = len(reduced.warnings), reduced.provenance.get("replaced", {})
    warnings = f", {count} warning{'s' if count > 1 else ''}" if count else ""
    changes = ", ".join(f"{name} = {value}" for name, value in replaced.items())
    frozen = f"; gains as they were before {changes}" if changes else ""
    about = {name: reduced.dynamics.about(reduced, name) for name in reduced.populations}
    filters = "".join(f"; {name}: {text}" for name, text in about.items() if text)
    return (
        f"ReducedCircuit({reduced.circuit.name!r}, level {reduced.level}, noise"
        f" {reduced.noise}{frozen}{filters}{warnings})"
    )
