"""Measuring the adaptation of a cell: what a spike leaves behind, and the gain without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import axis, pair_of, seconds, whole
from ..basics.errors import InputError
from ..basics.progress import Progress
from ..circuit.load_model import load_model
from .adaptation_core import measure_adaptation_
from .settings import changed_parameters, check_engine, leaks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..basics.types import ArrayQuantity, ProgressLike, QuantityLike
    from ..circuit.types import ModelLike
    from .adaptation import Adaptation

__all__ = ["measure_adaptation"]

TOP = 60.0  # Hz; up to where a cell is measured where nothing is said


def measure_adaptation(
    model: ModelLike,
    *,
    I: ArrayQuantity | None = None,
    g: QuantityLike | None = None,
    rates: tuple[QuantityLike, QuantityLike] | None = None,
    dt: QuantityLike | None = None,
    seed: int = 1,
    parameters: Mapping[str, QuantityLike] | None = None,
    engine: str = "auto",
    progress: ProgressLike = None,
) -> Adaptation:
    """Measure how a cell adapts, from its f-I curves at onset and in the steady state.

    Parameters
    ----------
    model : NeuronModel, str or path
    I : Quantity, shape (I,), optional
        Mean currents; by default from the lowest rheobase up to the current that gives the highest of
        `rates`.
    g : Quantity, shape (g,), optional
        Mean total leak conductances, by default 1, 1.25 and 1.5 of the model's own.
    rates : pair of Quantity, optional
        Steady rates that J is fitted over, by default 0 to 60 Hz.
    dt, seed, parameters, engine, progress
        As in `measure_fi`.

    Returns
    -------
    Adaptation

    Raises
    ------
    InputError
        If the cell fires at fewer than four of the currents, the measured rates cannot be compared, or what a
        spike leaves behind cannot be told from them.

    Notes
    -----
    The current that adaptation takes away at a rate r is a(r) = I_steady(r) - I_onset(r) at the same leak.
    The first interval has the current of its own spike in it already. Later intervals have what is left of
    the spikes before: just after the k-th spike M_(k+1) = M_k exp(-T_k/tau) + b, M_1 = b, and I -
    I_onset(1/T_k) = A (M_k - b), where A weighs a current that decays within the interval by the cell's phase
    response. A is measured with known currents that the first spike sets off; b and tau follow from all
    intervals of cells after a step of current and all steady rates at once, and J = b tau, whether or not tau
    is longer than an interval. Where less than 6 % is left at the next spike at the highest rate, J is
    refused.

    What is there before the first spike shows as a window of currents which make the cell fire but not go on
    (Prescott, Ratte, De Koninck & Sejnowski 2006): where it exceeds what the searches leave open, adaptation
    is called voltage-driven, and approaches a_0 besides, else it is spike-driven.

    Examples
    --------
    >>> adaptation = measure_adaptation("lif_adapt")
    >>> adaptation.kind, round(float(adaptation.tau), 2)
    ('spike-driven', 0.1)
    """
    model = load_model(model).with_parameters(changed_parameters(parameters))
    seed = whole(seed, "seed")
    check_engine(engine, None)
    if g is None:
        g_ = model.leak_ + model.conductance_scale_ * np.array([0, 0.25, 0.5])
    else:
        g_ = leaks(g, model)
    lo, hi = (0.0, TOP) if rates is None else pair_of(rates, "Hz", "rates", "(0*Hz, 60*Hz)")
    if not 0 <= lo < hi:
        raise InputError(f"rates: got {lo:g} to {hi:g} Hz, expected a lower and a higher rate")
    dt_ = seconds(dt, "dt") or float(model.dt)
    I_ = None if I is None else axis(I, model.current_dim, "I")
    with Progress(progress) as bar:
        return measure_adaptation_(
            model, I_, g_, (lo, hi), dt_=dt_, fixed=dt is not None, seed=seed, engine=engine, bar=bar
        )
