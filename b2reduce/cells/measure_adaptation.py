"""Measuring the adaptation of a cell: what a spike leaves behind, and the gain without it."""

from __future__ import annotations

import ast
import textwrap
import warnings as quiet

import numpy as np

from ..basics.arguments import axis, pair_of, seconds
from ..basics.arguments import whole as whole_number
from ..basics.errors import InputError
from ..basics.progress import Progress
from ..basics.provenance import versions
from ..basics.units import si_label, with_units
from ..circuit.neuron import load_model
from ..circuit.spike_memory import fit_memory
from .adaptation import Adaptation
from .after_currents import measure_onsets, spike_sequences
from .measure_fi import measure_fi
from .onset import find_onset
from .onset_times import RTOL
from .settings import DURATION_, WARMUP_, changed_parameters, check_engine, check_run, leaks

__all__ = ["measure_adaptation"]

CURRENTS = 41  # between rheobase and the highest rate
TOP = 60.0  # Hz; up to where a cell is measured where nothing is said
FOLLOWED_, CELLS = 1.5, 12  # s, and cells at each leak, whose intervals tell what a spike leaves behind
SLOW, MOST_FOLLOWED_ = 6, 20.0  # time constants that steady rates and intervals are followed for, s at most
# Of what a spike leaves behind, at the next one: less says nothing. Relative errors that are not worth a word
FAINT, SURE = 0.06, 0.1
LEAST = 0.02  # of the current above rheobase at the highest rate: less adaptation than this is none
SUSTAINED_ = 2.0  # Hz; near its onset sustained firing is slower than that, and no law holds there


def measure_adaptation(
    model, *, I=None, g=None, rates=None, dt=None, seed=1, parameters=None, engine="auto", progress=None
):
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
    import pandas as pd

    model = load_model(model).with_parameters(changed_parameters(parameters))
    seed = whole_number(seed, "seed")
    check_engine(engine, None)
    leak_ = model.leak_
    g = (
        with_units(leak_ + model.conductance_scale_ * np.array([0, 0.25, 0.5]), model.conductance_dim)
        if g is None
        else g
    )
    g_ = leaks(g, model)
    lo, hi = (0.0, TOP) if rates is None else pair_of(rates, "Hz", "rates", "(0*Hz, 60*Hz)")
    if not 0 <= lo < hi:
        raise InputError(f"rates: got {lo:g} to {hi:g} Hz, expected a lower and a higher rate")
    check_engine(engine, None)
    settings = dict(dt=dt, engine=engine, seed=seed)
    dt_ = seconds(dt, "dt") or float(model.dt)
    check_run(DURATION_, dt_, cells=CURRENTS * g_.size, fewest=10)
    current, conductance = si_label(model.current_dim), si_label(model.conductance_dim)
    with Progress(progress) as bar, quiet.catch_warnings():
        # Of surfaces and onsets: what matters of it is among this result's own warnings
        quiet.simplefilter("ignore", UserWarning)
        report = bar.stage("rheobases")
        found = {
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
        searched = {kind: onset.current_ for kind, onset in found.items()}
        if I is None:
            I = with_units(_currents(model, g_, searched["first_spike"], hi, settings), model.current_dim)
        report(0.5)
        I_ = axis(I, model.current_dim, "I")
        surface = measure_fi(model, I, with_units(g_, model.conductance_dim), progress=False, **settings)
        curve = _curve(surface, lo, hi)
        if len(curve) < 4:
            raise InputError(
                f"model {model.name!r}: {len(curve)} of the currents give a steady rate within {lo:g} to"
                f" {hi:g} Hz that its onset reaches too, expected at least four; give I and g at which the"
                " cell fires, or other rates"
            )
        rate, a, leak = curve.T
        J_raw = float(np.polyfit(rate, a, 1)[0]) if np.ptp(rate) > 0 else 0.0
        window = searched["sustained"] - searched["first_spike"]
        # A search to 1e-4 leaves as much open, and what decays more slowly than cells are followed does not
        # count as sustained.
        open_ = (
            3 * RTOL * np.abs(searched["sustained"])
            + sum(onset.left_ for onset in found.values())
            + max(J_raw, 0.0) * SUSTAINED_
        )
        whole = surface.I_[-1] - searched["first_spike"].min()
        # What the spikes of a cell leave behind is looked for only where there is something.
        adapts = np.max(a) >= LEAST * whole
        kind = "none" if not adapts else "voltage-driven" if np.all(window > open_) else "spike-driven"
        if adapts:
            top = min(hi, float(rate.max()))
            report = bar.stage("intervals")
            onsets = measure_onsets(
                model,
                searched["first_spike"][:, None]
                + (I_[-1] - searched["first_spike"][:, None]) * np.linspace(0.01, 1, CURRENTS) ** 2,
                g_,
                (max(lo, 1.0), top),
                dt_=dt_,
                engine=engine,
                report=report,
            )
            law, memory = _law(model, surface, onsets, lo, hi, kind, FOLLOWED_, dt_, engine)
            # Rates of the first seconds are not yet steady
            if memory is not None and SLOW * memory.tau > WARMUP_:
                length = min(SLOW * memory.tau, MOST_FOLLOWED_ / 2)
                surface = measure_fi(
                    model,
                    I,
                    with_units(g_, model.conductance_dim),
                    duration=with_units(2 * length, "s"),
                    warmup=with_units(length, "s"),
                    progress=False,
                    **settings,
                )
                law, memory = _law(model, surface, onsets, lo, hi, kind, max(FOLLOWED_, length), dt_, engine)
            if memory is None or not len(law):
                raise InputError(
                    f"model {model.name!r}: adaptation was seen, but too few intervals of the first and of"
                    " later spikes can be compared to tell what a spike leaves behind; give rates, I and g"
                    " at which the cell fires more often at once"
                )
            rate, a, leak = law.T
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
    if adapts:
        J_, J_error, a_0, rise, tau_, tau_error = (
            memory.b * memory.tau,
            memory.J_error,
            memory.a_0,
            memory.rise,
            memory.tau,
            memory.tau_error,
        )
        rmse = float(np.sqrt(np.mean(memory.misses[memory.steady] ** 2)))
        warnings += _doubts(model, memory, top, kind)
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
        if kept := sorted(_changed_by_spikes(model) - {model.membrane}):
            warnings.append(
                f"a spike changes {', '.join(kept)}, but up to {rate.max():.3g} Hz steady rates and those of"
                f" the first interval are the same within {100 * LEAST:g} % of the range of currents: what is"
                " left of it at the next spike is too little to measure, and J counts as 0; higher rates may"
                " show it"
            )
    time = lambda value: None if value is None else with_units(value, "s")
    charge = current.replace("A", "C")
    windows = pd.DataFrame(
        {
            f"g [{conductance}]": g_,
            f"first spike [{current}]": searched["first_spike"],
            f"sustained [{current}]": searched["sustained"],
            f"window [{current}]": window,
            f"left open [{current}]": open_,
        }
    )
    provenance = {
        "model": model.name,
        "model_hash": model.hash,
        "seed": seed,
        "dt [s]": surface.provenance["dt [s]"],
        "engine": surface.provenance["engine"],
        "rates [Hz]": [lo, hi],
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
        windows,
        pd.DataFrame({"rate [Hz]": rate, f"g [{conductance}]": leak, f"adaptation [{current}]": a}),
        warnings,
        provenance,
    )


def _law(model, surface, onsets, lo, hi, kind, duration_, dt_, engine):
    """(rows of steady rate, current beyond that of the onset and leak.

    What a spike leaves behind, or None).
    """
    rows, chosen = [], []
    for j, g in enumerate(surface.g_):
        if g not in onsets:
            continue
        rate = surface.rate_[:, j]
        here = (rate > lo) & (rate <= hi)
        beyond = surface.I_[here] - onsets[g].current(rate[here])
        rows += [(r, a, g) for r, a in zip(rate[here], beyond) if np.isfinite(a)]
        firing = np.flatnonzero((rate > 4 / duration_) & (rate <= 1.5 * hi))
        if firing.size:
            chosen += [
                (I, g)
                for I in surface.I_[firing[np.unique(np.linspace(0, firing.size - 1, CELLS).astype(int))]]
            ]
    if not rows or not chosen:
        return np.array(rows), None
    rows, (I_, leak_) = np.array(rows), np.array(chosen).T
    spikes = spike_sequences(model, I_, leak_, duration_=duration_, dt_=dt_, engine=engine)
    return rows, fit_memory(
        onsets, list(zip(I_, leak_, spikes)), rows, surface.g_, voltage=kind == "voltage-driven"
    )


def _doubts(model, memory, top, kind):
    """What to know before using the law; an error where it says nothing."""
    J, left = memory.b * memory.tau, np.exp(-1 / (top * memory.tau))
    if kind == "spike-driven" and (left < FAINT or not J > 0 or memory.J_error > 0.5 * J):
        why = (
            f"it decays within about {memory.tau * 1e3:.2g} ms, and at {top:.3g} Hz {100 * left:.2g} % of it"
            " is left at the next spike"
            if left < FAINT
            else f"J comes out as {J:.3g} with a standard error of {memory.J_error:.2g} (SI)"
        )
        raise InputError(
            f"model {model.name!r}: what a spike leaves behind cannot be told from rates up to {top:.3g} Hz:"
            f" {why}; give higher rates, such as rates = (0*Hz,"
            f" {max(2 * top, 0.7 / max(memory.tau, 1e-3)):.0f}*Hz), or take it as part of the gain"
        )
    doubts = []
    if 2 * memory.J_error > SURE * abs(J) and not memory.parts:
        doubts.append(
            f"J is known to {100 * memory.J_error / abs(J):.2g} % (one standard error) only: what a spike"
            " leaves behind is small beside what it is measured by"
        )
    if memory.parts:
        (fast, fast_tau), (_, slow_tau) = memory.parts
        doubts.append(
            f"what a spike leaves behind is not one current with one time constant: {100 * fast / J:.0f} % of"
            f" J decays within {fast_tau * 1e3:.3g} ms and the rest within {slow_tau * 1e3:.3g} ms; J is that"
            " of both, tau their mean"
        )
    elif kind == "spike-driven" and memory.spread > SURE:
        doubts.append(
            f"J differs by {100 * memory.spread:.2g} % between the lower and the upper half of the rates:"
            " what a spike leaves behind is not one current with one time constant"
        )
    return doubts


def _changed_by_spikes(model):
    """Names that the reset sets."""
    return {
        node.id
        for node in ast.walk(ast.parse(textwrap.dedent(model.reset)))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _currents(model, g_, rheobases, top, settings):
    """From the lowest rheobase to where the leakiest cell fires at `top` in the steady state, denser near
    rheobase.
    """
    lowest, highest = rheobases.min(), rheobases.max()
    width = 0.25 * max(abs(highest), abs(lowest), 1e-15)
    for _ in range(8):
        trial = measure_fi(
            model,
            with_units(np.array([highest + width]), model.current_dim),
            with_units(g_[-1:], model.conductance_dim),
            progress=False,
            **settings,
        )
        if trial.rate_[0, 0] >= top:
            break
        width *= 1.6
    span = highest + width - lowest
    return lowest + span * np.linspace(0.001, 1, CURRENTS) ** 1.5


def _onset(surface, j):
    """Current that gives a rate at onset, for one conductance.

    An interpolation over the rates that were seen, or None.
    """
    from scipy.interpolate import PchipInterpolator

    onset = surface.onset_rate_[:, j]
    known = np.isfinite(onset)
    if known.sum() < 4:
        return None
    rate, I = np.maximum.accumulate(onset[known]), surface.I_[known]
    rising = np.r_[True, np.diff(rate) > 0]
    return PchipInterpolator(rate[rising], I[rising], extrapolate=False) if rising.sum() >= 4 else None


def _curve(surface, lo, hi):
    """Rows of (steady rate, I_steady - I_onset, g)."""
    rows = []
    for j, g in enumerate(surface.g_):
        onset = _onset(surface, j)
        if onset is None:
            continue
        rate = surface.rate_[:, j]
        here = (rate > lo) & (rate <= hi)
        lack = surface.I_[here] - onset(rate[here])
        rows += [(r, a, g) for r, a in zip(rate[here], lack) if np.isfinite(a)]
    return np.array(rows).reshape(-1, 3)
