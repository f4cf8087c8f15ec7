"""How the rate of a cell in noise follows the rate of the trains that make this noise.

What a slow change of the mean current does is not all: fast changes of a conductance meet the voltage that
the cell has, and noise moves along with its mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..basics.errors import InputError
from ..basics.fields import Complexes, Floats, Number, Plain
from ..basics.frozen import FrozenDict, Record
from ..basics.streams import OfResponse, seed_streams
from .modulation import PERIOD_, WARMUP_, answer_of, provenance_of, start_of, summing_cell, swing_of
from .points import measure_points
from .response import DEPTH, SLOWEST_RATE_

__all__ = ["SourceResponse", "source_response_at"]

FREQUENCIES_ = (
    1.0,
    2.0,
    4.0,
    7.0,
    11.0,
    16.0,
    24.0,
    36.0,
    50.0,
    70.0,
    100.0,
    140.0,
    200.0,
    280.0,
    400.0,
)  # Hz
NUDGE = 0.1  # relative, of the rate of a source: the pilot's
# Of the swing of a rate, relative: its root mean square, and its peak, beyond which there is no rate
STRONGEST, MOST_SWING = 0.25, 0.9
LEAST_PASSED = 0.15  # a tone that a synapse damps more is not made stronger still
# Cells; over the number of variables of one, as time goes
FEWEST, MOST, PILOT_ = 400, 32_000, dict(replicates=400, duration_=3.0, warmup_=1.0)
LEAST_SLOPE = 0.2  # Hz for a relative change, over the rate: what moves a cell less need not be known as well


@dataclass(frozen=True, eq=False)
class SourceResponse(Record):
    """How the rate of a cell in noise follows small relative changes of the rate of a source.

    r(t) = r_0 + Re[gain(f) a exp(2 pi i f t)] for events at the rate R (1 + a cos(2 pi f t)).

    Attributes
    ----------
    frequency_ : ndarray, shape (frequency,)
        Hz; the first is 0.
    gain : ndarray of complex, shape (frequency,)
        Hz, per relative change.
    gain_sem : ndarray
        Standard error of the real part, and of the imaginary one.
    power_ : ndarray
        Spectral density of the cell's spike train, Hz: its rate where spikes are independent.
    rate_, rate_sem_ : float
        Of the cell, Hz.
    """

    frequency_: np.ndarray
    gain: np.ndarray
    gain_sem: np.ndarray
    power_: np.ndarray
    rate_: float
    rate_sem_: float
    provenance: Mapping = field(default_factory=dict)

    FIELDS = FrozenDict(
        frequency_=Floats("frequency"),
        gain=Complexes("frequency"),
        gain_sem=Floats("frequency"),
        power_=Floats("frequency"),
        **dict.fromkeys(("rate_", "rate_sem_"), Number),
        provenance=Plain,
    )


def source_response_at(model, I_, g_, sources, label, *, rtol=0.04, dt_, seed, engine="auto", bar, name=""):
    """The SourceResponse of cells at a mean current and a mean total leak, to the source of this label.

    All frequencies are on at once, as in `measure_linear_response`.
    """
    frequency_ = np.array([f for f in FREQUENCIES_ if f <= 0.1 / dt_])
    settings, own = dict(dt_=dt_, engine=engine), {source.label: source for source in sources}[label]
    nudges = np.array([1 - NUDGE, 1.0, 1 + NUDGE])
    moved = replace(own, rate_=own.rate_ * nudges)
    pilot = measure_points(
        model,
        I_ + moved.current_(model) - own.current_(model),
        g_ + moved.leak_ - own.leak_,
        [moved if source is own else source for source in sources],
        seed=seed_streams(seed, OfResponse.PILOT),
        report=bar.stage(f"pilot{name}"),
        **PILOT_,
        **settings,
    )
    rate_ = float(pilot.rate_.mean())
    if not rate_ > 0:
        raise InputError(f"model {model.name!r} does not fire, and a silent cell has no linear response")
    depth_, slope_ = DEPTH * max(rate_, SLOWEST_RATE_), abs(pilot.rate_[2] - pilot.rate_[0]) / (2 * NUDGE)
    # As much stronger where the synapse lets less through, so that all are answered alike
    passed = np.append(np.abs(own.synapse.filter.transfer_(2j * np.pi * frequency_)), 1.0)
    shape = 1 / np.maximum(passed, LEAST_PASSED)
    amplitude = (
        shape
        * np.sqrt(2)
        * min(
            depth_ / max(slope_, 1e-3 * depth_) / np.linalg.norm(shape * passed),
            STRONGEST / np.linalg.norm(shape),
        )
    )
    amplitude *= min(1.0, MOST_SWING / np.abs(swing_of(frequency_, amplitude, dt_)).max())
    # The sum of exp(-iwt) over n spikes has a standard error of sqrt(n/2) in either part, and a tone moves it
    # by half of what it makes of the rate. Cells that have the same noise twice do better at low frequencies.
    most = max(MOST // len(model.state_variables) // 4 * 2, FEWEST)
    wanted = rtol * max(slope_, LEAST_SLOPE * rate_) * amplitude[-1]
    cells = int(np.clip(np.ceil(2 * rate_ / wanted**2 / PERIOD_ / 2) * 2, FEWEST, most))
    # As the pilot left them: adapted as far as they do
    left = {
        name: np.resize(pilot.statistics.final_state[name].reshape(len(nudges), -1)[1], cells // 2)
        for name in model.state_variables
    }
    both = []
    for sign in (1, -1):
        swung = replace(own, swing=swing_of(frequency_, sign * amplitude, dt_))
        both.append(
            measure_points(
                summing_cell(model, frequency_, dt_, True),
                np.array([I_]),
                np.array([g_]),
                [swung if source is own else source for source in sources],
                replicates=cells // 2,
                duration_=WARMUP_ + PERIOD_,
                warmup_=WARMUP_,
                initial=start_of(left, frequency_),
                seed=seed_streams(seed, OfResponse.TONES),
                report=bar.stage(
                    f"response to presynaptic rates{name}, {'rising' if sign > 0 else 'falling'}"
                ),
                **settings,
            )
        )
    answer = answer_of(*both, frequency_, amplitude)
    return SourceResponse(
        answer.frequency_,
        answer.gain,
        answer.gain_sem,
        answer.power_,
        answer.rate_,
        answer.rate_sem_,
        provenance_of(model, both[0], answer.cells, rtol, dt_, seed),
    )
