"""The rate network in Brian2: a NeuronGroup per population, summed Synapses between them."""

from __future__ import annotations

import numpy as np

from .activity import Activity
from .circuit import rate_at
from .equations import filters, rate_assignment, rate_equations, rate_values
from .provenance import unknown_name, versions
from .session import brian_session
from .surface import seconds
from .units import InputError, to_si

__all__ = ["rate_network", "simulate_rates"]

BIN_ = 1e-3  # s
STEP = 0.1  # time step in units of the fastest time constant, feedback included


def automatic_dt_(reduced):
    """A step of 1 ms over a whole number, a tenth of the fastest time constant of the network with its feedback.

    Within a step the input is held, so that the step must resolve tau/(1 + beta sum |W|).
    """
    taus = [float(np.asarray(value)) for value in reduced.tau.values()]
    feedback = 0.0
    for target in reduced.populations:
        beta = float(np.asarray(reduced.gains[target].beta))
        feedback = max(feedback, abs(beta) * sum(abs(W) for (to, _), W in reduced.W_.items() if to == target))
    return BIN_ / int(np.ceil(BIN_ / (STEP * min(taus, default=BIN_) / (1 + feedback))))


def _build(reduced, drives, dt_, initial=None):
    import brian2
    from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

    rates = reduced.drive_rates_(drives)
    tables = {name for (name, _), rate in rates.items() if isinstance(rate, tuple)}
    clock = brian2.Clock(dt=dt_ * brian2.second, name="b2reduce_rate_clock")
    plain = dict(clock=clock, codeobj_class=NumpyCodeObject)  # a few units cost less than a compilation
    groups, synapses = {}, []
    for name in reduced.populations:
        namespace = {}
        incoming = {drive: rate for (drive, target), rate in rates.items() if target == name}
        for drive, rate in incoming.items():
            if drive in tables:
                last = float(np.asarray(rate[0])[-1]) if isinstance(rate, tuple) else 0.0
                grid = np.arange(int(np.ceil(max(last, 0.0) / dt_)) + 2) * dt_
                namespace[f"rate_{drive}"] = brian2.TimedArray(rate_at(rate, grid) * brian2.Hz, dt=dt_ * brian2.second)
        values, functions = rate_values(reduced, name)
        group = brian2.NeuronGroup(1, rate_equations(reduced, name, tables), method="exponential_euler", namespace={**namespace, **functions},
                                   name=f"rate_{name}", **plain)
        values.update({f"rate_{drive}": float(np.asarray(rate)) for drive, rate in incoming.items() if drive not in tables})
        if "mu" in group.equations.diff_eq_names:
            values["mu"] = -reduced.theta_[name] if initial is None else float(reduced.gains[name].inverse_(initial[name]))
        elif initial is not None:
            values.update({f"s_{f.key}": float(rate_at(rates[f.source, name], 0.0) if f.is_drive else initial[f.source]) for f in filters(reduced, name)})
        for key, value in values.items():
            group.variables[key].set_value(value)
        if statement := rate_assignment(reduced, name):
            group.run_regularly(statement, clock=clock, when="start", codeobj_class=NumpyCodeObject, name=f"rate_of_{name}")
        groups[name] = group
    for target, group in groups.items():
        for source in dict.fromkeys(p.source for p in reduced.circuit.pathways(target) if not p.is_drive):
            if f"r_from_{source}" in group.variables:
                model, namespace = f"r_from_{source}_post = r_pre : Hz (summed)", {}
            else:
                unit = "amp/meter**2" if reduced.circuit.per_area(target) else "amp"
                model, namespace = f"I_{source}_post = W*r_pre : {unit} (summed)", {"W": reduced.W[target, source]}
            synapse = brian2.Synapses(groups[source], group, model, namespace=namespace, name=f"W_{source}_to_{target}", **plain)
            synapse.connect(i=[0], j=[0])
            synapses.append(synapse)
    return brian2.Network(*groups.values(), *synapses), groups, rates


def rate_network(reduced, *, drives=None, dt=None):
    """The Brian2 objects of the rate model, for monitors and runs of your own.

    Parameters
    ----------
    reduced : ReducedCircuit
    drives : dict of str to Quantity or (times, values), optional
        Replace the circuit's drives.
    dt : Quantity, optional

    Returns
    -------
    network : brian2.Network
    groups : dict of str to brian2.NeuronGroup
        One unit each, with the variables ``mu`` (current in excess of the threshold) and ``r`` (rate).

    Examples
    --------
    >>> from b2reduce import load_circuit, reduce
    >>> network, groups = rate_network(reduce("ei_lif", noise="none"))
    >>> sorted(groups)
    ['E', 'I']
    """
    dt_ = seconds(dt, "dt") or automatic_dt_(reduced)
    with brian_session():
        network, groups, _ = _build(reduced, drives, dt_)
    return network, groups


def simulate_rates(reduced, *, duration, drives=None, initial=None, dt=None):
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
        By default a tenth of the fastest time constant, feedback included.

    Returns
    -------
    Activity
        In bins of 1 ms, or of the multiple of dt nearest to it; the duration is rounded to whole bins. There are no spikes and no conductances in it, and no delays were simulated.

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
    dt_ = seconds(dt, "dt") or automatic_dt_(reduced)
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
    with brian_session() as brian2:
        from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

        network, groups, rates = _build(reduced, drives, dt_, start)
        monitors = {name: brian2.StateMonitor(group, "r", record=True, clock=group.clock, codeobj_class=NumpyCodeObject, name=f"r_of_{name}")
                    for name, group in groups.items()}
        places = {name: brian2.StateMonitor(group, _place(reduced, name), record=True, dt=each * dt_ * brian2.second, codeobj_class=NumpyCodeObject,
                                            name=f"place_of_{name}") for name, group in groups.items()}
        network.add(*monitors.values(), *places.values())
        with np.errstate(over="ignore", invalid="ignore"):  # a runaway is reported below, not by numpy's warnings
            network.run(bins * each * dt_ * brian2.second, namespace={})
            rate_ = np.array([monitors[name].r_[0][:bins * each].reshape(bins, each).mean(axis=1) for name in reduced.populations])
        outside = {name: _outside(reduced, name, monitor) for name, monitor in places.items()}
    if not np.isfinite(rate_).all():
        raise FloatingPointError("the rates of the reduced model grew beyond all bounds: the circuit runs away; weaken its excitation or start lower")
    provenance = {"kind": "rates", "circuit": reduced.circuit.name, "circuit_hash": reduced.circuit.hash, "dt [s]": dt_, "tau": reduced.tau_choice,
                  "drives [Hz]": {f"{name}->{target}": _plain(rate) for (name, target), rate in rates.items()}, "delays": "none in the rate model", "versions": versions()}
    return Activity(reduced.populations, (np.arange(bins) + 0.5) * each * dt_, rate_, each * dt_,
                    {name: p.size for name, p in reduced.circuit.populations.items()}, provenance=provenance, outside=outside)


def _place(reduced, population):
    """Variables that say where in the measured range a population is."""
    if reduced.level == "surface":
        return ["I", "g"]
    return [f"s_{f.key}" for f in filters(reduced, population)] if reduced.level == "transfer" else ["r"]


def _outside(reduced, population, monitor):
    """Fraction of the time spent outside of what was measured: of the window of rates, the surface, or the presynaptic rates."""
    if reduced.level in ("linear", "gain"):
        lo, hi = (float(np.asarray(rate)) for rate in reduced.gains[population].rates)
        rate = monitor.r_[0]
        return float(np.mean((rate < lo) | (rate > hi)))
    if reduced.level == "surface":
        return float(np.mean(reduced.functions_[population].outside(monitor.I_[0], monitor.g_[0])))
    values = dict(zip((f.key for f in filters(reduced, population)), (getattr(monitor, f"s_{f.key}_")[0] for f in filters(reduced, population))))
    arguments = [np.mean([values[f.key] for f in filters(reduced, population) if (f.source, f.is_drive) == axis], axis=0) for axis in reduced.axes_(population)]
    return float(np.mean(reduced.functions_[population].outside(*arguments)))


def _plain(rate):
    if isinstance(rate, tuple):
        return {"times [s]": np.asarray(rate[0]).tolist(), "values [Hz]": np.asarray(rate[1]).tolist()}
    return float(np.asarray(rate))
