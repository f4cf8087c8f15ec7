"""Every premise of the derivation, measured on the spiking run."""

from __future__ import annotations

import numpy as np

from .activity import Activity
from .circuit import load_circuit
from .gain import SLOPE_LIMIT
from .units import InputError

__all__ = ["check_assumptions"]

VARIANCE_LIMIT = 1.5
EVENTS_LIMIT = 3.6
CHANGE_LIMIT = 0.5


def check_assumptions(circuit, spikes, reduced):
    """Measure the premises under which the rate model was derived.

    Parameters
    ----------
    circuit : Circuit, str or path
    spikes : Activity or sequence of Activity
        Spiking runs of this circuit with recorded conductances; the first quarter of each is left out.
    reduced : ReducedCircuit

    Returns
    -------
    pandas.DataFrame
        One row an assumption, its worst case over populations and pathways: ``assumption``, ``measured``, ``limit``,
        ``holds``, ``advice`` (which names the worst case).

    Notes
    -----
    asynchrony
        Variance of each recurrent conductance over time within a cell, relative to Campbell's for Poisson trains of the
        same rate, K G^2 r dt/(1 - exp(-2 dt/tau)) at the end of a step. Irregular independent trains give 0.7 to 1;
        synchronous ones multiply it by the number of spikes that come together. Limit 1.5.
    many inputs
        Events per synaptic time constant, K r tau. A Poisson conductance has the skewness (2 sqrt(2)/3)/sqrt(K r tau),
        from the second and third cumulants G^2 tau R/2 and G^3 tau R/3; below 3.6 events it exceeds 0.5.
    slow variation
        Root mean square change of the population rate from one stretch of the longest of tau and the synaptic time
        constants to the next, without what counting N cells gives by chance (2 r/(N stretch)), relative to its mean.
    operating rate in the window
        Spiking rate within the rates at which the gain was fitted.
    slope unchanged by leak
        Relative change of the slope of the f-I curve over the range of leak.
    fires without noise
        Rate of the cell at its mean current and leak without noise; where it is 0 the rate rests on the noise.

    Examples
    --------
    >>> from brian2 import second
    >>> from b2reduce import reduce, simulate_spikes
    >>> table = check_assumptions("ei_lif", simulate_spikes("ei_lif", duration=0.5*second), reduce("ei_lif"))
    >>> bool(table.set_index("assumption").holds["asynchrony"])
    True
    """
    import pandas as pd

    circuit = load_circuit(circuit)
    runs = [spikes] if isinstance(spikes, Activity) else list(spikes)
    if not runs or any(run.spikes_ is None for run in runs):
        raise InputError("spikes: got a run without spikes, expected what simulate_spikes returns")
    for run in runs:
        if set(run.populations) != set(circuit.populations):
            raise InputError(f"spikes: got populations {', '.join(run.populations)}, expected those of the circuit: {', '.join(circuit.populations)}")
    rates = {name: float(np.mean([_after(run)[0][name] for run in runs])) for name in circuit.populations}
    rows = [_asynchrony(circuit, runs), _many_inputs(circuit, reduced, rates), _slow_variation(circuit, runs, reduced, rates),
            _inside_window(reduced, rates), _slope(reduced), _noise_free(reduced)]
    return pd.DataFrame(rows, columns=["assumption", "measured", "limit", "holds", "advice"])


def _after(run):
    """Mean rates and a mask of the time bins, the first quarter left out."""
    inside = run.t_ > run.duration_ / 4
    return dict(zip(run.populations, run.rate_[:, inside].mean(axis=1))), inside


def _asynchrony(circuit, runs):
    name, worst, where = "asynchrony", np.nan, ""
    for run in runs:
        rates, _ = _after(run)
        dt_ = run.provenance["dt [s]"]
        for target in circuit.populations:
            for pathway in circuit.pathways(target):
                recorded = (run.conductances_ or {}).get(pathway.label)
                R = 0 if pathway.is_drive else pathway.K * rates[pathway.source]
                if pathway.is_drive or recorded is None or R == 0 or pathway.G_ == 0:
                    continue
                inside = run.conductance_t_ > run.duration_ / 4
                campbell = pathway.G_**2 * R * dt_ / -np.expm1(-2 * dt_ / pathway.tau_)
                ratio = float(np.mean(np.var(recorded[:, inside], axis=1)) / campbell)
                if not ratio <= worst:
                    worst, where = ratio, pathway.label
    limit = f"<= {VARIANCE_LIMIT:g}"
    if np.isnan(worst):
        return name, worst, limit, True, "no recurrent conductance was active or recorded: there is nothing that could synchronise"
    advice = f"{where}: conductance variance relative to independent Poisson trains"
    if worst > VARIANCE_LIMIT:
        advice += "; cells fire together, so that mean rates do not describe the input: spread delays, make connections sparser, or do not reduce this circuit"
    return name, worst, limit, worst <= VARIANCE_LIMIT, advice


def _many_inputs(circuit, reduced, rates):
    events = {}
    for target in circuit.populations:
        for pathway in circuit.pathways(target):
            rate = circuit.drive(pathway.source, target).rate_ if pathway.is_drive else rates[pathway.source]
            events[pathway.label] = pathway.K * rate * pathway.tau_
    worst = min(events, key=events.get, default=None)
    if worst is None:
        return "many inputs", np.nan, f">= {EVENTS_LIMIT:g}", True, "there are no synapses"
    measured = events[worst]
    advice = f"{worst}: events per synaptic time constant"
    if measured < EVENTS_LIMIT:
        advice += "; the conductance is a train of separate jumps rather than a mean with noise: gains measured in matched noise include that, noise = 'none' does not"
    return "many inputs", measured, f">= {EVENTS_LIMIT:g}", measured >= EVENTS_LIMIT, advice


def _slow_variation(circuit, runs, reduced, rates):
    stretch = max([float(np.asarray(tau)) for tau in reduced.tau.values()]
                  + [p.tau_ for name in circuit.populations for p in circuit.pathways(name)], default=1e-2)
    worst, where = 0.0, next(iter(circuit.populations))
    for run in runs:
        _, inside = _after(run)
        each = max(1, round(stretch / run.bin_))
        for name, rate in zip(run.populations, run.rate_[:, inside]):
            pieces = rate[:rate.size // each * each].reshape(-1, each).mean(axis=1)
            if pieces.size < 3 or not pieces.mean() > 0:
                continue
            chance = 2 * pieces.mean() / (run.sizes[name] * each * run.bin_)
            change = np.sqrt(max(np.mean(np.diff(pieces) ** 2) - chance, 0)) / pieces.mean()
            if change > worst:
                worst, where = float(change), name
    advice = f"population {where}: relative change of its rate within {stretch * 1e3:.3g} ms"
    if worst > CHANGE_LIMIT:
        advice += "; rates vary as fast as the synapses: means over time may still agree, the time course will not"
    return "slow variation", worst, f"<= {CHANGE_LIMIT:g}", worst <= CHANGE_LIMIT, advice


def _inside_window(reduced, rates):
    outside = {}
    for name, rate in rates.items():
        lo, hi = (float(np.asarray(limit)) for limit in reduced.gains[name].rates)
        outside[name] = max(lo - rate, rate - hi) / (hi - lo)
    worst = max(outside, key=outside.get)
    lo, hi = (float(np.asarray(limit)) for limit in reduced.gains[worst].rates)
    holds = outside[worst] <= 0
    advice = f"population {worst}: spiking rate in Hz, and the window of rates of its gain"
    if not holds:
        advice += "; the gain is extrapolated: reduce at these drives (at=), or widen the window"
    return "operating rate in the window", rates[worst], f"{lo:.3g} to {hi:.3g}", holds, advice


def _slope(reduced):
    changes = {name: gain.slope_change for name, gain in reduced.gains.items() if np.isfinite(gain.slope_change)}
    limit = f"<= {SLOPE_LIMIT:g}"
    if not changes:
        return "slope unchanged by leak", np.nan, limit, False, "the slope was not measured at two conductances: it is unknown whether leak only shifts the f-I curve"
    worst = max(changes, key=changes.get)
    holds = changes[worst] <= SLOPE_LIMIT
    advice = f"population {worst}: relative change of the slope of the f-I curve over the range of leak"
    if not holds:
        advice += "; extra leak does more than shift the curve: W and theta hold near the operating point only"
    return "slope unchanged by leak", changes[worst], limit, holds, advice


def _noise_free(reduced):
    rates = {name: float(np.asarray(rate)) for name, rate in reduced.noise_free_rate.items()}
    worst = min(rates, key=rates.get)
    holds = rates[worst] > 0
    advice = f"population {worst}: rate in Hz of the cell at its mean current and leak without noise"
    if not holds:
        advice += "; it fires through noise alone" + (": the gains measured here include that noise" if reduced.noise == "matched" else
                                                      ", which these gains leave out: use noise = 'matched'")
    return "fires without noise", rates[worst], "> 0", holds, advice
