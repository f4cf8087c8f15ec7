"""Networks of threshold-linear units: every fixed point by enumeration, and what grows without end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..basics.arguments import described, to_si
from ..basics.errors import InputError
from ..basics.fields import Anything, Many, Text
from ..basics.frozen import FrozenDict, Record, put, read_only
from .linearised import threshold_linear_numbers
from .runaway import ROUNDING, runaway_modes, runaway_text

if TYPE_CHECKING:
    from ..basics.types import Drives
    from ..reduction.reduced_circuit import ReducedCircuit

__all__ = ["MOST_POPULATIONS", "ThresholdLinearNetwork"]

MOST_POPULATIONS = 12  # 4096 active sets; each more doubles them
# Of the currents that meet at a unit: below it an argument of the gain counts as exactly at threshold


@dataclass(frozen=True, eq=False)
class ThresholdLinearNetwork(Record):
    """tau_a dmu_a/dt = -mu_a + sum_b W_ab r_b - theta_a, r_a = beta_a [mu_a]_+.

    Constant drives are part of theta.

    Parameters
    ----------
    W : Quantity or ndarray, shape (target, source)
        Charge by which one hertz of a source moves the current of a target, C or C/m^2; plain numbers are SI.
    beta : Quantity or ndarray, shape (population,)
        Slope of each gain, Hz/A or Hz m^2/A.
    theta : Quantity or ndarray, shape (population,)
        Threshold current less constant drive, A or A/m^2.
    tau : Quantity or ndarray, shape (population,)
        Time constants, s.
    names : sequence of str, optional

    Raises
    ------
    InputError
        If shapes do not fit together, a number is not finite, or beta or tau is not above 0.

    Examples
    --------
    >>> same = dict(W=[[3, -3], [3, -2]], beta=[1, 1], theta=[-1, -0.5])
    >>> network = ThresholdLinearNetwork(tau=[0.01, 0.01], **same)
    >>> [bool(np.all(network.eigenvalues_(active).real < 0)) for active in network.active_sets_]
    [True]
    >>> slow = ThresholdLinearNetwork(tau=[0.01, 0.04], **same)
    >>> [bool(np.all(slow.eigenvalues_(active).real < 0)) for active in slow.active_sets_]
    [False]
    """

    W: Any
    beta: Any
    theta: Any
    tau: Any
    names: tuple = ()

    if TYPE_CHECKING:  # set when it is made
        W_: ClassVar[np.ndarray]
        beta_: ClassVar[np.ndarray]
        theta_: ClassVar[np.ndarray]
        tau_: ClassVar[np.ndarray]

    FIELDS = FrozenDict(**dict.fromkeys(("W", "beta", "theta", "tau"), Anything), names=Many(Text))

    def __post_init__(self):
        def si(name):
            value = getattr(self, name)
            try:
                return np.array(value, dtype=float)
            except (TypeError, ValueError):
                raise InputError(
                    f"{name}: got {described(value)}, expected SI floats, one for every"
                    f" population{' and pair of them' if name == 'W' else ''}"
                ) from None

        if isinstance(self.names, str) or not isinstance(self.names, (tuple, list)):
            raise InputError(f"names: got {described(self.names)}, expected a list of names")
        W_ = si("W")
        if W_.ndim != 2 or W_.shape[0] != W_.shape[1] or not W_.size:
            raise InputError(f"W: got the shape {W_.shape}, expected a square matrix (target, source)")
        names = tuple(self.names) or tuple(f"population {number}" for number in range(1, len(W_) + 1))
        if len(names) != len(W_):
            raise InputError(f"names: got {len(names)}, expected {len(W_)}, one for every row of W")
        if len(W_) > MOST_POPULATIONS:
            raise InputError(
                f"W: got {len(W_)} populations, expected at most {MOST_POPULATIONS}: all {2 ** len(W_)}"
                " active sets would have to be tried; start simulate_rates() from several initial rates"
                " instead"
            )
        values = {"W_": W_}
        for name, positive in (("beta", True), ("theta", False), ("tau", True)):
            value = np.array(
                to_si(self.tau, "s", "tau") if name == "tau" and hasattr(self.tau, "dim") else si(name),
                dtype=float,
            )
            if value.ndim == 0:
                value = np.full(len(W_), float(value))
            if value.shape != (len(W_),):
                raise InputError(
                    f"{name}: got the shape {value.shape}, expected ({len(W_)},), one value for every"
                    " population"
                )
            if positive and not np.all(value > 0):
                raise InputError(f"{name}: got {value.tolist()}, expected values above 0")
            values[f"{name}_"] = value
        for name, value in values.items():
            if not np.isfinite(value).all():
                raise InputError(f"{name.rstrip('_')}: got {value.tolist()}, expected finite values")
        super().__post_init__()
        put(self, names=names, **{name: read_only(value) for name, value in values.items()})

    @classmethod
    def from_reduced(cls, reduced: ReducedCircuit, *, drives: Drives | None = None) -> Any:
        """The network of a rate model, its drives part of theta.

        Parameters
        ----------
        reduced : ReducedCircuit
            With threshold-linear gains and one time constant a population; those of pathways are replaced by
            C/<g>, which fixed points do not depend on.
        drives : dict of str to Quantity, optional

        Returns
        -------
        ThresholdLinearNetwork

        Raises
        ------
        InputError
            If a gain is of another form.

        Examples
        --------
        >>> from b2reduce import reduce
        >>> ThresholdLinearNetwork.from_reduced(reduce("ei_lif", noise="none")).runaway_statement()
        ''
        """
        return cls(**threshold_linear_numbers(reduced, drives))

    def rates_(self, mu_: np.ndarray) -> Any:
        """beta [mu]_+ in Hz of currents in excess of the threshold, shape (..., population)."""
        return self.beta_ * np.maximum(mu_, 0.0)

    def derivative_(self, mu_: np.ndarray) -> Any:
        """dmu/dt in A/s."""
        return (-mu_ + self.rates_(mu_) @ self.W_.T - self.theta_) / self.tau_

    def jacobian_(self, active: Any) -> Any:
        """d(dmu/dt)/dmu in 1/s where the units of `active` fire."""
        return (self.W_ * (self.beta_ * np.asarray(active)) - np.eye(len(self.beta_))) / self.tau_[:, None]

    def eigenvalues_(self, active: Any) -> Any:
        """Of the Jacobian, 1/s, the largest real part first."""
        values = np.linalg.eigvals(self.jacobian_(active))
        return values[np.lexsort((-values.imag, -values.real))]

    def scale_(self, mu_: np.ndarray) -> Any:
        """Size of the currents that meet at each unit, shape (..., population)."""
        return self.rates_(mu_) @ np.abs(self.W_).T + np.abs(self.theta_) + np.abs(mu_)

    @cached_property
    def _found(self):
        """{active set as tuple of bool: mu}: all fixed points, each under the units that fire in it."""
        found, size = {}, len(self.beta_)
        for number in range(size + 1):
            sets = np.array(list(combinations(range(size), number)), dtype=int)
            # Of the active units on one another, in units of their own current
            W = self.W_[sets[:, :, None], sets[:, None, :]] * self.beta_[sets][:, None, :]
            A, h = np.eye(number) - W, -self.theta_[sets]
            regular = (
                np.array([np.linalg.cond(a) < 1 / ROUNDING for a in A], dtype=bool)
                if number
                else np.ones(len(sets), dtype=bool)
            )
            solved = np.zeros(h.shape)
            solved[regular] = np.linalg.solve(A[regular], h[regular][..., None])[..., 0]
            for chosen, x, good, a, b in zip(sets, solved, regular, A, h):
                if not good:
                    x = self._on_a_line(chosen, a, b)
                    if x is None:
                        continue
                active, mu = np.zeros(size, dtype=bool), np.zeros(size)
                active[chosen] = True
                mu[chosen] = x
                mu[~active] = (self.W_ @ self.rates_(mu) - self.theta_)[~active]
                slack = ROUNDING * self.scale_(mu)
                if np.all(mu[active] > slack[active]) and np.all(mu[~active] <= slack[~active]):
                    found[tuple(active.tolist())] = mu
        return found

    def _on_a_line(self, chosen, A, h):
        """Where the active units have no unique answer.

        The middle of the fixed points that form a line, or None.
        """
        from scipy.optimize import linprog

        rest = np.setdiff1d(np.arange(len(self.beta_)), chosen)
        into = self.W_[np.ix_(rest, chosen)] * self.beta_[chosen]
        size, scale = len(chosen), np.abs(self.theta_).max() or 1 / self.beta_.max()
        if np.linalg.norm(A @ np.linalg.lstsq(A, h, rcond=ROUNDING)[0] - h) > 1e-6 * scale:
            return None
        # Largest margin m <= scale with A x = h, x >= m, into x - theta <= 0; a singular A is rounded to its
        # rank first.
        U, s, _ = np.linalg.svd(A)
        keep = s > ROUNDING * max(s.max(), 1.0)
        answer = linprog(
            np.r_[np.zeros(size), -1.0],
            A_ub=np.block([[-np.eye(size), np.ones((size, 1))], [into, np.zeros((len(rest), 1))]]),
            b_ub=np.r_[np.zeros(size), self.theta_[rest] / scale],
            A_eq=np.c_[(U.T @ A)[keep], np.zeros(keep.sum())] if keep.any() else None,
            b_eq=(U.T @ h)[keep] / scale if keep.any() else None,
            bounds=[(0, None)] * size + [(None, 1)],
        )
        return answer.x[:-1] * scale if answer.status == 0 and answer.x[-1] > ROUNDING else None

    def at_set_(self, active: Any) -> Any:
        """Where the equations would rest if the units of `active`, and no others, followed their lines.

        Currents, NaN where nowhere.
        """
        mu, on = np.full(len(self.beta_), np.nan), np.asarray(active, dtype=bool)
        try:
            mu[on] = np.linalg.solve(
                np.eye(on.sum()) - self.W_[np.ix_(on, on)] * self.beta_[on], -self.theta_[on]
            )
        except np.linalg.LinAlgError:
            return mu
        mu[~on] = self.W_[np.ix_(~on, on)] @ (self.beta_[on] * mu[on]) - self.theta_[~on]
        return mu

    def margin_(self, active: Any) -> Any:
        """How far the rest of `at_set_` is from one that is there, relative to the currents.

        Negative where a unit contradicts its line.
        """
        mu = self.at_set_(active)
        if not np.isfinite(mu).all():
            return -1.0
        return float(np.min(np.where(active, mu, -mu) / np.maximum(self.scale_(mu), 1e-300)))

    @property
    def active_sets_(self) -> Any:
        """Which units fire in each fixed point: list of tuples of bool."""
        return list(self._found)

    @property
    def points_(self) -> Any:
        """Fixed points as currents in excess of the threshold, A: ndarray, shape (point, population)."""
        return np.array(list(self._found.values())).reshape(-1, len(self.beta_))

    def at_threshold_(self, mu_: np.ndarray) -> Any:
        """Which units stand exactly at their threshold, to rounding: there the Jacobian has two values."""
        return np.abs(mu_) <= ROUNDING * self.scale_(mu_)

    @cached_property
    def runaway_(self) -> Any:
        """[(growth in 1/s, rates relative to the largest)] of all directions in which activity grows without
        end.

        Far from threshold theta counts for nothing, and mu = v exp(s t) solves the equations if s tau v = -v
        + W r(v): for every set of firing units an eigenvector with positive entries whose silent units stay
        silent.
        """
        return runaway_modes(self)

    def runaway_statement(self) -> str:
        """What grows, how fast, and in which proportion; empty where nothing does."""
        return runaway_text(self.names, self.runaway_)
