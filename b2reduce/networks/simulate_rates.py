"""The rate network in Brian2: one unit a population, or one a cell on the spiking network's own wiring."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import flag, needed_seconds, one_of, require, seconds, whole
from ..basics.errors import AccuracyWarning, DivergenceError, InputError
from ..basics.progress import Progress
from ..basics.provenance import versions
from ..basics.session import brian_session
from ..cells.settings import BRIAN_STEP_, check_run
from ..reduction.equations import BIN_, automatic_dt_
from ..reduction.reduced_circuit import FAR, ReducedCircuit
from .activity import OUTSIDE_LIMIT, Activity
from .rate_runs import BLOCK_, SETTLING, build_rate_network, run_cells, run_populations, runaway_message

if TYPE_CHECKING:
    from typing import Any

    from brian2 import Network

    from ..basics.types import Drives, ProgressLike, QuantityLike

__all__ = ["rate_network", "simulate_rates"]

CLIMB_ = 0.1  # s outside of what was measured that the way up from silence may take


def rate_network(
    reduced: ReducedCircuit,
    *,
    drives: Drives | None = None,
    dt: QuantityLike | None = None,
    seed: int = 1,
    delays: bool = True,
) -> tuple[Network, dict[str, Any]]:
    """The Brian2 objects of the rate model, for monitors and runs of your own.

    Parameters
    ----------
    reduced : ReducedCircuit
    drives : dict of str to Quantity, (times, values) or brian2.TimedArray, optional
        Replace the circuit's drives.
    dt : Quantity, optional
    seed : int
        Of the wiring, where there is one unit a cell.
    delays : bool
        Whether rates arrive as late as the spikes of the circuit do.

    Returns
    -------
    network : brian2.Network
    groups : dict of str to brian2.NeuronGroup
        One unit each, or one a cell, with the variables ``mu`` (current in excess of the threshold) and ``r``
        (rate).

    Examples
    --------
    >>> from b2reduce import load_circuit, reduce
    >>> network, groups = rate_network(reduce("ei_lif", noise="none"))
    >>> sorted(groups)
    ['E', 'I']
    """
    require(reduced, ReducedCircuit, "rate_network, reduced")
    seed, dt_ = whole(seed, "seed"), seconds(dt, "dt") or automatic_dt_(reduced)
    delays = flag(delays, "delays")
    with brian_session():
        network, groups, *_ = build_rate_network(reduced, drives, dt_, seed=seed, delays=delays)
    return network, groups


def simulate_rates(
    reduced: ReducedCircuit,
    *,
    duration: QuantityLike,
    drives: Drives | None = None,
    initial: Any = None,
    dt: QuantityLike | None = None,
    seed: int = 1,
    delays: bool = True,
    noise: str | None = None,
    progress: ProgressLike = None,
) -> Activity:
    """Run the rate model.

    Parameters
    ----------
    reduced : ReducedCircuit
    duration : Quantity
    drives : dict of str to Quantity, (times, values) or brian2.TimedArray, optional
        ``{name: rate}`` or ``{name: (times, values)}`` replace the circuit's; each value of a table holds
        until the next time.
    initial : "silent", "active", mapping of str to Quantity or FixedPoint, optional
        Rates to start from, 0 where none is given; or the state of this name, as `ReducedCircuit.states` has
        it. By default there was no input before t = 0.
    dt : Quantity, optional
        By default a tenth of the fastest time constant, feedback included; half of it with one unit a cell,
        where the rates at rest are what counts.
    seed : int
        Of the wiring, where there is one unit a cell: that of the spiking run to compare with.
    delays : bool
        Whether rates arrive as late as the spikes of the circuit do: of every synapse by its own delay where
        there is one unit a cell, else by the mean over the distribution of delays.
    noise : {"finite"}, optional
        Whether populations send, and show, the spikes of as many cells as they have, drawn every step around
        their rates (shot noise), in place of the rates themselves. Cells of CV c are more regular than
        Poisson's at low frequencies; what trains of drives have in common is not in it. `seed` decides it.
    progress : None, bool, str or callable

    Returns
    -------
    Activity
        In bins of 1 ms, or of the multiple of dt nearest to it; the duration is rounded to whole bins. There
        are no spikes and no conductances in it; with one unit a cell it has the rates of cells. With constant
        drives nothing is simulated any more once all is at rest: it stays there.

    Warns
    -----
    AccuracyWarning
        If a population spends more than a tenth of the run, and more than 0.1 s, outside of what was
        measured, or if the last rate of one is more than any cell fires at.

    Raises
    ------
    InputError
        If a drive or a population is unknown.
    DivergenceError
        If rates grow beyond all bounds within the run.

    Examples
    --------
    >>> from brian2 import Hz, second
    >>> from b2reduce import reduce
    >>> rates = simulate_rates(reduce("ei_lif", noise="none"), duration=0.2*second, drives={"ext": 12*Hz})
    >>> rates.rate.shape
    (2, 200)
    """
    require(reduced, ReducedCircuit, "simulate_rates, reduced")
    duration_, seed = needed_seconds(duration, "duration"), whole(seed, "seed")
    dt_ = seconds(dt, "dt") or automatic_dt_(reduced, *([SETTLING] if reduced.cells else []))
    each = max(1, round(BIN_ / dt_))  # steps per bin
    check_run(duration_, dt_, cells=len(reduced.populations), least_=BRIAN_STEP_)
    bins = round(duration_ / (each * dt_))
    if bins < 1:
        raise InputError(f"duration: got {duration}, expected at least one bin of {each * dt_ * 1e3:g} ms")
    start, finite, delays = reduced.start_rates_(initial), _is_finite(noise, reduced), flag(delays, "delays")
    run = run_cells if reduced.cells else partial(run_populations, finite=finite)
    # A runaway is reported below, not by numpy's warnings
    with (
        brian_session(seed if finite else None),
        Progress(progress) as bar,
        np.errstate(over="ignore", invalid="ignore"),
    ):
        rate_, outside_, rates, rest, cells = run(reduced, drives, dt_, start, bins, each, seed, bar, delays)
    if not np.isfinite(rate_).all():
        raise DivergenceError(runaway_message(reduced.populations, rate_, each * dt_))
    if (rate_[:, -1] > FAR).any():
        # However short the run: what follows is further out still
        message = runaway_message(reduced.populations, rate_, each * dt_)
        warnings.warn(message, AccuracyWarning, stacklevel=2)
    lost = {
        name: share
        for name, share in outside_.items()
        if share > OUTSIDE_LIMIT and share * duration_ > CLIMB_
    }
    if lost:
        warnings.warn(
            f"{', '.join(f'{name} {100 * share:.0f} %' for name, share in lost.items())} of the time outside"
            " of what was measured, where the gain is extrapolated or its table answers with the nearest"
            " edge: these rates are not to be relied on; reduce at the drives of interest (at=)",
            AccuracyWarning,
            stacklevel=2,
        )
    provenance = {
        "kind": "rates",
        "circuit": reduced.circuit.name,
        "circuit_hash": reduced.circuit.hash,
        "dt [s]": dt_,
        "tau": reduced.tau_choice,
        "drives [Hz]": {f"{name}->{target}": _plain(rate) for (name, target), rate in rates.items()},
        "delays": delays,
        "at rest after [s]": rest.time_,
        **({"noise": noise} if finite else {}),
        **({"seed": seed} if cells or finite else {}),
        "versions": versions(),
    }
    return Activity(
        reduced.populations,
        (np.arange(bins) + 0.5) * each * dt_,
        rate_,
        each * dt_,
        {name: p.size for name, p in reduced.circuit.populations.items()},
        provenance=provenance,
        outside=outside_,
        drives_={
            key: (
                tuple(np.asarray(part, dtype=float).tolist() for part in rate)
                if isinstance(rate, tuple)
                else float(np.asarray(rate))
            )
            for key, rate in rates.items()
        },
        cell_rate_=cells,
        cell_bin_=max(1, round(BLOCK_ / dt_)) * dt_ if cells else None,
    )


def _is_finite(noise, reduced):
    if noise is None:
        return False
    one_of(noise, ("finite",), "noise")
    if reduced.cells or reduced.plastic:
        what = "one unit a cell" if reduced.cells else "synapses with short-term plasticity"
        raise InputError(
            f"noise: got {noise!r} with {what}; expected a rate model of one unit a population, whose"
            " synapses stay what they are"
        )
    return True


def _plain(rate):
    if isinstance(rate, tuple):
        return {"times [s]": np.asarray(rate[0]).tolist(), "values [Hz]": np.asarray(rate[1]).tolist()}
    return float(np.asarray(rate))
