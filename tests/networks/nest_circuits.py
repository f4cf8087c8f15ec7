"""Small circuits that NEST and Brian2 both run, and what their runs have in common."""

from importlib.util import find_spec

import numpy as np
import pytest
from brian2 import ms

import b2reduce as b2r

NO_NEST = pytest.mark.skipif(
    find_spec("nest") is None, reason="NEST is not installed: pip install b2reduce[nest]"
)
AFTER_, DURATION_ = 0.1, 0.5  # s
SIZES = {"E": 400, "I": 100}


def of_cells(cells, synapse, sizes, drive, delay=("0.5 ms", "2 ms"), kind="exponential", own=None):
    """E and I cells with 40 and 10 inputs, by what differs between synapses of E and of I."""
    projections = [
        b2r.Projection(a, b, in_degree=SIZES[a] // 10, kind=kind, delay=list(delay), **synapse[a], **sizes[a])
        for a in "EI"
        for b in "EI"
    ]
    drives = [
        b2r.Drive("ext", b, inputs=100, rate=drive, kind=kind, **synapse["E"], **sizes["ext"]) for b in "EI"
    ]
    populations = {name: b2r.Population(cells, SIZES[name], own or {}) for name in "EI"}
    return b2r.Circuit(populations=populations, projections=projections, drives=drives, dt="0.1 ms")


CONDUCTANCES = {"E": dict(tau="5 ms", E="0 mV"), "I": dict(tau="10 ms", E="-80 mV")}
CURRENTS = {"E": dict(tau="3 ms"), "I": dict(tau="6 ms")}
#: {name: (circuit, NEST's model)}
CIRCUITS = {
    "conductances": lambda: of_cells(
        "lif",
        CONDUCTANCES,
        {x: dict(G=g) for x, g in (("E", "0.3 nS"), ("I", "3 nS"), ("ext", "1 nS"))},
        "14 Hz",
    ),
    "alpha": lambda: of_cells(
        "lif",
        CONDUCTANCES,
        {x: dict(G=g) for x, g in (("E", "0.15 nS"), ("I", "1 nS"), ("ext", "0.4 nS"))},
        "14 Hz",
        kind="alpha",
    ),
    "currents": lambda: of_cells(
        "lif",
        CURRENTS,
        {x: dict(w=w) for x, w in (("E", "20 pA"), ("I", "-100 pA"), ("ext", "40 pA"))},
        "24 Hz",
        kind="current",
    ),
    "jumps": lambda: of_cells(
        "lif_brunel2000",
        {"E": {}, "I": {}},
        {x: dict(J=J) for x, J in (("E", "0.25 mV"), ("I", "-1.25 mV"), ("ext", "0.5 mV"))},
        "24 Hz",
        kind="jump",
        delay=("1.5 ms", "1.5 ms"),
    ),
    "adaptive": lambda: of_cells(
        "adex_zerlaut2018_rs",
        {"E": dict(tau="5 ms", E="0 mV"), "I": dict(tau="5 ms", E="-80 mV")},
        {x: dict(G=g) for x, g in (("E", "1 nS"), ("I", "5 nS"), ("ext", "2 nS"))},
        "12 Hz",
    ),
}
MODELS = {
    "conductances": "iaf_cond_exp",
    "alpha": "iaf_cond_alpha",
    "currents": "iaf_psc_exp_multisynapse",
    "jumps": "iaf_psc_delta",
    "adaptive": "aeif_cond_exp",
}


def seen(circuit, engine, seed):
    """Rates of E and I in Hz, and the mean CV of the intervals of E."""
    run = b2r.simulate_spikes(
        circuit, duration=DURATION_ * 1e3 * ms, seed=seed, engine=engine, record=0, progress=False
    )
    rates = run.mean(after=AFTER_ * 1e3 * ms)
    return np.array([rates["E"], rates["I"], cv_of(*run.spikes_["E"])])


def cv_of(i, t):
    """Mean over cells of the CV of their intervals, of cells with at least five spikes."""
    found = []
    for cell in np.unique(i):
        own = np.diff(t[(i == cell) & (t > AFTER_)])
        if own.size >= 4:
            found.append(own.std() / own.mean())
    return np.mean(found)
