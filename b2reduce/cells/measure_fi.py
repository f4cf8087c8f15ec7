"""Measuring the f-I surface of a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import axis
from ..basics.errors import InputError
from ..basics.progress import Progress
from ..basics.units import si_label, with_units
from ..circuit.drive_lists import drives_of
from ..circuit.load_model import load_model
from ..circuit.spike_counts import fewest_steps
from .cell_run import cell_run
from .checked_onset import check_fires
from .checked_points import measure_until
from .points import noise_sources
from .settings import changed_parameters, check_run, leaks, warned
from .surface import FISurface

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..basics.types import ArrayQuantity, Initial, ProgressLike, QuantityLike
    from ..circuit.types import ModelLike, Noise

__all__ = ["measure_fi", "measure_fi_"]


def measure_fi(
    model: ModelLike,
    I: ArrayQuantity,
    g: ArrayQuantity,
    *,
    noise: Noise = None,
    duration: QuantityLike | None = None,
    warmup: QuantityLike | None = None,
    replicates: int | None = None,
    rtol: float | None = None,
    dt: QuantityLike | None = None,
    seed: int = 1,
    parameters: Mapping[str, QuantityLike] | None = None,
    initial: Initial = "rest",
    engine: str = "auto",
    threads: int | None = None,
    progress: ProgressLike = None,
) -> FISurface:
    """Measure the firing rate of a cell over mean current and total leak conductance.

    All points run side by side as uncoupled cells.

    Parameters
    ----------
    model : NeuronModel, str or path
        The cell, or a name or file that `load_model` reads.
    I : Quantity, shape (I,)
        Mean currents, ascending; driving forces taken from the leak reversal.
    g : Quantity, shape (g,)
        Mean total leak conductances, ascending; the cell's own leak is one of its parts.
    noise : list of Drive, optional
        Poisson conductances (their target is ignored). Their means are part of `I` and `g`: the cell gets
        what is left.
    duration, warmup : Quantity, optional
        Whole run, and what of it the rate leaves out. A duration given is run in full. By default at most 2 s
        without noise, less where the rate is known sooner (see Notes), 2.5 s with noise, and 0.5 s of it to
        warm up.
    replicates : int, optional
        Cells per point: by default 1, or 20 with noise. Parameters that vary over cells are drawn per
        replicate.
    rtol : float, optional
        With noise, the wanted relative standard error of the rate. Without a duration each point runs until
        it is reached, up to 32 s; with one, replicates are added where it is not reached, up to 16 times as
        many.
    dt : Quantity, optional
        Time step; by default the model's.
    seed : int
        Decides every random number.
    parameters : dict, optional
        Parameters to replace in the model.
    initial : "rest" or dict
        ``"rest"``: every cell relaxes without input at its own g, then the input steps on at t = 0. A dict
        gives starting values of state variables.
    engine : {"auto", "native", "brian2"}
        ``"native"`` compiles the equations into one loop a cell, ``"brian2"`` runs one NeuronGroup,
        ``"auto"`` takes the native engine wherever it can express the equations; the provenance says which
        ran, and why not the native one.
    threads : int, optional
        Of the native engine, by default all that the process may use; Brian2 runs on one. Results do not
        depend on it.
    progress : None, bool, str or callable
        None: a bar if stderr is a terminal and the run takes longer than 2 s. A callable gets ``(stage,
        fraction)``.

    Returns
    -------
    FISurface

    Raises
    ------
    InputError
        If an axis is empty or unsorted, a unit is wrong, or a point would need a negative leak.
    DivergenceError
        If the integration ends in NaN; the message names the point.

    Notes
    -----
    Without noise the rate is (n - 1)/(t_last - t_first) after the warm-up, 0 where the last half of the run
    is silent; it cannot see rates below one over the time after the warm-up. With noise it is the spike count
    over that time, and its standard error the scatter of replicates, at least one spike per total time.

    Without noise and without a duration a cell ends once it repeats itself bit for bit or rests, which
    changes nothing, or once its intervals have settled to 2e-4 from one stretch to the next, twice as long;
    `time` says when. The plain Brian2 engine runs all cells to the end.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import nA, nS, ms
    >>> surface = measure_fi("lif", np.linspace(0.2, 0.6, 5)*nA, 16.7*nS, duration=300*ms)
    >>> surface.rate.shape
    (5, 1)
    """
    model = load_model(model).with_parameters(changed_parameters(parameters))
    I_, g_ = axis(I, model.current_dim, "I"), leaks(g, model)
    noise = drives_of(noise, "measure_fi, noise", none=True)
    sources = noise_sources(noise, model)
    run = cell_run(
        model,
        bool(sources) or model.noisy,
        duration=duration,
        warmup=warmup,
        replicates=replicates,
        rtol=rtol,
        dt=dt,
        seed=seed,
        initial=initial,
        engine=engine,
        threads=threads,
    )
    with Progress(progress) as bar:
        surface = measure_fi_(
            model, I_, g_, sources, run=run, bar=bar, noise=[drive.to_dict() for drive in noise]
        )
    warned(surface.warnings)
    return surface


def measure_fi_(model, I_, g_, sources=(), *, run, bar, noise=()):
    """`measure_fi` on SI floats.

    Parameters
    ----------
    model : NeuronModel
    I_, g_ : ndarray
        Ascending axes.
    sources : sequence of Source
    run : CellRun
    bar : Progress
    noise : sequence of dict
        The sources as plain data, for the provenance.

    Returns
    -------
    FISurface
        Its warnings have not been said to anybody yet.
    """
    _check_time_left(run.duration_, run.warmup_, run.dt_)
    check_run(run.duration_, run.dt_, cells=I_.size * g_.size * run.replicates)
    Ig = np.stack(np.meshgrid(I_, g_, indexing="ij")).reshape(2, -1)
    points = measure_until(model, *Ig, sources, run, bar, "f-I surface")
    if not np.any(points.rate_):
        # Currents too weak are a result, a threshold out of reach is a mistake
        check_fires(model, g_[0], points.dt, run.engine)
    shape = (I_.size, g_.size)
    told = _limited_by_grid(model, points.rate_, *Ig, points.dt)
    return FISurface(
        I_,
        g_,
        points.rate_.reshape(shape),
        points.rate_sem_.reshape(shape),
        points.onset_rate_.reshape(shape),
        points.cv_.reshape(shape),
        points.simulated.reshape(shape),
        per_area="m^2" in si_label(model.current_dim),
        provenance={**run.provenance(model, points), "noise": list(noise)},
        check=points.check.to_dict() if points.check else {},
        warnings=(*points.warnings, *told),
    )


def _check_time_left(duration_, warmup_, dt_):
    """Refuse runs with nothing to speak of after the warm-up."""
    if duration_ - warmup_ < 10 * dt_:
        raise InputError(
            f"duration: got {duration_:g} s with a warm-up of {warmup_:g} s, expected at least ten time steps"
            f" of {dt_:g} s after it"
        )


def _limited_by_grid(model, rate_, I_, g_, dt_):
    """A sentence on points that fire as soon as time step and refractory period let them, if any do."""
    fewest = fewest_steps(model, dt_)
    at = np.flatnonzero(rate_ * dt_ * (fewest + 0.5) >= 1)
    if not at.size:
        return ()
    first = at[np.argmin(I_[at])]
    limit = (
        f"the time step of {dt_ * 1e3:g} ms"
        if fewest <= 2
        else f"the refractory period of {fewest * dt_ * 1e3:g} ms"
    )
    return (
        f"{at.size} of {rate_.size} points fire at every chance that {limit} leaves ({rate_[first]:.4g} Hz"
        f" from I = {with_units(I_[first], model.current_dim)}, g ="
        f" {with_units(g_[first], model.conductance_dim)}): that limits their rates, not the cell; leave them"
        " out, or "
        + ("take a smaller dt and a refractory period" if fewest <= 2 else "take weaker currents"),
    )
