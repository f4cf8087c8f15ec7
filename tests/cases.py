"""Circuits and gains that several test files share, small enough to check by hand."""

import numpy as np
import pandas as pd
import pytest
from brian2 import Hz, ms, mV, nS

import b2reduce as b2r

BETA, I_THETA, V_THETA = 0.25e12, -80e-12, 13.5e-3  # Hz/A, A, V
E_L, G_L, C_M = -65e-3, 16.7e-9, 250e-12  # of the cell `lif`


def some(values, *kept):
    """Values of a test's argument, of which all but these are left to `make long`."""
    return [value if value in kept else pytest.param(value, marks=pytest.mark.long) for value in values]


def gain(beta=BETA, I_theta=I_THETA, v_theta=V_THETA):
    """A threshold-linear gain with these parameters."""
    rows = [
        (i, g, beta * max(i - I_theta - v_theta * g, 0))
        for i in np.linspace(200e-12, 600e-12, 41)
        for g in (25e-9, 33e-9)
    ]
    return b2r.fit_gain(
        b2r.FISurface.from_frame(pd.DataFrame(rows, columns=["I [A]", "g [S]", "rate [Hz]"])),
        rates=(1 * Hz, 90 * Hz),
    )


def two_populations(**drive):
    """E and I with every kind of input.

    Recurrent, crossed, parallel, one drive on each, and a constant current on I.
    """

    def projection(source, target, in_degree, G, tau, E):
        return b2r.Projection(
            source=source, target=target, in_degree=in_degree, G=G * nS, tau=tau * ms, E=E * mV, delay=1 * ms
        )

    def external(target):
        return b2r.Drive(
            **{
                **dict(name="ext", target=target, inputs=250, rate=14 * Hz, G=0.4 * nS, tau=5 * ms, E=0 * mV),
                **drive,
            }
        )

    return b2r.Circuit(
        name="two",
        populations={"E": b2r.Population("lif", 80), "I": b2r.Population("lif", 40, {"I_app": "30 pA"})},
        projections=[
            projection("E", "E", 50, 0.1, 5, 0),
            projection("E", "E", 10, 0.1, 20, 0),
            projection("I", "E", 20, 0.3, 10, -80),
            projection("E", "I", 50, 0.1, 5, 0),
        ],
        drives=[external("E"), external("I")],
    )


def reduced(tau="membrane", drive=None, gains=None, **arguments):
    """The rate model of `two_populations` with given gains: nothing is measured."""
    return b2r.reduce(
        two_populations(**(drive or {})),
        gains=gains or {"E": gain(), "I": gain(beta=0.3e12)},
        tau=tau,
        **arguments,
    )
