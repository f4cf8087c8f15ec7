"""The register of what can be written and read back: one line a class."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from importlib import import_module

from ..errors import InputError, unknown_name

__all__ = ["KINDS", "class_of", "is_registered", "parts_of", "register"]

#: Name of a class, and the module that it lives in. Of those with `to_dict` and `from_dict` that is written;
#: of the others their fields, or `parts`.
KINDS = {
    "Activity": "networks.activity",
    "Adaptation": "cells.adaptation",
    "AsynchronyMap": "scanning.asynchrony_map",
    "BalancedState": "theory.binary.balanced",
    "BinaryMeanField": "theory.binary.mean_field",
    "BinaryNetwork": "theory.binary.network",
    "BinaryRun": "theory.binary.run",
    "Circuit": "circuit.circuit",
    "Comparison": "validation.comparison",
    "Continuation": "theory.continuation",
    "FISurface": "cells.surface",
    "FixedPoint": "theory.fixed_point",
    "FixedPoints": "theory.fixed_point",
    "Fluctuations": "theory.fluctuation_spectra",
    "FrequencyComparison": "validation.frequencies",
    "GainFit": "cells.gain_fit",
    "LinearResponse": "cells.linear_response",
    "MovingFilter": "cells.moving_filter",
    "MovingResponse": "cells.moving_response",
    "NeuronModel": "circuit.neuron",
    "PhasePlane": "theory.phase_plane",
    "RateFilter": "cells.filters",
    "ReducedCircuit": "reduction.reduced_circuit",
    "RegimeMap": "scanning.regime_map",
    "Remedy": "validation.verdict",
    "Ring": "theory.ring",
    "RingProfile": "theory.ring_profile",
    "RingState": "theory.ring_state",
    "Separatrix": "theory.separatrix",
    "SourceResponse": "cells.source_response",
    "ThresholdLinearNetwork": "theory.threshold_linear",
    "Sweep": "cells.sweeps.recording",
    "SweepRecording": "cells.sweeps.recording",
    "TransferFunction": "cells.transfer",
    "TransientComparison": "validation.transients",
    "Tuned": "scanning.tune",
    "UniformFeedback": "theory.uniform_feedback",
    "Validation": "validation.validation",
    "Verdict": "validation.verdict",
    "WhatIf": "scanning.what_if",
}
#: Classes from outside of the package.
OTHERS: dict[str, type] = {}
#: Classes that are written as what `to_dict` gives: the text of their TOML file.
AS_TEXT = ("Circuit", "NeuronModel")


def register(cls):
    """Let `save` write a dataclass of another package and `load` read it; usable as a decorator.

    Parameters
    ----------
    cls : type
        A frozen dataclass whose fields hold what results hold. A `Record` with `FIELDS` is checked when it is
        read.

    Raises
    ------
    InputError
        If it is no dataclass, or its name is taken.
    """
    if not isinstance(cls, type) or not is_dataclass(cls):
        raise InputError(f"register: got {cls!r}, expected a dataclass")
    if cls.__name__ in KINDS or OTHERS.get(cls.__name__, cls) is not cls:
        raise InputError(f"register: the name {cls.__name__!r} is taken; choose another")
    OTHERS[cls.__name__] = cls
    return cls


def class_of(name, wrong=InputError):
    """The class of that name; `wrong` makes the error of a message where there is none."""
    if name in OTHERS:
        return OTHERS[name]
    if name not in KINDS:
        raise wrong(unknown_name("kind of result", name, [*KINDS, *OTHERS]))
    return getattr(import_module(f"...{KINDS[name]}", __package__), name)


def is_registered(value):
    """Whether a value is of a class that is registered."""
    cls = type(value)
    return OTHERS.get(cls.__name__) is cls or (
        cls.__name__ in KINDS and cls.__module__ == f"b2reduce.{KINDS[cls.__name__]}"
    )


def parts_of(value):
    """{name: value} of what a registered object is made of, as its constructor takes it."""
    if hasattr(value, "parts"):
        return value.parts()
    return {item.name: getattr(value, item.name) for item in fields(value) if item.init}


def names_of(cls):
    """Names of the parts of a registered class."""
    return (
        tuple(cls.FIELDS) if hasattr(cls, "parts") else tuple(item.name for item in fields(cls) if item.init)
    )
