"""Networks of binary units in the encodings 0/1 and -1/+1.

    n_i = H(sum_j W_ij n_j + W_ext,i n_ext,i - theta_i)   and   S_i = sgn(sum_j W_ij S_j + W_ext,i S_ext,i -
    theta'_i),   S = 2 n - 1

are the same network if theta' = 2 theta - sum_j W_ij - W_ext: the argument of sgn is twice that of H, its
sign the same. A unit whose argument is exactly 0 is inactive, in both: H(0) = 0, sgn(0) = -1. Weights,
thresholds and arguments share one unit of the user's choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ...basics.arguments import described, mapping, one_of, whole
from ...basics.errors import InputError
from ...basics.fields import Anything, Floats, Mapped, Text, Whole
from ...basics.frozen import FrozenDict, Record, put

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["ENCODINGS", "BinaryNetwork", "check_states"]

ENCODINGS = {"0/1": (0, 1), "-1/+1": (-1, 1)}  # states of an inactive and of an active unit


@dataclass(frozen=True, eq=False)
class BinaryNetwork(Record):
    """A network of binary units with thresholds and constant external input.

    Parameters
    ----------
    weights : ndarray or scipy.sparse array, shape (N, N)
        W_ij is the weight from unit j to unit i; kept by columns, since a flip is felt by the targets of a
        unit.
    thresholds : float or array_like, shape (N,)
        theta in the encoding 0/1, theta' in -1/+1: a unit is active where its input lies above.
    populations : dict of str to int, optional
        Names and sizes, in the order of the units; by default all are one population "units".
    external_weights : float or array_like, shape (N,)
        W_ext.
    external : float or array_like, shape (N,)
        State of the external unit of each unit, in this encoding; values between the two states are the mean
        of many. By default it is active.
    encoding : {"0/1", "-1/+1"}

    Raises
    ------
    InputError
        If a shape does not fit, a value is not finite, or the encoding is unknown.

    Examples
    --------
    Two units that inhibit each other, in both encodings:

    >>> network = BinaryNetwork([[0, -2], [-2, 0]], thresholds=-1)
    >>> network.with_encoding("-1/+1").thresholds
    array([0., 0.])
    """

    weights: Any
    thresholds: Any = field(kw_only=True)
    populations: Mapping | None = field(default=None, kw_only=True)
    external_weights: Any = field(default=0.0, kw_only=True)
    external: Any = field(default=1.0, kw_only=True)
    encoding: str = field(default="0/1", kw_only=True)

    FIELDS = FrozenDict(
        weights=Anything,
        thresholds=Floats("unit"),
        populations=Mapped(Text, Whole),
        external_weights=Floats("unit"),
        external=Floats("unit"),
        encoding=Text,
    )

    def __post_init__(self):
        from scipy.sparse import csc_array

        one_of(self.encoding, ENCODINGS, "encoding")
        try:
            weights = csc_array(self.weights, dtype=float, copy=True)
        except (TypeError, ValueError):
            raise InputError(
                f"weights: got {described(self.weights)}, expected a square matrix of numbers"
            ) from None
        if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or weights.shape[0] == 0:
            raise InputError(
                f"weights: got shape {weights.shape}, expected (N, N) with a row of incoming weights for each"
                " unit"
            )
        weights.sum_duplicates()
        _finite(weights.data, "weights")
        for part in (weights.data, weights.indices, weights.indptr):
            part.setflags(write=False)
        units, (low, high) = weights.shape[0], ENCODINGS[self.encoding]
        populations = (
            {"units": units}
            if self.populations is None
            else {
                name: whole(size, f"populations, {name}", 1)
                for name, size in mapping(self.populations, "populations", '{"E": 800, "I": 200}').items()
            }
        )
        if sum(populations.values()) != units or any(size < 1 for size in populations.values()):
            raise InputError(
                f"populations: got sizes {populations}, expected positive ones that add up to the {units}"
                " units of the weights"
            )
        put(self, weights=weights, populations=FrozenDict(populations))
        for name in ("thresholds", "external_weights", "external"):
            put(self, **{name: _per_unit(getattr(self, name), units, name)})
        outside = self.external[(self.external < low) | (self.external > high)]
        if outside.size:
            raise InputError(
                f"external: got {outside[0]:g}, expected states of the encoding {self.encoding!r}, or means"
                f" between {low} and {high}"
            )

    size = property(lambda self: self.weights.shape[0])

    @property
    def slices(self) -> Any:
        """{population: slice of its units}."""
        populations = self.populations or {}
        ends = np.cumsum(list(populations.values()))
        return {
            name: slice(int(end) - size, int(end)) for (name, size), end in zip(populations.items(), ends)
        }

    @property
    def total_weights(self) -> Any:
        """sum_j W_ij + W_ext,i of every unit: its input when everything is active, in the encoding 0/1."""
        return np.asarray(self.weights.sum(axis=1)) + self.external_weights

    def with_encoding(self, encoding: str) -> BinaryNetwork:
        """The same network in the other encoding, by theta' = 2 theta - sum_j W_ij - W_ext (equation 11.39).

        Weights stay as they are. Trajectories are the same, unit by unit: exactly where no sum is rounded,
        that is for weights and thresholds that are whole numbers or these over a power of two, and else as
        long as no argument comes within rounding of where `simulate_binary` takes it for 0.

        Parameters
        ----------
        encoding : {"0/1", "-1/+1"}

        Returns
        -------
        BinaryNetwork

        Notes
        -----
        Mostly inhibitory input (sum W + W_ext < 0) makes theta' > 0: at S = 0 on average such a unit is
        inactive, and fires only if it is biased positive, theta < 0. theta' = 0, so that a unit has no bias
        of its own, takes 2 theta = sum W + W_ext.

        Examples
        --------
        >>> inhibited = BinaryNetwork([[0, -3], [-3, 0]], thresholds=0)
        >>> inhibited.with_encoding("-1/+1").thresholds
        array([3., 3.])
        """
        one_of(encoding, ENCODINGS, "encoding")
        if encoding == self.encoding:
            return self
        if encoding == "-1/+1":
            return replace(
                self,
                thresholds=2 * self.thresholds - self.total_weights,
                external=2 * self.external - 1,
                encoding=encoding,
            )
        return replace(
            self,
            thresholds=(self.thresholds + self.total_weights) / 2,
            external=(self.external + 1) / 2,
            encoding=encoding,
        )

    @property
    def balanced_thresholds(self) -> Any:
        """Thresholds, in this encoding, at which theta' = 0: (sum_j W_ij + W_ext)/2, or 0."""
        return self.total_weights / 2 if self.encoding == "0/1" else np.zeros(self.size)

    def arguments(self, states: ArrayLike) -> Any:
        """What H or sgn is taken of at given states: sum_j W_ij S_j + W_ext S_ext - theta.

        Parameters
        ----------
        states : array_like, shape (N,)
            In this encoding.
        """
        return (
            self.weights @ check_states(states, self).astype(float)
            + self.external_weights * self.external
            - self.thresholds
        )

    def __repr__(self):
        sizes = ", ".join(f"{name} {size}" for name, size in self.populations.items())
        return f"BinaryNetwork({sizes}; {self.weights.nnz} weights; {self.encoding})"


def _finite(values, name):
    if not np.all(np.isfinite(values)):
        raise InputError(f"{name}: got values that are not finite, expected finite numbers")


def _per_unit(values, units, name):
    """A read-only array with one value a unit."""
    try:
        values = np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(
            f"{name}: got {described(values)}, expected a number or one for each of the {units} units"
        ) from None
    if values.shape not in ((), (units,)):
        raise InputError(
            f"{name}: got shape {values.shape}, expected a number or shape ({units},), one for each unit of"
            " the weights"
        )
    _finite(values, name)
    values = np.array(np.broadcast_to(values, units))
    values.setflags(write=False)
    return values


def check_states(states, network):
    """States of all units as int8, or an error."""
    states = np.asarray(states)
    if states.shape != (network.size,) or not np.isin(states, ENCODINGS[network.encoding]).all():
        raise InputError(
            f"states: got {described(states)}, expected {network.size} values that are"
            f" {' or '.join(map(str, ENCODINGS[network.encoding]))}"
        )
    return states.astype(np.int8)
