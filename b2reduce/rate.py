"""The rate network in Brian2: one unit a population, or one a cell on the spiking network's own wiring."""

from __future__ import annotations

import numpy as np

from .activity import Activity
from .progress import Progress
from .provenance import unknown_name, versions
from .rategroups import BIN_, Couplings, automatic_dt_, outside, place, rate_groups, summed_synapses
from .session import brian_session
from .surface import seconds
from .units import InputError, to_si

__all__ = ["rate_network", "simulate_rates"]

SETTLING = 0.5  # step in units of the fastest time constant where only the rates at rest count: stable below 2, and rest does not depend on it
SETTLED = 1e-4  # change of every rate over the longest time constant, relative to it (plus 0.1 Hz), that counts as rest
BLOCK_ = 0.05  # s; the rates of single cells are kept as means over this


def _build(reduced, drives, dt_, initial=None, seed=1):
    import brian2

    rates = reduced.drive_rates_(drives)
    groups = rate_groups(reduced, rates, dt_, initial)
    if not reduced.cells:
        return brian2.Network(*groups.values(), *summed_synapses(reduced, groups)), groups, rates, None
    couplings = Couplings(reduced, groups, seed)
    operation = brian2.NetworkOperation(couplings, clock=next(iter(groups.values())).clock, when="start", order=1, name="couplings")
    return brian2.Network(*groups.values(), operation), groups, rates, couplings


def rate_network(reduced, *, drives=None, dt=None, seed=1):
    """The Brian2 objects of the rate model, for monitors and runs of your own.

    Parameters
    ----------
    reduced : ReducedCircuit
    drives : dict of str to Quantity or (times, values), optional
        Replace the circuit's drives.
    dt : Quantity, optional
    seed : int
        Of the wiring, where there is one unit a cell.

    Returns
    -------
    network : brian2.Network
    groups : dict of str to brian2.NeuronGroup
        One unit each, or one a cell, with the variables ``mu`` (current in excess of the threshold) and ``r`` (rate).

    Examples
    --------
    >>> from b2reduce import load_circuit, reduce
    >>> network, groups = rate_network(reduce("ei_lif", noise="none"))
    >>> sorted(groups)
    ['E', 'I']
    """
    dt_ = seconds(dt, "dt") or automatic_dt_(reduced)
    with brian_session():
        network, groups, *_ = _build(reduced, drives, dt_, seed=seed)
    return network, groups


def simulate_rates(reduced, *, duration, drives=None, initial=None, dt=None, seed=1, progress=None):
    """Run the rate model.

    Parameters
    ----------
    reduced : ReducedCircuit
    duration : Quantity
    drives : dict of str to Quantity or (times, values), optional
        ``{name: rate}`` or ``{name: (times, values)}`` replace the circuit's; each value of a table holds until the
        next time.
    initial : dict of str to Quantity, optional
        Rates to start from. By default there was no input before t = 0.
    dt : Quantity, optional
        By default a tenth of the fastest time constant, feedback included; half of it with one unit a cell, where the rates
        at rest are what counts.
    seed : int
        Of the wiring, where there is one unit a cell: that of the spiking run to compare with.
    progress : None, bool, str or callable

    Returns
    -------
    Activity
        In bins of 1 ms, or of the multiple of dt nearest to it; the duration is rounded to whole bins. There are no spikes
        and no conductances in it, and no delays were simulated. With one unit a cell it has the rates of cells, and a run
        with constant drives ends once all of them are at rest: they stay there.

    Raises
    ------
    InputError
        If a drive or a population is unknown.

    Examples
    --------
    >>> from brian2 import Hz, second
    >>> from b2reduce import reduce
    >>> rates = simulate_rates(reduce("ei_lif", seed=1), duration=0.2*second, drives={"ext": 12*Hz})
    >>> rates.rate.shape
    (2, 200)
    """
    duration_ = seconds(duration, "duration")
    dt_ = seconds(dt, "dt") or automatic_dt_(reduced, *([SETTLING] if reduced.cells else []))
    each = max(1, round(BIN_ / dt_))  # steps per bin
    bins = round(duration_ / (each * dt_))
    if bins < 1:
        raise InputError(f"duration: got {duration}, expected at least one bin of {each * dt_ * 1e3:g} ms")
    start = None
    if initial is not None:
        for name in initial:
            if name not in reduced.populations:
                raise InputError(f"initial: {unknown_name('population', name, reduced.populations)}")
            if not 0 <= to_si(initial[name], "Hz", f"initial, {name}") < np.inf:
                raise InputError(f"initial, {name}: got {initial[name]}, expected a rate of at least 0 Hz")
        start = {name: float(to_si(initial[name], "Hz", f"initial, {name}")) if name in initial else 0.0 for name in reduced.populations}
    run = _run_cells if reduced.cells else _run_populations
    with brian_session(), Progress(progress) as bar, np.errstate(over="ignore", invalid="ignore"):  # a runaway is reported below, not by numpy's warnings
        rate_, outside_, rates, cells = run(reduced, drives, dt_, start, bins, each, seed, bar)
    if not np.isfinite(rate_).all():
        raise FloatingPointError("the rates of the reduced model grew beyond all bounds: the circuit runs away; weaken its excitation or start lower")
    provenance = {"kind": "rates", "circuit": reduced.circuit.name, "circuit_hash": reduced.circuit.hash, "dt [s]": dt_, "tau": reduced.tau_choice,
                  "drives [Hz]": {f"{name}->{target}": _plain(rate) for (name, target), rate in rates.items()}, "delays": "none in the rate model", **({"seed": seed, "at rest after [s]": cells[1]} if cells else {}), "versions": versions()}
    return Activity(reduced.populations, (np.arange(bins) + 0.5) * each * dt_, rate_, each * dt_,
                    {name: p.size for name, p in reduced.circuit.populations.items()}, provenance=provenance, outside=outside_,
                    cell_rate_=cells[0] if cells else None, cell_bin_=max(1, round(BLOCK_ / dt_)) * dt_ if cells else None)


def _run_populations(reduced, drives, dt_, start, bins, each, seed, bar):
    """(rates in bins, fraction of time outside, rates of drives, None) with one unit a population."""
    import brian2
    from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

    network, groups, rates, _ = _build(reduced, drives, dt_, start)
    monitors = {name: brian2.StateMonitor(group, "r", record=True, clock=group.clock, codeobj_class=NumpyCodeObject, name=f"r_of_{name}")
                for name, group in groups.items()}
    places = {name: brian2.StateMonitor(group, place(reduced, name), record=True, dt=each * dt_ * brian2.second, codeobj_class=NumpyCodeObject,
                                        name=f"place_of_{name}") for name, group in groups.items()}
    network.add(*monitors.values(), *places.values())
    report = bar.stage("rate network")
    network.run(bins * each * dt_ * brian2.second, report=lambda elapsed, done, *_: report(done), report_period=0.5 * brian2.second, namespace={})
    rate_ = np.array([monitors[name].r_[0][:bins * each].reshape(bins, each).mean(axis=1) for name in reduced.populations])
    outside_ = {name: float(np.mean(outside(reduced, name, {variable: getattr(monitor, f"{variable}_")[0] for variable in place(reduced, name)})))
                for name, monitor in places.items()}
    return rate_, outside_, rates, None


def _run_cells(reduced, drives, dt_, start, bins, each, seed, bar):
    """The same with one unit a cell, and ({population: (cell, block)}, time of rest)."""
    import brian2

    network, groups, rates, couplings = _build(reduced, drives, dt_, start, seed)
    clock = next(iter(groups.values())).clock
    report = bar.stage("rates of cells")
    stretch = max(1, round(max([float(np.asarray(tau)) for tau in reduced.tau.values()], default=BIN_) / dt_))
    block = max(1, round(BLOCK_ / dt_))
    steady = not any(isinstance(rate, tuple) for rate in rates.values())
    means, sums, blocks, beyond, last, step = [], None, [], {name: [] for name in groups}, None, 0

    def record():
        nonlocal sums, last, step
        now = couplings.rates_
        means.append([rate.mean() for rate in now.values()])
        sums = {name: rate + (sums[name] if sums else 0.0) for name, rate in now.items()}
        step += 1
        if step % block == 0:
            blocks.append({name: (total / block).astype(np.float32) for name, total in sums.items()})
            sums = None
            for name, group in groups.items():
                values = {variable: np.asarray(getattr(group, f"{variable}_")[:]) for variable in place(reduced, name)}
                beyond[name].append(float(np.mean(outside(reduced, name, values))))
            report(step / (bins * each))
        if steady and step % stretch == 0:
            if last is not None and all(np.all(np.abs(rate - last[name]) <= SETTLED * (rate + 0.1)) for name, rate in now.items()):
                network.stop()
            last = now

    network.add(brian2.NetworkOperation(record, clock=clock, when="end", name="record"))
    network.run(bins * each * dt_ * brian2.second, namespace={})
    # At rest everything stays as it is: the bins and blocks that were not run are those of the last step.
    means = np.array(means + [means[-1]] * (bins * each - step))
    rest = {name: rate.astype(np.float32) for name, rate in couplings.rates_.items()}
    left = int(np.ceil(bins * each / block)) - len(blocks)
    cells = {name: np.stack([piece[name] for piece in blocks] + [rest[name]] * left, axis=1) for name in groups}
    outside_ = {name: float(np.mean(values + [values[-1]] * left)) if values else float("nan") for name, values in beyond.items()}
    return means.reshape(bins, each, -1).mean(axis=1).T, outside_, rates, (cells, step * dt_)


def _plain(rate):
    if isinstance(rate, tuple):
        return {"times [s]": np.asarray(rate[0]).tolist(), "values [Hz]": np.asarray(rate[1]).tolist()}
    return float(np.asarray(rate))
