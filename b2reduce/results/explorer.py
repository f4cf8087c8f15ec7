"""A page to explore a rate model in.

Self-contained, computed where it is read, by the equations of `simulate_rates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import whole
from ..basics.errors import InputError
from ..basics.files import new_file, write_text
from ..basics.progress import Progress
from ..basics.streams import OfReduction, seed_streams
from ..basics.units import with_units
from ..cells.points import measure_points
from ..circuit.circuit import load_circuit
from ..networks.simulate_spikes import simulate_spikes
from ..reduction.inputs import sources_of
from ..reduction.integration_steps import integrated
from ..reduction.reduce import reduce
from ..reduction.reduced_circuit import ReducedCircuit
from .explorer_page import page_of

if TYPE_CHECKING:
    from ..basics.types import PathLike, ProgressLike, QuantityLike, Tau
    from ..circuit.types import CircuitLike

__all__ = ["PAGES", "explore"]

PAGES = (".html", ".htm")  # endings of a page
# Leaks at which f-I curves are measured, from none to 40 nS more: 32 nS are those of Chance et al. (2002)
SHUNTS, SHUNT_ = 6, 40e-9
CURRENTS, REPLICATES = 13, 24  # of each of these curves
SPAN = 0.4  # of a drive, either way, at which spiking networks are run


def explore(
    circuit: CircuitLike | ReducedCircuit,
    path: PathLike,
    *,
    level: str = "surface",
    noise: str = "renewal",
    tau: Tau = "membrane",
    spikes: int = 0,
    duration: QuantityLike | None = "2 s",
    seed: int = 1,
    progress: ProgressLike = None,
) -> None:
    """Write a page with sliders for drives and conductances, the rate model at rest and after a step, and f-I
    curves under a shunt.

    Parameters
    ----------
    circuit : Circuit, str, path or ReducedCircuit
        A circuit is reduced first.
    path : path
        Of the page, a new file that ends in .html.
    level, noise, tau
        As in `reduce`; at level "transfer" conductances have no sliders, since its tables were measured with
        the synapses as they are.
    spikes : int
        Runs of the spiking network, at drives 40 % either way, whose rates are shown as points.
    duration : Quantity
        Of each of them.
    seed : int
    progress : None, bool, str or callable

    Raises
    ------
    InputError
        If the circuit is unknown, or nothing of it can be moved.
    OutputError
        If the file is there already, or cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> page = os.path.join(tempfile.mkdtemp(), "page.html")
    >>> explore("e_shriki", page, level="linear", noise="none")
    >>> os.path.exists(page)
    True
    """
    target = new_file(path, *PAGES)
    spikes, seed = whole(spikes, "spikes", 0), whole(seed, "seed")
    with Progress(progress) as bar:
        reduced = (
            circuit
            if isinstance(circuit, ReducedCircuit)
            else reduce(load_circuit(circuit), level=level, noise=noise, tau=tau, seed=seed, progress=bar)
        )
        if reduced.cells:
            raise InputError(
                "circuit: got one unit a cell (cells=True), which a page is too slow for; reduce(...,"
                " cells=False)"
            )
        curves = {name: _curves(reduced, name, seed, bar) for number, name in enumerate(reduced.populations)}
        points = _spiking_points(reduced, spikes, duration, seed, bar)
    write_text(target, page_of(reduced, curves, points))


def _curves(reduced, name, seed, bar):
    """Measured f-I curves of a population at its operating leak and with more of it, in the noise of the
    operating point.
    """
    circuit = integrated(reduced.circuit, reduced.dt_, fixed=True)[0]
    model, gain = circuit.populations[name].model, reduced.gains[name]
    si = lambda value: float(np.asarray(value))
    g_0, beta = si(reduced.operating_g[name]), si(gain.beta)
    lo, hi = map(si, gain.rates)
    reach = g_0 if circuit.per_area(name) else max(SHUNT_, g_0)
    step = (
        8e-9 * max(1, round(reach / 8e-9 / (SHUNTS - 1)))
        if not circuit.per_area(name)
        else reach / (SHUNTS - 1)
    )
    shunts = step * np.arange(SHUNTS)
    # Currents at which the law puts the rates of the window and those below it, which noise fills.
    x = np.linspace(-0.6, 1.3, CURRENTS) * hi / beta
    I_ = x[:, None] + si(gain.I_theta) + si(gain.v_theta) * (g_0 + shunts)
    sources = (
        sources_of(
            circuit,
            name,
            reduced.operating_rate_,
            reduced.at_,
            reduced.cv2 or dict.fromkeys(circuit.populations, 1.0),
        )
        if reduced.noise != "none"
        else ()
    )
    measured = measure_points(
        model,
        I_.ravel(),
        np.tile(g_0 + shunts, CURRENTS),
        sources,
        replicates=REPLICATES if sources else 1,
        duration_=2.5,
        warmup_=0.5,
        dt_=reduced.dt_,
        seed=seed_streams(seed, OfReduction.SHUNTS, list(circuit.populations).index(name)),
        report=bar.stage(f"f-I curves of {name} under a shunt"),
    )
    return {
        "g": (g_0 + shunts).tolist(),
        "I": I_.T.tolist(),
        "rate": measured.rate_.reshape(CURRENTS, SHUNTS).T.tolist(),
        "v_theta": si(gain.v_theta),
        "window": [lo, hi],
    }


def _spiking_points(reduced, number, duration, seed, bar):
    """[{drive, factor, rates}] of spiking runs, the first drive changed."""
    if not number or not reduced.circuit.drives:
        return []
    drive = reduced.circuit.drive_names[0]
    found = []
    for factor in np.linspace(1 - SPAN, 1 + SPAN, number) if number > 1 else [1.0]:
        rates = {
            f"drive.{d.name}->{d.target}.rate": (
                with_units(factor * d.rate_, "Hz")
                if d.differing_rates is None
                else d.differing_rates.scaled(factor)
            )
            for d in reduced.circuit.drives
            if d.name == drive
        }
        run = simulate_spikes(reduced.circuit.replace(rates), duration=duration, seed=seed, progress=bar)
        found.append(
            {
                "drive": drive,
                "factor": float(factor),
                "rates": run.mean(with_units(min(0.5, run.duration_ / 4), "s")).to_dict(),
            }
        )
    return found
