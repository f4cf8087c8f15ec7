"""How the rates of finite populations fluctuate around a fixed point: spectra, correlations, rhythms."""

from __future__ import annotations

from typing import TYPE_CHECKING
from warnings import warn

import numpy as np

from ..basics.arguments import described, require, to_si, whole
from ..basics.errors import AccuracyWarning, InputError
from ..basics.progress import Progress
from ..cells.settings import check_rtol
from ..reduction.loops.responses import AtRest, answers_of, check_answering, keyed
from ..reduction.reduced_circuit import ReducedCircuit
from .fluctuation_spectra import Fluctuations

if TYPE_CHECKING:
    from ..basics.types import ArrayQuantity, ProgressLike

__all__ = ["fluctuations"]

HIGHEST_ = 400.0  # Hz, of the frequencies by default


def fluctuations(
    reduced: ReducedCircuit,
    *,
    frequencies: ArrayQuantity | None = None,
    rtol: float = 0.04,
    seed: int = 1,
    engine: str = "auto",
    progress: ProgressLike = None,
) -> Fluctuations:
    """Spectra, correlations and rhythms of a circuit, from its uncoupled cells, sizes and delays.

    Parameters
    ----------
    reduced : ReducedCircuit
        Of any level, measured in noise: what counts is its circuit and its operating point. With tau
        "pathway" it knows already how its cells answer, and `rtol`, `seed` and `engine` decide nothing; else
        that is measured now.
    frequencies : Quantity, optional
        By default every Hz from 1 to 400 Hz.
    rtol : float
        Wanted standard error of how cells answer to slow changes of a presynaptic rate, relative; decides the
        number of cells.
    seed : int
    engine : {"auto", "native", "brian2"}
    progress : None, bool, str or callable

    Returns
    -------
    Fluctuations

    Warns
    -----
    AccuracyWarning
        If cells fire so regularly that their trains have a spectrum that the tones miss, if no filter fits
        their answer, or if cells do not fire.

    Raises
    ------
    InputError
        If the gains were measured without noise, if cells receive nothing and are silent, or if a frequency
        is not above 0 Hz.

    Notes
    -----
    Cells answer to a change of the presynaptic rates r_b at frequency f by H_ab(f): measured on uncoupled
    cells by swinging the rate of the Poisson trains of each kind of synapse at 15 frequencies at once, so
    that driving forces, leak and noise move as they do in the network; a filter of up to second order behind
    the synapse is fitted. With the delays, of which the mean of exp(-2 pi i f d) is taken, the population
    rates are r = H r + noise, whose noise is that of the trains' own spectra over the number of cells, and of
    shared trains. Then S = (1 - H)^-1 D (1 - H)^-+, and activity goes on by itself at the roots of det(1 -
    H(s)).

    What is linear stays so only while fluctuations are small beside the rates: near and beyond the point
    where a rhythm grows by itself its amplitude and, with it, its frequency are other ones. In-degrees that
    differ, and whatever else makes cells differ for good, count by their means.

    Examples
    --------
    >>> from b2reduce import load_circuit, reduce
    >>> found = fluctuations(reduce("ei_lif"))
    >>> found.stable, 20 < float(found.frequency_[found.spectrum_[0, 0].real.argmax()]) < 60
    (True, True)
    """
    require(reduced, ReducedCircuit, "fluctuations, reduced")
    seed = whole(seed, "seed")
    if rtol is None:
        raise InputError("rtol: got None, expected a relative error between 0 and 1")
    check_rtol(rtol)
    if reduced.noise == "none":
        raise InputError(
            "fluctuations, reduced: its gains were measured without noise, and cells without noise fire like"
            " clocks, which answer to nothing linearly; reduce with noise = 'renewal'"
        )
    check_answering(reduced.circuit, reduced.operating_rate_, reduced.at_, "fluctuations, reduced")
    frequency_ = np.arange(1.0, HIGHEST_ + 1) if frequencies is None else _read(frequencies)
    answers = reduced.answers
    with Progress(progress) as bar:
        if not answers:
            settings = dict(seed=seed, rtol=rtol, dt_=reduced.dt_, engine=engine, bar=bar)
            answers = keyed(answers_of(reduced.circuit, AtRest.of(reduced), **settings))
    provenance = {
        "circuit": reduced.circuit.name,
        "circuit_hash": reduced.circuit.hash,
        "answers": {
            key: {what: each.provenance[what] for what in ("cells", "rtol", "seed", "engine")}
            for key, each in answers.items()
        },
    }
    result = Fluctuations(reduced, answers, frequency_, provenance)
    for warning in result.warnings:
        warn(warning, AccuracyWarning, stacklevel=2)
    return result


def _read(frequencies):
    found = np.atleast_1d(to_si(frequencies, "Hz", "frequencies"))
    if found.ndim != 1 or not found.size or not np.isfinite(found).all() or found.min() <= 0:
        raise InputError(f"frequencies: got {described(frequencies)}, expected values above 0 Hz")
    return found
