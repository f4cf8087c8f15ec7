"""Rate models as plain data."""

from __future__ import annotations

from ..basics.errors import InputError
from ..basics.units import format_quantity, parse_quantity
from ..cells.adaptation import Adaptation
from ..cells.gain_fit import GainFit
from ..cells.linear_response import LinearResponse
from ..cells.surface import FISurface
from ..cells.transfer import TransferFunction
from ..circuit.circuit import Circuit


def reduced_to_dict(reduced):
    """Plain data for JSON; `from_dict` reads it back to the same values."""
    text = lambda values: {name: format_quantity(value) for name, value in values.items()}
    return {
        "kind": "reduced circuit",
        "circuit": reduced.circuit.to_dict(),
        "level": reduced.level,
        "noise": reduced.noise,
        "cells": reduced.cells,
        "tau_choice": reduced.tau_choice,
        "gains": {name: gain.to_dict() for name, gain in reduced.gains.items()},
        "surfaces": {name: surface.to_dict() for name, surface in reduced.surfaces.items()},
        "transfers": {name: transfer.to_dict() for name, transfer in reduced.transfers.items()},
        "responses": {name: response.to_dict() for name, response in reduced.responses.items()},
        **{
            name: {f"{a}<-{b}": value for (a, b), value in getattr(reduced, name).items()}
            for name in ("moving_response", "operating_covariance")
        },
        "operating_out_sem": dict(reduced.operating_out_sem),
        **(
            {"adaptation": {name: adapts.to_dict() for name, adapts in reduced.adaptation.items()}}
            if reduced.adaptation
            else {}
        ),
        "cv2": dict(reduced.cv2),
        "others": [dict(rates) for rates in reduced.others],
        **{
            name: text(getattr(reduced, name))
            for name in ("tau", "operating_rate", "operating_I", "operating_g", "noise_free_rate", "at")
        },
        "warnings": list(reduced.warnings),
        "provenance": dict(reduced.provenance),
    }


def reduced_arguments(data):
    """Arguments of `ReducedCircuit` from what `reduced_to_dict` made."""
    data = dict(data)
    if data.pop("kind", None) != "reduced circuit":
        raise InputError("got data of another kind, expected a reduced circuit")
    read = lambda values: {name: parse_quantity(value) for name, value in values.items()}
    for name in ("tau", "operating_rate", "operating_I", "operating_g", "noise_free_rate", "at"):
        data[name] = read(data[name])
    data["transfers"] = {
        name: TransferFunction.from_dict(transfer) for name, transfer in data["transfers"].items()
    }
    data["responses"] = {
        name: LinearResponse.from_dict(response) for name, response in data.get("responses", {}).items()
    }
    for name in ("moving_response", "operating_covariance"):
        data[name] = {tuple(key.split("<-")): value for key, value in data.get(name, {}).items()}
    data["adaptation"] = {
        name: Adaptation.from_dict(adapts) for name, adapts in data.get("adaptation", {}).items()
    }
    data["circuit"] = Circuit.from_dict(data["circuit"])
    data["gains"] = {name: GainFit.from_dict(gain) for name, gain in data["gains"].items()}
    data["surfaces"] = {name: FISurface.from_dict(surface) for name, surface in data["surfaces"].items()}
    return data
