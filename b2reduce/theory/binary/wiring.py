"""Random wiring of binary networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ...basics.arguments import described, one_of, whole
from ...basics.errors import InputError
from ...basics.streams import OfBinary, seed_streams
from ...circuit.wiring import choose
from .network import BinaryNetwork

if TYPE_CHECKING:
    from typing import Any

__all__ = ["WIRINGS", "per_population", "random_binary_network", "square_matrix", "wiring_parameters"]

WIRINGS = ("random", "fixed")


def random_binary_network(
    weights: Any,
    *,
    in_degree: Any,
    sizes: Any,
    thresholds: Any,
    external: Any = 0.0,
    wiring: str = "random",
    seed: int = 1,
) -> BinaryNetwork:
    """Draw a binary network with random wiring between populations.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        w_ab, of one connection from population b to population a.
    in_degree : float or array_like, shape (n, n)
        K_ab, the mean number of inputs, or with wiring "fixed" the number.
    sizes : dict of str to int
        Number of units of each population.
    thresholds, external : float or array_like, shape (n,)
        theta_a and the constant external input.
    wiring : {"random", "fixed"}
        Each pair of units is connected with probability K over the number available, so that in-degrees vary;
        or every unit has exactly K different inputs. No unit is connected to itself.
    seed : int

    Returns
    -------
    BinaryNetwork
        In the encoding 0/1.

    Raises
    ------
    InputError
        If a shape does not fit, or K is more than the units available.

    Examples
    --------
    >>> sizes = {"E": 200, "I": 100}
    >>> network = random_binary_network([[1, -2], [1, -1.8]], in_degree=20, sizes=sizes, thresholds=[1, 0.7],
    ...                                 wiring="fixed")
    >>> network.weights.nnz
    12000
    """
    from scipy.sparse import block_array

    if not isinstance(sizes, Mapping):
        raise InputError(
            f"sizes: got {described(sizes)}, expected a dict of population names and numbers of units"
        )
    w, K, theta, h, A, names = wiring_parameters(weights, in_degree, thresholds, external, sizes, wiring)
    if wiring == "fixed" and np.any(K != np.round(K)):
        raise InputError(f"in_degree: got {K.tolist()}, expected whole numbers with wiring = 'fixed'")
    counts, draw = (
        [whole(sizes[name], "sizes", 1) for name in names],
        (_fixed if wiring == "fixed" else _random),
    )
    rng = lambda a, b: np.random.default_rng(seed_streams(seed, OfBinary.WIRING, a, b))
    blocks = [
        [draw(rng(a, b), w[a, b], K[a, b], int(A[a, b]), (counts[a], counts[b])) for b in range(len(names))]
        for a in range(len(names))
    ]
    return BinaryNetwork(
        block_array(blocks, format="csc"),
        thresholds=np.repeat(theta, counts),
        populations=dict(zip(names, counts)),
        external_weights=np.repeat(h, counts),
    )


def _fixed(rng, w, K, available, shape):
    """Weights from one population to another, K different ones in each row."""
    from scipy.sparse import csr_array

    column = (
        choose(rng, available, int(K), shape[0]).astype(np.int32)
        if K
        else np.empty((shape[0], 0), dtype=np.int32)
    )
    if available < shape[1]:
        column += column >= np.arange(shape[0], dtype=np.int32)[:, None]  # the unit itself is skipped
    return csr_array(
        (np.full(column.size, w), column.ravel(), np.arange(shape[0] + 1) * int(K)), shape=shape
    ).tocsc()


def _random(rng, w, K, available, shape):
    """Weights from one population to another, each there with probability K/available.

    Drawn by columns, as they are kept.
    """
    from scipy.sparse import csc_array

    own = available < shape[1]
    rows = shape[0] - own
    taken = _taken(rng, K / available if available else 0.0, shape[1] * rows)
    first = np.searchsorted(taken, np.arange(shape[1] + 1) * rows)
    row = (taken - np.repeat(np.arange(shape[1]) * rows, np.diff(first))).astype(np.int32)
    if own:
        # The unit itself is skipped
        row += row >= np.repeat(np.arange(shape[1], dtype=np.int32), np.diff(first))
    return csc_array((np.full(row.size, w), row, first), shape=shape)


def _taken(rng, p, places):
    """Which of `places` are taken, each by itself with probability p.

    Gaps between those taken are geometric.
    """
    if p == 0 or places == 0:
        return np.empty(0, dtype=np.int64)
    parts, last = [], -1
    while last < places - 1:
        expected = p * (places - 1 - last)
        parts.append(last + np.cumsum(rng.geometric(p, int(expected + 5 * expected**0.5 + 10))))
        last = int(parts[-1][-1])
    taken = np.concatenate(parts)
    return taken[: np.searchsorted(taken, places)]


def wiring_parameters(weights, in_degree, thresholds, external, sizes, wiring):
    """Checked (w, K, theta, external, available, names) as float arrays."""
    one_of(wiring, WIRINGS, "wiring")
    w = square_matrix(weights, "weights")
    n = len(w)
    K = per_population(in_degree, (n, n), "in_degree")
    theta, h = per_population(thresholds, (n,), "thresholds"), per_population(external, (n,), "external")
    if np.any(K < 0):
        raise InputError(f"in_degree: got {K.min():g}, expected numbers of inputs of at least 0")
    names = list(sizes) if isinstance(sizes, Mapping) else list(range(n))
    A = np.full((n, n), np.inf)
    if sizes is not None:
        if (
            not isinstance(sizes, (Mapping, list, tuple, np.ndarray))
            or not isinstance(sizes, Mapping)
            and np.ndim(sizes) != 1
        ):
            raise InputError(
                f"sizes: got {described(sizes)}, expected a whole number of units for each of the {n}"
                " populations of the weights"
            )
        counts = np.array(
            [whole(size, "sizes", 1) for size in (sizes.values() if isinstance(sizes, Mapping) else sizes)]
        )
        if counts.shape != (n,):
            raise InputError(
                f"sizes: got {described(sizes)}, expected a whole number of units for each of the {n}"
                " populations of the weights"
            )
        A = np.broadcast_to(counts, (n, n)) - np.eye(n)  # no unit is connected to itself
    if np.any(K > A):
        a, b = np.argwhere(K > A)[0]
        raise InputError(
            f"in_degree, from {names[b]} to {names[a]}: got K = {K[a, b]:g}, but only {A[a, b]:g} units are"
            " available without self-connection; lower K or enlarge the population"
        )
    return w, K, theta, h, A, names


def _numbers(values, name, expected):
    if not getattr(getattr(values, "dim", None), "is_dimensionless", True):
        raise InputError(
            f"{name}: got {described(values)}, expected plain numbers: binary networks have no units"
        )
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{name}: got {described(values)}, expected {expected}") from None


def square_matrix(values, name):
    """A square array of finite floats, or an error."""
    values = _numbers(values, name, "a square matrix (n, n)")
    if (
        values.ndim != 2
        or values.shape[0] != values.shape[1]
        or not values.size
        or not np.all(np.isfinite(values))
    ):
        raise InputError(
            f"{name}: got shape {values.shape}, expected a square matrix (n, n) of finite numbers, a row for"
            " each target population"
        )
    return values


def per_population(values, shape, name):
    """Finite floats of this shape, or an error; a number is repeated."""
    values = _numbers(values, name, f"a number or an array of shape {shape}")
    if values.shape not in ((), shape) or not np.all(np.isfinite(values)):
        raise InputError(
            f"{name}: got {described(values)}, expected a finite number or an array of shape {shape}"
        )
    return np.broadcast_to(values, shape)
