"""What is timed: grids of uncoupled cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

import b2reduce as b2r
from b2reduce.cells.engine import Cells, Source
from b2reduce.circuit.cell_equations import ADDED_LEAK
from b2reduce.circuit.synapses.exponential import ExponentialConductance
from b2reduce.circuit.synapses.register import SYNAPSES

__all__ = ["PER_KIND", "WORKLOADS", "Workload", "workload"]

EXPONENTIAL = ExponentialConductance(0.4e-9, 5e-3, 0.0)
#: What kinds of synapses take of these values (SI), each those that it has.
VALUES = {"G": 1e-9, "w": 1e-12, "J": 1e-3, "tau": 5e-3, "tau_rise": 1e-3, "E": 0.0, "norm": "area"}
#: Names of workloads of single kinds begin so.
PER_KIND = "synapse-"


@dataclass(frozen=True)
class Workload:
    """Cells and how long they run.

    `targets` are the ratios to this engine's speed on one thread that were hoped for; `cold` is whether a
    first run with empty caches is timed as well.
    """

    name: str
    title: str
    cells: Cells
    duration_: float
    warmup_: float
    dt_: float
    targets: dict
    cold: bool = True

    @property
    def leak_(self):
        """Total leak of every cell."""
        given = self.cells.parameters
        return given["g_L"] if "g_L" in given else self.cells.model.leak_ + given[ADDED_LEAK]

    @property
    def steps(self):
        """Cell-steps."""
        return self.cells.count * round(self.duration_ / self.dt_)


def _grid(model, currents, leaks):
    I, g = (grid.ravel() for grid in np.meshgrid(currents, leaks, indexing="ij"))
    return Cells(model, I.size, {model.input: I, ADDED_LEAK: g - model.leak_})


def lif(quick):
    """The LIF surface, 101 currents by 11 leaks, 2 s."""
    cells = _grid(
        b2r.load_model("lif"),
        np.linspace(0, 1e-9, 11 if quick else 101),
        np.linspace(10e-9, 30e-9, 3 if quick else 11),
    )
    return Workload(
        "lif",
        f"LIF surface, {cells.count} cells",
        cells,
        0.2 if quick else 2.0,
        0.05 if quick else 0.5,
        1e-4,
        {"brian2": 25, "brian2 cold": 15, "by hand": 0.7, "jax": 2.5, "threads": 1.8},
    )


def shriki(quick):
    """The Hodgkin-Huxley cell with an A-current, 31 currents by 4 leaks, rk4, 1 s."""
    model = b2r.load_model("shriki2003")
    cells = _grid(model, np.linspace(0, 0.04, 5 if quick else 31), np.linspace(0.5, 2.0, 2 if quick else 4))
    return Workload(
        "shriki",
        f"Shriki surface, {cells.count} cells, rk4",
        cells,
        0.05 if quick else 1.0,
        0.0,
        float(model.dt),
        {"brian2": 8, "brian2 cold": 15, "threads": 1.8},
    )


def poisson(quick, synapse=EXPONENTIAL, name="poisson", title="a Poisson conductance", cold=True):
    """The LIF with one Poisson input, 100 rates by 16 replicates, 2 s."""
    rates, replicates = (5, 4) if quick else (100, 16)
    rate = np.repeat(np.linspace(2000, 8000, rates), replicates)
    n = rate.size
    cells = Cells(
        b2r.load_model("lif"),
        n,
        {"I_app": np.zeros(n), "g_L": np.full(n, 16.7e-9)},
        (Source("s0", synapse, rate),),
    )
    return Workload(
        name,
        f"LIF with {title}, {n} cells",
        cells,
        0.2 if quick else 2.0,
        0.0,
        1e-4,
        {"brian2": 12, "threads": 1.8},
        cold,
    )


def of_kind(kind, quick):
    """`poisson` with synapses of another kind, whose events bring the same charge 10 mV above rest."""
    synapse, model = SYNAPSES[kind].of(VALUES), b2r.load_model("lif")
    charge_ = lambda synapse: synapse.current_(1.0, model, 10e-3)
    same = synapse.scaled(charge_(EXPONENTIAL) / charge_(synapse))
    return poisson(quick, same, f"{PER_KIND}{kind}", f"Poisson events of the kind {kind!r}", cold=False)


def transfer(quick):
    """The transfer function of adex_brette2005 over excitatory and inhibitory rates, 61 by 61, 0.5 s."""
    model, size = b2r.load_model("adex_brette2005"), 5 if quick else 61
    exc, inh = (
        grid.ravel()
        for grid in np.meshgrid(400 * np.linspace(0, 30, size), 100 * np.linspace(0, 30, size), indexing="ij")
    )
    cells = Cells(
        model,
        exc.size,
        {model.input: np.zeros(exc.size), ADDED_LEAK: np.zeros(exc.size)},
        (
            Source("s0", ExponentialConductance(1e-9, 5e-3, 0.0), exc),
            Source("s1", ExponentialConductance(4e-9, 10e-3, -80e-3), inh),
        ),
    )
    return Workload(
        "transfer",
        f"AdEx transfer function, {cells.count} cells",
        cells,
        0.05 if quick else 0.5,
        0.0,
        float(model.dt),
        {"threads": 1.8},
    )


WORKLOADS = {
    "lif": lif,
    "shriki": shriki,
    "poisson": poisson,
    "transfer": transfer,
    **{f"{PER_KIND}{kind}": partial(of_kind, kind) for kind in SYNAPSES if kind != EXPONENTIAL.kind},
}


def workload(name, quick=False):
    """A workload by its name."""
    return WORKLOADS[name](quick)
