"""Measuring a transfer function: the rate of a cell over the rates of its presynaptic inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import axis, described
from ..basics.errors import InputError, unknown_name
from ..basics.progress import Progress
from ..basics.units import si_label
from ..circuit.drive_lists import drives_of
from ..circuit.load_model import load_model
from .cell_run import cell_run
from .checked_points import measure_until
from .points import noise_sources
from .settings import changed_parameters, check_run, warned
from .transfer import TransferFunction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..basics.types import ArrayQuantity, Initial, ProgressLike, QuantityLike
    from ..circuit.parts import Drive
    from ..circuit.types import ModelLike

__all__ = ["measure_transfer", "measure_transfer_"]


def measure_transfer(
    model: ModelLike,
    drives: Sequence[Drive],
    rates: Mapping[str, ArrayQuantity],
    *,
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
) -> TransferFunction:
    """Measure the firing rate of a cell over the rates of its presynaptic inputs.

    All points run side by side as uncoupled cells with independent Poisson input.

    Parameters
    ----------
    model : NeuronModel, str or path
        The cell, with its own leak and constant input.
    drives : list of Drive
        Poisson conductances on the cell (their target is ignored). Drives of one name change together.
    rates : dict of str to Quantity
        For each drive to vary, the rates of one of its inputs, ascending. Drives that are not named keep
        their own rate.
    duration, warmup : Quantity, optional
        Whole run of each cell, by default 2.5 s, and what of it the rate leaves out, by default 0.5 s.
    replicates : int, optional
        Cells per point, 20 by default. Parameters that vary over cells are drawn per replicate.
    rtol : float, optional
        Wanted relative standard error of the rate. Without a duration each point runs until it is reached, up
        to 32 s; with one, replicates are added where it is not reached, up to 16 times as many.
    dt, seed, parameters, initial, engine, threads, progress
        As in `measure_fi`; at rest the conductances are at their means.

    Returns
    -------
    TransferFunction

    Raises
    ------
    InputError
        If a drive is unknown or occurs twice, an axis is empty, unsorted or negative, or a unit is wrong.
    DivergenceError
        If the integration ends in NaN; the message names the point.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import Hz, ms
    >>> from b2reduce import Drive
    >>> exc = Drive(name="E", inputs=400, G="0.4 nS", tau="5 ms", E="0 mV")
    >>> inh = Drive(name="I", inputs=100, G="2 nS", tau="10 ms", E="-80 mV")
    >>> transfer = measure_transfer("lif", [exc, inh], {"E": [5, 10, 15]*Hz, "I": [0, 5]*Hz}, duration=500*ms)
    >>> transfer.rate.shape
    (3, 2)
    """
    model = load_model(model).with_parameters(changed_parameters(parameters))
    drives = drives_of(drives, "measure_transfer, drives")
    if not drives:
        raise InputError("drives: got none, expected at least one Drive")
    if not isinstance(rates, Mapping) or not rates:
        raise InputError(
            f"rates: got {described(rates)}, expected a dict of drive names and rates, such as"
            f" {{{drives[0].name!r}: [5, 10]*Hz}}"
        )
    for name in rates:
        if name not in (known := sorted({drive.name for drive in drives})):
            raise InputError(f"rates: {unknown_name('drive', name, known)}")
    axes = {name: axis(values, "Hz", f"rates, {name}") for name, values in rates.items()}
    for name, values in axes.items():
        if values[0] < 0:
            raise InputError(f"rates, {name}: got {values[0]:g} Hz, expected rates of at least 0 Hz")
    run = cell_run(
        model,
        True,
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
    points = int(np.prod([values.size for values in axes.values()]))
    check_run(run.duration_, run.dt_, cells=run.replicates * points)
    grids = np.meshgrid(*axes.values(), indexing="ij")
    sources = noise_sources(drives, model, dict(zip(axes, map(np.ravel, grids))), what="drives")
    with Progress(progress) as bar:
        transfer = measure_transfer_(
            model, axes, sources, run=run, bar=bar, drives=[drive.to_dict() for drive in drives]
        )
    warned(transfer.warnings)
    return transfer


def measure_transfer_(model, axes, sources, *, run, bar, drives=()):
    """`measure_transfer` on SI floats.

    Parameters
    ----------
    model : NeuronModel
    axes : dict of str to ndarray
        Ascending rates in Hz of what is varied.
    sources : sequence of Source
        Their values are floats, or arrays over the points of the grid.
    run : CellRun
    bar : Progress
    drives : sequence of dict
        The sources as plain data, for the provenance.

    Returns
    -------
    TransferFunction
        Its warnings have not been said to anybody yet.
    """
    shape = tuple(values.size for values in axes.values())
    points = int(np.prod(shape))
    I_ = model.constant_input_ + sum(source.current_(model) for source in sources) + np.zeros(points)
    g_ = model.leak_ + sum(source.leak_ for source in sources) + np.zeros(points)
    measured = measure_until(model, I_, g_, sources, run, bar, "transfer function")
    results = (measured.rate_, measured.rate_sem_, measured.cv_, I_, g_, measured.simulated)
    return TransferFunction(
        axes,
        *(values.reshape(shape) for values in results),
        per_area="m^2" in si_label(model.current_dim),
        provenance={**run.provenance(model, measured), "drives": list(drives)},
        check=measured.check.to_dict() if measured.check else {},
        warnings=measured.warnings,
    )
