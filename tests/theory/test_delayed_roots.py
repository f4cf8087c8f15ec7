"""Roots of equations with delays: against closed forms, and against the transcendental equation itself."""

import numpy as np
import pytest
from brian2 import Hz, ms, nS, second, siemens
from scipy.integrate import quad
from scipy.optimize import brentq, fsolve
from scipy.special import lambertw

import b2reduce as b2r
from b2reduce.circuit.delays import AT_ONCE
from b2reduce.reduction.drives import constant_drives_
from b2reduce.reduction.loops.model_system import slopes_
from b2reduce.reduction.loops.rate_loop import RateLoop
from b2reduce.reduction.loops.roots import Delayed, DelayedSystem, refined
from b2reduce.theory.eigenvalues import eigenvalues_at_

from .. import cases
from ..loops import fixed, link, uniform

SCALE_ = 100.0  # 1/s


def scalar(a, b, delays):
    """X' = -a x + b x(t - d)."""
    return DelayedSystem([[-a]], [Delayed(np.array([b]), np.ones(1), delays)])


def rightmost(values, number):
    """Those with the largest real parts, of the upper half plane."""
    values = values[values.imag >= -1e-9]
    return values[np.argsort(-values.real)][:number]


@pytest.mark.parametrize("a, b, d", [(100, -250, 4e-3), (50, 30, 10e-3), (20, -15, 30e-3), (0, -150, 10e-3)])
def test_roots_of_one_delay_are_those_of_lambert(a, b, d):
    # (s + a) d exp((s + a) d) = b d exp(a d), so that s = W_k(b d exp(a d))/d - a.
    exact = rightmost(np.array([lambertw(b * d * np.exp(a * d), k) / d - a for k in range(-3, 4)]), 3)
    values = scalar(a, b, fixed(d)).eigenvalues_()
    for root in exact:
        # 34 nodes over 10 ms hold exp(s d) for |s| d below 25 to far more than this.
        assert np.min(np.abs(values - root)) < 1e-6 * abs(root)
    found = refined(values, lambda s: (s + a - b * np.exp(-s * d)) / SCALE_, SCALE_)
    for root in exact:
        assert np.min(np.abs(found - root)) < 1e-8 * abs(root)
    assert abs(found[0] - exact[0]) < 1e-8 * abs(exact[0]), "and the first is the rightmost"
    np.testing.assert_allclose(scalar(a, b, fixed(d)).eigenvalues_(delays=False), [b - a], rtol=1e-12)
    assert abs(exact[0] - (b - a)) > 0.1 * abs(exact[0]), "delays left out would be seen"


def test_what_is_no_root_is_left_out_and_what_is_one_is_given_once():
    exact = np.array([-3 + 40j, -3 - 40j, -10])
    function = lambda s: np.prod([(s - root) / SCALE_ for root in exact], axis=0)
    found = refined(np.repeat(exact, 3) + np.arange(9) * 0.1, function, SCALE_)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-6 * SCALE_)
    assert refined(np.array([1.0 + 5j]), lambda s: 1 + 0 * s, SCALE_).size == 0


TAU_, D_ = 10e-3, 3e-3


def inhibited(g, delays=None):
    """Tau r' = -r - g r(t - d) of one population."""
    return RateLoop(("I",), (link("I", "I", -g, TAU_, delays or fixed(D_)),))


def critical():
    """(g, angular frequency) where it begins to oscillate: 1 + i w tau = -g exp(-i w d), so that tan(w d) =
    -w tau with w d in the second quadrant, and g = -1/cos(w d).
    """
    w = brentq(
        lambda w: np.sin(w * D_) + w * TAU_ * np.cos(w * D_),
        (np.pi / 2) / D_,
        np.pi / D_,
        xtol=1e-12,
        rtol=1e-14,
    )
    return -1 / np.cos(w * D_), w


def test_delayed_inhibition_oscillates_from_the_gain_of_the_closed_form():
    g, w = critical()
    assert inhibited(g * (1 - 1e-3)).growing_() == 0
    assert inhibited(g * (1 + 1e-3)).growing_() == 2
    # A step of 1e-6 of g to the side of rest moves the root by about as much of itself
    first = inhibited(g * (1 - 1e-6)).roots_()[0]
    assert abs(first.real) < 1e-5 * w and abs(first.imag) == pytest.approx(w, rel=1e-5)
    # On either side d s/d g = exp(-s d)/(tau + ...): the real part has the sign of the distance
    assert inhibited(g * 0.99).roots_()[0].real < 0 < inhibited(g * 1.01).roots_()[0].real
    assert inhibited(10 * g, AT_ONCE).growing_() == 0, "inhibition without delay never oscillates"
    assert inhibited(g * 1.05, fixed(0.9 * D_)).growing_() == 0, "a delay shorter by a tenth would be seen"


def test_roots_far_beyond_the_first_instability_are_all_counted():
    g = critical()[0]
    # The next pairs cross where w d lies in the quadrants 6 and 10: w d about (2 n + 1/2) pi, g = -1/cos
    gains = [
        -1
        / np.cos(
            brentq(
                lambda x: np.sin(x) + x * TAU_ / D_ * np.cos(x),
                (2 * n + 0.5) * np.pi,
                (2 * n + 1) * np.pi,
                xtol=1e-13,
            )
        )
        for n in range(3)
    ]
    assert gains[0] == pytest.approx(g, rel=1e-9)
    for n, gain in enumerate(gains):
        assert inhibited(gain * 0.999).growing_() == 2 * n
        loop = inhibited(gain * 1.001)
        assert loop.growing_() == int(np.sum(loop.roots_().real > 0)) == 2 * (n + 1)


def test_two_populations_without_delays_have_the_eigenvalues_of_their_matrix():
    G, tau = np.array([[1.5, -2.0], [2.5, -0.5]]), np.array([20e-3, 10e-3])
    names = ("E", "I")
    links = [link(names[b], names[a], G[a, b], tau[a]) for a in range(2) for b in range(2)]
    loop, J = RateLoop(names, tuple(links)), (G - np.eye(2)) / tau[:, None]
    exact = np.linalg.eigvals(J)
    assert abs(exact[0].imag) > 50, "they oscillate"
    found = loop.roots_()
    assert len(found) == 2, "four links have four states, of which two are no roots"
    for root in exact:
        assert np.min(np.abs(found - root)) < 1e-8 * abs(root)
    # det(1 - H) is the characteristic polynomial over that of the filters
    s = np.array([10 + 30j, -20 + 500j])
    polynomial = np.linalg.det(s[:, None, None] * np.eye(2) - J) * np.prod(tau)
    np.testing.assert_allclose(
        loop.determinant_(s), polynomial / np.prod(1 + s[:, None] * tau, axis=1), rtol=1e-12
    )
    swapped = tuple(link(names[b], names[a], G[a, b], tau[1 - a]) for a in range(2) for b in range(2))
    assert np.min(np.abs(RateLoop(names, swapped).roots_() - exact[0])) > 0.1 * abs(exact[0]), (
        "time constants of the other population would be seen"
    )


@pytest.mark.parametrize("g, least_, greatest_", [(4.0, 0.5e-3, 6e-3), (12.0, 0.0, 8e-3)])
def test_roots_of_a_spread_of_delays_solve_the_integral_equation(g, least_, greatest_):
    def mean(s):
        """The mean of exp(-s d), by quadrature of its two parts."""
        part = lambda which: quad(
            lambda d: getattr(np.exp(-s * d), which), least_, greatest_, epsabs=1e-14, epsrel=1e-12
        )[0]
        return (part("real") + 1j * part("imag")) / (greatest_ - least_)

    def left(x):
        s = 100 * complex(*x)
        value = 1 + s * TAU_ + g * mean(s)
        return [value.real, value.imag]

    found = inhibited(g, uniform(least_, greatest_)).roots_()
    own = found[found.imag > 0][:2]
    assert len(own) == 2
    for root in own:
        exact = 100 * complex(*fsolve(left, [root.real / 100 * 1.05, root.imag / 100 * 0.97], xtol=1e-13))
        assert abs(root - exact) < 1e-8 * abs(exact)
    alike = inhibited(g, fixed((least_ + greatest_) / 2)).roots_()[0]
    assert abs(alike - found[0]) > 0.05 * abs(found[0]), "the mean delay in its place would be seen"


def determinant(reduced, s, late=True):
    """Det(1 - H) of the linear rate model: W by pathway behind its filter and its delay of 1 ms."""
    names = reduced.populations
    H = np.zeros((2, 2), dtype=complex)
    for a, target in enumerate(names):
        beta, tau_ = float(np.asarray(reduced.gains[target].beta)), 0.0
        for p in reduced.circuit.pathways(target):
            if p.is_drive:
                continue
            tau_ = p.tau_ if reduced.by_pathway else float(np.asarray(reduced.tau[target]))
            H[a, names.index(p.source)] += (
                beta * reduced.weight_(p) / (1 + s * tau_) * (np.exp(-s * 1e-3) if late else 1)
            )
    return np.linalg.det(np.eye(2) - H)


@pytest.mark.parametrize("tau", ["membrane", "synaptic"])
def test_eigenvalues_of_a_model_with_delays_solve_its_equation(tau):
    reduced = cases.reduced(tau=tau)
    [point] = [point for point in b2r.fixed_points(reduced) if point.stable]
    [prompt] = [point for point in b2r.fixed_points(reduced, delays=False) if point.stable]
    slopes = slopes_(reduced, point.rates_, constant_drives_(reduced, None))
    plain, late = (eigenvalues_at_(reduced, slopes, point.rates_, delays=delays) for delays in (False, True))
    assert (np.diff(late.real) <= 0).all(), "the largest real part first"
    # Slopes of straight gains by differences: rounding of 1e-10
    np.testing.assert_allclose(plain, prompt.eigenvalues_, rtol=1e-7)
    assert point.rates_ == prompt.rates_, "where rates rest has no delays"
    np.testing.assert_allclose(late[:2], point.eigenvalues_[:2], rtol=1e-7)
    poles = np.array([-1 / p.tau_ for name in "EI" for p in reduced.circuit.pathways(name)])
    # Two pathways with the same filter have a state whose sum nothing hears: no root
    own = [root for root in late if np.min(np.abs(root - poles)) > 1e-6 * abs(root)][:2]
    for root in own:
        # The determinant is of order one and changes over 100/s: 1e-6 of it is 1e-4/s of a root
        assert abs(determinant(reduced, root)) < 1e-6
        assert abs(determinant(reduced, root, late=False)) > 1e-2, "delays left out would be seen"


def test_hopf_points_of_a_branch_are_where_the_closed_form_has_them():
    """tau mu' = -mu - g r(t - d) of one population: g = sqrt(1 + (w tau)^2) with w d + atan(w tau) = pi."""
    tau, d = 5e-3, 3e-3
    circuit = b2r.Circuit(
        populations={"I": b2r.Population("lif", 1000)},
        drives=[b2r.Drive("ext", "I", 500, 20 * Hz, 0.5 * nS, 5 * ms, "0 mV")],
        projections=[
            b2r.Projection(
                "I", "I", G="0.5 nS", tau="10 ms", E="-80 mV", in_degree=100, delay=f"{1e3 * d:g} ms"
            )
        ],
    )
    reduced = b2r.reduce(circuit, gains={"I": cases.gain()}, tau=tau * second)
    branch = b2r.continue_fixed_points(reduced, "projection.I->I.G", [0.01, 20] * nS)
    (found,) = branch.special[branch.special["what"] == "hopf"].itertuples()
    w = brentq(lambda w: w * d + np.arctan(w * tau) - np.pi, 1.0, np.pi / d)
    there = reduced.replace({"projection.I->I.G": found[2] * siemens})
    loop = -float(np.asarray(there.gains["I"].beta)) * float(np.asarray(there.W["I", "I"]))
    assert loop == pytest.approx(np.sqrt(1 + (w * tau) ** 2), rel=1e-6)
    assert found[-1] == pytest.approx(w / (2 * np.pi), rel=1e-6)
    # A control: without delays one population has no complex eigenvalues, and nothing crosses
    (still,) = b2r.fixed_points(there.replace({"projection.I->I.G": 10 * nS}), delays=False)
    assert still.stable and not b2r.fixed_points(there.replace({"projection.I->I.G": 10 * nS}))[0].stable
