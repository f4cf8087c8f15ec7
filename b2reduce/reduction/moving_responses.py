"""How cells at an operating point follow currents at several rates, and large ones."""

from __future__ import annotations

import numpy as np

from ..basics.errors import InputError
from ..basics.streams import OfMoving, OfReduction, seed_streams
from ..cells.cascade import measured_harmonics, moving_harmonics, static_harmonics
from ..cells.moving_filter import fit_moving
from ..cells.moving_response import MovingResponse
from ..cells.points import measure_points
from ..cells.response import FREQUENCIES_, response_at_
from .inputs import sources_of
from .local_measurements import range_of_currents

__all__ = ["moving_at", "moving_response_at_"]

# Rates at which responses are measured besides the operating one, relative; none is sought below so many Hz
RATES, LOWEST_ = (0.05, 0.15, 0.4, 2.5), 0.5
# Of these responses the wanted standard error, and the frequencies in Hz: tones cost spikes, rare there
RTOL, TONES_ = 0.07, FREQUENCIES_[::2]
# The static curve: its ends over the operating rate, its points, spikes at that rate, and cells
ENDS, POINTS, SPIKES, FEWEST, MOST = (0.03, 3.0), 19, 20_000, 100, 2_000
RUN_ = 2.0  # s
# Large currents: their frequencies in Hz, and the rates that the static curve has at their ends, relative
LARGE_, SWING = (5.0, 20.0, 60.0), (0.2, 2.0)


def moving_at(circuit, point, responses, *, seed, dt_, engine="auto", bar):
    """{population: MovingResponse} at an operating point, in the noise that cells have there.

    Parameters
    ----------
    responses : mapping of str to LinearResponse
        As `responses_at` has them.
    """
    return {
        name: moving_response_at_(
            population.model,
            responses[name],
            sources_of(circuit, name, point.rate_, point.drives_, point.cv2_),
            settled_=point.settled_.get(name, 0.0),
            seed=seed_streams(seed, OfReduction.MOVING, number),
            dt_=dt_,
            engine=engine,
            bar=bar,
            name=name,
        )
        for number, (name, population) in enumerate(circuit.populations.items())
    }


def moving_response_at_(
    model, response, sources, *, settled_=0.0, seed, dt_, engine="auto", bar, name="cells", rates=RATES
):
    """The MovingResponse of cells beside the LinearResponse that was measured of them.

    A rate at which cells have no linear response, since they cannot be brought to it, is left out.
    """
    rate_, g_, settings = response.rate_, response.g_, dict(dt_=dt_, engine=engine)
    currents, found = _curve(model, response, sources, settled_, seed, bar, name, settings)
    # Rates rise with currents; what scatter turns round is evened out
    rising = np.maximum.accumulate(found) + 1e-9 * rate_ * np.arange(found.size)
    current_of = lambda rate: float(np.interp(rate, rising, currents))
    function = _straight_beyond(currents, rising)
    others = []
    for number, share in enumerate(rates):
        wanted = max(share * rate_, min(rate_, LOWEST_))
        if not found[0] < wanted < found[-1] or wanted == rate_:
            continue
        try:
            others.append(
                response_at_(
                    model,
                    current_of(wanted),
                    g_,
                    sources,
                    frequency_=np.array(TONES_),
                    rtol=RTOL,
                    seed=seed_streams(seed, OfMoving.RESPONSES, number),
                    bar=bar,
                    name=f" of {name} at {wanted:.3g} Hz",
                    **settings,
                )
            )
        except InputError:  # nothing that depends on its current there
            continue
    responses = tuple(sorted([response, *others], key=lambda each: each.rate_))
    moving = fit_moving(responses, rate_)
    low, high = (current_of(share * rate_) for share in SWING)
    mean_, amplitude_ = (low + high) / 2, (high - low) / 2
    measured = [
        measured_harmonics(
            model,
            frequency_,
            mean_,
            amplitude_,
            g_,
            sources,
            rate_=rate_,
            seed=seed_streams(seed, OfMoving.LARGE, number),
            report=bar.stage(f"large currents of {name}, {frequency_:g} Hz"),
            **settings,
        )
        for number, frequency_ in enumerate(LARGE_)
    ]
    foretold = lambda cascade, filter_: np.array(
        [cascade(filter_, frequency_, mean_, amplitude_, function) for frequency_ in LARGE_]
    )
    return MovingResponse(
        float(rate_),
        responses,
        currents,
        rising,
        mean_,
        amplitude_,
        np.array(LARGE_),
        np.array([harmonics for harmonics, _ in measured]),
        np.array([sem for _, sem in measured]),
        foretold(static_harmonics, response.best),
        foretold(moving_harmonics, moving),
        provenance={**response.provenance, "seed": seed},
    )


def _curve(model, response, sources, settled_, seed, bar, name, settings):
    """(currents, rates in Hz) from silence to three times the rate of a response."""
    lo, hi = (share * response.rate_ for share in ENDS)
    tried_I, tried_rate = range_of_currents(
        model,
        response.I_,
        np.array([response.g_]),
        sources,
        lo,
        hi,
        True,
        seed_streams(seed, OfMoving.RANGE),
        settings,
        bar,
        name,
        settled_,
    )
    # Evenly over the roots of the rates: no less where rates are low and bend
    wanted = np.linspace(np.sqrt(lo), np.sqrt(hi), POINTS) ** 2
    tried = np.maximum.accumulate(tried_rate[0]) + 1e-9 * hi * np.arange(tried_rate[0].size)
    currents = np.unique(np.interp(wanted, tried, tried_I[0]))
    cells = int(np.clip(SPIKES / (RUN_ * response.rate_), FEWEST, MOST))
    warmup_ = max(0.3, settled_)
    found = measure_points(
        model,
        currents,
        np.full(currents.size, response.g_),
        sources,
        replicates=cells,
        duration_=warmup_ + RUN_,
        warmup_=warmup_,
        seed=seed_streams(seed, OfMoving.CURVE),
        report=bar.stage(f"rates over currents of {name}"),
        **settings,
    )
    return currents, found.rate_


def _straight_beyond(currents, rates):
    """A monotone curve through points, 0 or their first rate below and straight on above, as a fine table."""
    from scipy.interpolate import PchipInterpolator

    slope = (rates[-1] - rates[-3]) / (currents[-1] - currents[-3])
    width = currents[-1] - currents[0]
    fine = np.linspace(currents[0], currents[-1], 2000)
    x = np.append(fine, currents[-1] + width)
    y = np.append(PchipInterpolator(currents, rates)(fine), rates[-1] + slope * width)
    return lambda current: np.interp(current, x, y)
