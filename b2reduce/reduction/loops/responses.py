"""How uncoupled cells at the operating point answer to the rates that make their noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ...basics.errors import InputError
from ...basics.streams import OfReduction, seed_streams
from ...cells.filters import FILTERS, fit_filter
from ...cells.source_response import source_response_at
from ..inputs import source_rate, sources_of, synapses_of
from .links import Link
from .rate_loop import RateLoop

__all__ = [
    "AtRest",
    "answers_of",
    "by_number",
    "check_answering",
    "fitted",
    "is_shared",
    "keyed",
    "measured_links",
    "measured_loop",
    "received_nothing",
]

CHANCE, LEAST_SEM = 3.0, 1e-3  # standard errors; relative to the answer at rest
SILENT_ = 0.01  # Hz: cells that fire less are left out, as they answer to nothing


class AtRest(NamedTuple):
    """What cells receive and fire at an operating point, mappings in SI."""

    rate_: Mapping
    I_: Mapping
    g_: Mapping
    cv2_: Mapping
    drives_: Mapping  #: of (drive, target)

    @classmethod
    def of(cls, reduced):
        """Of a rate model, where its gains were measured."""
        plain = lambda values: {name: float(np.asarray(value)) for name, value in values.items()}
        return cls(
            reduced.operating_rate_,
            plain(reduced.operating_I),
            plain(reduced.operating_g),
            dict(reduced.cv2),
            reduced.at_,
        )


def answers_of(circuit, point, *, seed, rtol=0.04, dt_, engine="auto", bar, every=False):
    """{population: {number of the kind of synapse: SourceResponse}} at an operating point.

    Of the kinds through which populations or shared trains reach the cells, and of one other where there are
    none: the spectrum of a cell's train comes from any; with `every` of all. Cells that are silent are left
    out.

    Parameters
    ----------
    point : AtRest or OperatingPoint
    """
    found = {}
    for place, (name, population) in enumerate(circuit.populations.items()):
        if point.rate_[name] < SILENT_:
            continue
        sources = sources_of(circuit, name, point.rate_, point.drives_, point.cv2_, private=True)
        kinds = [
            (number, pathways)
            for number, (_, pathways) in enumerate(synapses_of(circuit, name))
            if np.any(sources[number].rate_ > 0)
        ]
        common = [kind for kind in kinds if every or any(not p.is_drive or is_shared(p) for p in kind[1])]
        found[name] = {
            number: source_response_at(
                population.model,
                point.I_[name],
                point.g_[name],
                sources,
                f"s{number}",
                rtol=rtol,
                dt_=dt_,
                seed=seed_streams(seed, OfReduction.ANSWERS, place, number),
                engine=engine,
                bar=bar,
                name=f" of {name}",
            )
            for number, _ in common or kinds[:1]
        }
    return found


def received_nothing(circuit, rate_, drives_):
    """What to do where cells receive nothing and are silent, as half a sentence; empty where they do not."""
    if any(drives_.values()) or any(rate >= SILENT_ for rate in rate_.values()):
        return ""
    names = circuit.drive_names
    if not names:
        return "the cells receive nothing and are silent, as the circuit has no drive: give it one"
    return (
        f"the cells receive nothing and are silent, with drive {', '.join(names)} at 0 Hz: give a rate at"
        f" which they fire, reduce(..., at={{{names[0]!r}: ...}}), or a drive of a higher rate"
    )


def check_answering(circuit, rate_, drives_, where):
    """Refuse cells that answer to no rate, since nothing reaches them.

    Raises
    ------
    InputError
        If all are silent and no drive has a rate.
    """
    if said := received_nothing(circuit, rate_, drives_):
        raise InputError(f"{where}: how cells answer to rates cannot be measured: {said}")


def keyed(answers):
    """What `answers_of` gives as one mapping of text, for records."""
    return {f"{name}:{number}": each for name, own in answers.items() for number, each in own.items()}


def by_number(answers):
    """The same turned back."""
    found: dict = {}
    for key, each in answers.items():
        name, _, number = key.rpartition(":")
        found.setdefault(name, {})[int(number)] = each
    return found


def is_shared(pathway):
    """Whether cells have some of the trains of a drive in common."""
    return pathway.is_drive and pathway.share > 0


def measured_loop(circuit, point, answers):
    """(RateLoop of the populations, [Link] of shared trains)."""
    found = list(measured_links(circuit, point, answers))
    loop = RateLoop(tuple(circuit.populations), tuple(each for each in found if not each.pathway.is_drive))
    return loop, [each for each in found if is_shared(each.pathway)]


def measured_links(circuit, point, answers):
    """Link of every pathway that an answer was measured of."""
    for name in circuit.populations:
        for number, (synapse, pathways) in enumerate(synapses_of(circuit, name)):
            response = answers.get(name, {}).get(number)
            sent = {p: float(source_rate(p, point.rate_, point.drives_)) for p in pathways}
            events_ = sum(p.K * p.sent_(rate_) for p, rate_ in sent.items())
            if response is None or not events_ > 0:
                continue
            fit = fitted(response, synapse)
            for p, rate_ in sent.items() if fit is not None else ():
                yield Link(p, float(fit.gain / events_ * p.K * p.slope_(rate_)), fit, rate_)


def fitted(response, synapse):
    """The RateFilter behind a synapse that fits best (AIC), its gain in Hz for a relative change of the rate;
    None where cells do not answer beyond chance.
    """
    if not np.abs(response.gain[0]) > CHANCE * response.gain_sem[0]:
        return None
    sign = np.sign(response.gain[0].real)
    f, passed = response.frequency_, synapse.filter.transfer_(2j * np.pi * response.frequency_)
    # Cells that fire almost like clocks may scatter by nothing at some tone
    sem = np.maximum(response.gain_sem, LEAST_SEM * np.abs(response.gain[0]))
    fits = [fit_filter(f, sign * response.gain / passed, sem / np.abs(passed), form) for form in FILTERS]
    best = min(fits, key=lambda fit: fit.aic)
    return replace(best, gain=float(sign * best.gain))
