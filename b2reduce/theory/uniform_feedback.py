"""One population that feeds back on itself: all that a threshold-linear gain allows, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..basics.arguments import described, whole
from ..basics.errors import InputError
from ..basics.fields import Flag, Many, Maybe, Measured, Number, Row, Text
from ..basics.frozen import FrozenDict, Record
from ..basics.units import si_label, with_units

if TYPE_CHECKING:
    from ..basics.types import QuantityLike, Tau

__all__ = ["UniformFeedback"]


@dataclass(frozen=True, eq=False)
class UniformFeedback(Record):
    """What a population with uniform feedback does: tau dmu/dt = -mu + N W r - theta, r = beta [mu]_+.

    Attributes
    ----------
    beta_, W_, theta_, tau_ : float
        Hz/A, C, A, s (or per area); W of all N inputs together, theta less constant drive.
    loop : float
        beta N W, by how much a spike comes back.
    regime : str
        "silent", "bistable", "active", "runaway", "marginal".
    points : tuple of (Quantity, bool)
        Rates of the fixed points, lowest first, and whether they are stable.
    separatrix : Quantity or None
        The rate above which activity grows without end and below which it dies.
    growth_ : float
        (beta N W - 1)/tau in 1/s: of small changes while the population fires.
    relaxation : Quantity or None
        tau/(1 - beta N W): time in which an active population approaches its fixed point; None where it does
        not.
    statement : str
    """

    beta_: float
    W_: float
    theta_: float
    tau_: float
    loop: float
    regime: str
    points: tuple
    separatrix: Any
    growth_: float
    relaxation: Any
    statement: str

    FIELDS = FrozenDict(
        **dict.fromkeys(("beta_", "W_", "theta_", "tau_", "loop"), Number),
        regime=Text,
        points=Many(Row(Measured("Hz"), Flag)),
        separatrix=Maybe(Measured("Hz")),
        growth_=Number,
        relaxation=Maybe(Measured("s")),
        statement=Text,
    )

    @classmethod
    def from_parameters(
        cls, *, beta: QuantityLike, W: QuantityLike, theta: QuantityLike, tau: Tau, N: int | None = 1
    ) -> Any:
        """Fixed points, stability and time of approach of a population with uniform feedback (equations
        11.34-11.37, corrected).

        Parameters
        ----------
        beta : Quantity
            Slope of the gain, Hz/A (or Hz m^2/A).
        W : Quantity
            Charge of one input, C (or C/m^2); of all of them together where N is 1, as in `reduce`.
        theta : Quantity
            Threshold current less the constant drive, A (or A/m^2). Negative: the population fires by itself.
        tau : Quantity
            s.
        N : int
            Number of inputs of each cell.

        Returns
        -------
        UniformFeedback

        Raises
        ------
        InputError
            If units do not fit together, or beta, tau or N is not above 0.

        Notes
        -----
        With theta > 0 silence is always stable. Strong excitation (beta N W > 1) alone does not make the
        population active: it adds an unstable fixed point theta/(N W - 1/beta), which activity must be kicked
        across, and beyond which only a saturating gain would stop it. With theta < 0 the same expression, now
        ``|theta|/(1/beta - N W)``, is the one stable rate as long as beta N W < 1, and there is none beyond.
        With W proportional to 1/N the number of cells drops out.

        Examples
        --------
        >>> from brian2 import Hz, ms, nA, pA, pcoulomb
        >>> UniformFeedback.from_parameters(beta=250*Hz/nA, W=6*pcoulomb, theta=100*pA, tau=10*ms).separatrix
        50. * hertz
        """
        from brian2 import Hz, Quantity, get_dimensions, have_same_dimensions, second
        from brian2.units import coulomb, meter

        values = {"beta": beta, "W": W, "theta": theta, "tau": tau}
        for name, value in values.items():
            if (
                isinstance(value, (bool, np.bool_))
                or not isinstance(value, (int, float, np.number, Quantity))
                or np.ndim(value)
                or not np.isfinite(np.asarray(value, dtype=float))
            ):
                raise InputError(f"{name}: got {described(value)}, expected one finite value")
        if not isinstance(W, Quantity) or not any(
            have_same_dimensions(W, unit) for unit in (coulomb, coulomb / meter**2)
        ):
            raise InputError(f"W: got {described(W)}, expected a charge in C or C/m^2")
        for name, expected in (("theta", W.dim * Hz.dim), ("beta", W.dim**-1), ("tau", second.dim)):
            if get_dimensions(values[name]) != expected:
                raise InputError(
                    f"{name}: got {described(values[name])}, expected a value in {si_label(expected)}, as W"
                    f" is in {si_label(W)}"
                )
        for name, value in (("beta", beta), ("tau", tau)):
            if not np.asarray(value) > 0:
                raise InputError(f"{name}: got {value}, expected a value above 0")
        N = whole(N, "N", 1)
        beta_, W_, theta_, tau_ = (float(np.asarray(value)) for value in (beta, N * W, theta, tau))
        loop = beta_ * W_
        # Rounding of the product decides no regime.
        loop = 1.0 if abs(loop - 1) < 1e-12 else loop
        growth_ = (loop - 1) / tau_
        rate = None if loop == 1 else theta_ / (W_ - 1 / beta_)
        hertz = lambda value: with_units(value, "Hz")
        points: tuple[Any, ...] = ()
        separatrix = relaxation = None
        if theta_ > 0 and loop > 1:
            regime, points, separatrix = "bistable", ((hertz(0.0), True), (hertz(rate), False)), hertz(rate)
            statement = (
                f"silence is stable; a kick above {rate:.4g} Hz grows without end with a time constant of"
                f" {1e3 / growth_:.3g} ms, one below dies away"
            )
        elif theta_ > 0:
            regime, points = "marginal" if loop == 1 else "silent", ((hertz(0.0), True),)
            statement = "silence is the only fixed point, and stable" + (
                "; activity comes back whole and falls by the threshold alone, in proportion to time"
                if loop == 1
                else ""
            )
        elif theta_ < 0 and loop < 1:
            regime, points, relaxation = "active", ((hertz(rate), True),), with_units(-1 / growth_, "s")
            statement = (
                f"the population fires at {rate:.4g} Hz, which it approaches within {-1e3 / growth_:.3g} ms"
            )
        elif theta_ < 0:
            regime, statement = (
                "runaway",
                "there is no fixed point: activity grows without end"
                + (
                    f" with a time constant of {1e3 / growth_:.3g} ms"
                    if loop > 1
                    else ", in proportion to time"
                ),
            )
        elif loop < 1:
            regime, points, relaxation = "silent", ((hertz(0.0), True),), with_units(-1 / growth_, "s")
            statement = "silence is the only fixed point, and stable"
        elif loop == 1:
            regime, points = "marginal", ((hertz(0.0), False),)
            statement = "every rate is a fixed point: the population keeps whatever it was given"
        else:
            regime, points = "runaway", ((hertz(0.0), False),)
            statement = (
                "silence is the only fixed point, and unstable: any activity grows with a time constant of"
                f" {1e3 / growth_:.3g} ms"
            )
        return cls(beta_, W_, theta_, tau_, loop, regime, points, separatrix, growth_, relaxation, statement)
