"""Standard errors of what a reduction derives, from those of what it measures."""

from __future__ import annotations

import numpy as np

from ..basics.units import with_units
from ..cells.gain_fitting import within_window
from ..cells.gain_forms import FORMS, slope_by_name

__all__ = ["gain_covariance_", "standard_errors"]

STEP = 1e-6  # relative, of the differences that give derivatives
REPEATS = 400  # fits to rates with other errors: their scatter is known to 1/sqrt(800), 4 %


def gain_covariance_(fit, surface, held_sem_=0.0):
    """Covariance of (I_theta, v_theta, beta), SI, that chance in the measured rates makes, shape (3, 3).

    Parameters
    ----------
    fit : GainFit
    surface : FISurface or None
        What it was fitted to. Without it, and where its rates have no errors, the covariance is that of the
        fit's residuals.
    held_sem_ : float
        Standard error of the rate that the law passes through, Hz.
    """
    names = ["I_theta", "v_theta", "beta"]
    lo, hi = (float(np.asarray(rate)) for rate in fit.rates)
    inside = (
        np.zeros(0, dtype=bool)
        if surface is None
        else within_window(surface.rate_, lo, hi) & ~surface.blocked
    )
    if not inside.any() or not np.all(surface.rate_sem_[inside] > 0):
        return (
            fit.covariance.loc[names, names].to_numpy()
            if fit.covariance is not None
            else np.full((3, 3), np.nan)
        )
    return (_of_repeated_fits if fit.form == "threshold_linear" else _of_linearised_fit)(
        fit, surface, lo, hi, held_sem_
    )


def _held(fit):
    """(I, g, rate) that a fit passes through; None if it was not made to."""
    return (
        None
        if fit.through is None
        else tuple(float(np.asarray(fit.through[name])) for name in ("I", "g", "rate"))
    )


def _of_repeated_fits(fit, surface, lo, hi, held_sem_):
    """From planes fitted to rates that a smooth surface with the same errors would have given, on grids with
    another start.

    A straight line through a curve depends on where its points lie and on which of them fall into the window,
    which chance decides as well.
    """
    known = np.isfinite(surface.rate_) & (surface.rate_ > 0) & ~surface.blocked
    i, j = np.nonzero(known)
    I_, g_, rate, sem = surface.I_[i], surface.g_[j], surface.rate_[known], surface.rate_sem_[known]
    spacing = np.median(np.diff(surface.I_)) if surface.I_.size > 1 else 0.0
    I_0, width, g_0, g_width = I_.mean(), np.ptp(I_), g_.mean(), np.ptp(g_)
    near = within_window(rate, 0.75 * lo, 1.25 * hi)  # beyond, a parabola is no surface
    powers = lambda I_, g_: np.stack(
        [
            ((I_ - I_0) / width) ** a * ((g_ - g_0) / g_width) ** b
            for a, b in ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
        ],
        axis=-1,
    )
    smooth = np.linalg.lstsq(powers(I_[near], g_[near]), rate[near], rcond=None)[0]
    I_, g_, sem = I_[near], g_[near], sem[near]
    rng, held, found = np.random.default_rng(0), _held(fit), []
    for _ in range(REPEATS):
        current = I_ + spacing * rng.uniform(-0.5, 0.5)
        seen = powers(current, g_) @ smooth + sem * rng.normal(size=sem.size)
        inside = within_window(seen, lo, hi)
        if inside.sum() < 4 or np.ptp(g_[inside]) == 0:
            continue
        x, y, r = (current[inside] - I_0) / width, (g_[inside] - g_0) / g_width, seen[inside]
        if held is None:
            level, rise, tilt = np.linalg.lstsq(np.column_stack([np.ones(r.size), x, y]), r, rcond=None)[0]
        else:
            x_0, y_0, r_0 = (
                (held[0] - I_0) / width,
                (held[1] - g_0) / g_width,
                held[2] + held_sem_ * rng.normal(),
            )
            rise, tilt = np.linalg.lstsq(np.column_stack([x - x_0, y - y_0]), r - r_0, rcond=None)[0]
            level = r_0 - rise * x_0 - tilt * y_0
        v_theta = -tilt / rise * width / g_width
        found.append((I_0 - width * level / rise - v_theta * g_0, v_theta, rise / width))
    if len(found) < REPEATS // 2:
        return np.full((3, 3), np.nan)
    # Half of the distances between quantiles that enclose 68 %, as scales: a few plane fits through too few
    # points do not decide.
    values = np.array(found)
    scale = np.diff(np.quantile(values, [0.16, 0.84], axis=0), axis=0)[0] / 2
    return np.corrcoef(values.T) * np.outer(scale, scale)


def _of_linearised_fit(fit, surface, lo, hi, held_sem_):
    """With J = dr/dp at the points and c = dr/dp where the law is held, constrained least squares move by K
    (J^T dr, dr_0), where K is the inverse of [[J^T J, c], [c^T, 0]].
    """
    inside = within_window(surface.rate_, lo, hi) & ~surface.blocked
    I_, g_ = (grid[inside] for grid in np.meshgrid(surface.I_, surface.g_, indexing="ij"))
    form, sem = FORMS[fit.form], surface.rate_sem_[inside]
    values = {
        name: float(np.asarray(value))
        for name, value in fit.params.items()
        if name != "beta" or name in form.names
    }
    free = ["I_theta", "v_theta", *(name for name, fixed in zip(form.names, form.fixed) if not fixed)]
    # Parameters in units in which all move the rates alike.
    unit = {
        "I_theta": np.ptp(I_),
        "v_theta": np.ptp(I_) / g_.mean(),
        **{name: abs(values[name]) or 1.0 for name in free[2:]},
    }

    def derivative(function):
        moved = lambda name, sign: function({**values, name: values[name] + sign * STEP * unit[name]})
        return np.column_stack(
            [np.atleast_1d((moved(name, 1) - moved(name, -1)) / (2 * STEP)) for name in free]
        )

    shape = lambda values: [values[name] for name in form.names]
    law = lambda I_, g_: (
        lambda values: form.f(I_ - values["I_theta"] - values["v_theta"] * g_, *shape(values))
    )
    J = derivative(law(I_, g_))
    matrix, right = J.T @ J, J.T
    if (held := _held(fit)) is not None:
        c = derivative(law(np.array([held[0]]), np.array([held[1]])))[0]
        matrix = np.block([[matrix, c[:, None]], [c[None], np.zeros((1, 1))]])
        right = np.block([[right, np.zeros((len(free), 1))], [np.zeros((1, sem.size)), np.ones((1, 1))]])
        sem = np.append(sem, held_sem_)
    follows = (np.linalg.pinv(matrix) @ right)[: len(free)]
    onto = np.vstack(
        [
            np.eye(len(free))[:2] * [[unit["I_theta"]], [unit["v_theta"]]],
            derivative(lambda values: slope_by_name(form, shape(values), (lo + hi) / 2)),
        ]
    )
    return onto @ follows * sem**2 @ (onto @ follows).T


def standard_errors(reduced):
    """{"W", "W_ext", "theta", "v_theta", "beta", "tau", "rates": {key.

    Quantity}}, as `ReducedCircuit.stderr`.
    """
    names, circuit = reduced.populations, reduced.circuit
    found = {name: {} for name in ("W", "W_ext", "theta", "v_theta", "beta", "tau", "rates")}
    rates = _rate_covariance(reduced)
    for number, name in enumerate(names):
        gain, model = reduced.gains[name], circuit.populations[name].model
        C = gain_covariance_(gain, reduced.surfaces.get(name), reduced.operating_out_sem.get(name, 0.0))
        onto_theta = np.array([1.0, model.leak_, 0.0])  # theta = I_theta + g_leak v_theta - I_const
        found["theta"][name] = with_units(float(np.sqrt(onto_theta @ C @ onto_theta)), gain.current_unit)
        found["v_theta"][name] = with_units(float(np.sqrt(C[1, 1])), "V")
        found["beta"][name] = with_units(float(np.sqrt(C[2, 2])), "Hz m^2/A" if gain.per_area else "Hz/A")
        found["rates"][name] = with_units(float(np.sqrt(rates[number, number])), "Hz")
        charge = "C/m^2" if gain.per_area else "C"
        for kind, sources in (("W", names), ("W_ext", circuit.drive_names)):
            for source in sources:
                # W falls with v_theta by the leak that comes with it; parallel pathways move together.
                size = sum(
                    p.leak_(1.0) * reduced.at_rest_(p, p.release_)
                    for p in circuit.pathways(name)
                    if p.source == source and p.is_drive == (kind == "W_ext")
                )
                found[kind][name, source] = with_units(size * float(np.sqrt(C[1, 1])), charge)
        if (error := reduced.dynamics.stderr_(reduced, name, rates)) is not None:
            found["tau"][name] = with_units(error, "s")
    return found


def _rate_covariance(reduced):
    """Covariance of the errors of the rates at rest, Hz^2.

    A gain that passes through the operating point is as uncertain there as that point. Others err by their
    own errors at it, and the loop multiplies these by (1 - d rates/d rates)^-1.
    """
    names = reduced.populations
    covariance = np.array([[reduced.operating_covariance.get((a, b), 0.0) for b in names] for a in names])
    own = np.zeros(len(names))
    for number, name in enumerate(names):
        gain = reduced.gains[name]
        if gain.through is None:
            I_, g_ = (
                float(np.asarray(values[name])) for values in (reduced.operating_I, reduced.operating_g)
            )
            C = gain_covariance_(gain, reduced.surfaces.get(name))
            x = I_ - float(np.asarray(gain.I_theta)) - float(np.asarray(gain.v_theta)) * g_
            slope = float(gain.slope_(x))
            onto_rate = np.array([-slope, -slope * g_, x if slope > 0 else 0.0])
            own[number] = onto_rate @ C @ onto_rate
    if not own.any():
        return covariance
    inverse = np.linalg.pinv(
        np.eye(len(names)) - np.array([[reduced.loop_[a, b] for b in names] for a in names])
    )
    return covariance + inverse @ np.diag(own) @ inverse.T
