"""The spiking network in Brian2, from the same circuit that is reduced."""

from __future__ import annotations

import numpy as np

from ..basics.arguments import needed_seconds, one_of, seconds, whole
from ..basics.errors import DivergenceError, InputError
from ..basics.progress import Progress
from ..basics.provenance import versions
from ..basics.session import brian_session, divisions_reported, run_network
from ..basics.streams import seed_streams
from ..basics.units import si_label
from ..cells.settings import BRIAN_STEP_, check_run, warned
from ..circuit.circuit import load_circuit
from ..circuit.spike_counts import HELD, check_counts
from ..reduction.integration_steps import integrated
from .activity import Activity
from .spiking_network import build_network, draws_of, monitors_of, recorded_of
from .standalone import run_program

__all__ = ["spiking_network", "simulate_spikes"]

NETWORK_ENGINES = ("auto", "brian2", "standalone")
_NOISE = 1  # purpose of random streams


def spiking_network(circuit, *, seed=1, dt=None):
    """The Brian2 objects of a circuit, for monitors and runs of your own.

    Parameters
    ----------
    circuit : Circuit, str or path
    seed : int
        Decides the wiring, delays and starting values. The Poisson events of a run of your own come from
        Brian2's generator: call `brian2.seed` before it.
    dt : Quantity, optional

    Returns
    -------
    network : brian2.Network
    groups : dict of str to brian2.NeuronGroup

    Examples
    --------
    >>> from b2reduce import load_circuit
    >>> small = load_circuit("ei_lif").replace({"population.E.size": 400, "population.I.size": 100})
    >>> network, groups = spiking_network(small, seed=1)
    >>> len(groups["E"])
    400
    """
    circuit, seed = load_circuit(circuit), whole(seed, "seed")
    circuit, dt_, notes = integrated(circuit, seconds(dt, "dt") or float(circuit.dt), fixed=dt is not None)
    warned(notes)
    with brian_session():
        from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

        network, groups = build_network(circuit, draws_of(circuit, seed), dt_, codeobj_class=NumpyCodeObject)
    return network, groups


def simulate_spikes(
    circuit, *, duration, seed=1, bin="1 ms", record=100, dt=None, engine="auto", progress=None
):
    """Run the spiking network.

    Parameters
    ----------
    circuit : Circuit, str or path
    duration : Quantity
    seed : int
        Every seed draws new wiring and new noise.
    bin : Quantity
        Width of the bins of the rates.
    record : int
        Number of cells of each population whose conductances are recorded, every millisecond.
    dt : Quantity, optional
        By default the circuit's.
    engine : {"auto", "brian2", "standalone"}
        Brian2's runtime mode, or a program that is compiled once (half a minute) for all circuits that differ
        only in conductances, time constants, reversals and rates, and kept: for scans and long runs. Spikes
        are the same.
    progress : None, bool, str or callable

    Returns
    -------
    Activity

    Raises
    ------
    DivergenceError
        If the integration ends in NaN.

    Examples
    --------
    >>> from brian2 import ms
    >>> from b2reduce import load_circuit
    >>> small = load_circuit("ei_lif").replace({"population.E.size": 400, "population.I.size": 100})
    >>> simulate_spikes(small, duration=50*ms, seed=1).rate.shape
    (2, 50)
    """
    circuit, seed, record = load_circuit(circuit), whole(seed, "seed"), whole(record, "record")
    one_of(engine, NETWORK_ENGINES, "engine")
    duration_, bin_ = needed_seconds(duration, "duration"), needed_seconds(bin, "bin")
    dt_ = seconds(dt, "dt") or float(circuit.dt)
    check_run(
        duration_,
        dt_,
        cells=sum(population.size for population in circuit.populations.values()),
        least_=BRIAN_STEP_,
    )
    bins = round(duration_ / bin_)
    if bins < 1 or bin_ < dt_ * (1 - 1e-9):
        raise InputError(
            f"bin: got {bin_ * 1e3:g} ms, expected at least the time step of {dt_ * 1e3:g} ms and at most the"
            f" duration of {duration_ * 1e3:g} ms"
        )
    hash_, (circuit, dt_, notes) = circuit.hash, integrated(circuit, dt_, fixed=dt is not None)
    warned(notes)
    names = tuple(circuit.populations)
    with Progress(progress) as bar:
        report = bar.stage(f"spiking network, seed {seed}")
        run = _run_standalone if engine == "standalone" else _run
        found, conductances, conductance_t = run(circuit, seed, dt_, bins * bin_, record, report)
    methods = {
        name: circuit.populations[name].model.method_used(bool(circuit.pathways(name))) for name in names
    }
    edges = np.arange(bins + 1) * bin_
    # Spikes lie on the grid: half a step of slack keeps those at an edge in the bin that starts there.
    rate_ = np.array(
        [
            np.histogram(found[name][1] + 0.25 * dt_, edges)[0] / (circuit.populations[name].size * bin_)
            for name in names
        ]
    )
    provenance = {
        "kind": "spikes",
        "circuit": circuit.name,
        "circuit_hash": hash_,
        "seed": seed,
        "dt [s]": dt_,
        "method": methods,
        "replaced": notes,
        "duration [s]": bins * bin_,
        "engine": "brian2 standalone" if engine == "standalone" else "brian2",
        "versions": versions(),
    }
    units = {label: si_label(dim) for name in names for label, (_, dim) in recorded_of(circuit, name).items()}
    return Activity(
        names,
        (np.arange(bins) + 0.5) * bin_,
        rate_,
        bin_,
        {name: p.size for name, p in circuit.populations.items()},
        spikes_=found,
        conductances_=conductances,
        conductance_t_=conductance_t,
        conductance_units=units,
        provenance=provenance,
    )


def _run(circuit, seed, dt_, duration_, record, report):
    """({population: (i, t)}, {pathway.

    Conductances}, their times or None) of a run in Brian2's runtime mode.
    """
    with brian_session(seed_streams(seed, _NOISE)):
        from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

        network, groups = build_network(circuit, draws_of(circuit, seed), dt_, codeobj_class=NumpyCodeObject)
        spikes, states = monitors_of(circuit, groups, dt_, record, codeobj_class=NumpyCodeObject)
        network.add(*spikes.values(), *states.values())
        # A diverging cell is reported below, not by numpy's warnings.
        with (
            np.errstate(all="ignore"),
            divisions_reported(
                f"circuit {circuit.name!r}: a division by zero, because the integration diverged with "
                f"dt = {dt_ * 1e3:g} ms; take a smaller dt or weaker synapses"
            ),
        ):
            run_network(network, duration_, report=report)
        for name, group in groups.items():
            for variable in circuit.populations[name].model.state_variables:
                _check_finite(circuit, name, variable, group.variables[variable].get_value(), dt_)
        # Copies: what a monitor hands out may be its own memory, which is gone with the network.
        found = {name: (np.array(monitor.i), np.array(monitor.t_)) for name, monitor in spikes.items()}
        held = {
            name: float(np.sum(group.variables[HELD].get_value()))
            for name, group in groups.items()
            if HELD in group.variables
        }
        _check_counts(circuit, found, held)
        conductances = {
            label: np.array(getattr(states[name], f"{variable}_"))
            for name in states
            for label, (variable, _) in recorded_of(circuit, name).items()
        }
        return found, conductances, np.array(next(iter(states.values())).t_) + dt_ if states else None


def _check_counts(circuit, found, held):
    for name, number in held.items():
        check_counts(
            circuit.populations[name].model,
            found[name][0].size,
            number,
            f"in circuit {circuit.name!r}, population {name}",
        )


def _check_finite(circuit, population, variable, values, dt_):
    bad = np.count_nonzero(~np.isfinite(values))
    if bad:
        raise DivergenceError(
            f"circuit {circuit.name!r}, population {population}: {variable} is not finite in {bad} of"
            f" {len(values)} cells at the end of the run with dt = {dt_ * 1e3:g} ms; take a smaller dt or"
            " weaker synapses"
        )


def _run_standalone(circuit, seed, dt_, duration_, record, report):
    """The same by a compiled program."""
    result = run_program(circuit, seed, seed_streams(seed, _NOISE), dt_, duration_, record)
    for (name, variable), values in result.final.items():
        if variable != HELD:
            _check_finite(circuit, name, variable, values, dt_)
    _check_counts(
        circuit,
        result.spikes,
        {
            name: float(np.sum(values))
            for (name, variable), values in result.final.items()
            if variable == HELD
        },
    )
    report(1.0)
    return result.spikes, result.conductances, result.conductance_t_
