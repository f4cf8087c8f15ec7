"""How a cell adapts, measured on SI floats.

Searches of its onsets, a surface, and what its spikes leave behind.
"""

from __future__ import annotations

import warnings as quiet
from dataclasses import replace

import numpy as np

from ..basics.errors import InputError
from ..basics.progress import Progress
from ..basics.provenance import versions
from ..basics.units import si_label, with_units
from .adaptation import Adaptation
from .adaptation_curve import CURRENTS, currents_to, lack_at_rates
from .adaptation_law import FOLLOWED_, MOST_FOLLOWED_, SLOW, changed_by_spikes, doubts_on, law_of
from .after_currents import measure_onsets
from .cell_run import CellRun
from .measure_fi import measure_fi_
from .onset import find_onset
from .onset_times import RTOL
from .settings import DURATION_, WARMUP_, check_replicates, check_run, run_times

__all__ = ["measure_adaptation_"]

LEAST = 0.02  # of the current above rheobase at the highest rate: less adaptation than this is none
SUSTAINED_ = 2.0  # Hz; near its onset sustained firing is slower than that, and no law holds there


def measure_adaptation_(model, I_, g_, rates_, *, dt_, fixed, seed, engine="auto", bar):
    """`measure_adaptation` on SI floats.

    Parameters
    ----------
    model : NeuronModel
    I_ : ndarray or None
        Ascending currents; None: from the lowest rheobase up to the current that gives the highest rate.
    g_ : ndarray
        Ascending total leaks.
    rates_ : pair of float
        Steady rates that J is fitted over, Hz.
    dt_ : float
    fixed : bool
        The step is the caller's wish and stays.
    seed : int
    engine : {"auto", "native", "brian2"}
    bar : Progress

    Returns
    -------
    Adaptation
    """
    lo, hi = rates_
    check_run(DURATION_, dt_, cells=CURRENTS * g_.size, fewest=10)
    duration_, warmup_ = run_times(None, None, model.noisy)
    run = CellRun(
        duration_,
        warmup_,
        adaptive=True,
        replicates=check_replicates(None, model.noisy),
        dt_=dt_,
        fixed=fixed,
        seed=seed,
        engine=engine,
    )
    with quiet.catch_warnings():
        # Of onsets and of cells that are followed: what matters of it is among this result's own warnings
        quiet.simplefilter("ignore", UserWarning)
        report = bar.stage("rheobases")
        onsets = {
            kind: find_onset(
                model,
                g_,
                sustained=kind == "sustained",
                duration_=DURATION_,
                given=False,
                dt_=dt_,
                engine=engine,
                bar=Progress(False),
            )
            for kind in ("first_spike", "sustained")
        }
        first = onsets["first_spike"].current_
        if I_ is None:
            I_ = currents_to(model, g_, first, hi, run)
        report(0.5)
        surface = measure_fi_(model, I_, g_, run=run, bar=Progress(False))
        curve = lack_at_rates(surface, lo, hi)
        if len(curve) < 4:
            raise InputError(
                f"model {model.name!r}: {len(curve)} of the currents give a steady rate within {lo:g} to"
                f" {hi:g} Hz that its onset reaches too, expected at least four; give I and g at which the"
                " cell fires, or other rates"
            )
        windows = _windows(onsets, curve)
        whole = surface.I_[-1] - first.min()
        # What the spikes of a cell leave behind is looked for only where there is something.
        adapts, memory, top = np.max(curve[:, 1]) >= LEAST * whole, None, min(hi, float(curve[:, 0].max()))
        kind = "none" if not adapts else "voltage-driven" if np.all(np.greater(*windows)) else "spike-driven"
        if adapts:
            surface, curve, memory = _memory_of(
                model, surface, first, lo, hi, top, kind, run, bar.stage("intervals")
            )
    return _result(model, kind, surface, curve, memory, onsets, windows, top, whole, (lo, hi))


def _windows(onsets, curve):
    """(currents between a first spike and firing that goes on, what of them the searches leave open)."""
    rate, a, _ = curve.T
    J_raw = float(np.polyfit(rate, a, 1)[0]) if np.ptp(rate) > 0 else 0.0
    # A search to 1e-4 leaves as much open, and what decays more slowly than cells are followed does not
    # count as sustained.
    open_ = (
        3 * RTOL * np.abs(onsets["sustained"].current_)
        + sum(onset.left_ for onset in onsets.values())
        + max(J_raw, 0.0) * SUSTAINED_
    )
    return onsets["sustained"].current_ - onsets["first_spike"].current_, open_


def _memory_of(model, surface, first, lo, hi, top, kind, run, report):
    """(surface whose rates are steady, rows of rate, adaptation current and leak, what a spike leaves)."""
    g_, I_ = surface.g_, surface.I_
    found = measure_onsets(
        model,
        first[:, None] + (I_[-1] - first[:, None]) * np.linspace(0.01, 1, CURRENTS) ** 2,
        g_,
        (max(lo, 1.0), top),
        dt_=run.dt_,
        engine=run.engine,
        report=report,
    )
    cells = dict(dt_=run.dt_, engine=run.engine)
    law, memory = law_of(model, surface, found, lo, hi, kind, FOLLOWED_, **cells)
    # Rates of the first seconds are not yet steady
    if memory is not None and SLOW * memory.tau > WARMUP_:
        length = min(SLOW * memory.tau, MOST_FOLLOWED_ / 2)
        longer = replace(run, duration_=2 * length, warmup_=length, adaptive=False)
        surface = measure_fi_(model, I_, g_, run=longer, bar=Progress(False))
        law, memory = law_of(model, surface, found, lo, hi, kind, max(FOLLOWED_, length), **cells)
    if memory is None or not len(law):
        raise InputError(
            f"model {model.name!r}: adaptation was seen, but too few intervals of the first and of"
            " later spikes can be compared to tell what a spike leaves behind; give rates, I and g"
            " at which the cell fires more often at once"
        )
    return surface, law, memory


def _result(model, kind, surface, curve, memory, onsets, windows, top, whole, rates_):
    """The measured law, with what must be known before it is used."""
    import pandas as pd

    rate, a, leak = curve.T
    window, open_ = windows
    current, conductance = si_label(model.current_dim), si_label(model.conductance_dim)
    warnings = list(surface.warnings)
    if np.min(a) < -LEAST * whole:
        warnings.append(
            f"at some rates the steady state needs {-np.min(a):.3g} {current} less than the onset: the cell"
            " facilitates there instead of adapting"
        )
    if np.any(window > open_) and kind == "spike-driven":
        warnings.append(
            "at some conductances firing that lasts needs more current than a first spike, at others it does"
            " not: depolarisation may drive part of it"
        )
    if memory is not None:
        J_, J_error, a_0, rise, tau_, tau_error = (
            memory.b * memory.tau,
            memory.J_error,
            memory.a_0,
            memory.rise,
            memory.tau,
            memory.tau_error,
        )
        rmse = float(np.sqrt(np.mean(memory.misses[memory.steady] ** 2)))
        warnings += doubts_on(model, memory, top, kind)
        if tau_error > 0.5 * tau_:
            warnings.append(
                "no time constant could be had from the intervals; use rates at which more spikes fall"
                " within it"
            )
            tau_ = tau_error = None
    else:
        J_, J_error, a_0, rise, tau_, tau_error, rmse = (
            0.0,
            float(np.std(a) / max(np.mean(rate), 1e-12)),
            0.0,
            0.0,
            None,
            None,
            float(np.sqrt(np.mean(a**2))),
        )
        if kept := sorted(changed_by_spikes(model) - {model.membrane}):
            warnings.append(
                f"a spike changes {', '.join(kept)}, but up to {rate.max():.3g} Hz steady rates and those of"
                f" the first interval are the same within {100 * LEAST:g} % of the range of currents: what is"
                " left of it at the next spike is too little to measure, and J counts as 0; higher rates may"
                " show it"
            )
    time = lambda value: None if value is None else with_units(value, "s")
    charge = current.replace("A", "C")
    table = pd.DataFrame(
        {
            f"g [{conductance}]": surface.g_,
            f"first spike [{current}]": onsets["first_spike"].current_,
            f"sustained [{current}]": onsets["sustained"].current_,
            f"window [{current}]": window,
            f"left open [{current}]": open_,
        }
    )
    provenance = {
        "model": model.name,
        "model_hash": model.hash,
        "seed": surface.provenance["seed"],
        "dt [s]": surface.provenance["dt [s]"],
        "engine": surface.provenance["engine"],
        "rates [Hz]": list(rates_),
        "versions": versions(),
    }
    return Adaptation(
        kind,
        with_units(J_, charge),
        with_units(a_0, current),
        with_units(rise, "V"),
        time(tau_),
        with_units(J_error, charge),
        time(tau_error),
        with_units(rmse, current),
        table,
        pd.DataFrame({"rate [Hz]": rate, f"g [{conductance}]": leak, f"adaptation [{current}]": a}),
        warnings,
        provenance,
    )
