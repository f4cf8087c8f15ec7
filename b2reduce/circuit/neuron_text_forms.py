"""Neurons as plain data and as tables for people."""

from __future__ import annotations

from ..basics.display import amount, quantity_text
from ..basics.units import si_label
from .roles import ROLES
from .spread import Spread, text_of


def neuron_pairs(model):
    """What one wants to know of a cell, for people."""
    roles = {role: getattr(model, role) for role in ROLES}
    text = lambda value: (
        "none"
        if value is None
        else (str(value) if isinstance(value, (str, Spread)) else quantity_text(value))
    )
    return [
        ("equations", model.equations),
        ("threshold", model.threshold),
        ("reset", model.reset.strip() or "none"),
        ("refractory", text(model.refractory)),
        ("parameters", ", ".join(f"{name} = {text(value)}" for name, value in model.parameters.items())),
        ("roles", ", ".join(f"{role} {text(value)}" for role, value in roles.items())),
        ("method", model.method or "chosen by Brian2's rules"),
        ("cite", ", ".join(model.cite) or "none"),
        *((f"departure ({key})", said) for key, said in model.departures.items()),
    ]


def neuron_to_dict(model):
    """The content of the TOML file, as plain text values."""
    data = {
        "kind": "neuron",
        "name": model.name,
        "title": model.title,
        "cite": list(model.cite),
        "equations": model.equations,
        "threshold": model.threshold,
        "reset": model.reset,
    }
    if model.refractory is not None:
        data["refractory"] = text_of(model.refractory)
    if model.method:
        data["method"] = model.method
    data["dt"] = text_of(model.dt)
    data["roles"] = {
        role: "none" if getattr(model, role) is None else text_of(getattr(model, role)) for role in ROLES
    }
    for table in ("parameters", "initial"):
        data[table] = {key: text_of(value) for key, value in getattr(model, table).items()}
    data["departures"] = dict(model.departures)
    return data


def neuron_text(model):
    """A cell in one line."""
    per = "/m^2" if si_label(model.conductance_dim) == "S/m^2" else ""
    leak = (
        "no leak"
        if model.leak is None
        else f"leak {amount(model.leak_, 'S' + per)} at {amount(model.leak_reversal_, 'V')}"
    )
    return (
        f"NeuronModel({model.name!r}: {', '.join(model.state_variables)}; C"
        f" {amount(model.capacitance_, 'F' + per)}, {leak})"
    )
