"""Fixed points of a rate model, and whether they are stable."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..basics.arguments import require
from ..basics.display import amount, number, sheet_html
from ..basics.errors import InputError
from ..basics.frozen import FrozenDict
from ..basics.units import with_units
from ..cells.integration import AccuracyWarning
from ..reduction.measured_range import is_outside
from ..reduction.reduced_circuit import ReducedCircuit, constant_drives_
from .threshold_linear import ThresholdLinearNetwork

__all__ = [
    "FixedPoint",
    "FixedPoints",
    "fixed_points",
    "point_at_",
    "point_of_set_",
    "roots_",
    "runaway_statement",
    "slopes_",
    "threshold_linear",
]

STARTS = 5  # rates of each of two populations that the search for roots starts from
MOST_STARTS = 64
REACH = 3.0  # the search goes up to so many times the highest rate at which gains were measured
# Rounds of further starts where the indices of the roots do not add up, and starts a round
MOST_EXTRA, EXTRA = 40, 10
SAME = 1e-5  # relative distance below which two roots are one
MARGIN = 1e-6  # of the fastest decay: real parts closer to 0 than this are neither stable nor unstable


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Rates at which a rate model stays, and what small changes of them do.

    Attributes
    ----------
    rates : mapping of str to Quantity
    eigenvalues_ : ndarray of complex, shape (state,)
        1/s, of the rate equations linearised there, the largest real part first.
    kind : str
        "stable node", "stable focus", "saddle", "unstable node", "unstable focus" or "marginal". A focus
        spirals.
    outside : tuple of str
        Populations for which the point lies outside of what was measured.
    """

    rates: FrozenDict
    eigenvalues_: np.ndarray
    kind: str
    outside: tuple = ()

    @property
    def stable(self):
        """Whether all small changes die away."""
        return self.kind.startswith("stable")

    @property
    def oscillatory(self):
        """Whether the slowest or growing changes oscillate."""
        return self.kind.endswith("focus")

    @property
    def eigenvalues(self):
        """Eigenvalues as a Quantity."""
        return with_units(self.eigenvalues_, "Hz")

    @property
    def rates_(self):
        """{population: rate in Hz}."""
        return {name: float(np.asarray(rate)) for name, rate in self.rates.items()}

    @property
    def time_constant(self):
        """Of the slowest decay or the fastest growth, s; infinite where marginal."""
        largest = abs(self.eigenvalues_[0].real)
        return with_units(1 / largest if largest > 0 else np.inf, "s")

    @property
    def frequency(self):
        """Of the leading mode, Hz; 0 where it does not oscillate."""
        return with_units(abs(self.eigenvalues_[0].imag) / (2 * np.pi), "Hz")

    def __repr__(self):
        rates = ", ".join(f"{name} {rate:.4g} Hz" for name, rate in self.rates_.items())
        return f"FixedPoint({rates}; {self.kind})"

    @property
    def _row(self):
        """What one wants to know of it, for people: as in `FixedPoints`."""
        return (
            *(number(rate) for rate in self.rates_.values()),
            self.kind,
            amount(self.time_constant, "s"),
            amount(self.frequency, "Hz") if self.oscillatory else "",
            ", ".join(self.outside),
        )

    def _repr_html_(self):
        return FixedPoints([self])._repr_html_()


class FixedPoints(list):
    """FixedPoint of a rate model, the lowest summed rate first.

    Attributes
    ----------
    complete : bool or None
        Whether these are all: True where every set of firing units was tried, or where gains are bounded and
        the indices sign(det(1 - d rates/d rates)) of all points add up to 1, as they must (degree theory);
        pairs of points whose indices cancel could still be missing. False where they do not add up, so that
        more exist. None where this cannot be told.
    """

    def __init__(self, points=(), complete=None):
        super().__init__(points)
        self.complete = complete

    @property
    def columns(self):
        """Names of the columns of `rows`."""
        names = self[0].rates_ if self else ()
        return (
            *(f"{name} (Hz)" for name in names),
            "kind",
            "time constant",
            "oscillates at",
            "outside of what was measured",
        )

    @property
    def rows(self):
        """One row of texts a point, in units of the field."""
        return [point._row for point in self]

    def _repr_html_(self):
        said = {True: "these are all", False: "there are more than these", None: ""}[self.complete]
        return (
            sheet_html(self.columns, self.rows, f"fixed points{f' ({said})' if said else ''}")
            if self
            else "<p>no fixed point</p>"
        )


def fixed_points(reduced, *, drives=None):
    """All fixed points of a rate model.

    Parameters
    ----------
    reduced : ReducedCircuit or ThresholdLinearNetwork
    drives : dict of str to Quantity, optional
        Constant rates that replace the circuit's.

    Returns
    -------
    FixedPoints
        A list, the lowest summed rate first; empty where there is none and activity runs away. Its `complete`
        says whether these are all, and a warning says so where they are not.

    Raises
    ------
    InputError
        If a drive varies in time, or there are more than 12 threshold-linear populations.

    Notes
    -----
    With threshold-linear gains every set of firing units is tried, so that none is missed. With other gains
    the roots of r = F(r) are sought from a grid of rates up to three times the measured ones, with those
    already found divided out (deflation), and where gains are bounded from ever more places until the indices
    of the roots add up. The eigenvalues are those of the rate equations with the model's time constants, one
    a population or, with tau "synaptic", one a pathway and with "resonant" the states of its cell's filter
    beside it; with one a population they are those of T^-1 (W f' - 1); a population that adapts has one more.
    Where a unit stands exactly at its threshold, or an eigenvalue is 0, the point is marginal. Of fixed
    points that form a line one is given, as marginal. Populations stand for their cells where there is one
    unit a cell.

    Examples
    --------
    >>> from b2reduce import reduce
    >>> [point.kind for point in fixed_points(reduce("ei_lif", noise="none"))]
    ['stable node']
    """
    if isinstance(reduced, ThresholdLinearNetwork):
        return FixedPoints(
            _ordered(
                _linear_point(reduced, active, mu)
                for active, mu in zip(reduced.active_sets_, reduced.points_)
            ),
            True,
        )
    require(reduced, ReducedCircuit, "fixed_points, reduced")
    drives_ = constant_drives_(reduced, drives)
    if all(
        reduced.gains[name].form == "threshold_linear" for name in reduced.populations
    ) and reduced.level in ("linear", "gain"):
        network = threshold_linear(reduced, drives=drives)
        return FixedPoints(
            _ordered(
                point_of_set_(reduced, network, active, mu, drives_)
                for active, mu in zip(network.active_sets_, network.points_)
            ),
            True,
        )
    found = roots_(reduced, drives_)
    complete = _index(reduced, found, drives_) == 1 if _bounded(reduced) else None
    if complete is False:
        warnings.warn(
            f"fixed_points: {len(found)} were found, and their indices do not add up to 1: more exist; start"
            " simulate_rates() from rates of interest (initial=)",
            AccuracyWarning,
            stacklevel=2,
        )
    return FixedPoints(_ordered(point_at_(reduced, rates_, drives_) for rates_ in found), complete)


def _bounded(reduced):
    """Whether no rate grows as fast as the rates that drive it, far out."""
    return reduced.level in ("surface", "transfer") or all(
        gain.form in ("logistic", "sqrt") for gain in reduced.gains.values()
    )


def _index(reduced, roots, drives_):
    """Sum of sign(det(1 - d rates/d rates)) over roots."""
    names = reduced.populations
    total = 0
    for rates_ in roots:
        slopes = slopes_(reduced, rates_, drives_)
        matrix = np.array(
            [
                [
                    sum(
                        slopes[p.label]
                        for p in reduced.circuit.pathways(target)
                        if not p.is_drive and p.source == source
                    )
                    for source in names
                ]
                for target in names
            ]
        )
        total += int(np.sign(np.linalg.det(np.eye(len(names)) - matrix)))
    return total


def threshold_linear(reduced, *, drives=None):
    """The rate model as a ThresholdLinearNetwork, its drives part of theta.

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
    >>> threshold_linear(reduce("ei_lif", noise="none")).runaway_statement()
    ''
    """
    require(reduced, ReducedCircuit, "threshold_linear, reduced")
    drives_ = constant_drives_(reduced, drives)
    names = reduced.populations
    for name in names:
        if reduced.gains[name].form != "threshold_linear" or reduced.level not in ("linear", "gain"):
            raise InputError(
                f"population {name}: got a"
                f" {reduced.level if reduced.level not in ('linear', 'gain') else reduced.gains[name].form}"
                " gain, expected a threshold-linear one; reduce with level = 'linear'"
            )
    theta_ = dict(reduced.theta_)
    for target in names:
        for p in reduced.circuit.pathways(target):
            if p.is_drive:
                theta_[target] -= reduced.weight_(p) * drives_[p.source, target]
    W_ = reduced.W_
    tau_ = [
        float(np.asarray(reduced.tau[name])) if name in reduced.tau else _membrane_(reduced, name)
        for name in names
    ]
    return ThresholdLinearNetwork(
        W=[[W_[target, source] for source in names] for target in names],
        theta=[theta_[name] for name in names],
        tau=tau_,
        names=names,
        beta=[float(np.asarray(reduced.gains[name].beta)) for name in names],
    )


def runaway_statement(reduced, *, drives=None):
    """What a model with threshold-linear gains does far above its thresholds: what grows, how fast, in which
    proportion; else empty.

    Other gains are known as far as they were measured; `simulate_rates` says what grows where one runs away.
    """
    linear = reduced.level in ("linear", "gain") and all(
        gain.form == "threshold_linear" for gain in reduced.gains.values()
    )
    return (
        threshold_linear(reduced, drives=drives).runaway_statement()
        if linear and not reduced.by_pathway
        else ""
    )


def _membrane_(reduced, name):
    model = reduced.circuit.populations[name].model
    return model.capacitance_ / float(np.asarray(reduced.operating_g[name]))


def slopes_(reduced, rates_, drives_):
    """{pathway.

    D rate of its target/d rate that it carries} of all projections, at rates of populations, by differences.
    """
    slopes = {}
    for target in reduced.populations:
        carried = {
            p.label: drives_[p.source, target] if p.is_drive else rates_[p.source]
            for p in reduced.circuit.pathways(target)
        }
        response = lambda carried: float(
            reduced.functions_[target](*reduced.carried_arguments_(target, carried))
        )
        for p in reduced.circuit.pathways(target):
            if p.is_drive:
                continue
            # A table is straight between its points and bends at them: steps as wide as a cell see its slope;
            # other gains are smooth.
            step = (2e-2 if reduced.level in ("surface", "transfer") else 1e-5) * max(carried[p.label], 1.0)
            up, down = carried[p.label] + step, max(carried[p.label] - step, 0.0)
            slopes[p.label] = (response({**carried, p.label: up}) - response({**carried, p.label: down})) / (
                up - down
            )
    return slopes


def _eigenvalues(reduced, slopes, rates_):
    """Of the rate equations: with one filter a pathway as many as pathways, else one a population; and one
    for each that adapts.

    What is filtered is s_k, the rate that pathway k carries, or u_a = sum_k (dr_a/ds_k) s_k of a population.
    Where cells adapt, r_a = (what is filtered) - beta_a a_a with slopes and beta at onset.
    """
    names, adapting = (
        reduced.populations,
        [name for name in reduced.populations if name in reduced.adaptation],
    )
    pathways = [p for target in names for p in reduced.circuit.pathways(target) if not p.is_drive]
    steady = {name: float(np.asarray(reduced.gains[name].beta)) for name in adapting}
    beta = np.array(
        [
            reduced.adaptation[name].onset_slope_(steady[name]) if rates_[name] > 0 else 0.0
            for name in adapting
        ]
    )
    slopes = {
        p.label: (
            slopes[p.label]
            / (1 - steady[p.target] * reduced.adaptation[p.target].J_ if p.target in steady else 1.0)
        )
        for p in pathways
    }
    to_rate = np.array([[slopes[p.label] * (p.target == name) for p in pathways] for name in names]).reshape(
        len(names), len(pathways)
    )
    if reduced.by_pathway:
        sources = np.array([[p.source == name for name in names] for p in pathways], dtype=float).reshape(
            len(pathways), len(names)
        )
        taus = np.array([p.tau_ for p in pathways])
    else:
        sources = np.array(
            [
                [
                    sum(slopes[p.label] for p in pathways if (p.target, p.source) == (target, source))
                    for source in names
                ]
                for target in names
            ]
        )
        to_rate, taus = (
            np.diag([float(rates_[name] > 0) for name in names]),
            np.array([float(np.asarray(reduced.tau[name])) for name in names]),
        )
    # d state/dt = A state + B (what comes in), what is filtered = C state: one state each, or a chain of
    # synapse and cell.
    A, B, C = -np.diag(1 / taus), np.diag(1 / taus), np.eye(len(taus))
    if reduced.tau_choice == "resonant" and pathways:
        from scipy.linalg import block_diag

        chains = [reduced.responses[p.target].best.chain_(p.tau_) for p in pathways]
        A, B, C = (
            block_diag(*parts)
            for parts in (
                [A for A, _, _ in chains],
                [B[:, None] for _, B, _ in chains],
                [C[None] for _, _, C in chains],
            )
        )
    J = A + B @ sources @ to_rate @ C
    if adapting:
        chosen = np.array([[name == other for other in names] for name in adapting], dtype=float)
        charge, slow = (
            np.array([getattr(reduced.adaptation[name], key) for name in adapting]) for key in ("J_", "tau_")
        )
        J = np.block(
            [
                [J, -(B @ sources @ chosen.T) * beta],
                [(charge / slow)[:, None] * (chosen @ to_rate @ C), -np.diag((1 + charge * beta) / slow)],
            ]
        )
    values = np.linalg.eigvals(J) if len(J) else np.array([-np.inf + 0j])
    return values[np.lexsort((-values.imag, -values.real))].astype(complex)


def _kind(eigenvalues, marginal=False):
    """What the linearised equations say."""
    real, slack = eigenvalues.real, MARGIN * np.max(np.abs(eigenvalues.real))
    if marginal or (abs(real[0]) <= slack):
        return "marginal"
    spirals = "focus" if abs(eigenvalues[0].imag) > slack else "node"
    if real[0] < 0:
        return f"stable {spirals}"
    if spirals == "focus":
        return "unstable focus"
    return "unstable node" if np.all(real > 0) else "saddle"


def point_at_(reduced, rates_, drives_, slopes=None, marginal=False):
    """The FixedPoint at rates where r = F(r)."""
    eigenvalues = _eigenvalues(
        reduced, slopes_(reduced, rates_, drives_) if slopes is None else slopes, rates_
    )
    eigenvalues.setflags(write=False)
    beyond = tuple(name for name in reduced.populations if is_outside(reduced, name, rates_, drives_))
    return FixedPoint(
        FrozenDict({name: with_units(rate, "Hz") for name, rate in rates_.items()}),
        eigenvalues,
        _kind(eigenvalues, marginal),
        beyond,
    )


def point_of_set_(reduced, network, active, mu, drives_):
    """The FixedPoint of a threshold-linear model at which the units of `active` fire."""
    rates_ = dict(zip(network.names, network.rates_(mu).tolist()))
    slopes = {
        p.label: network.beta_[number] * active[number] * reduced.weight_(p)
        for number, target in enumerate(network.names)
        for p in reduced.circuit.pathways(target)
        if not p.is_drive
    }
    return point_at_(reduced, rates_, drives_, slopes, marginal=bool(network.at_threshold_(mu).any()))


def _linear_point(network, active, mu):
    eigenvalues = network.eigenvalues_(active).astype(complex)
    at_threshold = network.at_threshold_(mu)
    if len(mu) == 1 and at_threshold[0]:  # it moves down as the silent unit does and up as the firing one
        eigenvalues = max(
            (network.eigenvalues_(unit).astype(complex) for unit in ((False,), (True,))),
            key=lambda values: values[0].real,
        )
        at_threshold = np.array([False])
    eigenvalues.setflags(write=False)
    return FixedPoint(
        FrozenDict(
            {name: with_units(rate, "Hz") for name, rate in zip(network.names, network.rates_(mu).tolist())}
        ),
        eigenvalues,
        _kind(eigenvalues, bool(at_threshold.any())),
    )


def _ordered(points):
    return sorted(points, key=lambda point: sum(point.rates_.values()))


def roots_(reduced, drives_):
    """[{population.

    Rate}] where r = F(r), by Newton's method from many starts with the roots found divided out.
    """
    from scipy.optimize import root

    names = reduced.populations

    def excess(r):
        rates = reduced.response_(dict(zip(names, np.maximum(r, 0.0))), drives_)
        return np.array([float(rates[name]) for name in names]) - r

    top = REACH * max(float(np.asarray(reduced.gains[name].rates[1])) for name in names)
    per_axis = next(n for n in range(STARTS, 1, -1) if n ** len(names) <= MOST_STARTS or n == 2)
    starts = list(product(*[top * np.linspace(0, 1, per_axis) ** 2] * len(names)))
    if len(starts) > MOST_STARTS:
        starts = list(top * np.random.default_rng(0).random((MOST_STARTS, len(names))) ** 2)
    settled = [
        reduced.steady_rates_(drives_, dict(zip(names, start)))
        for start in (np.zeros(len(names)), np.full(len(names), top))
    ]
    known = [
        np.array([rates[name] for name in names])
        for rates in settled
        if np.isfinite(list(rates.values())).all()
    ]
    found = []

    def new(r):
        return all(np.max(np.abs(r - other)) > SAME * max(np.max(np.abs(other)), 1.0) for other in found)

    def polished(r):
        answer = root(excess, r, tol=1e-12)
        return answer.x if np.max(np.abs(answer.fun)) < 1e-7 * max(np.max(np.abs(answer.x)), 1.0) else None

    def look(start):
        while True:
            deflated = lambda r: (
                excess(r)
                * np.prod([1 + (top / REACH) ** 2 / max(np.sum((r - other) ** 2), 1e-300) for other in found])
            )
            r = polished(root(deflated, start, tol=1e-10).x)
            if r is None or np.any(r < -SAME) or not new(r):
                return
            found.append(np.maximum(r, 0.0))

    for start in [*known, *starts]:
        look(start)
    if _bounded(reduced):
        # Between two roots whose indices do not add up lies another; elsewhere chance decides, at all sizes
        # of rates alike.
        rng = np.random.default_rng(0)
        largest = np.array(
            [
                (
                    min(float(np.max(gain.params["r_max"])), top)
                    if gain.form == "logistic" and reduced.level == "gain"
                    else top
                )
                for gain in map(reduced.gains.get, names)
            ]
        )
        for turn in range(MOST_EXTRA):
            if _index(reduced, [dict(zip(names, r.tolist())) for r in found], drives_) == 1:
                break
            pair = rng.permutation(len(found))[:2]
            for _ in range(EXTRA):
                between = (
                    found[pair[0]] + rng.random(len(names)) * (found[pair[-1]] - found[pair[0]])
                    if turn % 2 and len(pair) == 2
                    else (largest * rng.random(len(names)) ** rng.choice([0.3, 1.0, 3.0]))
                )
                # With and without what was found divided out: deflation bends the way to roots that lie close
                plain = polished(between)
                if plain is not None and np.all(plain >= -SAME) and new(plain):
                    found.append(np.maximum(plain, 0.0))
                look(between)
    return [dict(zip(names, r.tolist())) for r in found]
