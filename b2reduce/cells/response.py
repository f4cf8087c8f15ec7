"""The linear response of a cell in noise: how its rate follows a mean current that changes in time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import seconds, to_si, whole
from ..basics.errors import InputError
from ..basics.progress import Progress
from ..basics.streams import OfResponse, seed_streams
from ..basics.units import si_label
from ..circuit.drive_lists import drives_of
from ..circuit.load_model import load_model
from .checked_points import measure_checked
from .linear_response import LinearResponse
from .modulation import PERIOD_, WARMUP_, answer_of, modulated_cell, provenance_of, start_of
from .points import measure_points, noise_sources, rest_of
from .settings import changed_parameters, check_engine, check_rtol, check_run, leaks, warned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..basics.types import ArrayQuantity, ProgressLike, QuantityLike
    from ..circuit.types import ModelLike, Noise

__all__ = ["measure_linear_response", "response_at_"]

# Hz
FREQUENCIES_ = (1.0, 1.5, 2.25, 3.5, 5.0, 7.5, 11.0, 16.0, 24.0, 36.0, 54.0, 80.0, 120.0, 180.0, 270.0, 400.0)
# Root mean square modulation of the rate, relative; rates below this count as this (Hz)
DEPTH, SLOWEST_RATE_ = 0.15, 1.0
FEWEST, MOST = 400, 40_000  # cells
PILOT_ = dict(replicates=400, duration_=1.0, warmup_=0.25)


def measure_linear_response(
    model: ModelLike,
    I: QuantityLike,
    g: QuantityLike,
    *,
    noise: Noise = None,
    frequencies: ArrayQuantity | None = None,
    rtol: float = 0.05,
    dt: QuantityLike | None = None,
    seed: int = 1,
    parameters: Mapping[str, QuantityLike] | None = None,
    engine: str = "auto",
    progress: ProgressLike = None,
) -> LinearResponse:
    """Measure how the rate of a cell in noise follows small changes of its mean current.

    Parameters
    ----------
    model : NeuronModel, str or path
    I, g : Quantity
        Mean current and mean total leak, as on the axes of `measure_fi`: the means of the noise are part of
        both.
    noise : list of Drive, optional
        Poisson conductances (their target is ignored); needed unless chance is part of the model.
    frequencies : Quantity, optional
        By default 16 from 1 to 400 Hz; rounded to multiples of 0.25 Hz. A constant change is always added.
    rtol : float
        Wanted standard error of the gain, relative to that at frequency 0; decides the number of cells.
    dt : Quantity, optional
    seed : int
    parameters : dict, optional
        Parameters to replace in the model.
    engine : {"auto", "native", "brian2"}
    progress : None, bool, str or callable

    Returns
    -------
    LinearResponse

    Raises
    ------
    InputError
        If there is no noise, the cell does not fire, or a frequency cannot be had.

    Notes
    -----
    All frequencies are on at once, in many uncoupled cells, half of them with the sign of the modulation
    reversed: even orders of the cell's nonlinearity cancel. Together they modulate the rate by 15 % (root
    mean square); the third order of a gain as bent as an exponential then changes the response by half of
    0.15 squared, 1 %. Each spike adds exp(-2 pi i f t) to sums that its cell keeps, so that no spike is
    stored; the standard error is their scatter over cells.

    The filter before the gain function that this finds is that of Shriki, Hansel & Sompolinsky (2003), who
    measured it in the same way.

    Examples
    --------
    >>> from brian2 import Hz, nS, pA
    >>> from b2reduce import Drive
    >>> noise = Drive(name="E", inputs=500, rate="10 Hz", G="1 nS", tau="5 ms", E="0 mV")
    >>> response = measure_linear_response("lif", 600*pA, 45*nS, noise=[noise],
    ...                                    frequencies=[5, 20, 80]*Hz, rtol=0.1)
    >>> response.frequency
    array([ 0.,  5., 20., 80.]) * hertz
    >>> bool(abs(abs(response.gain[1]) / abs(response.gain[0]) - 1) < 0.5)  # 5 Hz is slow
    True
    """
    model = load_model(model).with_parameters(changed_parameters(parameters))
    seed, noise = whole(seed, "seed"), drives_of(noise, "measure_linear_response, noise", none=True)
    if rtol is None:
        raise InputError("rtol: got None, expected a relative error between 0 and 1")
    check_rtol(rtol)
    sources = noise_sources(noise, model)
    I_, g_ = to_si(I, model.current_dim, "I"), leaks(g, model)
    if np.ndim(I_) or g_.size != 1 or not np.isfinite(I_):
        raise InputError(f"I, g: got {I} and {g}, expected one value of each")
    dt_ = seconds(dt, "dt") or float(model.dt)
    check_run(WARMUP_ + PERIOD_, dt_, cells=FEWEST, fewest=10)
    check_engine(engine, None)
    with Progress(progress) as bar:
        tried = measure_checked(
            model,
            np.array([I_]),
            g_,
            sources,
            dt_=dt_,
            fixed=dt is not None,
            engine=engine,
            seed=seed_streams(seed, OfResponse.STEP),
            replicates=32,
            duration_=1.0,
            warmup_=0.25,
        )
        dt_, model = (
            tried.dt,
            (
                model
                if tried.method == model.method_used(bool(sources))
                else replace(model, method=tried.method)
            ),
        )
        warned(tried.notes)
        return response_at_(
            model,
            I_,
            float(g_[0]),
            sources,
            frequency_=_frequencies(frequencies, dt_),
            rtol=rtol,
            dt_=dt_,
            seed=seed,
            engine=engine,
            bar=bar,
        )


def _frequencies(frequencies, dt_):
    """Frequencies on the grid of 1/PERIOD_, Hz."""
    if frequencies is None:
        return np.array(FREQUENCIES_)
    wanted = np.atleast_1d(to_si(frequencies, "Hz", "frequencies"))
    rounded = np.unique(np.round(wanted * PERIOD_)) / PERIOD_
    if (
        wanted.ndim != 1
        or not np.isfinite(wanted).all()
        or rounded.size != wanted.size
        or rounded[0] <= 0
        or rounded[-1] > 0.1 / dt_
    ):
        raise InputError(
            f"frequencies: got {frequencies}, expected different ones from {1 / PERIOD_:g} Hz, apart by at"
            f" least that, to {0.1 / dt_:g} Hz, a tenth of the steps of {dt_ * 1e3:g} ms"
        )
    return rounded


def response_at_(
    model, I_, g_, sources, *, frequency_=None, rtol=0.05, dt_, seed, engine="auto", bar, name=""
):
    """`measure_linear_response` on SI floats and sources."""
    check_rtol(rtol)
    if not (sources or model.noisy):
        raise InputError(
            f"noise: model {model.name!r} was given none, and a cell that fires periodically has no linear"
            " response; give noise = [Drive(...)]"
        )
    frequency_ = np.array(FREQUENCIES_) if frequency_ is None else frequency_
    settings = dict(dt_=dt_, engine=engine)
    small = 5e-4 * max(g_, model.conductance_scale_)  # half a millivolt
    pilot = measure_points(
        model,
        np.array([I_ - small, I_, I_ + small]),
        np.full(3, g_),
        sources,
        seed=seed_streams(seed, OfResponse.PILOT),
        report=bar.stage(f"pilot{name}"),
        **PILOT_,
        **settings,
    )
    rates = pilot.rate_
    if not rates.min() > 0 or not rates[2] > rates[0]:
        raise InputError(
            f"model {model.name!r} fires at {rates[0]:.3g}, {rates[1]:.3g} and {rates[2]:.3g} Hz where the"
            " current is 0.5 mV times the leak lower, as it is, and higher; a response needs a cell that"
            " fires more with more current"
        )
    tones = frequency_.size + 1
    depth_ = DEPTH * max(rates[1], SLOWEST_RATE_)
    amplitude = depth_ / ((rates[2] - rates[0]) / (2 * small)) * np.sqrt(2 / tones)
    # The sum of exp(-iwt) over n spikes has a standard error of sqrt(n/2) in either part; a tone moves it by
    # depth sqrt(2/tones)/2 of n.
    spikes = tones * (rates[1] / (depth_ * rtol)) ** 2
    cells = int(np.clip(np.ceil(spikes / (rates[1] * PERIOD_) / 2) * 2, FEWEST, MOST))
    rest, both = rest_of(model, np.array([g_]), dt_, engine=engine), []
    for number, sign in enumerate((1, -1)):
        both.append(
            measure_points(
                modulated_cell(model, frequency_, sign * amplitude, dt_, bool(sources)),
                np.array([I_]),
                np.array([g_]),
                sources,
                replicates=cells // 2,
                duration_=WARMUP_ + PERIOD_,
                warmup_=WARMUP_,
                initial=start_of(rest, frequency_),
                seed=seed_streams(seed, OfResponse.TONES, number),
                report=bar.stage(f"linear response{name}, {'rising' if sign > 0 else 'falling'}"),
                **settings,
            )
        )
    # A spike is noted at the start of the step in which it falls: half a step early on average.
    answer = answer_of(*both, frequency_, amplitude, dt_ / 2)
    provenance = provenance_of(model, both[0], answer.cells, rtol, dt_, seed)
    return LinearResponse(
        answer.frequency_,
        answer.gain,
        answer.gain_sem,
        answer.rate_,
        answer.rate_sem_,
        float(I_),
        float(g_),
        float(amplitude),
        per_area="m^2" in si_label(model.current_dim),
        provenance=provenance,
    )
