"""Whether cells fire together, estimated from gains, synapses and delays alone.

How cells answer to fast changes is not known without measuring it: at once, or as their membrane does, are
the two ends of what they may do. What both foretell is said; the rest is for `fluctuations` to measure.
"""

from __future__ import annotations

import numpy as np

from ...cells.filters import RateFilter
from ..inputs import membrane_tau_, source_rate
from .foretold import VARIANCE, foretold, growth_of, stretch_of
from .links import Link
from .rate_loop import RateLoop
from .responses import AtRest
from .spectra import Spectra

__all__ = ["estimated", "said_of_rhythms"]


def estimated(reduced, slopes):
    """[(Spectra, [Foretold])] of cells that answer at once, and of cells that answer as their membrane.

    By `slopes_` at the operating point.
    """
    circuit, point, found = reduced.circuit, AtRest.of(reduced), []
    for slow in (False, True):
        links = []
        for name, population in circuit.populations.items():
            cell = _membrane(membrane_tau_(population.model, point.g_[name])) if slow else None
            for p in circuit.pathways(name):
                if not p.is_drive:
                    rate_ = float(source_rate(p, point.rate_, point.drives_))
                    links.append(Link(p, float(slopes[p.label] * p.slope_(rate_)), cell, rate_))
        spectra = Spectra(RateLoop(tuple(circuit.populations), tuple(links)), (), {}, circuit, point)
        found.append((spectra, foretold(spectra, stretch_of(reduced))))
    return found


def _membrane(tau_):
    return RateFilter("first", 1.0, 0.0, (float(tau_),), (0.0,), ((0.0,),))


def said_of_rhythms(reduced, slopes):
    """What both estimates say of cells that fire together, in a sentence; empty where not both do.

    `slopes` is called for what `slopes_` gives at the operating point, where it is needed.
    """
    if not any(rate > 0 for rate in reduced.operating_rate_.values()):
        return ""
    both = estimated(reduced, slopes())
    rows = [[row for row in own if row.quantity == VARIANCE and not row.holds] for _, own in both]
    if not all(rows):
        return ""
    values = sorted(row.foretold for (row,) in rows)
    times = (
        f"{values[0]:.2g} to {values[1]:.2g} times as much"
        if np.isfinite(values[1])
        else "ever more, by themselves,"
    )
    roots = [own[0] for own in (spectra.loop.roots_() for spectra, _ in both) if own.size]
    first = f", with {growth_of(max(roots, key=lambda root: root.real))}" if roots else ""
    return (
        f"cells are foretold to fire together: inputs ({rows[0][0].where}) would vary {times} as those of"
        f" independent trains{first}; mean rates do not describe that. This is an estimate"
        " from gains, synapses and delays: fluctuations() measures it on cells, and a spiking network shows"
        " it"
    )
