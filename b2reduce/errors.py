"""What the package raises: InputError and its kinds, OutputError, DivergenceError; all are B2reduceError."""

from .basics.errors import (
    AccuracyWarning,
    B2reduceError,
    CircuitError,
    DivergenceError,
    InputError,
    ModelError,
    OperatingPointError,
    OutputError,
    StoppedError,
    UnitError,
)

__all__ = [
    "B2reduceError",
    "AccuracyWarning",
    "CircuitError",
    "DivergenceError",
    "InputError",
    "ModelError",
    "OperatingPointError",
    "OutputError",
    "StoppedError",
    "UnitError",
]
