"""What is measured of a population around an operating point: its f-I surface, and its transfer function."""

from __future__ import annotations

import numpy as np

from ..basics.streams import OfSurface, seed_streams
from ..cells.points import measure_points
from ..cells.response import response_at_
from ..cells.surface import FISurface
from .control_variates import ControlledRates, rise_with_current
from .inputs import source_rate, sources_of

__all__ = ["range_of_currents", "rate_window", "responses_at", "surface_at"]

G_SPAN, G_POINTS = 0.25, 5
RATE_SPAN, RATE_SPAN_ = 0.5, 3.0  # relative, and in Hz at least
# Within the window at each conductance, in noise and without; cells per point
CURRENTS, QUIET_CURRENTS, SURFACE_REPLICATES = 15, 25, 16
SURFACE_RTOL, SURFACE_ATOL_ = 0.015, 0.04  # wanted standard error of each rate: relative, plus Hz
NOISE_FREE_RATE_ = 60.0
_PILOT_ = 0.4  # s, only to find the currents that span the window
WIDE = 1.5  # times the upper end of the window: how far a surface reaches that answers by itself


def rate_window(rate_, noise=True):
    """The rates at which a gain is fitted, Hz.

    In noise 0.5 to 1.5 of the operating rate, at least 3 Hz either side, from 0. Without noise the whole
    range up to 60 Hz or 1.5 of the operating rate: near its onset the noise-free curve is too steep to mean
    anything.
    """
    if not noise:
        return 0.0, max((1 + RATE_SPAN) * rate_, NOISE_FREE_RATE_)
    return max(0.0, min((1 - RATE_SPAN) * rate_, rate_ - RATE_SPAN_)), max(
        (1 + RATE_SPAN) * rate_, rate_ + RATE_SPAN_
    )


def surface_at(circuit, population, point, window_, noise=True, wide=False, *, seed, dt_, engine="auto", bar):
    """The f-I surface of a population around its operating point, under the noise it has there.

    Conductances lie within 25 % of the operating value, currents where rates pass through the window, with
    `wide` on to where they are next to nothing and `WIDE` times its upper end. Points expected far outside
    are left out (NaN).

    Returns
    -------
    surface : FISurface
    warnings : list of str
    """
    model, warnings = circuit.populations[population].model, []
    sources = sources_of(circuit, population, point.rate_, point.drives_, point.cv2_) if noise else ()
    g_0, floor = point.g_[population], sum(source.leak_ for source in sources)
    lowest = (1 - G_SPAN) * g_0
    if lowest < floor:
        # Nearly all of the leak is synaptic: below its mean the cell would need a negative leak.
        lowest = floor + 0.05 * (g_0 - floor)
        warnings.append(
            f"population {population}: the synapses carry {100 * floor / g_0:.0f} % of the leak, so the gain"
            f" is measured from {lowest / g_0:.2f} instead of {1 - G_SPAN:.2f} of the operating conductance"
        )
    g_ = np.linspace(lowest, (1 + G_SPAN) * g_0, G_POINTS)
    fitted, (lo, hi) = window_, (0.0, WIDE * window_[1]) if wide else window_
    settings = dict(dt_=dt_, engine=engine)
    settled_ = point.settled_.get(population, 0.0)
    tried = range_of_currents(
        model,
        point.I_[population],
        g_,
        sources,
        max(lo, 0.05 * hi),
        hi,
        noise,
        seed,
        settings,
        bar,
        population,
        settled_,
    )
    # The pilot's scatter is not the curve's
    tried = [(currents, np.maximum.accumulate(rates)) for currents, rates in zip(*tried)]
    crossing = lambda level: np.array([np.interp(level, rates, currents) for currents, rates in tried])
    # As closely spaced as the window alone would have it.
    density = np.median(
        (crossing(hi) - crossing(max(lo, 0.05 * hi)))
        / np.maximum(crossing(fitted[1]) - crossing(max(fitted[0], 0.05 * fitted[1])), 1e-300)
    )
    I_ = _currents(
        g_,
        crossing(max(lo, 0.05 * hi)),
        crossing(hi),
        int(np.clip(density, 1, 4) * (CURRENTS if noise else QUIET_CURRENTS)),
    )
    if I_ is None:
        warnings.append(
            f"population {population}: no current spans the rates {lo:.3g} to {hi:.3g} Hz; the f-I curve"
            " jumps over them"
        )
        I_ = np.linspace(-1e-3, 1e-3, CURRENTS) * g_0 + np.median(crossing(hi))
    margin = 0.25 * (fitted[1] - fitted[0])
    expected = np.array([np.interp(I_, currents, rates) for currents, rates in tried]).T  # (I, g)
    i, j = np.nonzero((expected >= lo - margin) & (expected <= hi + margin))
    warmup_ = max(0.5, settled_)
    duration_ = warmup_ + (2.0 if noise else 1.5)
    measure = lambda points, replicates, *round_, **more: measure_points(
        model,
        I_[i[points]],
        g_[j[points]],
        sources,
        replicates=replicates,
        duration_=duration_,
        warmup_=warmup_,
        seed=seed_streams(seed, OfSurface.GRID, *round_),
        report=bar.stage(f"f-I surface of {population}"),
        **more,
        **settings,
    )
    measured = measure(slice(None), SURFACE_REPLICATES if noise else 1, check=True)
    warnings += [f"population {population}: {warning}" for warning in measured.warnings]
    rates = measured.rate_, measured.rate_sem_
    if noise and sources:
        controlled = ControlledRates(rise_with_current(I_[i], g_[j]), sources, duration_ - warmup_)
        controlled.add(np.arange(i.size), measured, SURFACE_REPLICATES)
        rates = controlled.rates_
    wanted = SURFACE_RTOL * rates[0] + SURFACE_ATOL_
    unsure = np.flatnonzero(rates[1] > wanted) if noise else []
    if len(unsure):
        excess = np.median((rates[1] / wanted)[unsure])
        more = int(min(3 * SURFACE_REPLICATES, np.ceil(SURFACE_REPLICATES * (excess**2 - 1))))
        added = measure(unsure, more, 1)
        measured = measured.pooled(unsure, added)
        rates = measured.rate_, measured.rate_sem_
        if sources:
            controlled.add(unsure, added, more)
            rates = controlled.rates_
    grids = {}
    for name, values in zip(("rate_", "rate_sem_"), rates):
        grids[name] = np.full((I_.size, g_.size), np.nan)
        grids[name][i, j] = values
    for name in ("onset_rate_", "cv_"):
        grids[name] = np.full((I_.size, g_.size), np.nan)
        grids[name][i, j] = getattr(measured, name)
    provenance = {
        "model": model.name,
        "model_hash": model.hash,
        "population": population,
        "engine": measured.engine,
        "dt [s]": dt_,
        "duration [s]": duration_,
        "warmup [s]": warmup_,
        "replicates": int(measured.replicates.max()),
        "seed": seed,
        "noise": (
            [
                {"pathway": p.label, "rate [Hz]": float(source_rate(p, point.rate_, point.drives_))}
                for p in circuit.pathways(population)
            ]
            if noise
            else []
        ),
    }
    return (
        FISurface(
            I_,
            g_,
            **grids,
            per_area=circuit.per_area(population),
            provenance=provenance,
            check=measured.check.to_dict() if measured.check else {},
            warnings=measured.warnings,
        ),
        warnings,
    )


def _currents(g_, first, last, number):
    """Currents, evenly spaced, about `number` of them between `first` and `last` of each conductance; None if
    they coincide.

    The spacing divides the shift of the curve from one conductance to the next, so that the rates sampled are
    the same at all of them: a curve that bends would otherwise seem to change its slope with g.
    """
    width = np.median(last - first)
    if not width > 0:
        return None
    shift = abs(np.polyfit(np.arange(g_.size), (first + last) / 2, 1)[0])
    spacing = width / (number - 1)
    spacing = shift / np.ceil(shift / spacing) if shift > 0.1 * spacing else spacing
    return np.arange(first.min(), last.max() + spacing, spacing)


def range_of_currents(model, I_0, g_, sources, lo, hi, noise, seed, settings, bar, population, settled_):
    """Currents and rates, one row a conductance, closing in on where the rates rise through lo and hi."""
    volts = np.geomspace(2e-4, 0.05, 9)
    currents = I_0 + g_[:, None] * np.concatenate([-volts[::-1], [0.0], volts])
    tried_I = tried_rate = np.empty((g_.size, 0))
    rounds = 3
    for round_ in range(rounds):
        measured = measure_points(
            model,
            currents.ravel(),
            np.repeat(g_, currents.shape[1]),
            sources,
            replicates=16 if noise else 1,
            seed=seed_streams(seed, OfSurface.PILOT, round_),
            report=bar.stage(f"range of currents of {population}, round {round_ + 1}"),
            diverging="silent",
            **(
                dict(duration_=_PILOT_ + max(0.1, settled_), warmup_=max(0.1, settled_))
                if noise
                else dict(duration_=2.0, warmup_=0.5)
            ),
            **settings,
        )
        tried_I = np.concatenate([tried_I, currents], axis=1)
        tried_rate = np.concatenate([tried_rate, measured.rate_.reshape(currents.shape)], axis=1)
        order = np.argsort(tried_I, axis=1)
        tried_I, tried_rate = np.take_along_axis(tried_I, order, 1), np.take_along_axis(tried_rate, order, 1)
        inside = (tried_rate >= lo) & (tried_rate <= hi)
        if np.all(inside.sum(axis=1) >= 4):
            break
        below = np.array([I[max(np.argmax(rate > lo) - 1, 0)] for I, rate in zip(tried_I, tried_rate)])
        above = np.array(
            [
                I[np.argmax(rate >= hi)] if (rate >= hi).any() else I[-1]
                for I, rate in zip(tried_I, tried_rate)
            ]
        )
        currents = np.linspace(below, above, 14, axis=1)[:, 1:-1]
    return tried_I, tried_rate


def responses_at(circuit, point, *, seed, dt_, engine="auto", bar):
    """{population: LinearResponse} of the cells at an operating point, in the noise they have there."""
    return {
        name: response_at_(
            population.model,
            point.I_[name],
            point.g_[name],
            sources_of(circuit, name, point.rate_, point.drives_, point.cv2_),
            dt_=dt_,
            seed=seed_streams(seed, number),
            engine=engine,
            bar=bar,
            name=f" of {name}",
        )
        for number, (name, population) in enumerate(circuit.populations.items())
    }
