"""Cells that fire for the engine's tests, and what two runs of them must have in common."""

import numpy as np

import b2reduce as b2r
from b2reduce.cells.engine import Cells, Source
from b2reduce.circuit.synapses.exponential import ExponentialConductance

SCALES = {
    "lif": 1e-9,
    "shriki2003": 0.04,
    "wang_buzsaki1996": 0.04,
    "hodgkin_huxley1952": 0.2,
    "adex_brette2005": 2e-9,
    "lif_adapt": 1e-9,
    "prescott2008": 2.0,
    "traub_ermentrout1998": 0.1,
    "adex_zerlaut2018_rs": 1e-9,
    "adex_zerlaut2018_fs": 1e-9,
    "lif_vogels2005": 1e-9,
    "lif_vogels2005_cuba": 1e-9,
    "lif_brunel2000": 1e-9,
    "lif_brunel2001_e": 1e-9,
    "lif_brunel2001_i": 1e-9,
    "lif_potjans2014": 1e-9,
}
EXACT = ("total", "count", "first_time", "second_time", "first_counted_time", "last_time", "late_count")
SOURCES = (
    Source("a", ExponentialConductance(0.4e-9, 5e-3, 0.0), 3500.0),
    Source("b", ExponentialConductance(0.2e-9, 5e-3, 0.0), 1620.0),
    Source("c", ExponentialConductance(2e-9, 10e-3, -80e-3), 405.0),
)


def noisy(n, sources=SOURCES):
    return Cells(b2r.load_model("lif"), n, {"I_app": np.zeros(n), "g_L": np.full(n, 16.7e-9)}, sources)


def assert_same_spikes(a, b):
    for name in EXACT:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    # Sums of as many intervals, added in another order.
    np.testing.assert_allclose(a.interval_sum, b.interval_sum, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(a.interval_square_sum, b.interval_square_sum, rtol=1e-9, atol=1e-12)
