"""The states of a circuit, silent and active, and the rates of the one that a run is to start in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..basics.arguments import described, mapping, to_si
from ..basics.errors import InputError, OperatingPointError, unknown_name
from .noises import NOISES
from .operating_point import find_operating_point
from .rest import apart
from .search import APART_, SILENT_

__all__ = [
    "State",
    "active_rates_",
    "measured_start",
    "of_model",
    "read_rates",
    "state_table",
    "states_of_model",
]

SILENT, ACTIVE = "silent", "active"
# Beside a state, to see whether the rate model goes back there: relative, and Hz
BESIDE, BESIDE_ = 0.01, 1e-3


class State(NamedTuple):
    """Rates at which a circuit can stay."""

    name: str
    rates_: Mapping  #: Hz, at which the rate model rests; where it does not, those of uncoupled cells
    stable: bool  #: whether the rate model goes back there from beside
    outside: tuple = ()  #: populations for which it lies outside of what was measured


def states_of_model(reduced):
    """[State] of a rate model at the drives of its operating point.

    Looked for at what uncoupled cells were found to give, the operating point and others, and at silence;
    and where the rate model goes to from beside these, and from the highest rates that were measured. What
    `fixed_points` finds beyond them is not looked for.
    """
    names = reduced.populations
    point = {name: reduced.operating_rate_[name] for name in names}
    silence = dict.fromkeys(names, 0.0)
    found, left = [], []
    new = lambda rates_: all(apart(rates_, known) for known, _ in found)

    def settled(start_):
        """Where the rate model goes to, which is kept where it is new; None where it runs away."""
        rest = reduced.steady_rates_(reduced.at_, start_)
        if not np.isfinite(list(rest.values())).all():
            return None
        if new(rest):
            found.append((rest, True))
        return rest

    for rates_ in (point, *reduced.others, silence):
        rest = settled({name: (1 + BESIDE) * rates_[name] + BESIDE_ for name in names})
        if (rest is None or apart(rest, rates_)) and rates_ is not silence:
            left.append(rates_)
    settled({name: float(np.asarray(reduced.gains[name].rates[1])) for name in names})
    found += [(rates_, False) for rates_ in left if new(rates_)]
    return _named(reduced, found, point)


def measured_start(reduced):
    """{population: rate} to start from where a rate model has several states, that which was measured; None
    where it has one.
    """
    return dict(reduced.operating_rate) if len(reduced.states_) > 1 else None


def _silence(found):
    """What tells whether rates are the silent state: that which is not apart from silence, where there are
    others, and by itself what hardly fires at all.
    """
    least_ = APART_ if len(found) > 1 else SILENT_
    return lambda rates_: max(rates_.values()) < least_


def _named(reduced, found, point):
    """States with names, the silent one first, then that of the operating point."""
    silent = _silence([rates_ for rates_, _ in found])
    found = sorted(found, key=lambda each: (not silent(each[0]), apart(each[0], point)))
    states, number = [], 0
    for rates_, stable in found:
        if silent(rates_):
            name = SILENT
        else:
            number += 1
            name = ACTIVE if number == 1 else f"{ACTIVE} {number}"
        outside = [each for each in rates_ if reduced.kind.is_outside(reduced, each, rates_, reduced.at_)]
        states.append(State(name, dict(rates_), stable, tuple(outside)))
    return states


def state_table(reduced):
    """The states as a table: a row a state, its rates in Hz, whether it is stable, what lies outside."""
    import pandas as pd

    rows = [
        {**state.rates_, "stable": state.stable, "outside": ", ".join(state.outside)}
        for state in reduced.known_states_
    ]
    index = pd.Index([state.name for state in reduced.known_states_], name="state")
    return pd.DataFrame(rows, index=index, columns=[*reduced.populations, "stable", "outside"])


def read_rates(populations, initial, named):
    """{population: rate} in Hz of a name, of what has rates such as a FixedPoint, or of a mapping; 0 where
    none is given.

    Parameters
    ----------
    populations : sequence of str
    initial : str, mapping, or object with `rates`
    named : callable
        {population: rate in Hz} of a name.
    """
    if isinstance(initial, str):
        return dict.fromkeys(populations, 0.0) if initial == SILENT else dict(named(initial))
    rates = getattr(initial, "rates", None)
    initial = initial if isinstance(initial, Mapping) or not isinstance(rates, Mapping) else rates
    start = dict.fromkeys(populations, 0.0)
    for name, rate in mapping(initial, "initial", '{"E": 10*Hz}').items():
        if name not in start:
            raise InputError(f"initial: {unknown_name('population', name, populations)}")
        rate_ = to_si(rate, "Hz", f"initial, {name}")
        if np.ndim(rate_) or not 0 <= rate_ < np.inf:
            raise InputError(f"initial, {name}: got {described(rate)}, expected a rate of at least 0 Hz")
        start[name] = float(rate_)
    return start


def of_model(reduced, name):
    """{population: rate in Hz} of a state of a rate model by its name."""
    states = {state.name: state.rates_ for state in reduced.known_states_}
    if name not in states:
        raise InputError(
            f"initial: {unknown_name('state', name, [SILENT, *(key for key in states if key != SILENT)])}; or"
            ' give rates such as {"E": 10*Hz}'
        )
    return states[name]


def active_rates_(circuit, name, *, seed, dt_, bar, engine="auto"):
    """{population: rate in Hz} of the active state of a circuit, as uncoupled cells have it.

    That which `reduce` finds: the first from low rates at which not all are silent.

    Raises
    ------
    InputError
        If the name is another, or all that is found is silent.
    """
    if name != ACTIVE:
        raise InputError(
            f"initial: {unknown_name('state', name, (SILENT, ACTIVE))}; further states are those of a reduced"
            ' circuit: give the rates of one, such as {"E": 10*Hz}'
        )
    try:
        point = find_operating_point(
            circuit, circuit.drives_, seed=seed, dt_=dt_, engine=engine, bar=bar, noise=NOISES["renewal"]
        )
    except OperatingPointError as error:
        raise InputError(f"initial: got {ACTIVE!r}, and {error}; or give rates") from None
    found = [point.rate_, *point.others]
    silent = _silence(found)
    for rates_ in found:
        if not silent(rates_):
            return dict(rates_)
    raise InputError(
        f"initial: got {ACTIVE!r}, but at the rates that its drives have in the long run the circuit"
        f" {circuit.name!r} is silent, as far as uncoupled cells tell; give rates such as"
        ' {"E": 10*Hz}'
    )
