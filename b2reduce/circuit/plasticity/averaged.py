"""Short-term plasticity in rate models: its averaged variables, and the rate that passes through it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ...basics.errors import DivergenceError

__all__ = ["Averaged", "averaged"]

ORDERS = range(2, 9)  # of the two polynomials that say how u and x go together
# Relative error of the mean release: wanted, and the most that is taken
WANTED, MOST = 1e-7, 1e-4
NODES, CHECKS, ROUNDS = 80, 300, 12
COMPLEX_STEP = 1e-20  # so small that rounding leaves nothing of its square


class Averaged:
    """The averaged variables of a Tsodyks-Markram synapse, and the rate that it passes on.

    A presynaptic rate r moves du/dt = -u/tau_facil + U (1 - u) r and dx/dt = (1 - x)/tau_rec - u+ x r, with
    u+ = u + U (1 - u) that acts at a spike, and passes on r u+ x c(r): the rate of events of full size with
    the same mean. With c = 1 that is the usual mean field, in which u and x know nothing of one another; c(r)
    = <u x>/(u+ x) of Poisson trains that have long come, so that what is passed on at rest is exact. It is 1
    at both ends and where only one of both moves, a few per cent less in between, and written as 1 + z (1 -
    z) P(z)/Q(z) with polynomials of z = r/(r + middle), which every language has.

    Attributes
    ----------
    U_, tau_rec_, tau_facil_ : float
    states : tuple of str
        Which of u and x move.
    middle_ : float
        Hz.
    P, Q : tuple of float
        Coefficients, the constant first; empty where c is 1.
    """

    def __init__(self, plasticity):
        self._plasticity = plasticity
        self.U_, self.tau_rec_, self.tau_facil_ = plasticity.U_, plasticity.tau_rec_, plasticity.tau_facil_
        taus = {"u": self.tau_facil_, "x": self.tau_rec_}
        self.states = tuple(name for name, tau_ in taus.items() if tau_ > 0)
        self.slowest_ = max(taus.values())
        self.middle_, self.P, self.Q = (
            self._fitted() if len(self.states) == 2 and self.U_ < 1 else (1.0, (), ())
        )

    # At rest

    def sent_(self, rate_):
        """Rate of events of full size with the mean of what a presynaptic rate releases, r <u x>."""
        u, x = self._plasticity.rest_(rate_)
        return rate_ * self._joint(rate_) * self._after(u) * x

    def slope_(self, rate_):
        """The derivative of `sent_`."""
        return self.sent_(np.asarray(rate_) + 1j * COMPLEX_STEP).imag / COMPLEX_STEP

    def release_(self, rate_):
        """Mean of what is released at a spike, as the model has it."""
        u, x = self._plasticity.rest_(rate_)
        return self._joint(rate_) * self._after(u) * x

    @property
    def steepest(self):
        """The largest mean release at any rate."""
        return float(np.max(self.release_(np.append(0.0, self.middle_ * np.geomspace(1e-4, 1e4, 200)))))

    def linear_(self, rate_):
        """(d sent/d rate with u and x held, d sent/d states, d states'/d rate, d states'/d states).

        At rest.
        """
        u, x = (float(value) for value in self._plasticity.rest_(rate_))
        step = 1j * COMPLEX_STEP
        derivative = lambda function, value: function(value + step).imag / COMPLEX_STEP
        sent = lambda rate, u, x: rate * self._joint(rate) * self._after(u) * x
        moves = {
            "u": lambda rate, u, x: -u / self.tau_facil_ + self.U_ * (1 - u) * rate,
            "x": lambda rate, u, x: (1 - x) / self.tau_rec_ - self._after(u) * x * rate,
        }
        by = {
            "rate": lambda f: derivative(lambda value: f(value, u, x), rate_),
            "u": lambda f: derivative(lambda value: f(rate_, value, x), u),
            "x": lambda f: derivative(lambda value: f(rate_, u, value), x),
        }
        return (
            float(by["rate"](sent)),
            np.array([by[name](sent) for name in self.states]),
            np.array([by["rate"](moves[name]) for name in self.states]),
            np.array([[by[other](moves[name]) for other in self.states] for name in self.states]),
        )

    def _after(self, u):
        return u + self.U_ * (1 - u)

    def _joint(self, rate_):
        if not self.P:
            return 1.0
        z = rate_ / (rate_ + self.middle_)
        return 1 + z * (1 - z) * np.polyval(self.P[::-1], z) / np.polyval(self.Q[::-1], z)

    # In equations

    def lines(self, key):
        """Brian2 equations of its variables, which the rate ``r`` drives, and of what it passes on."""
        u = f"u_{key}" if "u" in self.states else "0"
        used = f"(U_{key} + (1 - U_{key})*{u})" if "u" in self.states else f"U_{key}"
        lines, factors = [], ["r", used]
        if "u" in self.states:
            lines += [
                f"du_{key}/dt = -u_{key}/tau_facil_{key} + U_{key}*(1 - u_{key})*r : 1",
                f"tau_facil_{key} : second (constant)",
            ]
        if "x" in self.states:
            lines += [
                f"dx_{key}/dt = (1 - x_{key})/tau_rec_{key} - {used}*x_{key}*r : 1",
                f"tau_rec_{key} : second (constant)",
            ]
            factors.append(f"x_{key}")
        if self.P:
            z = f"z_{key}"
            lines += [
                f"{z} = r/(r + middle_{key}) : 1",
                f"joint_{key} = 1 + {z}*(1 - {z})*{_horner(self.P, z)}/{_horner(self.Q, z)} : 1",
                f"middle_{key} : Hz (constant)",
            ]
            factors.append(f"joint_{key}")
        return [f"sent_{key} = {'*'.join(factors)} : Hz", *lines, f"U_{key} : 1 (constant)"]

    def values(self, key):
        """{variable: SI value} of the parameters in `lines`."""
        times = {"u": ("tau_facil", self.tau_facil_), "x": ("tau_rec", self.tau_rec_)}
        own = dict([("U", self.U_), *(times[name] for name in self.states)])
        if self.P:
            own["middle"] = self.middle_
        return {f"{name}_{key}": value for name, value in own.items()}

    def start(self, key, rate_):
        """{variable: value} where the presynaptic rate has long been this one."""
        values = dict(zip("ux", self._plasticity.rest_(rate_)))
        return {f"{name}_{key}": float(values[name]) for name in self.states}

    def latex(self, symbol, rate, amount):
        """Lines of LaTeX: `symbol(letter)` of its own, the presynaptic rate, `amount(value, unit)`."""
        u, x, U = symbol("u"), symbol("x"), amount(self.U_, "1")
        used = f"({u} + {U}\\,(1 - {u}))" if "u" in self.states else U
        factors, lines = [rate, used], []
        if "u" in self.states:
            tau = amount(self.tau_facil_, "s")
            lines.append(rf"\frac{{d{u}}}{{dt}} &= -\frac{{{u}}}{{{tau}}} + {U}\,(1 - {u})\,{rate}")
        if "x" in self.states:
            tau = amount(self.tau_rec_, "s")
            lines.append(rf"\frac{{d{x}}}{{dt}} &= \frac{{1 - {x}}}{{{tau}}} - {used}\,{x}\,{rate}")
            factors.append(x)
        if self.P:
            z, written = symbol("z"), lambda values: _sum_of_powers(values, symbol("z"))
            factors.append(rf"\left(1 + {z}(1 - {z})\frac{{{written(self.P)}}}{{{written(self.Q)}}}\right)")
            lines.append(rf"{z} &= \frac{{{rate}}}{{{rate} + {amount(self.middle_, 'Hz')}}}")
        return [*lines, symbol(r"\rho") + " &= " + r"\,".join(factors)]

    # The correction

    def _fitted(self):
        """(middle, P, Q) by linear least squares of z (1 - z) P - (c - 1) Q = 0, weighted by the last 1/Q."""
        scale = 1 / np.sqrt(self.tau_rec_ * self.tau_facil_)
        rates = scale * np.geomspace(1e-4, 1e4, CHECKS)
        middle = float(rates[np.argmax(np.abs(self._excess(rates)))])
        at = lambda z: middle * z / (1 - z)
        nodes = (1 - np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)) / 2
        checks = np.linspace(0, 1, CHECKS + 2)[1:-1]
        wanted, seen, best = self._excess(at(nodes)), self._excess(at(checks)), (np.inf, (), ())
        for order in ORDERS:
            P, Q = _rational(nodes, wanted, order)
            below = np.polyval(Q[::-1], checks)
            if below.min() <= 0:
                continue
            found = checks * (1 - checks) * np.polyval(P[::-1], checks) / below
            error = float(np.max(np.abs(found - seen)))
            best = min(best, (error, P, Q))
            if error <= WANTED:
                break
        if best[0] > MOST:
            raise DivergenceError(
                f"plasticity: the mean release with U = {self.U_:g}, tau_rec = {self.tau_rec_:g} s and"
                f" tau_facil = {self.tau_facil_:g} s was found to {best[0]:.1g} only, expected"
                f" {MOST:g}; leave out the shorter of both times, or give it as 0 s"
            )
        return middle, *best[1:]

    def _excess(self, rates):
        """The correction less 1."""
        u, x = self._plasticity.rest_(rates)
        return self._plasticity.release_(rates) / (self._after(u) * x) - 1


def _rational(z, wanted, order):
    weight, base = np.ones_like(z), (z * (1 - z))[:, None]
    for _ in range(ROUNDS):
        terms = np.hstack(
            [
                base * z[:, None] ** np.arange(order + 1),
                -wanted[:, None] * z[:, None] ** np.arange(1, order + 1),
            ]
        )
        found = np.linalg.lstsq(terms * weight[:, None], wanted * weight, rcond=None)[0]
        P, Q = found[: order + 1], np.append(1.0, found[order + 1 :])
        weight = 1 / np.maximum(np.abs(np.polyval(Q[::-1], z)), 1e-6)
    return tuple(P.tolist()), tuple(Q.tolist())


def _horner(coefficients, z):
    text = repr(coefficients[-1])
    for value in coefficients[-2::-1]:
        text = f"({value!r} + {z}*{text})"
    return text


def _sum_of_powers(coefficients, z):
    powers = ["", rf"\,{z}", *(rf"\,{z}^{power}" for power in range(2, len(coefficients)))]
    terms = (f"{value:+.6g}{power}" for power, value in zip(powers, coefficients))
    return " ".join(terms).lstrip("+")


@lru_cache(maxsize=256)
def averaged(plasticity):
    """The `Averaged` of a plasticity."""
    return Averaged(plasticity)
