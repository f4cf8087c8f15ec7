"""The gains of all populations, measured around an operating point or without noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..basics.errors import InputError
from ..basics.streams import OfReduction, seed_streams
from ..basics.units import with_units
from ..cells.gain import fit_gain
from ..cells.gain_fit import GainFit
from .inputs import average, same_inputs
from .local_measurements import rate_window, surface_at
from .loops.responses import received_nothing
from .operating_point import point_at
from .rest import steady_rates
from .search import SILENT_

# Hz, through which a law passes that lies more than SILENT_ above a silent operating point; one that does not
# is left as it is
NEXT_TO_NOTHING_ = 0.02
SELF_CONSISTENT, MAX_ROUNDS = 0.02, 8  # without noise: relative change of the rates that ends the iteration


@dataclass(frozen=True)
class MeasuredGains:
    """Surfaces and threshold-linear fits of every population; those given are taken as they are."""

    fits: dict
    surfaces: dict
    windows: dict
    through: dict  #: {population: (I, g, rate)} that the gains measured here pass through
    warnings: list


def measure_gains(circuit, point, given, window, noise, wide, seed, settings, bar):
    """Surfaces around an operating point and their fits."""
    fits, surfaces, windows, through, warnings, measured = {}, {}, {}, {}, [], []
    for number, name in enumerate(circuit.populations):
        gain = given.get(name)
        if isinstance(gain, GainFit):
            fits[name] = gain
            continue
        window_ = window or rate_window(point.rate_[name], noise)
        windows[name] = tuple(with_units(rate, "Hz") for rate in window_)
        surfaces[name] = gain
        alike = [other for other in measured if same_inputs(circuit, name, other, point)]
        if gain is None and alike:  # equal cells of equal inputs have one in common
            known = surfaces[alike[0]]
            surfaces[name] = replace(
                known, provenance={**known.provenance, "population": name, "measured on": alike[0]}
            )
        elif gain is None:
            measured.append(name)
            surfaces[name], more = surface_at(
                circuit,
                name,
                point,
                window_,
                noise,
                wide,
                seed=seed_streams(seed, OfReduction.GAINS, number),
                bar=bar,
                **settings,
            )
            warnings += more
        try:
            fits[name] = fit_gain(surfaces[name], rates=windows[name])
            if gain is None and noise and (held := _held(circuit, name, point, fits[name])):
                through[name] = held
                fits[name] = fit_gain(surfaces[name], rates=windows[name], through=held)
        except InputError as error:
            nothing = received_nothing(circuit, point.rate_, point.drives_)
            if gain is None and noise and nothing:
                raise InputError(f"population {name}: no gain can be measured: {nothing}") from None
            raise InputError(
                f"population {name}, at {point.rate_[name]:.3g} Hz: {error}; or give reduce() another window"
            ) from None
    return MeasuredGains(fits, surfaces, windows, through, warnings)


def _held(circuit, name, point, fit):
    """(I, g, rate) that the gain of a population is to pass through.

    None where it is silent and the gain nearly so.
    """
    rate_ = point.rate_[name]
    if rate_ < SILENT_ and float(fit.predict_(point.I_[name], point.g_[name])) <= rate_ + SILENT_:
        return None
    area = "/m^2" if circuit.per_area(name) else ""
    return (
        with_units(point.I_[name], f"A{area}"),
        with_units(point.g_[name], f"S{area}"),
        with_units(max(rate_, NEXT_TO_NOTHING_), "Hz"),
    )


def gains_without_noise(circuit, drives_, given, window, wide, seed, settings, bar):
    """Gains without noise (or given), at the rates that the reduced model itself settles at."""
    rate_ = {name: 0.0 for name in circuit.populations}
    for round_ in range(MAX_ROUNDS):
        point = point_at(circuit, rate_, drives_, {}, noise=False, iterations=round_, **settings)
        measured = measure_gains(circuit, point, given, window, False, wide, seed, settings, bar)
        law = lambda rates_: {
            name: fit.predict_(*average(circuit, name, rates_, drives_))
            for name, fit in measured.fits.items()
        }
        settled = steady_rates(list(rate_), law)
        if not np.isfinite(list(settled.values())).all():
            measured.warnings.append(
                "the reduced model runs away from low rates: the gains are those at the last finite rates"
            )
            break
        done = all(
            abs(settled[name] - rate_[name]) <= SELF_CONSISTENT * settled[name] + 0.02 for name in rate_
        )
        rate_ = settled
        if done or all(isinstance(given.get(name), GainFit) for name in rate_):
            break
    else:
        measured.warnings.append(
            f"the rates of the noise-free reduction still move after {MAX_ROUNDS} rounds: {rate_} Hz"
        )
    return point_at(circuit, rate_, drives_, {}, noise=False, iterations=round_ + 1, **settings), measured
