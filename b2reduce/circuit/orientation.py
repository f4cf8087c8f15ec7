"""A feature axis: cells with a preferred angle, and profiles over the difference of two of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..basics.arguments import described
from ..basics.errors import InputError, unknown_name

__all__ = ["FEATURES", "PERIOD", "Profile", "angles_", "read_profile"]

FEATURES = ("orientation",)
PERIOD = np.pi  # orientations repeat after 180 degrees
LEAST_CELLS = 8  # four angles a period carry cos 2a; twice that tells a bump from a line
KINDS = {"cosine": ("modulation",), "exponential": ("width",), "table": ("values",)}
FINE = 4096  # points of a period over which means are taken


def angles_(size):
    """Preferred angles of the cells of a population, -pi/2 + pi i/size."""
    return -PERIOD / 2 + PERIOD * np.arange(size) / size


@dataclass(frozen=True)
class Profile:
    """A periodic, even weight over the difference of two angles, with mean 1.

    Attributes
    ----------
    kind : {"cosine", "exponential", "table"}
        1 + m cos 2d; exp(-|d|/width), normalised; or a table from -90 to 90 degrees between whose values one
        interpolates.
    value : float or tuple of float
        The modulation m, the width in degrees, or the table.
    at : float
        Where it is centred, degrees; of drives.
    """

    kind: str
    value: object
    at: float = 0.0

    def __call__(self, d):
        """Weight at differences in radians."""
        d = (np.asarray(d, dtype=float) - np.deg2rad(self.at) + PERIOD / 2) % PERIOD - PERIOD / 2
        if self.kind == "cosine":
            return 1 + self.value * np.cos(2 * d)
        if self.kind == "exponential":
            width = np.deg2rad(self.value)
            return np.exp(-np.abs(d) / width) * (PERIOD / 2) / (width * -np.expm1(-PERIOD / 2 / width))
        values = np.asarray(self.value)
        # The mean of straight pieces is that of the values, with the ends half.
        mean = (values[:-1] + values[1:]).mean() / 2
        return np.interp(d, np.linspace(-PERIOD / 2, PERIOD / 2, values.size), values) / mean

    def mode(self, k):
        """Coefficient of cos(2 k d): the weight is 1 + sum_k mode(k) cos 2 k d."""
        if self.kind == "cosine":
            return 1.0 if k == 0 else float(self.value) * (k == 1)
        d = angles_(FINE)
        return float(np.mean((Profile(self.kind, self.value)(d)) * np.cos(2 * k * d)) * (1 if k == 0 else 2))

    @property
    def largest(self):
        """The largest weight."""
        return float(np.max(self(np.r_[angles_(FINE), np.deg2rad(self.at)])))

    def to_dict(self):
        """Plain data, as in the TOML file."""
        value = list(self.value) if self.kind == "table" else self.value
        return {"kind": self.kind, KINDS[self.kind][0]: value, **({"at": self.at} if self.at else {})}


def read_profile(profile, key, centred=False):
    """A checked Profile from a mapping or a Profile, or None.

    Raises
    ------
    InputError
        If the kind is unknown, a number is out of range, or a table is not periodic and even.
    """
    if profile is None or isinstance(profile, Profile):
        return profile
    if not isinstance(profile, Mapping) or "kind" not in profile:
        raise InputError(
            f'{key}, profile: got {described(profile)}, expected a table such as {{ kind = "cosine",'
            " modulation = 0.6 }"
        )
    kind = profile["kind"]
    if kind not in KINDS:
        raise InputError(f"{key}, profile.kind: {unknown_name('kind', kind, KINDS)}")
    known = ("kind", *KINDS[kind], *(("at",) if centred else ()))
    for name in profile:
        if name not in known:
            raise InputError(f"{key}, profile.{name}: {unknown_name('key', name, known)}")
    [name] = KINDS[kind]
    if name not in profile:
        raise InputError(f"{key}, profile: the key {name!r} is missing")
    number = lambda value, what: (
        float(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and np.isfinite(value)
        else _refuse(f"{key}, profile.{what}: got {described(value)}, expected a finite number")
    )
    at = number(profile.get("at", 0.0), "at")
    if kind == "table":
        values = profile["values"]
        if not isinstance(values, (list, tuple, np.ndarray)) or np.ndim(values) != 1 or len(values) < 5:
            raise InputError(
                f"{key}, profile.values: got {described(values)}, expected a list of at least five weights"
                " from -90 to 90 degrees"
            )
        values = tuple(number(value, "values") for value in values)
        if min(values) < 0 or not max(values) > 0:
            raise InputError(
                f"{key}, profile.values: got {list(values)}, expected weights of at least 0, some above"
            )
        if abs(values[0] - values[-1]) > 1e-9 * max(values):
            raise InputError(
                f"{key}, profile.values: got {values[0]:g} at -90 degrees and {values[-1]:g} at 90, which is"
                " the same angle; a profile must be periodic"
            )
        if np.max(np.abs(np.subtract(values, values[::-1]))) > 1e-9 * max(values):
            raise InputError(
                f"{key}, profile.values: the weights differ to the left and right of 0; a profile must be"
                " even"
            )
        return Profile(kind, values, at)
    value = number(profile[name], name)
    if kind == "cosine" and not -1 <= value <= 1:
        raise InputError(
            f"{key}, profile.modulation: got {value:g}, expected -1 to 1: beyond, weights would be negative"
        )
    if kind == "exponential" and not value > 0:
        raise InputError(f"{key}, profile.width: got {value:g}, expected a width above 0 degrees")
    return Profile(kind, value, at)


def _refuse(message):
    raise InputError(message)
