"""What a reduction was asked for, checked before minutes of measuring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..basics.arguments import described, flag, mapping, one_of, rate_limits, seconds, whole
from ..basics.errors import InputError, unknown_name
from ..cells.gain_fit import GainFit
from ..cells.settings import check_engine
from ..cells.surface import FISurface
from ..circuit.circuit import Circuit, load_circuit
from ..circuit.read_values import check_step
from .adapting import check_adaptation
from .drives import kicks_of, read_drives
from .dynamics.base import RateDynamics
from .dynamics.register import dynamics_of
from .integration_steps import integrated
from .levels.register import LEVELS

__all__ = ["NOISES", "Request", "request_of"]

NOISES = ("renewal", "matched", "none")


@dataclass(frozen=True, eq=False)
class Request:
    """Settings of a reduction.

    Attributes
    ----------
    asked, circuit : Circuit
        As the user has it, and as it can be integrated.
    levels : tuple of str
    noise : str
    dynamics : RateDynamics
    tau : mapping of str to Quantity
        Time constants that were given.
    gains : mapping of str to GainFit or FISurface
        That were given.
    drives_ : mapping of (drive, target) to float
        Hz, at which the operating point is found.
    window : (float, float) or None
        Hz.
    cells : bool
    adaptation : None, "measured" or mapping
    seed : int
    dt_ : float
    engine : str
    notes : tuple of str
        What is to be said of steps and of drives.
    """

    asked: Circuit
    circuit: Circuit
    levels: tuple
    noise: str
    dynamics: RateDynamics
    tau: Mapping
    gains: Mapping
    drives_: Mapping
    window: object
    cells: bool
    adaptation: object
    seed: int
    dt_: float
    engine: str
    notes: tuple

    @property
    def kinds(self):
        """The `Level` of every name."""
        return [LEVELS[level] for level in self.levels]

    @property
    def noisy(self):
        """Whether cells are measured in noise."""
        return self.noise != "none"

    @property
    def missing(self):
        """Populations whose gains are to be measured."""
        return [name for name in self.circuit.populations if name not in self.gains]

    @property
    def settings(self):
        """How every measurement runs."""
        return dict(dt_=self.dt_, engine=self.engine)


def request_of(circuit, levels, *, noise, tau, gains, at, window, cells, adaptation, seed, dt, engine):
    """The Request of the arguments of `reduce`.

    Raises
    ------
    InputError
        If one of them cannot be, or they do not fit together.
    """
    circuit, seed = load_circuit(circuit), whole(seed, "seed")
    for level in levels:
        one_of(level, LEVELS, "level")
    one_of(noise, NOISES, "noise")
    check_engine(engine, None)
    cells = flag(cells, "cells")
    gains = _gains(circuit, gains, levels)
    check_adaptation(circuit, adaptation, levels)
    for level in levels:
        if problem := LEVELS[level].problem(circuit):
            raise InputError(f"level: {problem}; use level = 'surface'")
    window = None if window is None else rate_limits(window, "window")
    dt_ = seconds(dt, "dt") or float(circuit.dt)
    check_step(dt_)
    dynamics, tau = dynamics_of(circuit, tau)
    for level in levels:
        if problem := dynamics.problem(circuit, LEVELS[level]):
            raise InputError(f"tau: {problem}; use another tau or another level")
    at = read_drives(circuit, at, constant=True)
    drives_ = {
        (d.name, d.target): float(np.asarray(at[d.name])) if d.name in at else d.rate_ for d in circuit.drives
    }
    asked, (circuit, dt_, steps) = circuit, integrated(circuit, dt_, fixed=dt is not None)
    dynamics.check(noise != "none", adaptation is not None)
    return Request(
        asked=asked,
        circuit=circuit,
        levels=tuple(dict.fromkeys(levels)),
        noise=noise,
        dynamics=dynamics,
        tau=tau,
        gains=gains,
        drives_=drives_,
        window=window,
        cells=cells,
        adaptation=adaptation,
        seed=seed,
        dt_=dt_,
        engine=engine,
        notes=(*steps, *kicks_of(circuit, at)),
    )


def _gains(circuit, gains, levels):
    given = {} if gains is None else dict(mapping(gains, "gains", '{"E": fit}'))
    for name, gain in given.items():
        if name not in circuit.populations:
            raise InputError(f"gains: {unknown_name('population', name, circuit.populations)}")
        if not isinstance(gain, (GainFit, FISurface)):
            raise InputError(
                f"gains, {name}: got {described(gain)}, expected a GainFit or an FISurface; fit_gain(surface)"
                " and measure_fi(model, I, g) make them"
            )
        wide = [level for level in levels if LEVELS[level].measures_surface]
        if wide and not isinstance(gain, FISurface):
            raise InputError(
                f"gains, {name}: got a GainFit, but level = {wide[0]!r} needs the FISurface itself; give"
                " that, or use level = 'linear' or 'gain'"
            )
    return given
