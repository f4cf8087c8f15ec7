"""What the cells of a population receive at given rates.

Mean current and leak, and Poisson sources of the noise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..cells.engine import Source
from ..circuit.delays import AT_ONCE

__all__ = [
    "arriving_rate",
    "average",
    "membrane_tau_",
    "pathway_factor",
    "release_factor",
    "same_inputs",
    "source_of",
    "source_rate",
    "sources_at",
    "sources_of",
    "synapses_of",
    "variance_factor",
]

SLOWEST_, SLOWEST_RATE_ = 1.0, 1e-9  # s: of a membrane that has no leak; Hz: as good as none
# Of a spike's: ever smaller ones that take ever longer to draw make noise that is next to none
LEAST_EVENT = 0.25


def average(circuit, population, rates_, drives_):
    """Mean current and mean total leak of a population (equations 11.10-11.26).

    Parameters
    ----------
    rates_, drives_ : mapping
        Rates in Hz of populations and of (drive, target); floats or arrays over points.

    Returns
    -------
    I_, g_ : float or ndarray
        I_const and g_L, and what the synapses add to them.
    """
    model = circuit.populations[population].model
    I_, g_ = model.constant_input_, model.leak_
    for pathway in circuit.pathways(population):
        rate = arriving_rate(pathway, rates_, drives_)
        I_, g_ = I_ + pathway.current_(rate, model), g_ + pathway.leak_(rate)
    return I_, g_


def source_rate(pathway, rates_, drives_):
    """Presynaptic rate of a pathway."""
    return drives_[pathway.source, pathway.target] if pathway.is_drive else rates_[pathway.source]


def arriving_rate(pathway, rates_, drives_):
    """The same as it reaches the cell: of what short-term plasticity lets spikes release."""
    return pathway.sent_(source_rate(pathway, rates_, drives_))


def synapses_of(circuit, population):
    """[synapse, pathways] of a population.

    Inputs through equal synapses, which a cell cannot tell apart.
    """
    kinds = {}
    for pathway in circuit.pathways(population):
        kinds.setdefault(pathway.synapse, []).append(pathway)
    return list(kinds.items())


def same_inputs(circuit, one, other, point):
    """Whether the cells of two populations are the same, and get the same from the same sources at the rates
    of an operating point, so that what is measured on one holds for the other.
    """
    if any(circuit.populations[name].feature for name in circuit.populations):
        return False  # profiles make cells of one population differ
    models = {circuit.populations[name].model.hash for name in (one, other)}
    if len(models) > 1:
        return False
    inputs = [[_anywhere(circuit, p, point) for p in circuit.pathways(name)] for name in (one, other)]
    return inputs[0] == inputs[1]


def _anywhere(circuit, pathway, point):
    """What a pathway brings, whatever its target."""
    course = None
    if pathway.is_drive:
        drive = circuit.drive(pathway.source, pathway.target)
        if drive.uneven:
            return object()  # like no other
        parts = drive.rate if isinstance(drive.rate, tuple) else (drive.rate,)
        course = [np.asarray(part, dtype=float).tolist() for part in parts]
    rate = source_rate(pathway, point.rate_, point.drives_)
    return replace(pathway, label="", target="", delays=AT_ONCE), rate, course


def variance_factor(rate_, cv2, filter_, tau_m_):
    """Variance that a train of spikes adds to a membrane, over that of a Poisson train of the same rate.

    The train passes a synapse and a membrane; with a synapse of first order the autocorrelation of both is
    K(t) = (tau exp(-t/tau) - tau_m exp(-t/tau_m))/(tau - tau_m). Of a renewal train, m(t), the density of
    spikes at t after one, has the Laplace transform L(s) = 1/(1/phi(s) - 1), with phi that of the intervals,
    and the factor is 1 + 2 int (m - r) K dt = 1 + 2 ((tau L(1/tau) - tau_m L(1/tau_m))/(tau - tau_m) - r (tau
    + tau_m)): 1 where the filter forgets a spike before the next, cv2 where it averages over many (Cox 1962,
    Renewal theory, 4.5).

    Intervals more regular than Poisson's are a dead time, in which a cell recovers from its spike, and an
    exponential one (phi = exp(-s d)/(1 + s cv/r), d = (1 - cv)/r); less regular ones follow a gamma
    distribution.

    Parameters
    ----------
    rate_ : float or ndarray
        Hz.
    cv2 : float
        Squared coefficient of variation of the intervals.
    filter_ : LowPass
        Of the synapse.
    tau_m_ : float or ndarray
        Of the membrane, s.
    """
    rate_, cv = np.maximum(rate_, SLOWEST_RATE_), np.sqrt(cv2)

    def passed(tau_):
        with np.errstate(over="ignore"):
            x = 1.0 / (rate_ * tau_)
            minus_log_phi = (1 - cv) * x + np.log1p(cv * x) if cv2 <= 1 else np.log1p(cv2 * x) / cv2
            return tau_ / np.expm1(minus_log_phi)

    return 1.0 + 2.0 * filter_.behind_(passed, rate_, tau_m_)


def pathway_factor(pathway, rate_, cv2_, tau_m_):
    """`variance_factor` of a pathway at a presynaptic rate.

    Drives, and sources of which `cv2_` knows nothing, are Poisson trains.
    """
    cv2 = 1.0 if pathway.is_drive else cv2_.get(pathway.source, 1.0)
    return variance_factor(rate_, cv2, pathway.synapse.filter, tau_m_) if cv2 != 1.0 else 1.0


def release_factor(pathway, rate_, tau_m_):
    """Variance behind synapse and membrane of what Poisson spikes release, over that of releases of the same
    sizes that know nothing of one another: a used synapse has less to release at the next spike.
    """
    plasticity = pathway.plasticity
    if plasticity is None:
        return 1.0
    # A filter of several poles asks for all of its time constants at once
    later = np.vectorize(lambda tau_: plasticity.later_(rate_, 1 / float(tau_)))
    passed = lambda tau_: tau_ * later(tau_)
    kept = rate_ * plasticity.release_(rate_) ** 2 / plasticity.square_(rate_)
    return float(1.0 + 2.0 * pathway.synapse.filter.behind_(passed, kept, tau_m_))


def membrane_tau_(model, g_):
    """Time constant of a membrane of total leak g_ in s, at most a second."""
    return model.capacitance_ / np.maximum(g_, model.capacitance_ / SLOWEST_)


def sources_of(circuit, population, rates_, drives_, cv2_, private=False):
    """Poisson sources at the given rates, one for each kind of synapse: independent Poisson trains together
    are one.

    Trains that are more regular than Poisson's vary less, and those that are less regular more: the variance
    of a recurrent pathway is scaled by `variance_factor` at the rate of its source and the squared CV `cv2_`
    of its intervals, as `source_of` does; and where sizes of synapses differ, or what spikes release, it is
    `second_` times as large. Where trains of several sources share a source, it has their mean and variance.
    With `private` the variance of K out of N trains of a population is the 1 - K/N that a cell has to itself:
    what all cells have in common feedback takes away. Shared trains of drives, which it does not, keep all
    of theirs: a response to common noise is the mean over that noise.
    """
    model = circuit.populations[population].model
    tau_m_ = membrane_tau_(model, average(circuit, population, rates_, drives_)[1])
    rates = {
        p.label: np.asarray(source_rate(p, rates_, drives_), dtype=float)
        for p in circuit.pathways(population)
    }
    return sources_at(circuit, population, rates, tau_m_, cv2_, private=private)


def sources_at(circuit, population, rates, tau_m_, cv2_, times=None, private=False):
    """The same of {pathway label: presynaptic rate}, for a membrane of this time constant.

    `times` is {pathway label: how many times as many spikes come, that release what they do at that rate}.
    """
    sources, times = [], {} if times is None else times
    for number, (synapse, pathways) in enumerate(synapses_of(circuit, population)):
        events, varied, spikes = 0, 0, 0
        for p in pathways:
            r, more = rates[p.label], times.get(p.label, 1.0)
            events = events + p.K * p.sent_(r) * more
            own = 1.0 - p.share if private and not p.is_drive else 1.0
            varied = varied + own * p.K * p.second_(r) * r * pathway_factor(p, r, cv2_, tau_m_) * more
            spikes = spikes + p.K * r * more
        sources.append(source_of(f"s{number}", synapse, events, varied, spikes))
    return tuple(sources)


def source_of(label, synapse, events_, varied_, spikes_=None):
    """The source of so many events per second whose variance is that of `varied_` Poisson events.

    Its events are smaller and more frequent, or larger and rarer, so that their mean is the same; smaller
    than a quarter of what one of the `spikes_`, by default the events, makes they do not become, and what is
    then missing of the mean is constant.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        least = (
            LEAST_EVENT if spikes_ is None else LEAST_EVENT * np.where(events_ > 0, events_ / spikes_, 1.0)
        )
        size = np.maximum(np.where(events_ > 0, varied_ / events_, 1.0), least)
    return Source(label, synapse.scaled(size), varied_ / size**2)
