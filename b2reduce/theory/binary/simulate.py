"""The dynamics of binary networks: one unit at a time in random order, or all at once."""

from __future__ import annotations

import ctypes
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ...basics.arguments import described, flag, one_of, require, whole
from ...basics.compiler import BuildError, load_library
from ...basics.errors import InputError
from ...basics.processes import compilers_ended
from ...basics.provenance import versions
from ...basics.streams import OfBinary, seed_streams
from .network import ENCODINGS, BinaryNetwork, check_states

if TYPE_CHECKING:
    from typing import Any

from .run import BinaryRun

__all__ = ["simulate_binary"]

UPDATES = ("asynchronous", "parallel")
BINARY_ENGINES = ("auto", "native", "numpy")
# Sums of decimal weights that should cancel leave some 1e-16 of the largest argument for every addition.
# Arguments are summed anew every so many sweeps, after up to 1e5 additions to arguments of about 100 weights:
# 1e-9 of a weight at most. So near to 0 counts as 0.
TIE, FRESH = 1e-9, 100

# One sweep: each unit looks at its field once; only a flip costs anything, the targets of that unit.
# Additions come in the same order as in numpy, and a product with 1 or 2 is exact, so that both engines give
# the same trajectory to the last bit.
KERNEL = """
#include <cstdint>
extern "C" int64_t sweep(const int64_t* order, int64_t units, const int64_t* first, const int32_t* target,
                         const double* weight, double step, double tie, double* field, uint8_t* active) {
    int64_t flips = 0;
    for (int64_t k = 0; k < units; ++k) {
        const int64_t i = order[k];
        const uint8_t now = field[i] > tie;
        if (now == active[i]) continue;
        active[i] = now;
        ++flips;
        const double change = now ? step : -step;
        for (int64_t p = first[i]; p < first[i + 1]; ++p) field[target[p]] += change * weight[p];
    }
    return flips;
}
"""


def simulate_binary(
    network: BinaryNetwork,
    *,
    sweeps: int,
    update: str = "asynchronous",
    initial: Any = 0.5,
    seed: int = 1,
    record: bool = False,
    engine: str = "auto",
) -> BinaryRun:
    """Run a binary network.

    Parameters
    ----------
    network : BinaryNetwork
    sweeps : int
        In each every unit is updated once.
    update : {"asynchronous", "parallel"}
        One unit at a time, each sweep in a new random order, every unit seeing those before it; or all at
        once.
    initial : float or array_like, shape (N,)
        Probability with which a unit starts active, or the states, in the network's encoding. A number is a
        probability in both encodings, so that one seed starts them alike.
    seed : int
        Decides the initial state and the orders.
    record : bool
        Keep the states after every sweep.
    engine : {"auto", "native", "numpy"}
        How the asynchronous sweeps are done: by a small compiled loop, or in Python with numpy, which is
        slower where many units flip. Both keep the arguments of all units and change those of its targets
        when a unit flips. The trajectory is the same.

    Returns
    -------
    BinaryRun

    Raises
    ------
    InputError
        If an argument is unknown or does not fit the network, or engine "native" is asked for and there is no
        compiler.

    Notes
    -----
    An argument of 0 leaves a unit inactive. With decimal weights units often come to sit at their threshold
    but for rounding, which must not decide: arguments within 1e-9 of the largest weight from 0 count as 0.
    With whole or dyadic weights nothing is rounded.

    Examples
    --------
    Of two units that inhibit each other one wins:

    >>> from b2reduce.binary import BinaryNetwork
    >>> network = BinaryNetwork([[0, -2], [-2, 0]], thresholds=-1)
    >>> run = simulate_binary(network, sweeps=5, seed=1)
    >>> int(run.states.sum()), int(run.flips[-1])
    (1, 0)
    """
    require(network, BinaryNetwork, "simulate_binary, network")
    sweeps, seed, record = whole(sweeps, "sweeps", 1), whole(seed, "seed"), flag(record, "record")
    for name, value, known in (("update", update, UPDATES), ("engine", engine, BINARY_ENGINES)):
        one_of(value, known, name)
    low, high = ENCODINGS[network.encoding]
    weights, step = network.weights.data, float(high - low)
    tie = TIE * step * float(np.abs(weights).max(initial=0.0))
    active = _initial(network, initial, seed)
    starts = [part.start for part in network.slices.values()]
    populations = dict(network.populations or {})
    sizes = np.array(list(populations.values()))
    activity, flips = np.empty((sizes.size, sweeps + 1)), np.empty(sweeps, dtype=np.int64)
    history = np.empty((sweeps + 1, network.size), dtype=np.int8) if record else None
    engine, sweep = ("numpy", None) if update == "parallel" else _sweeper(engine)
    rng = np.random.default_rng(seed_streams(seed, OfBinary.ORDER))
    first, targets = (
        network.weights.indptr.astype(np.int64),
        network.weights.indices.astype(np.int32, copy=False),
    )
    arguments = network.arguments(low + (high - low) * active.astype(np.int8))
    for number in range(sweeps + 1):
        if number and sweep is None:
            now = (arguments > tie).astype(np.uint8)
            flips[number - 1], active = np.count_nonzero(now != active), now
        elif number and sweep is not None:
            flips[number - 1] = sweep(
                rng.permutation(network.size), first, targets, weights, step, tie, arguments, active
            )
        if number and (sweep is None or number % FRESH == 0):
            arguments = network.arguments(low + (high - low) * active.astype(np.int8))
        activity[:, number] = np.add.reduceat(active, starts, dtype=np.int64) / sizes
        if history is not None:
            history[number] = low + (high - low) * active.astype(np.int8)
    provenance = {
        "kind": "binary",
        "seed": seed,
        "update": update,
        "engine": engine,
        "sweeps": int(sweeps),
        "sizes": populations,
        "versions": versions(),
    }
    return BinaryRun(
        tuple(populations),
        activity,
        flips,
        low + (high - low) * active.astype(np.int8),
        history,
        network.encoding,
        provenance,
    )


def _initial(network, initial, seed):
    """1 where a unit starts active."""
    if np.ndim(initial):
        return (check_states(initial, network) == 1).astype(np.uint8)
    if isinstance(initial, bool) or not isinstance(initial, (int, float, np.number)) or not 0 <= initial <= 1:
        raise InputError(
            f"initial: got {described(initial)}, expected the states of all units, or a probability of being"
            " active from 0 to 1"
        )
    return (
        np.random.default_rng(seed_streams(seed, OfBinary.INITIAL)).random(network.size) < initial
    ).astype(np.uint8)


@lru_cache(maxsize=1)
def _kernel():
    with compilers_ended():
        kernel = load_library(KERNEL).sweep
    # Plain addresses: checks of arrays are Python code, and Ctrl-C within them would come out as an error of
    # ctypes.
    kernel.argtypes = [
        ctypes.c_void_p,
        ctypes.c_int64,
        *[ctypes.c_void_p] * 3,
        ctypes.c_double,
        ctypes.c_double,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    kernel.restype = ctypes.c_int64
    return kernel


def _sweeper(engine):
    """(engine used, function that does one sweep)."""
    if engine == "numpy":
        return engine, _sweep_in_numpy
    try:
        kernel = _kernel()
    except BuildError as reason:
        if engine == "native":
            raise InputError(f"engine: got 'native', but {reason}; use engine = 'auto' or 'numpy'") from None
        warnings.warn(
            f"b2reduce runs binary networks in Python, which is slower: {reason}",
            RuntimeWarning,
            stacklevel=3,
        )
        return "numpy", _sweep_in_numpy

    def sweep(order, first, targets, weights, step, tie, arguments, active):
        arrays = (
            (order, np.int64),
            (first, np.int64),
            (targets, np.int32),
            (weights, float),
            (arguments, float),
            (active, np.uint8),
        )
        assert all(values.dtype == dtype and values.flags.c_contiguous for values, dtype in arrays)
        of, begin, to, weight, field, state = (values.ctypes.data for values, _ in arrays)
        return kernel(of, order.size, begin, to, weight, step, tie, field, state)

    return "native", sweep


def _sweep_in_numpy(order, first, targets, weights, step, tie, arguments, active):
    flips = 0
    for i in order.tolist():
        now = arguments[i] > tie
        if now != active[i]:
            active[i] = now
            flips += 1
            own = slice(first[i], first[i + 1])
            # A unit has each target once, so that nothing is added twice to the same place in one go.
            arguments[targets[own]] += (step if now else -step) * weights[own]
    return flips
