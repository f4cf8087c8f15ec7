"""Links between groups as projections between populations."""

from __future__ import annotations

import numpy as np

from ..basics.units import si_label
from ..circuit.parts import Projection
from .algebra import rounded
from .audit import shown
from .courses import NoCourse, NoKind
from .spread_values import same
from .synapse_values import delays_of, sizes_of
from .wiring_laws import Law, law_of

__all__ = ["KEEP", "WIRINGS", "entries_of", "increments_of", "negative", "projections_of"]

#: What `from_brian2` may do with wiring that could have been drawn at random.
AUTO, KEEP = "auto", "keep"
WIRINGS = (AUTO, KEEP)


def increments_of(link, chosen, audit):
    """((variable, ratio), ...) and the weights of some synapses of a link: an event adds ratio times weight.

    None where the variables are not increased in one proportion, which is refused.
    """
    values = {name: each if np.ndim(each) == 0 else each[chosen] for name, each in link.increments.items()}
    first, *others = values
    weight = values[first]
    ratios = {first: 1.0}
    for name in others:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.asarray(values[name] / np.where(np.asarray(weight) == 0, np.nan, weight))
        ratio = ratio[np.isfinite(ratio)]
        if not ratio.size:
            continue
        if not same(ratio):
            audit.refuse(
                link.name,
                f"{link.code!r} adds to {first} and {name} in proportions that differ between synapses",
                "write two Synapses objects",
                "these synapses are left out",
            )
            return None, None
        ratios[name] = rounded(float(ratio.ravel()[0]))
    return tuple(ratios.items()), weight


def projections_of(link, parts, cells, audit, wiring):
    """The projections of a link.

    Parameters
    ----------
    link : Link
    parts : mapping of str to list of Part
        By the names of groups.
    cells : mapping of str to Cells
        By the names of populations.
    audit : Audit
    wiring : str
        One of `WIRINGS`.
    """
    found = []
    for source in parts[link.source.name]:
        from_it = source.among(link.i)
        if not from_it.any():
            continue
        for target in parts[link.target.name]:
            chosen = np.flatnonzero(from_it & target.among(link.j))
            if chosen.size:
                found += _between(link, source, target, chosen, cells[target.name], audit, wiring)
    return found


def _between(link, source, target, chosen, cells, audit, wiring):
    """Those from one population to another."""
    increments, weight = increments_of(link, chosen, audit)
    if increments is None:
        return []
    read = f"{link.name}: {link.code}"
    label = f"{source.name}->{target.name}"
    entries = entries_of(link.name, link.code, increments, cells, audit)
    if not entries:
        return []
    i, j = link.i[chosen] - source.start, link.j[chosen] - target.start
    delay = link.delay if np.ndim(link.delay) == 0 else link.delay[chosen]
    weights = np.broadcast_to(weight, chosen.shape)
    found = []
    for sign in (1, -1):
        mine = (
            np.flatnonzero(sign * weights >= 0)
            if np.all(sign * weights >= 0)
            else np.flatnonzero(sign * weights > 0)
        )
        if not mine.size or not weights[mine].any():
            continue
        synapses = _Synapses(
            source,
            target,
            i[mine],
            j[mine],
            weights[mine],
            delay if np.ndim(delay) == 0 else delay[mine],
            # Two projections in place of one have the same synapses only if these are given
            keep=KEEP if len(entries) > 1 else wiring,
        )
        for answer in entries:
            entry, reading = answer.entry, answer.reading
            if negative(entry, synapses.factor, link.name, link.code, audit):
                continue
            arguments, said = synapses.arguments(entry, cells.model)
            plastic = {} if link.plasticity is None else {"plasticity": link.plasticity}
            found.append(answer.made(Projection, source.name, target.name, **arguments, **plastic))
            size = arguments[entry.kind.size]
            audit.row(
                link.name,
                read,
                f"projection {label}: {entry.kind.kind}, {entry.kind.size} = {shown(size)}; {reading}",
                said + (f"; Tsodyks-Markram U = {link.plasticity['U']:g}" if plastic else ""),
            )
        if mine.size == weights.size:
            break
    return found


def entries_of(name, code, increments, cells, audit):
    """Every `Answer` to increments; what is no synapse is refused."""
    try:
        entries = cells.entries(increments)
    except (NoCourse, NoKind) as error:
        audit.refuse(
            name,
            f"{code!r} on {cells.part.name}: {error}",
            "conductances, currents and jumps of the membrane, with a decay, a rise and a decay, or an alpha"
            " function, are what synapses of circuits do",
            "these synapses are left out",
        )
        return []
    names = ", ".join(variable for variable, _ in increments)
    if any(
        cells.in_equations(variable) for variable, _ in increments if variable != cells.equations.membrane
    ):
        audit.refuse(
            name,
            f"{code!r} changes {names} of {cells.part.name}, a parameter of its equations",
            "events act on variables that decay by themselves, or on the membrane",
            "these synapses are left out",
        )
    elif not entries:
        audit.row(name, code, "nothing", f"{names} of {cells.part.name} acts on nothing")
    return entries


def negative(entry, factor, name, code, audit):
    """Whether an event would make a conductance that is negative, which is refused."""
    size = next(each for each in entry.kind.numbers() if each.name == entry.kind.size)
    if size.negative or factor * entry.size_ >= 0:
        return False
    audit.refuse(
        name,
        f"{code!r} adds {factor * entry.size_:g} to a conductance, which then drives the membrane away from"
        " its reversal",
        "conductances are positive: turn the sign of the weight, or of the current in the equations",
        "these synapses are left out",
    )
    return True


class _Synapses:
    """Synapses between two populations, with weights of one sign."""

    def __init__(self, source, target, i, j, weights, delay, keep):
        self.i, self.j, self.weights, self.delay = i, j, weights, delay
        own = source == target
        self.law = law_of(i, j, source.size, target.size, own)
        if keep == KEEP and self.law.random:
            self.law = Law({}, f"{self.law.reason}, kept as it is")
        self.alike = same(weights)
        self.factor = float(weights.ravel()[0]) if self.alike else float(weights.mean())

    def arguments(self, entry, model):
        """(keywords of a projection, what was found of the wiring)."""
        scaled = entry.scaled(self.factor)
        found = scaled.arguments(model)
        said, law, text = [self.law.reason], self.law, None
        delay, of_delays = delays_of(self.delay, self.i, self.j)
        said.append(of_delays)
        if not self.alike:
            unit = si_label(found[entry.kind.size])
            text, why = sizes_of(entry.size_ * self.weights, self.i, self.j, unit)
            said.append(why)
        if law.random and delay is not None and (self.alike or text is not None):
            size = {} if text is None else {entry.kind.size: text}
            return {**found, **law.arguments, "delay": delay, **size}, "; ".join(said)
        arrays = {"i": self.i, "j": self.j}
        if not self.alike:
            arrays["weight"] = self.weights / self.factor
        if delay is None:
            arrays["delay"] = np.asarray(self.delay, dtype=float)
        else:
            found["delay"] = delay
        return {**found, "wiring": arrays}, "; ".join([*said, "wiring as it is"])
