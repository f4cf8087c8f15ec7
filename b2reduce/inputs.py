"""What the cells of a population receive at given rates: mean current and leak, and Poisson sources of the noise."""

from __future__ import annotations

import numpy as np

from .sweep import Source

__all__ = ["average", "source_of", "source_rate", "sources_of", "synapses_of"]

LEAST_EVENT = 0.25  # of a spike's: ever smaller ones that take ever longer to draw make noise that is next to none


def average(circuit, population, rates_, drives_):
    """Mean current and mean total leak of a population (equations 11.10-11.26).

    Parameters
    ----------
    rates_, drives_ : mapping
        Rates in Hz of populations and of (drive, target); floats or arrays over points.

    Returns
    -------
    I_, g_ : float or ndarray
        I_const + sum K G tau r (E - E_L) and g_L + sum K G tau r.
    """
    model = circuit.populations[population].model
    I_, g_ = model.constant_input_, model.leak_
    for pathway in circuit.pathways(population):
        mean = pathway.mean_(source_rate(pathway, rates_, drives_))
        I_, g_ = I_ + mean * (pathway.E_ - model.leak_reversal_), g_ + mean
    return I_, g_


def source_rate(pathway, rates_, drives_):
    """Presynaptic rate of a pathway."""
    return drives_[pathway.source, pathway.target] if pathway.is_drive else rates_[pathway.source]


def synapses_of(circuit, population):
    """[(G, tau, E), pathways] of a population: inputs through equal synapses, which a cell cannot tell apart."""
    kinds = {}
    for pathway in circuit.pathways(population):
        kinds.setdefault((pathway.G_, pathway.tau_, pathway.E_), []).append(pathway)
    return list(kinds.items())


def sources_of(circuit, population, rates_, drives_, cv2_):
    """Poisson sources at the given rates, one for each kind of synapse: independent Poisson trains together are one.

    Trains that are more regular than Poisson's vary less over long times: the variance of a recurrent pathway is scaled by
    `cv2_` of its source, as `source_of` does. Synapse and membrane that are faster than the intervals of the source see more variance
    than that limit. Where trains of several sources share a source, it has their mean and variance.
    """
    sources = []
    for number, ((G_, tau_, E_), pathways) in enumerate(synapses_of(circuit, population)):
        events = [p.K * np.asarray(source_rate(p, rates_, drives_), dtype=float) for p in pathways]
        varied = sum(n * (1.0 if p.is_drive else cv2_[p.source]) for n, p in zip(events, pathways))
        sources.append(source_of(f"s{number}", G_, tau_, E_, sum(events), varied))
    return tuple(sources)


def source_of(label, G_, tau_, E_, events_, varied_):
    """The source of so many events of size G per second whose variance is that of `varied_` Poisson events.

    Its events are smaller and more frequent, or larger and rarer, so that their mean is the same; smaller than a quarter they do not
    become, and what is then missing of the mean is constant.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.maximum(np.where(events_ > 0, varied_ / events_, 1.0), LEAST_EVENT)
    return Source(label, size * G_, tau_, E_, varied_ / size**2)
