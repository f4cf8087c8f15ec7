"""The spiking network, from the same circuit that is reduced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..basics.arguments import needed_seconds, seconds, whole
from ..basics.errors import InputError
from ..basics.progress import Progress
from ..basics.session import brian_session
from ..cells.settings import BRIAN_STEP_, check_run, warned
from ..circuit.circuit import load_circuit
from ..reduction.integration_steps import integrated
from .engines.base import SpikingRun
from .engines.register import check_engine_name, engine_of
from .spiking_network import build_network, draws_of
from .starting_state import starting_state

if TYPE_CHECKING:
    from typing import Any

    from brian2 import Network

    from ..basics.types import ProgressLike, QuantityLike
    from ..circuit.types import CircuitLike
    from .activity import Activity

__all__ = ["spiking_network", "simulate_spikes"]


def spiking_network(
    circuit: CircuitLike, *, seed: int = 1, dt: QuantityLike | None = None, initial: Any = None
) -> tuple[Network, dict[str, Any]]:
    """The Brian2 objects of a circuit, for monitors and runs of your own.

    Parameters
    ----------
    circuit : Circuit, str or path
    seed : int
        Decides the wiring, delays and starting values. The Poisson events of a run of your own come from
        Brian2's generator: call `brian2.seed` before it.
    dt : Quantity, optional
    initial
        As in `simulate_spikes`.

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
    with Progress(None) as bar:
        state = starting_state(circuit, initial, seed=seed, dt_=dt_, bar=bar)
    with brian_session():
        from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

        network, groups = build_network(
            circuit, draws_of(circuit, seed, state), dt_, codeobj_class=NumpyCodeObject
        )
    return network, groups


def simulate_spikes(
    circuit: CircuitLike,
    *,
    duration: QuantityLike,
    seed: int = 1,
    bin: QuantityLike = "1 ms",
    record: int = 100,
    dt: QuantityLike | None = None,
    engine: str = "auto",
    initial: Any = None,
    progress: ProgressLike = None,
) -> Activity:
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
    engine : {"auto", "native", "brian2", "standalone", "nest"}
        "native" is a program of the network itself, generated from the equations and compiled once (in
        seconds) for all circuits of one structure, on as many threads as the process may use
        (``B2REDUCE_THREADS``), whose number decides nothing. "brian2" is Brian2's runtime mode, "standalone"
        its C++ mode, compiled once for all circuits that differ only in conductances, time constants,
        reversals and rates. Wiring and starting values are the same in all of them; the Poisson events of
        drives are others in the native engine than in Brian2's, so that only spikes of networks without
        chance are the same. "auto" takes the native engine wherever it can run the circuit, else "brian2";
        the result's ``provenance["engine"]`` says which, and why. "nest" runs the same network in NEST
        (``pip install "b2reduce[nest]"``): leaky and adaptive exponential integrate-and-fire cells, told by
        their equations, with conductances, currents or jumps; what it lacks is refused by name. Its kernel,
        yours as well, is reset before and after a run. It takes ``$B2REDUCE_THREADS`` threads where that is
        set, else one, since there a seed gives other events with another number of threads.
    initial : "silent", "active", mapping of str to Quantity or FixedPoint, optional
        The state to start in, instead of what the circuit says: rates at which the populations have long
        fired, 0 where none is given. Synapses have their means at these rates, and cells are as uncoupled
        ones are in Poisson trains of them. "active" is the active state that `reduce` finds, at the rates of
        the drives in the long run, which is looked for first; where there are several, give the rates of one.
    progress : None, bool, str or callable

    Returns
    -------
    Activity

    Raises
    ------
    InputError
        If the engine is unknown, or cannot run this circuit; if its synapses take more memory than is free;
        or there is no such state.
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
    circuit = load_circuit(circuit)
    seed, record = whole(seed, "seed"), whole(record, "record")
    check_engine_name(engine)
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
    network, dt_, notes = integrated(circuit, dt_, fixed=dt is not None)
    chosen = engine_of(engine, network, dt_)
    chosen.check_memory(network)
    warned(notes)
    with Progress(progress) as bar:
        state = starting_state(network, initial, seed=seed, dt_=dt_, bar=bar)
        run = SpikingRun(network, seed, dt_, bins * bin_, record, bin_, circuit.hash, notes, state)
        return chosen.activity(run, bar.stage(f"spiking network, seed {seed}"))
