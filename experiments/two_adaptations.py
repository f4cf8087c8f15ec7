"""A cell with either kind of adaptation, and where it is measured."""

from __future__ import annotations

from brian2 import cm, msiemens, mV

import b2reduce as b2r

SEED = 1
LEAKS = (2, 3, 4)  # mS/cm2
SHUNTS = LEAKS * msiemens / cm**2
KINDS = {
    "no adaptation": {},
    "I_M": dict(g_z=0.5 * msiemens / cm**2, b_z=-35 * mV),
    "I_AHP": dict(g_z=5 * msiemens / cm**2, b_z=0 * mV),
}
RATES = (0, 150)  # Hz, over which adaptation is measured
GATE_ = 0.1  # s, time constant of the gate z


def cell(kind):
    """The cell with one kind of adaptation."""
    return b2r.load_model("prescott2008").replace(**KINDS[kind])
