"""Brian2's runtime mode."""

from __future__ import annotations

import numpy as np

from ...basics.session import brian_session, divisions_reported, run_network
from ...circuit.spike_counts import HELD
from ..spiking_network import build_network, draws_of, monitors_of, recorded_of
from .base import NetworkEngine, Recorded, check_finite, check_held

__all__ = ["Runtime"]


class Runtime(NetworkEngine):
    """The network in this process, step by step."""

    name = "brian2"

    def __init__(self, because=""):
        self.because = because  #: why it runs and no other

    @property
    def title(self):
        return f"brian2: {self.because}" if self.because else "brian2"

    def record(self, run, report):
        circuit, dt_ = run.circuit, run.dt_
        with brian_session(run.noise_seed):
            from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

            network, groups = build_network(
                circuit, draws_of(circuit, run.seed, run.state), dt_, codeobj_class=NumpyCodeObject
            )
            spikes, states = monitors_of(circuit, groups, dt_, run.record, codeobj_class=NumpyCodeObject)
            network.add(*spikes.values(), *states.values())
            # A diverging cell is reported below, not by numpy's warnings.
            with (
                np.errstate(all="ignore"),
                divisions_reported(
                    f"circuit {circuit.name!r}: a division by zero, because the integration diverged with "
                    f"dt = {dt_ * 1e3:g} ms; take a smaller dt or weaker synapses"
                ),
            ):
                run_network(network, run.duration_, report=report)
            for name, group in groups.items():
                for variable in circuit.populations[name].model.state_variables:
                    check_finite(run, name, variable, group.variables[variable].get_value())
            # Copies: what a monitor hands out may be its own memory, which is gone with the network.
            found = {name: (np.array(monitor.i), np.array(monitor.t_)) for name, monitor in spikes.items()}
            held = {
                name: float(np.sum(group.variables[HELD].get_value()))
                for name, group in groups.items()
                if HELD in group.variables
            }
            check_held(run, found, held)
            conductances = {
                label: np.array(getattr(states[name], f"{variable}_"))
                for name in states
                for label, (variable, _) in recorded_of(circuit, name).items()
            }
            times = np.array(next(iter(states.values())).t_) + dt_ if states else None
            return Recorded(found, conductances, times)
