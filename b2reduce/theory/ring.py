"""The ring: threshold-linear units over an angle, coupled by its cosine, and its exact states."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import described
from ..basics.errors import DivergenceError, InputError
from ..basics.fields import Number
from ..basics.frozen import FrozenDict, Record
from ..circuit.orientation import PERIOD, angles_
from .ring_state import RingState, mean_of_bump, tuning_of_bump

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["Ring"]

CUTS = 4000  # places of the edge of a bump among which states are looked for
UNITS = 512  # of a simulated ring: at 256 the grid error of a bump's width is below 1e-4 rad
BOUND = 1e6  # rates in units of the contrast beyond which a simulation counts as running away


@dataclass(frozen=True)
class Ring(Record):
    """tau dm/dt = -m + [I(a) + mean over a' of (J0 + J2 cos 2(a - a')) m(a')]_+, I(a) = c (1 - e + e cos 2a)
    - T.

    Ben-Yishai, Bar-Or & Sompolinsky (1995), as in Shriki, Hansel & Sompolinsky (2003). Rates are in units in
    which the gain has slope 1.

    Parameters
    ----------
    J0, J2 : float
        Mean and modulation of the coupling, in units of 1/beta.
    contrast : float
        c, strength of the input.
    tuning : float
        e, from 0 (the same everywhere) to 1/2 and beyond.
    threshold : float
        T.
    tau : float
        Time constant in s; what is at rest does not depend on it.

    Raises
    ------
    InputError
        If a number is not finite, tau is not above 0, or tuning is below 0.

    Examples
    --------
    >>> ring = Ring(J0=-4, J2=4, contrast=1, tuning=0.05)
    >>> ring.phase, ring.state.kind, round(float(np.degrees(ring.state.half_width)), 1)
    ('marginal', 'narrow', 29.2)
    """

    J0: float
    J2: float
    contrast: float = 1.0
    tuning: float = 0.0
    threshold: float = 0.0
    tau: float = 0.01

    FIELDS = FrozenDict(dict.fromkeys(("J0", "J2", "contrast", "tuning", "threshold", "tau"), Number))

    def __post_init__(self):
        super().__post_init__()
        for name in ("J0", "J2", "contrast", "tuning", "threshold", "tau"):
            value = getattr(self, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, (int, float, np.number))
                or not np.isfinite(value)
            ):
                raise InputError(f"{name}: got {described(value)}, expected a finite number")
        if not self.tau > 0:
            raise InputError(f"tau: got {self.tau!r}, expected a time above 0 s")
        if self.tuning < 0:
            raise InputError(
                f"tuning: got {self.tuning!r}, expected at least 0; turn the input by 90 degrees instead"
            )

    @cached_property
    def marginal_cut(self) -> float:
        """Half width of the bump that stands by itself, J2 f2(cut) = 1.

        NaN for J2 <= 2, where there is none.
        """
        from scipy.optimize import brentq

        return (
            brentq(lambda cut: self.J2 * tuning_of_bump(cut) - 1, 1e-9, PERIOD / 2) if self.J2 > 2 else np.nan
        )

    @property
    def largest_J0(self) -> float:
        """J0 from which on activity grows without end.

        1 where all units fire, -cos(2 cut)/f0(cut) where a bump does (J2 > 2).
        """
        if not self.J2 > 2:
            return 1.0
        return float(-np.cos(2 * self.marginal_cut) / mean_of_bump(self.marginal_cut))

    @property
    def phase(self) -> str:
        """ "homogeneous", "marginal" (the ring makes a bump by itself, which can stand anywhere) or
        "amplitude-unstable".
        """
        if self.J0 >= self.largest_J0:
            return "amplitude-unstable"
        return "marginal" if self.J2 > 2 else "homogeneous"

    @property
    def statement(self) -> str:
        """What the coupling does, and which mode grows where one does."""
        if self.phase == "amplitude-unstable":
            mode = (
                "mode 0, the mean rate"
                if self.J2 <= 2
                else "the amplitude of the bump, modes 0 and 2 together"
            )
            return (
                f"activity grows without end: {mode} (J0 = {self.J0:g}, stable below {self.largest_J0:.4g})"
            )
        if self.phase == "marginal":
            return (
                f"mode 2 grows out of the homogeneous state (J2 = {self.J2:g} > 2) into a bump of half width"
                f" {np.degrees(self.marginal_cut):.3g} degrees, which can stand anywhere"
            )
        return "the rates follow the input's own tuning (J2 < 2)"

    def input(self, angles: ArrayLike) -> Any:
        """c (1 - e + e cos 2a) - T at angles in radians."""
        return (
            self.contrast * (1 - self.tuning + self.tuning * np.cos(2 * np.asarray(angles, dtype=float)))
            - self.threshold
        )

    def _even(self, cut):
        """Eigenvalues of small changes while units within the cut fire.

        Two even ones and that which turns.
        """
        p, q = 2 * cut / np.pi, np.sin(2 * cut) / np.pi
        even = np.array(
            [[self.J0 * p, self.J2 * q], [self.J0 * q, self.J2 * (cut + np.sin(4 * cut) / 4) / np.pi]]
        )
        return np.r_[np.sort(np.linalg.eigvals(even).real)[::-1], self.J2 * tuning_of_bump(cut)] - 1

    @cached_property
    def states(self) -> Any:
        """All states at rest, stable or not."""
        found, mean, tuned = (
            [],
            self.contrast * (1 - self.tuning) - self.threshold,
            self.contrast * self.tuning,
        )
        if mean + abs(tuned) <= 0:
            found.append(RingState("silent", mean, tuned, 0.0, np.array([-1.0, -1.0, -1.0])))
        if self.J0 != 1 and self.J2 != 2:
            offset, amplitude = mean / (1 - self.J0), tuned / (1 - self.J2 / 2)
            if offset > 0 and offset >= abs(amplitude):
                # Where everything fires, modes do not mix and cosine and sine are alike; without tuning there
                # is no bump to turn.
                even = np.array([self.J0 - 1, self.J2 / 2 - 1, self.J2 / 2 - 1])
                found.append(
                    RingState("broad" if tuned else "homogeneous", offset, amplitude, PERIOD / 2, even)
                )
        return found + self._narrow(mean, tuned)

    def _narrow(self, mean, tuned):
        """Bumps.

        B [cos 2(a - at) - cos 2c]_+ with B = +-tuned/(1 - J2 f2(c)) and mean + J0 B f0(c) = -B cos 2c, plus
        at 0 and minus at 90 degrees.
        """
        from scipy.optimize import brentq

        if tuned == 0:
            if not self.J2 > 2:
                return []
            slope = -np.cos(2 * self.marginal_cut) - self.J0 * mean_of_bump(self.marginal_cut)
            B = mean / slope if slope else -1.0
            bumps = [(self.marginal_cut, B, 1)] if B > 0 else []
        else:
            grid, bumps = np.linspace(1e-6, PERIOD / 2, CUTS), []
            for side in (1, -1):
                # Multiplied by 1 - J2 f2, which has no pole; the amplitude must be positive.
                excess = lambda cut: (
                    mean * (1 - self.J2 * tuning_of_bump(cut))
                    + side * tuned * (self.J0 * mean_of_bump(cut) + np.cos(2 * cut))
                )
                values = np.array([excess(cut) for cut in grid])
                for k in np.flatnonzero(values[:-1] * values[1:] < 0):
                    cut = brentq(excess, grid[k], grid[k + 1], xtol=1e-14)
                    if (B := side * tuned / (1 - self.J2 * tuning_of_bump(cut))) > 0:
                        bumps.append((cut, B, side))
        return [
            RingState("narrow", float(-B * np.cos(2 * cut)), float(side * B), float(cut), self._even(cut))
            for cut, B, side in bumps
        ]

    @property
    def state(self) -> RingState:
        """The stable state.

        Raises
        ------
        DivergenceError
            If there is none: it says which mode grows.
        """
        stable = [state for state in self.states if state.stable]
        if not stable:
            raise DivergenceError(f"the ring has no stable state: {self.statement}")
        return max(stable, key=lambda state: state.peak)

    def simulate(
        self, *, duration: float = 2.0, units: int = UNITS, initial: Any = None, seed: int = 1
    ) -> Any:
        """Integrate the equations of single units.

        Parameters
        ----------
        duration : float
            In s.
        units : int
            At least 16; modes of the bump are exact to the order 1/units^2.
        initial : ndarray, shape (unit,), optional
            Rates to start from; by default small random ones.
        seed : int
            Of these.

        Returns
        -------
        angles, rates : ndarray, shape (unit,)
            Radians, and rates at the end.

        Raises
        ------
        DivergenceError
            If activity runs away: it says which mode grows.
        """
        from scipy.integrate import solve_ivp

        if isinstance(units, bool) or not isinstance(units, (int, np.integer)) or units < 16:
            raise InputError(f"units: got {described(units)}, expected a whole number of at least 16")
        a = angles_(units)
        start = (
            0.01 * np.random.default_rng(seed).random(units)
            if initial is None
            else np.asarray(initial, dtype=float)
        )
        if start.shape != (units,):
            raise InputError(f"initial: got the shape {start.shape}, expected ({units},), one rate a unit")
        drive, cos, sin = self.input(a), np.cos(2 * a), np.sin(2 * a)

        def change(t, m):
            return (
                -m
                + np.maximum(
                    drive + self.J0 * m.mean() + self.J2 * (cos * (m @ cos) + sin * (m @ sin)) / units, 0.0
                )
            ) / self.tau

        beyond = lambda t, m: BOUND * max(abs(self.contrast), 1.0) - np.max(m)
        setattr(beyond, "terminal", True)  # noqa: B010  what solve_ivp reads
        run = solve_ivp(
            change,
            (0, duration),
            start,
            method="RK45",
            rtol=1e-9,
            atol=1e-12,
            events=beyond,
            max_step=self.tau,
        )
        if run.status == 1:
            m = run.y[:, -1]
            bump = 2 * abs(m @ np.exp(2j * a)) / units
            raise DivergenceError(
                f"the ring ran away after {run.t[-1]:.3g} s with mean {m.mean():.3g} and modulation"
                f" {bump:.3g}: {self.statement}"
            )
        return a, run.y[:, -1]
