"""Every premise of the derivation, measured on the spiking run."""

from __future__ import annotations

import numpy as np

from ..basics.arguments import require, runs_of
from ..basics.errors import InputError
from ..circuit.circuit import load_circuit
from ..networks.activity import OUTSIDE_LIMIT, Activity
from ..reduction.inputs import average, membrane_tau_, pathway_factor, source_rate
from ..reduction.reduced_circuit import ReducedCircuit
from .premise import Premise
from .reduction_premises import gain_premises

__all__ = ["check_assumptions"]

#: Synaptic variance against that of independent Poisson trains. Noise moves the threshold by about its
#: standard deviation: 1.5 is a fifth of that.
VARIANCE_LIMIT = 1.5
#: Events per synaptic time: below it the skewness of the conductance exceeds 0.5.
EVENTS_LIMIT = 3.6
#: Of a rate within a synaptic time: averaging over it is then off by about half as much.
CHANGE_LIMIT = 0.5
#: Standard deviation of a population's rate over time, beyond that of independent cells, relative to its
#: mean: the 15 % that a quantitative reduction may err by, less the 3 % that the reference itself does.
STEADY_LIMIT = 0.12
# s: passes as much noise as a Gaussian window of 10 ms; Hz: smaller rates count as this
STEADY_BIN_, STEADY_FLOOR_ = 35e-3, 1.0
#: Standard deviation of rates over cells, relative to their mean. Where the slope of the gain changes by k
#: over a window as wide as the rate, the mean over cells is off by k (sd/mean)^2/2: by 5 % at 0.3 for a slope
#: that doubles.
SPREAD_LIMIT = 0.3
COUNT_BIN_ = 5e-3  # s, of the spike counts whose correlation is measured: a fast synapse's time


def check_assumptions(circuit, spikes, reduced, rates=None):
    """Measure the premises under which the rate model was derived.

    Parameters
    ----------
    circuit : Circuit, str or path
    spikes : Activity or sequence of Activity
        Spiking runs of this circuit with recorded conductances; the first quarter of each is left out.
    reduced : ReducedCircuit
    rates : Activity, optional
        The rate run: for how long it was outside of what was measured.

    Returns
    -------
    pandas.DataFrame
        One row an assumption, its worst case over populations and pathways: ``assumption``, ``measured``,
        ``limit``, ``holds``, ``advice`` (which names the worst case).

    Notes
    -----
    asynchrony
        Variance of each recurrent conductance over time within a cell, relative to Campbell's for Poisson
        trains of the same rate, K G^2 r dt/(1 - exp(-2 dt/tau)) at the end of a step. Irregular independent
        trains give 0.7 to 1; synchronous ones multiply it by the number of spikes that come together. Limit
        1.5.
    many inputs
        Events per synaptic time constant, K r tau. A Poisson conductance has the skewness (2
        sqrt(2)/3)/sqrt(K r tau), from the second and third cumulants G^2 tau R/2 and G^3 tau R/3; below 3.6
        events it exceeds 0.5.
    slow variation
        Root mean square change of the population rate from one stretch of the longest of tau and the synaptic
        time constants to the next, without what counting N cells gives by chance (2 r/(N stretch)), relative
        to its mean.
    steady rates
        Standard deviation of the population rate in stretches of 35 ms, without what counting N cells gives
        by chance (variance r/(N stretch), and two standard errors of its estimate), relative to its mean;
        where all drives are constant. Cells that adapt for seconds and networks that fluctuate together have
        a rate over time that the rate model, at rest, has not.
    weak correlation
        Mean correlation of the spike counts of two cells in 5 ms, from the variance of the population's count
        N Var(mean)/ mean(Var) = 1 + (N - 1) c. Sums of K inputs vary 1 + (K - 1) c times as much as
        independent ones: with c below 0.5/K at most 1.5 times.
    irregular spikes
        Variance of the synaptic current with the intervals of each source as they are, over the variance
        assumed: pathways count with K G^2 tau r (E - E_leak - v_theta)^2/2, recurrent ones times what renewal
        trains of their CV have behind synapse and membrane.
    cells alike
        Standard deviation of the rates of cells without what counting adds (from the counts of two halves),
        over their mean.
    operating rate in the window
        Spiking rate within the rates at which the gain was fitted.
    slope unchanged by leak
        Relative change of the slope of the f-I curve over the range of leak.
    straight gain
        Relative change of the slope over the window of rates, from a parabola through the collapsed f-I
        curve.
    noise stays
        d rate/d source rate with noise that moves with the source, over that of the rate model, at the
        operating point.
    far from instability
        Largest real part of the eigenvalues of d rates/d rates of the rate model.
    one operating point
        How many the search found.
    no saturation
        Rate times refractory time.
    no hysteresis
        Difference of the f-I curves without noise, the current stepping slowly up and down.
    fires without noise
        Rate of the cell at its mean current and leak without noise; where it is 0 the rate rests on the
        noise.
    inside the measured range
        Fraction of the rate run that was spent outside; only where the rate run is given.

    Examples
    --------
    >>> from brian2 import second
    >>> from b2reduce import load_circuit, reduce, simulate_spikes
    >>> small = load_circuit("ei_lif").replace({"population.E.size": 400, "population.I.size": 100})
    >>> spikes, reduced = simulate_spikes(small, duration=0.2*second), reduce(small, noise="none")
    >>> table = check_assumptions(small, spikes, reduced).set_index("assumption")
    >>> bool(table.holds["asynchrony"])  # a quarter of its inputs are shared between any two cells
    False
    """
    import pandas as pd

    circuit = load_circuit(circuit)
    require(reduced, ReducedCircuit, "check_assumptions, reduced")
    if rates is not None:
        require(rates, Activity, "check_assumptions, rates")
    runs = runs_of(spikes, Activity, "check_assumptions, spikes")
    if any(run.spikes_ is None for run in runs):
        raise InputError("spikes: got a run without spikes, expected what simulate_spikes returns")
    for run in runs:
        if set(run.populations) != set(circuit.populations):
            raise InputError(
                f"spikes: got populations {', '.join(run.populations)}, expected those of the circuit:"
                f" {', '.join(circuit.populations)}"
            )
    seen = {name: float(np.mean([_after(run)[0][name] for run in runs])) for name in circuit.populations}
    rows = [
        _asynchrony(circuit, runs),
        _weak_correlation(circuit, runs),
        _irregular(circuit, runs, reduced, seen),
        _many_inputs(circuit, reduced, seen),
        _slow_variation(circuit, runs, reduced, seen),
        _steady(circuit, runs),
        _cells_alike(circuit, runs, reduced.cells),
        *gain_premises(circuit, reduced, seen),
    ]
    rows += [] if rates is None else [_outside(rates)]
    return pd.DataFrame(rows, columns=list(Premise._fields))


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
                if pathway.is_drive or recorded is None:
                    continue
                campbell = pathway.synapse.recorded_variance_(pathway.K * rates[pathway.source], dt_)
                if campbell == 0:
                    continue
                inside = run.conductance_t_ > run.duration_ / 4
                ratio = float(np.mean(np.var(recorded[:, inside], axis=1)) / campbell)
                if not ratio <= worst:
                    worst, where = ratio, pathway.label
    limit = f"<= {VARIANCE_LIMIT:g}"
    if np.isnan(worst):
        return (
            name,
            worst,
            limit,
            True,
            "no recurrent conductance was active or recorded: there is nothing that could synchronise",
        )
    advice = f"{where}: conductance variance relative to independent Poisson trains"
    if worst > VARIANCE_LIMIT:
        advice += (
            "; cells fire together, so that mean rates do not describe the input: spread delays, make"
            " connections sparser, or do not reduce this circuit"
        )
    return name, worst, limit, worst <= VARIANCE_LIMIT, advice


def _many_inputs(circuit, reduced, rates):
    events = {}
    for target in circuit.populations:
        for pathway in circuit.pathways(target):
            rate = circuit.drive(pathway.source, target).rate_ if pathway.is_drive else rates[pathway.source]
            events[pathway.label] = pathway.K * rate * pathway.synapse.filter.delay_
    worst = min(events, key=events.get, default=None)
    if worst is None:
        return "many inputs", np.nan, f">= {EVENTS_LIMIT:g}", True, "there are no synapses"
    measured = events[worst]
    advice = f"{worst}: events per synaptic time constant"
    if measured < EVENTS_LIMIT:
        advice += (
            "; the conductance is a train of separate jumps rather than a mean with noise: gains measured in"
            " matched noise include that, noise = 'none' does not"
        )
    return "many inputs", measured, f">= {EVENTS_LIMIT:g}", measured >= EVENTS_LIMIT, advice


def _slow_variation(circuit, runs, reduced, rates):
    stretch = max(
        [float(np.asarray(tau)) for tau in reduced.tau.values()] + [*circuit.synaptic_delays_.values()],
        default=1e-2,
    )
    worst, where = 0.0, next(iter(circuit.populations))
    for run in runs:
        _, inside = _after(run)
        each = max(1, round(stretch / run.bin_))
        for name, rate in zip(run.populations, run.rate_[:, inside]):
            pieces = rate[: rate.size // each * each].reshape(-1, each).mean(axis=1)
            if pieces.size < 3 or not pieces.mean() > 0:
                continue
            chance = 2 * pieces.mean() / (run.sizes[name] * each * run.bin_)
            change = np.sqrt(max(np.mean(np.diff(pieces) ** 2) - chance, 0)) / pieces.mean()
            if change > worst:
                worst, where = float(change), name
    advice = f"population {where}: relative change of its rate within {stretch * 1e3:.3g} ms"
    if worst > CHANGE_LIMIT:
        advice += (
            "; rates vary as fast as the synapses: means over time may still agree, the time course will not"
        )
    return Premise("slow variation", worst, f"<= {CHANGE_LIMIT:g}", worst <= CHANGE_LIMIT, advice)


def _steady(circuit, runs):
    name, worst, where = "steady rates", np.nan, ""
    if not all(drive.constant for drive in circuit.drives):
        return Premise(
            name, worst, f"<= {STEADY_LIMIT:g}", True, "drives change over time, and rates follow them"
        )
    for run in runs:
        _, inside = _after(run)
        each = max(1, round(STEADY_BIN_ / run.bin_))
        for population, rate in zip(run.populations, run.rate_[:, inside]):
            pieces = rate[: rate.size // each * each].reshape(-1, each).mean(axis=1)
            if pieces.size < 3:
                continue
            chance = pieces.mean() / (run.sizes[population] * each * run.bin_)
            excess = pieces.var(ddof=1) - chance * (1 + 2 * np.sqrt(2 / (pieces.size - 1)))
            change = np.sqrt(max(excess, 0)) / max(pieces.mean(), STEADY_FLOOR_)
            if not change <= worst:
                worst, where = float(change), population
    if np.isnan(worst):
        return Premise(name, worst, f"<= {STEADY_LIMIT:g}", True, "the run is too short to see rates change")
    advice = (
        f"population {where}: standard deviation of its rate in {STEADY_BIN_ * 1e3:g} ms beyond that of"
        " independent cells, over its mean"
    )
    if worst > STEADY_LIMIT:
        advice += (
            "; cells adapt on, or fluctuate together: compare means over time, not the time course, and leave"
            " out more of the beginning"
        )
    return Premise(name, worst, f"<= {STEADY_LIMIT:g}", worst <= STEADY_LIMIT, advice)


def _trains(circuit, run):
    """[(population, cell indices, times)] of the spikes after the first quarter, where there are any."""
    for name in circuit.populations:
        if name in run.spikes_:
            i, t = run.spikes_[name]
            later = t > run.duration_ / 4
            if later.any():
                yield name, i[later], t[later]


def _weak_correlation(circuit, runs):
    name, worst, where, limit = "weak correlation", np.nan, "", np.nan  # the worst relative to its limit
    for run in runs:
        start, bins = run.duration_ / 4, int(0.75 * run.duration_ / COUNT_BIN_)
        for population, i, t in _trains(circuit, run):
            K = max(
                (
                    p.K
                    for target in circuit.populations
                    for p in circuit.pathways(target)
                    if not p.is_drive and p.source == population
                ),
                default=0,
            )
            N = run.sizes[population]
            if N < 2 or not K or bins < 2:
                continue
            column = np.minimum(((t - start) / COUNT_BIN_).astype(int), bins - 1)
            total = np.bincount(column, minlength=bins)
            # Var of single cells: E[n^2] - E[n]^2 with n^2 summed over (cell, bin) pairs that hold spikes.
            _, counts = np.unique(i.astype(np.int64) * bins + column, return_counts=True)
            own = np.bincount(i, minlength=N) / bins
            single = np.sum(counts**2) / bins - np.sum(own**2)
            correlation = (np.var(total) - single) / (single * (N - 1))
            if not correlation * K <= worst * 0.5 / limit:
                worst, where, limit = float(correlation), f"population {population}, in-degree {K:g}", 0.5 / K
    if np.isnan(worst):
        return Premise(
            name,
            worst,
            "<= 0.5/K",
            True,
            "no recurrent population fired: there is nothing that could correlate",
        )
    advice = f"{where}: mean correlation of the spike counts of two cells in {COUNT_BIN_ * 1e3:g} ms"
    if worst > limit:
        advice += (
            "; the inputs of a cell fire together and vary more than gains assume: make connections sparser,"
            " spread delays"
        )
    return Premise(name, worst, f"<= {limit:.2g}", worst <= limit, advice)


def _squared_cvs(circuit, runs):
    """{population: squared CV of the intervals within cells}, pooled over cells and runs.

    1 where too few fired.
    """
    variance, square, cells = (dict.fromkeys(circuit.populations, 0.0) for _ in range(3))
    for run in runs:
        for name, i, t in _trains(circuit, run):
            order = np.lexsort((t, i))
            i, gaps = i[order], np.diff(t[order])
            same = i[1:] == i[:-1]
            cell, gaps, N = i[1:][same], gaps[same], run.sizes[name]
            n, sums, squares = (np.bincount(cell, weights=gaps**power, minlength=N) for power in (0, 1, 2))
            enough = n >= 3
            mean = sums[enough] / n[enough]
            variance[name] += np.sum((squares[enough] - n[enough] * mean**2) / (n[enough] - 1))
            square[name] += np.sum(mean**2)
            cells[name] += np.count_nonzero(enough)
    return {name: variance[name] / square[name] if cells[name] >= 10 else 1.0 for name in circuit.populations}


def _irregular(circuit, runs, reduced, rates):
    name, limit = "irregular spikes", f"{1 / VARIANCE_LIMIT:.2g} to {VARIANCE_LIMIT:g}"
    cv2, ratios = _squared_cvs(circuit, runs), {}
    for target in circuit.populations:
        seen = assumed = 0.0
        model, v_theta = circuit.populations[target].model, float(np.asarray(reduced.gains[target].v_theta))
        drives = {
            (p.source, target): circuit.drive(p.source, target).rate_
            for p in circuit.pathways(target)
            if p.is_drive
        }
        tau_m = membrane_tau_(model, average(circuit, target, rates, drives)[1])
        for p in circuit.pathways(target):
            rate = source_rate(p, rates, drives)
            variance = p.variance_(rate, model, v_theta)
            seen += variance * float(pathway_factor(p, rate, cv2, tau_m))
            assumed += variance * float(pathway_factor(p, rate, reduced.cv2, tau_m))
        if assumed > 0:
            ratios[target] = seen / assumed
    if not ratios:
        return Premise(name, np.nan, limit, True, "there are no synapses")
    worst = max(ratios, key=lambda target: abs(np.log(max(ratios[target], 1e-3))))
    holds = 1 / VARIANCE_LIMIT <= ratios[worst] <= VARIANCE_LIMIT
    advice = (
        f"population {worst}: variance of its synaptic current with the intervals as they are (CV"
        f" {', '.join(f'{n} {np.sqrt(c):.2f}' for n, c in cv2.items())}) over that of the trains that the"
        " gains were measured with"
    )
    if not holds:
        advice += (
            "; use noise = 'renewal'"
            if reduced.noise != "renewal"
            else "; the spiking network is more regular or more irregular than its cells in noise"
        )
    return Premise(name, ratios[worst], limit, holds, advice)


def _cells_alike(circuit, runs, followed):
    name, worst, where = "cells alike", np.nan, ""
    for run in runs:
        start, half = run.duration_ / 4, 0.375 * run.duration_
        for population, i, t in _trains(circuit, run):
            N = run.sizes[population]
            n_1, n_2 = (
                np.bincount(i[(t >= first) & (t < first + half)], minlength=N)
                for first in (start, start + half)
            )
            mean = np.mean(n_1 + n_2)
            if N < 2 or not mean > 0:
                continue
            # The covariance of two stretches is what cells keep; what they do not share is counting.
            spread = float(np.sqrt(max(np.mean((n_1 - n_1.mean()) * (n_2 - n_2.mean())), 0.0)) / (mean / 2))
            if not spread <= worst:
                worst, where = spread, population
    if np.isnan(worst):
        return Premise(name, worst, f"<= {SPREAD_LIMIT:g}", True, "no population of at least two cells fired")
    advice = (
        f"population {where}: standard deviation of the rates of its cells over their mean, without what"
        " counting adds"
    )
    if worst > SPREAD_LIMIT:
        advice += (
            "; here every cell has a unit of its own"
            if followed
            else "; the rate of a mean cell is not the mean rate: use reduce(..., cells=True)"
        )
    return Premise(name, worst, f"<= {SPREAD_LIMIT:g}", worst <= SPREAD_LIMIT or followed, advice)


def _outside(rates):
    worst = max(rates.outside, key=rates.outside.get)
    holds = rates.outside[worst] <= OUTSIDE_LIMIT
    advice = f"population {worst}: fraction of the rate run spent outside of what was measured"
    if not holds:
        advice += (
            "; its rates there are extrapolated, or those of the nearest edge: reduce at other drives (at=),"
            " or widen the window"
        )
    return Premise("inside the measured range", rates.outside[worst], f"<= {OUTSIDE_LIMIT:g}", holds, advice)
