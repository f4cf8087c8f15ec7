"""Linear filters of rates.

Their response, the Brian2 equations that run them, and their fit to a measured response.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..basics.errors import InputError, unknown_name
from ..basics.fields import Many, Number, Text, Whole
from ..basics.frozen import FrozenDict, Record

if TYPE_CHECKING:
    from typing import Any

__all__ = ["FILTERS", "RateFilter", "fit_filter"]

FILTERS = ("first", "lead", "second")
_STARTS = (0.2, 1.0, 5.0)  # of the time constant that the phase suggests: where fits begin


@dataclass(frozen=True)
class RateFilter(Record):
    """A filter of gain 1 at rest, H(s) = (1 + a s + c s^2)/(1 + b s + d s^2) with s = i w: what stands before
    the gain function.

    Attributes
    ----------
    form : {"first", "lead", "second"}
        1/(1 + tau s); (1 + tau_z s)/(1 + tau s), which lets a part of the input through at once; and
        (1 + tau_z s + tau_q^2 s^2)/(1 + 2 zeta tau_r s + tau_r^2 s^2), which can resonate; negative tau_q^2
        are allowed.
    gain, gain_stderr : float
        At zero frequency, Hz/A or Hz m^2/A.
    values, stderr : tuple of float
        Of the form's parameters in the order of `names`, s, s^2 and 1.
    covariance : tuple of tuple of float
        Of `values`.
    chi2, dof, aic : float
        Weighted sum of squares of the residuals, its degrees of freedom, and chi2 + 2 x (number of
        parameters).
    """

    form: str
    gain: float
    gain_stderr: float
    values: tuple
    stderr: tuple
    covariance: tuple
    chi2: float = np.nan
    dof: int = 0
    aic: float = np.nan

    NAMES: ClassVar = {
        "first": ("tau",),
        "lead": ("tau", "tau_z"),
        "second": ("tau_r", "zeta", "tau_z", "tau_q2"),
    }

    FIELDS = FrozenDict(
        form=Text,
        gain=Number,
        gain_stderr=Number,
        values=Many(Number, "parameter"),
        stderr=Many(Number, "parameter"),
        covariance=Many(Many(Number, "parameter"), "parameter"),
        chi2=Number,
        dof=Whole,
        aic=Number,
    )

    def __post_init__(self):
        super().__post_init__()
        if self.form not in FILTERS:
            raise InputError(f"form: {unknown_name('form', self.form, FILTERS)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return self.NAMES[self.form]

    @property
    def coefficients_(self) -> Any:
        """(a, c, b, d) of H(s), s and s^2."""
        return _coefficients(self.form, self.values)

    @property
    def delay_(self) -> float:
        """Mean delay b - a in s: by how much slow changes come late."""
        a, _, b, _ = self.coefficients_
        return b - a

    @property
    def delay_stderr_(self) -> float:
        """Its standard error, s."""
        gradient = gradient_of(
            lambda values: (lambda a, c, b, d: b - a)(*_coefficients(self.form, values)), self.values
        )
        return float(np.sqrt(gradient @ np.array(self.covariance) @ gradient))

    @property
    def fastest_(self) -> float:
        """The shortest time constant, s, which a time step must resolve."""
        _, _, b, d = self.coefficients_
        return float(1 / np.abs(np.roots([d, b, 1.0] if d else [b, 1.0])).max())

    def __call__(self, frequency_):
        """H at frequencies in Hz, complex, 1 at 0."""
        return self.transfer_(2j * np.pi * np.asarray(frequency_, dtype=float))

    def transfer_(self, s):
        """H at complex s in 1/s."""
        return _transfer(self.form, self.values, s)

    def equations(self, key: Any) -> Any:
        """Brian2 lines that filter ``s_<key>`` into ``q_<key>``, both in Hz."""
        if self.form == "second":
            left = f"s_{key} - x_{key} - damping*y_{key}"
            return [
                f"dx_{key}/dt = y_{key}/tau_r : Hz",
                f"dy_{key}/dt = ({left})/tau_r : Hz",
                f"q_{key} = x_{key} + lead*y_{key} + quick*({left}) : Hz",
            ]
        tail = f" + lead*(s_{key} - x_{key})" if self.form == "lead" else ""
        return [f"dx_{key}/dt = (s_{key} - x_{key})/tau_r : Hz", f"q_{key} = x_{key}{tail} : Hz"]

    def chain_(self, synapse: Any) -> Any:
        """(A, B, C).

        D state/dt = A state + B input, output C state, of the filter of a synapse and this one behind it;
        state (s, x) or (s, x, y).
        """
        own = {name.partition(" ")[0]: value for name, value in self.parameters.items()}
        tau, lead, quick = own["tau_r"], own.get("lead", 0.0), own.get("quick", 0.0)
        if self.form == "second":
            damping = own["damping"]
            A, B = np.array([[0, 1 / tau], [-1 / tau, -damping / tau]]), np.array([0, 1 / tau])
            C, through = np.array([1 - quick, lead - quick * damping]), quick
        else:
            A, B, C, through = np.array([[-1 / tau]]), np.array([1 / tau]), np.array([1 - lead]), lead
        A_0, B_0, C_0 = synapse.chain_()
        return (
            np.block([[A_0, np.zeros((len(B_0), len(B)))], [np.outer(B, C_0), A]]),
            np.concatenate([B_0, np.zeros(len(B))]),
            np.concatenate([through * C_0, C]),
        )

    @property
    def parameters(self) -> Any:
        """{declaration in Brian2: SI value} of what `equations` name; the same for all keys."""
        a, c, b, d = self.coefficients_
        if self.form == "second":
            tau = np.sqrt(d)
            found = {"damping : 1": b / tau, "lead : 1": a / tau, "quick : 1": c / d}
        else:
            tau, found = b, {"lead : 1": a / b} if self.form == "lead" else {}
        return {
            f"{line} (constant)": float(value) for line, value in {"tau_r : second": tau, **found}.items()
        }


def _coefficients(form, values):
    if form == "second":
        tau_r, zeta, tau_z, tau_q2 = values
        return tau_z, tau_q2, 2 * zeta * tau_r, tau_r**2
    return (values[1] if form == "lead" else 0.0), 0.0, values[0], 0.0


def _transfer(form, values, s):
    a, c, b, d = _coefficients(form, values)
    return (1 + a * s + c * s**2) / (1 + b * s + d * s**2)


def gradient_of(function, values):
    """Central differences, steps of 1e-5 of each value."""
    values = np.array(values, dtype=float)
    steps = 1e-5 * np.maximum(np.abs(values), 1e-6)
    return np.array(
        [
            (function(values + step) - function(values - step)) / (2 * step[k])
            for k, step in enumerate(np.diag(steps))
        ]
    )


def fit_filter(frequency_, response_, sem_, form):
    """Least squares of a filter and its gain, real and imaginary parts weighted by their standard errors.

    Parameters
    ----------
    frequency_ : ndarray
        Hz; may hold 0, where the response is real.
    response_ : ndarray of complex
    sem_ : ndarray
        Standard error of the real and of the imaginary part, each.
    form : {"first", "lead", "second"}

    Returns
    -------
    RateFilter
    """
    from scipy.optimize import least_squares

    frequency_, response_, sem_ = (
        np.asarray(frequency_, dtype=float),
        np.asarray(response_),
        np.asarray(sem_, dtype=float),
    )
    s = 2j * np.pi * frequency_
    moving = frequency_ > 0  # at rest there is no imaginary part to count
    # Times in ms and a gain near 1; what must be positive as its logarithm: steps and curvature are then of
    # order one.
    scale = np.abs(response_[frequency_.argmin()])
    positive = {"first": 1, "lead": 1, "second": 2}[form]
    unit = np.array({"first": (1e-3,), "lead": (1e-3, 1e-3), "second": (1e-3, 1.0, 1e-3, 1e-6)}[form])
    values_of = lambda p: unit * np.concatenate([np.exp(p[1 : 1 + positive]), p[1 + positive :]])

    def residuals(p):
        left = (p[0] * scale * _transfer(form, values_of(p), s) - response_) / sem_
        return np.concatenate([left.real, left.imag[moving]])

    phase = -np.angle(response_[moving] / np.real(response_[frequency_.argmin()]))
    # Ms
    guess = (
        float(
            np.clip(
                np.median(np.tan(np.clip(phase, 0.02, 1.2)) / (2 * np.pi * frequency_[moving])), 5e-4, 0.1
            )
        )
        * 1e3
    )
    starts = {
        "first": lambda k: [k * guess],
        "lead": lambda k: [k * guess, 0.3 * guess],
        "second": lambda k: [k * guess, 1.0, 0.5 * guess, 0.0],
    }[form]
    best = None
    for k in _STARTS:
        start = np.array([1.0, *starts(k)])
        start[1 : 1 + positive] = np.log(start[1 : 1 + positive])
        found = least_squares(residuals, start, x_scale="jac", max_nfev=4000)
        best = found if best is None or found.cost < best.cost else best
    values = values_of(best.x)
    change = np.diag([scale, *unit])
    change[range(1, 1 + positive), range(1, 1 + positive)] = values[:positive]  # d exp(p) = exp(p) dp
    covariance = change @ np.linalg.pinv(best.jac.T @ best.jac) @ change.T
    stderr, chi2 = np.sqrt(np.diag(covariance)), 2 * best.cost
    return RateFilter(
        form,
        float(best.x[0] * scale),
        float(stderr[0]),
        tuple(values.tolist()),
        tuple(stderr[1:].tolist()),
        tuple(map(tuple, covariance[1:, 1:].tolist())),
        float(chi2),
        best.fun.size - best.x.size,
        float(chi2 + 2 * best.x.size),
    )
