"""The rate network in Brian2: one unit a population, or one a cell on the spiking network's own wiring."""

from __future__ import annotations

import warnings

import numpy as np

from ..basics.arguments import needed_seconds, require, seconds, whole
from ..basics.errors import InputError
from ..basics.progress import Progress
from ..basics.provenance import versions
from ..basics.session import brian_session, run_network
from ..cells.integration import AccuracyWarning
from ..cells.settings import BRIAN_STEP_, check_run
from ..reduction.equations import BIN_, automatic_dt_
from ..reduction.measured_range import outside, place
from ..reduction.reduced_circuit import FAR, ReducedCircuit
from .activity import OUTSIDE_LIMIT, Activity
from .rate_network import Couplings, rate_groups, summed_synapses

__all__ = ["rate_network", "simulate_rates"]

# Step in units of the fastest time constant where only the rates at rest count: stable below 2, and rest does
# not depend on it
SETTLING = 0.5
#: Change of a state variable within the longest time constant, relative to its largest size, that counts as
#: rest; rates of cells travel as single floats.
REST, REST_OF_CELLS = 1e-10, 1e-6
CLIMB_ = 0.1  # s outside of what was measured that the way up from silence may take
BLOCK_ = 0.05  # s; the rates of single cells are kept as means over this


def _build(reduced, drives, dt_, initial=None, seed=1):
    import brian2

    rates = reduced.drive_rates_(drives)
    groups = rate_groups(reduced, rates, dt_, initial)
    if not reduced.cells:
        return brian2.Network(*groups.values(), *summed_synapses(reduced, groups)), groups, rates, None
    couplings = Couplings(reduced, groups, seed)
    operation = brian2.NetworkOperation(
        couplings, clock=next(iter(groups.values())).clock, when="start", order=1, name="couplings"
    )
    return brian2.Network(*groups.values(), operation), groups, rates, couplings


def rate_network(reduced, *, drives=None, dt=None, seed=1):
    """The Brian2 objects of the rate model, for monitors and runs of your own.

    Parameters
    ----------
    reduced : ReducedCircuit
    drives : dict of str to Quantity, (times, values) or brian2.TimedArray, optional
        Replace the circuit's drives.
    dt : Quantity, optional
    seed : int
        Of the wiring, where there is one unit a cell.

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
    with brian_session():
        network, groups, *_ = _build(reduced, drives, dt_, seed=seed)
    return network, groups


def simulate_rates(reduced, *, duration, drives=None, initial=None, dt=None, seed=1, progress=None):
    """Run the rate model.

    Parameters
    ----------
    reduced : ReducedCircuit
    duration : Quantity
    drives : dict of str to Quantity, (times, values) or brian2.TimedArray, optional
        ``{name: rate}`` or ``{name: (times, values)}`` replace the circuit's; each value of a table holds
        until the next time.
    initial : dict of str to Quantity, optional
        Rates to start from. By default there was no input before t = 0.
    dt : Quantity, optional
        By default a tenth of the fastest time constant, feedback included; half of it with one unit a cell,
        where the rates at rest are what counts.
    seed : int
        Of the wiring, where there is one unit a cell: that of the spiking run to compare with.
    progress : None, bool, str or callable

    Returns
    -------
    Activity
        In bins of 1 ms, or of the multiple of dt nearest to it; the duration is rounded to whole bins. There
        are no spikes and no conductances in it, and no delays were simulated; with one unit a cell it has the
        rates of cells. With constant drives nothing is simulated any more once all is at rest: it stays
        there.

    Warns
    -----
    AccuracyWarning
        If a population spends more than a tenth of the run, and more than 0.1 s, outside of what was
        measured.

    Raises
    ------
    InputError
        If a drive or a population is unknown.

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
    start = reduced.start_rates_(initial)
    run = _run_cells if reduced.cells else _run_populations
    # A runaway is reported below, not by numpy's warnings
    with brian_session(), Progress(progress) as bar, np.errstate(over="ignore", invalid="ignore"):
        rate_, outside_, rates, rest, cells = run(reduced, drives, dt_, start, bins, each, seed, bar)
    if not np.isfinite(rate_).all():
        raise FloatingPointError(_runaway(reduced.populations, rate_, each * dt_))
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
        "delays": "none in the rate model",
        "at rest after [s]": rest.time_,
        **({"seed": seed} if cells else {}),
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


def _runaway(names, rate_, bin_):
    """What grew, how fast, and in which proportion, from the last rates that were numbers."""
    number = int(np.argmin(np.isfinite(rate_).all(axis=0)))
    said = "the circuit runs away; weaken its excitation or start lower"
    if number < 2:
        return (
            f"the rates of the reduced model grew beyond all bounds within {number * bin_ * 1e3:g} ms: {said}"
        )
    before, last = rate_[:, number - 2], rate_[:, number - 1]
    growing = [k for k in np.argsort(-last) if last[k] > 1.01 * before[k] and last[k] > 1e-3 * last.max()]
    tau_ = (
        bin_ / np.log(last[growing[0]] / before[growing[0]]) if growing and before[growing[0]] > 0 else bin_
    )
    share = (
        f" in the proportion {' : '.join(f'{last[k] / last.max():.2g}' for k in growing)}"
        if len(growing) > 1
        else ""
    )
    # Bins until that, from a finite rate or at one stroke
    past = int(np.argmin((rate_ <= FAR).all(axis=0))) + 1
    return (
        f"the rates of the reduced model grew beyond all bounds: {', '.join(names[k] for k in growing)}"
        f" grew{share} as exp(t / {1e3 * tau_:.3g} ms), past {FAR * 1e-3:g} kHz, which no cell fires at,"
        f" after {past * bin_ * 1e3:.4g} ms: {said}"
    )


class _Rest:
    """Stops a network of constant drives once no state variable moves any more."""

    def __init__(self, reduced, network, groups, rates, dt_, tolerance):
        import brian2

        self.network, self.dt_, self.tolerance, self.time_ = network, dt_, tolerance, None
        self.variables = [
            group.variables[name] for group in groups.values() for name in group.equations.diff_eq_names
        ]
        self.last, self.scale = None, 0.0
        if not any(isinstance(rate, tuple) for rate in rates.values()):
            longest = max(
                [
                    *(float(np.asarray(tau)) for tau in reduced.tau.values()),
                    *(adapts.tau_ for adapts in reduced.adaptation.values()),
                ],
                default=BIN_,
            )
            network.add(
                brian2.NetworkOperation(
                    self,
                    dt=max(1, round(longest / dt_)) * dt_ * brian2.second,
                    when="end",
                    order=1,
                    name="rest",
                )
            )

    def reached(self):
        """Whether the network has come to rest."""
        return self.time_ is not None

    def __call__(self):
        now = [np.array(variable.get_value()) for variable in self.variables]
        self.scale = np.maximum(self.scale, [np.max(np.abs(values)) for values in now])
        if self.last is not None and all(
            np.max(np.abs(a - b)) <= self.tolerance * size for a, b, size in zip(now, self.last, self.scale)
        ):
            self.time_ = np.asarray(self.network.t_).item() + self.dt_
            self.network.stop()
        self.last = now


def _padded(values, number):
    """Values over time with the last one repeated: at rest everything stays as it is."""
    return np.concatenate([values[:number], np.repeat(values[-1:], max(number - len(values), 0), axis=0)])


def _run_populations(reduced, drives, dt_, start, bins, each, seed, bar):
    """(rates in bins, fraction of time outside, rates of drives, what stopped it, None) with one unit a
    population.
    """
    import brian2
    from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

    network, groups, rates, _ = _build(reduced, drives, dt_, start)
    monitors = {
        name: brian2.StateMonitor(
            group, "r", record=True, clock=group.clock, codeobj_class=NumpyCodeObject, name=f"r_of_{name}"
        )
        for name, group in groups.items()
    }
    places = {
        name: brian2.StateMonitor(
            group,
            place(reduced, name),
            record=True,
            dt=each * dt_ * brian2.second,
            codeobj_class=NumpyCodeObject,
            name=f"place_of_{name}",
        )
        for name, group in groups.items()
    }
    network.add(*monitors.values(), *places.values())
    rest = _Rest(reduced, network, groups, rates, dt_, REST)
    report = bar.stage("rate network")
    run_network(network, bins * each * dt_, report=report, rested=rest.reached)
    rate_ = np.array(
        [
            _padded(monitors[name].r_[0], bins * each).reshape(bins, each).mean(axis=1)
            for name in reduced.populations
        ]
    )
    outside_ = {
        name: float(
            np.mean(
                _padded(
                    outside(
                        reduced,
                        name,
                        {variable: getattr(monitor, f"{variable}_")[0] for variable in place(reduced, name)},
                    ),
                    bins,
                )
            )
        )
        for name, monitor in places.items()
    }
    return rate_, outside_, rates, rest, None


def _run_cells(reduced, drives, dt_, start, bins, each, seed, bar):
    """The same with one unit a cell, and {population: (cell, block)}."""
    import brian2

    network, groups, rates, couplings = _build(reduced, drives, dt_, start, seed)
    report = bar.stage("rates of cells")
    block = max(1, round(BLOCK_ / dt_))
    means, sums, blocks, beyond = [], {}, {name: [] for name in groups}, {name: [] for name in groups}

    def record():
        means.append([rate.mean() for rate in couplings.rates_.values()])
        for name, rate in couplings.rates_.items():
            sums[name] = rate + sums.get(name, 0.0)
        if len(means) % block == 0:
            for name, group in groups.items():
                blocks[name].append((sums.pop(name) / block).astype(np.float32))
                beyond[name].append(
                    np.mean(
                        outside(
                            reduced,
                            name,
                            {
                                variable: np.asarray(getattr(group, f"{variable}_")[:])
                                for variable in place(reduced, name)
                            },
                        )
                    )
                )
            report(len(means) / (bins * each))

    network.add(
        brian2.NetworkOperation(record, clock=next(iter(groups.values())).clock, when="end", name="record")
    )
    rest = _Rest(reduced, network, groups, rates, dt_, REST_OF_CELLS)
    run_network(network, bins * each * dt_, rested=rest.reached)
    rate_ = _padded(np.array(means), bins * each).reshape(bins, each, -1).mean(axis=1).T
    whole, cells, outside_ = int(np.ceil(bins * each / block)), {}, {}
    for name, group in groups.items():
        # The block that was begun ends at rest, or with the run.
        cells[name] = _padded(np.array([*blocks[name], couplings.rates_[name].astype(np.float32)]), whole).T
        last = np.mean(
            outside(
                reduced,
                name,
                {
                    variable: np.asarray(getattr(group, f"{variable}_")[:])
                    for variable in place(reduced, name)
                },
            )
        )
        outside_[name] = float(np.mean(_padded(np.array([*beyond[name], last]), whole)))
    return rate_, outside_, rates, rest, cells


def _plain(rate):
    if isinstance(rate, tuple):
        return {"times [s]": np.asarray(rate[0]).tolist(), "values [Hz]": np.asarray(rate[1]).tolist()}
    return float(np.asarray(rate))
