"""The errors that the package raises."""

from __future__ import annotations

from difflib import get_close_matches

__all__ = [
    "B2reduceError",
    "InputError",
    "UnitError",
    "OutputError",
    "unknown_name",
    "DivergenceError",
    "StoppedError",
    "OperatingPointError",
    "ModelError",
    "CircuitError",
    "AccuracyWarning",
]


class B2reduceError(Exception):
    """Whatever the package itself refuses or gives up; the command line shows it as one line."""


class InputError(B2reduceError, ValueError):
    """An argument or a file that cannot be used.

    The message says what was got, what was expected, what to do.
    """


class UnitError(InputError):
    """A value whose unit is unknown, missing, or of the wrong dimension."""


class OutputError(B2reduceError, OSError):
    """An output that cannot be written without harming what is there."""


def unknown_name(what, got, known):
    """The sentence for a name that is not known, with the nearest known ones."""
    known = [str(name) for name in known]
    near = get_close_matches(str(got), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return (
        f"got the unknown {what} {got!r}{hint} Known: {', '.join(known)}"
        if hint
        else (f"got the unknown {what} {got!r}; known: {', '.join(known) or 'none'}")
    )


class DivergenceError(B2reduceError, FloatingPointError):
    """An integration that ended in NaN or infinity."""


class StoppedError(B2reduceError, RuntimeError):
    """A run of a network that something ended before its time; what it had done so far is no result."""


class OperatingPointError(InputError):
    """No self-consistent rates were found; `trajectory` is the list of rates that were tried."""

    def __init__(self, message, trajectory):
        super().__init__(message)
        self.trajectory = trajectory

    def __reduce__(self):  # errors of worker processes travel by pickle
        return type(self), (str(self), self.trajectory)


class ModelError(InputError):
    """A neuron that cannot be what it says.

    The message names the file, the key, what was got and what to do.
    """


class CircuitError(InputError):
    """A circuit that cannot be what it says.

    The message names the file, the key, what was got and what to do.
    """


class AccuracyWarning(UserWarning):
    """Numbers that came out, and how far they may be off, or what was replaced so that they are not."""
