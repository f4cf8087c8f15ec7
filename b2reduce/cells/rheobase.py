"""The smallest current that makes a cell fire.

Searched by simulation, and where a cell only crawls by the end of its resting state.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import one_of, seconds
from ..basics.progress import Progress
from ..basics.units import with_units
from ..circuit.load_model import load_model
from .checked_onset import find_checked_onset
from .onset import CURRENTS
from .settings import DURATION_, changed_parameters, check_engine, check_run, leaks, warned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from brian2 import Quantity

    from ..basics.types import ArrayQuantity, ProgressLike, QuantityLike
    from ..circuit.types import ModelLike

__all__ = ["rheobase"]


def rheobase(
    model: ModelLike,
    g: ArrayQuantity,
    *,
    kind: str = "sustained",
    duration: QuantityLike | None = None,
    dt: QuantityLike | None = None,
    parameters: Mapping[str, QuantityLike] | None = None,
    engine: str = "auto",
    progress: ProgressLike = None,
) -> Quantity:
    """Smallest current from rest that makes the cell fire, at each leak conductance.

    Parameters
    ----------
    model : NeuronModel, str or path
    g : Quantity, shape (g,)
        Total leak conductances.
    kind : {"sustained", "first_spike"}
        At least two spikes in the last half of the run, or any spike.
    duration : Quantity, optional
        Length of each run: what takes longer to fire counts as silent, and sustained rates must exceed about
        4/duration to be seen. By default each cell is followed until it fires or rests.

    Returns
    -------
    Quantity, shape (g,)
        To a relative precision of 1e-4; where cells were still on their way at the end of their runs a
        warning says how much lower it may lie.

    Raises
    ------
    InputError
        If the cell is silent at every current up to the one that would hold its leak 1 V above the reversal,
        or never silent.

    Notes
    -----
    Just above the current at which its resting state ends (a fold: cells that fire slowly at onset) a cell
    takes as long as one likes to fire. Where most currents that are left leave the cell on its way after 2 s,
    the resting state is followed to where it ends, and taken for the onset if the times of the cells that do
    fire lead there; otherwise cells are followed for up to 128 s.

    Examples
    --------
    >>> from brian2 import ms, nS, pA
    >>> round(float(rheobase("lif", [16.7]*nS, duration=400*ms)[0]/pA), 1)  # g_L (V_th - E_L)
    250.5
    """
    model = load_model(model).with_parameters(changed_parameters(parameters))
    one_of(kind, ("sustained", "first_spike"), "kind")
    g_ = leaks(g, model)
    check_engine(engine, None)
    duration_ = seconds(duration, "duration") or DURATION_
    dt_ = seconds(dt, "dt") or float(model.dt)
    check_run(duration_, dt_, cells=CURRENTS * g_.size, fewest=10)
    with Progress(progress) as bar:
        onset, notes = find_checked_onset(
            model,
            g_,
            sustained=kind == "sustained",
            duration_=duration_,
            given=duration is not None,
            dt_=dt_,
            fixed=dt is not None,
            engine=engine,
            bar=bar,
        )
    warned(notes)
    if "slow" in onset.how:
        worst = int(
            np.argmax(np.where([how == "slow" for how in onset.how], onset.left_ / np.abs(onset.current_), 0))
        )
        warnings.warn(
            f"rheobase of model {model.name!r}: at g = {with_units(g_[worst], model.conductance_dim)} cells"
            " were still on their way when their runs ended; the onset may lie lower by up to"
            f" {100 * onset.left_[worst] / abs(onset.current_[worst]):.2g} %",
            stacklevel=2,
        )
    return with_units(onset.current_, model.current_dim)
