"""What a spike leaves behind: the current that is still there in later intervals, from how much longer they
are than the first.

A current that jumps by b at a spike and decays with tau has, just after the k-th spike, the size M_k: M_1 =
b, M_(k+1) = M_k exp(-T_k/tau) + b. The first interval has its own spike's current in it, so that what
lengthens the k-th is (M_k - b) exp(-s/tau), s after its spike. A constant current makes up for it if it is
larger by A (M_k - b), A = int Z exp(-s/tau) ds / int Z ds over an interval that long, Z the phase response of
the cell. A is measured: with a current of known size and time constant that every spike sets off. What the
voltage drives (towards a with the same tau, from the step of current on) adds A a (R_k - R), R_(k+1) = 1 - (1
- R_k) exp(-T_k/tau), R_1 and R what of it is there at the first spike, of this cell and of the one at the
onset current.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Memory", "fit_memory"]

TAUS_ = np.geomspace(1e-3, 10.0, 81)  # s, that are tried before the best is refined
MISFIT = 0.02  # of the currents: where one current leaves less than this unexplained, two are not tried
STEADY = 4  # intervals that a steady rate counts for


@dataclass(frozen=True)
class Memory:
    """The law of the current that a spike leaves behind, SI.

    B and tau, what the voltage drives, and how well they are known.
    """

    b: float
    tau: float
    a_0: float
    rise: float
    J_error: float  #: of b tau
    tau_error: float
    spread: float  #: of J, relative: between the upper and the lower half of the rates
    misses: np.ndarray  #: of the measured currents, from the law
    steady: np.ndarray  #: which of them are of steady rates
    #: (charge, tau) of each of two currents, where one does not describe the intervals; b and tau are then
    #: those of one of the same charge
    parts: tuple = ()


def fit_memory(onsets, sequences, steady, leaks_, *, voltage):
    """Fit b and tau, and a_0 and its rise with the leak where `voltage`.

    Parameters
    ----------
    onsets : dict of float to Onsets
    sequences : list of (I, g, spike times)
    steady : ndarray, shape (point, 3)
        Rates, currents beyond those of the onset, and leaks.
    leaks_ : ndarray

    Returns
    -------
    Memory or None
        None where nothing can be told.
    """
    from scipy.optimize import minimize_scalar

    rows = _Rows(onsets, sequences, steady, leaks_, voltage)
    if rows.lack.size < 8:
        return None

    def at(tau, part=slice(None)):
        """(weighted squares left, law) of the best law with this time constant."""
        design, weight = rows.design(tau)[part], np.sqrt(rows.weight[part])
        scale = np.abs(design).max(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        law, *_ = np.linalg.lstsq(design / scale * weight[:, None], rows.lack[part] * weight, rcond=None)
        return float(np.sum((rows.lack[part] * weight - design / scale @ law * weight) ** 2)), law / scale

    def best():
        left = np.array([at(tau)[0] for tau in TAUS_])
        k = int(left.argmin())
        around = np.log([TAUS_[max(k - 1, 0)], TAUS_[min(k + 1, TAUS_.size - 1)]])
        found = minimize_scalar(lambda x: at(np.exp(x))[0], bounds=around, method="bounded")
        return float(np.exp(found.x)), *at(float(np.exp(found.x)))

    tau, least, law = best()
    parts = () if voltage else _two(rows, least)
    if not voltage and not parts and tau * np.median(rows.rate) > 1:
        # A conductance acts by the potential that it meets, which depends on the rate: b may, where the
        # intervals in succession tell tau by themselves.
        rows.bends = True
        tau, least, law = best()
    J = law[0] * tau
    # Intervals of one cell share their errors: cells and steady points are the observations.
    slopes = np.column_stack(
        [rows.design(tau), (rows.design(tau * 1.001) - rows.design(tau / 1.001)) @ law / (0.002 * tau)]
    )
    size = np.abs(slopes).max(axis=0)
    size = np.where(size > 0, size, 1.0)
    weighted = slopes / size * rows.weight[:, None]
    inverse = np.linalg.pinv(weighted.T @ (slopes / size))
    wrong = (rows.lack - rows.design(tau) @ law)[:, None] * weighted
    groups = np.array([wrong[rows.owner == owner].sum(axis=0) for owner in np.unique(rows.owner)])
    scale = len(groups) / max(len(groups) - slopes.shape[1], 1)
    errors = inverse @ (groups.T @ groups) @ inverse * scale / np.outer(size, size)
    towards = np.concatenate([[tau], np.zeros(law.size - 1), [law[0]]])
    halves = []
    for part in (rows.rate <= np.median(rows.rate), rows.rate > np.median(rows.rate)):
        halves.append(at(tau, part)[1][0] * tau if part.sum() > 2 * law.size else J)
    if parts:
        charge = sum(part for part, _ in parts)
        mean = sum(part * each for part, each in parts) / charge
        return Memory(
            charge / mean,
            mean,
            0.0,
            0.0,
            abs(charge - J) / 2,
            abs(mean - tau) / 2,
            0.0,
            rows.lack - sum(part / each * rows.design(each)[:, 0] for part, each in parts),
            rows.owner < 0,
            parts,
        )
    a_0, rise = _at_threshold(onsets, tau, law[1:], leaks_) if voltage else (0.0, 0.0)
    return Memory(
        float(law[0]),
        tau,
        a_0,
        rise,
        float(np.sqrt(towards @ errors @ towards)),
        float(np.sqrt(errors[-1, -1])),
        float(abs(halves[1] - halves[0]) / abs(J)) if J else np.inf,
        rows.lack - rows.design(tau) @ law,
        rows.owner < 0,
    )


def _at_threshold(onsets, tau, law, leaks_):
    """(a_0, its rise with the leak).

    What the voltage drives less what of it is there already at a first spike just above threshold.
    """
    g = np.array(sorted(onsets))
    there = np.array([onsets[each].developed(tau, onsets[each].latency[0][0]) for each in g])
    beyond = (law[0] + (law[1] * (g - np.mean(leaks_)) if law.size > 1 else 0.0)) * (1 - there)
    if g.size < 2:
        return float(beyond[0]), 0.0
    rise, a_0 = np.polyfit(g - np.mean(leaks_), beyond, 1)
    return float(a_0), float(rise)


def _two(rows, least):
    """((charge, tau), (charge, tau)) of two currents where they describe much better what one leaves
    unexplained; else empty.
    """
    from scipy.optimize import minimize, nnls

    root = np.sqrt(rows.weight)
    if least < MISFIT**2 * np.sum(rows.weight * rows.lack**2):
        return ()
    columns = {tau: rows.design(tau)[:, 0] * root for tau in TAUS_[4::4]}
    fit = lambda first, second: nnls(np.column_stack([first, second]), rows.lack * root)
    start = min((fit(columns[a], columns[b])[1], a, b) for a in columns for b in columns if b >= 2 * a)
    whole = lambda x: fit(*(rows.design(np.exp(value))[:, 0] * root for value in x))
    found = minimize(
        lambda x: whole(x)[1] if abs(x[1] - x[0]) > np.log(1.5) else 1e300,
        np.log(start[1:]),
        method="Nelder-Mead",
        options={"xatol": 1e-3, "fatol": 1e-4 * start[0]},
    )
    b, left = whole(found.x)
    charge = b * np.exp(found.x)
    if left**2 > 0.3 * least or charge.min() < 0.05 * charge.sum():
        return ()
    return tuple(
        (float(q), float(np.exp(x))) for q, x in sorted(zip(charge, found.x), key=lambda pair: pair[1])
    )


class _Rows:
    """What was measured, one row an interval or a steady rate, and the law's columns for a time constant."""

    def __init__(self, onsets, sequences, steady, leaks_, voltage):
        self.onsets, self.voltage, self.middle = onsets, voltage, float(np.mean(leaks_))
        self.several, self.bends = np.ptp(leaks_) > 0, False
        self.parts, lack, weight, rate = [], [], [], []
        for I, g, t in sequences:
            if g not in onsets or t.size < 4:
                continue
            T = np.diff(t)
            value = I - onsets[g].current(1 / T)
            good = np.isfinite(value)
            good[0] = False  # by definition it lacks nothing
            if good.any():
                self.parts.append((g, t[0], T, good))
                lack.append(value[good])
                rate.append(1 / T[good])
        for g in onsets:
            here = steady[:, 2] == g
            if here.any():
                self.parts.append((g, None, 1 / steady[here, 0], np.ones(here.sum(), dtype=bool)))
                lack.append(steady[here, 1])
                rate.append(steady[here, 0])
        # Which cell a row is of; each steady rate is one of its own.
        self.owner = np.concatenate(
            [
                np.full(good.sum(), number) if first is not None else -1 - np.arange(T.size) - 1000 * number
                for number, (_, first, T, good) in enumerate(self.parts)
            ]
            or [np.zeros(0, dtype=int)]
        )
        self.lack, self.rate = (np.concatenate(values) if values else np.zeros(0) for values in (lack, rate))
        self.reference = float(np.exp(np.mean(np.log(self.rate)))) if self.rate.size else 1.0
        # A step of the grid is a current of rate^2/slope; a cell's intervals together count for as much as a
        # few of them.
        for _, first, T, good in self.parts:
            share = 1.0 if first is None else min(1.0, STEADY / good.sum())
            weight.append(share / (0.2 + (1 / T[good] / max(np.median(self.rate), 1e-9)) ** 2))
        self.weight = np.concatenate(weight) if weight else np.zeros(0)

    def design(self, tau):
        columns = []
        for g, first, T, good in self.parts:
            onset, x = self.onsets[g], np.exp(-T / tau)
            A = onset.weight(tau, 1 / T)
            if first is None:
                S, R = 1 / (1 - x), np.ones(T.size)
            else:
                S, R = np.ones(T.size), np.full(T.size, -np.expm1(-first / tau))
                for k in range(T.size - 1):
                    S[k + 1], R[k + 1] = S[k] * x[k] + 1, 1 - (1 - R[k]) * x[k]
            one = [A * (S - 1)]
            if self.voltage:
                fresh = A * (R - onset.developed(tau, onset.current(1 / T)))
                one += [fresh] + ([fresh * (g - self.middle)] if self.several else [])
            if self.bends:
                one.append(one[0] * -np.log(T * self.reference))
            columns.append(np.stack(one, axis=1)[good])
        return np.concatenate(columns)
