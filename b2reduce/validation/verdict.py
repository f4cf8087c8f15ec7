"""Whether to trust a reduction, what speaks against it, and what would improve it: one record, made once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..basics.fields import Many, Number, Of, Plain, Text
from ..basics.frozen import FrozenDict, Record
from ..basics.units import format_quantity
from .explanations import PREMISES

__all__ = ["FATAL", "LevelRecord", "Remedy", "SERIOUS", "TRUST", "Verdict", "judge"]

# Choices by name; a time that was given is not said again
KNOWN_TAU = ("membrane", "synaptic", "fitted", "resonant")
TRUST = ("trust", "near these drives", "do not rely")
#: Premises without which no rate model of this kind means much, and what breaks.
FATAL = {
    "asynchrony": "cells fire together",
    "weak correlation": "cells fire together",
    "slow variation": "rates vary as fast as the synapses",
    "one operating point": "the network has several states",
    "no hysteresis": "the cells' rates depend on their past",
}
#: Premises that limit how far from its operating point a reduction reaches.
LOCAL = (
    "follows the drives",
    "straight gain",
    "noise stays",
    "slope unchanged by leak",
    "no saturation",
    "operating rate in the window",
    "inside the measured range",
)
#: Premises that by themselves foretell errors of more than 15 %, here, a quarter beside these drives, or over
#: time.
SERIOUS = (
    "follows the drives",
    "Poisson trains will do",
    "steady rates",
    "far from instability",
    "inside the measured range",
    "operating rate in the window",
)
BETTER = 0.5  # an error that is less than this part of the present one is worth changing the level for
WORTH = 0.02  # errors below this are those of the spiking runs themselves
GOOD = 0.15  # the largest error of a quantitative reduction


@dataclass(frozen=True)
class LevelRecord(Record):
    """How one level fared.

    Attributes
    ----------
    level : str
    rates : mapping of str to float
        Hz; empty where the level cannot be had.
    error, open_loop_error : float
        Largest over populations, without sign; infinite where the model runs away.
    outside : tuple of str
        Populations that came to rest outside of what was measured.
    states : int
        In how many states the rate model can rest.
    missing : str
        Why the level cannot be had.
    """

    level: str
    rates: Mapping
    error: float = np.nan
    open_loop_error: float = np.nan
    outside: tuple = ()
    states: int = 1
    missing: str = ""

    @property
    def note(self):
        """What people must know beside the numbers."""
        notes = [self.missing] if self.missing else []
        notes += [f"rests outside of what was measured: {', '.join(self.outside)}"] if self.outside else []
        notes += ["has more than one state; started from its operating point"] if self.states > 1 else []
        return "; ".join(notes)


@dataclass(frozen=True)
class Remedy(Record):
    """A change that would improve a reduction.

    Attributes
    ----------
    change : mapping
        Arguments of `reduce` and `validate` to give, such as ``{"level": "transfer"}``.
    why : str
    error : float
        The largest error with it, as far as it is known; else NaN.
    """

    change: Mapping
    why: str
    error: float = np.nan

    FIELDS = FrozenDict(change=Plain, why=Text, error=Number)

    @property
    def arguments(self):
        """The change as it is written in Python."""
        return ", ".join(f"{name}={value!r}" for name, value in self.change.items())

    def command(self, reduced, circuit, output="better"):
        """The line for a shell that validates a reduction again with this change, all else as it was."""
        kept = {
            "level": reduced.level,
            "noise": reduced.noise,
            "tau": reduced.tau_choice,
            "cells": reduced.cells,
            **self.change,
        }
        usual = {"noise": "renewal", "tau": "membrane", "cells": False}
        options = [
            f"--{name}" if value is True else f"--{name} {value}"
            for name, value in kept.items()
            if value != usual.get(name) and (name != "tau" or value in KNOWN_TAU)
        ]
        options += [
            f"--at '{name}={format_quantity(rate)}'"
            for name, rate in reduced.at.items()
            if any(d.name == name and (not d.constant or d.rate != rate) for d in reduced.circuit.drives)
        ]
        return " ".join(["b2reduce run", circuit, *options, "-o", output])


@dataclass(frozen=True)
class Verdict(Record):
    """Whether to trust a rate model.

    Attributes
    ----------
    trust : str
        ``"trust"``, ``"near these drives"`` or ``"do not rely"``.
    tier : str
        From the largest error alone, as in `Comparison`.
    error : float
        The largest error of a mean rate, without its sign.
    failed : tuple of str
        Premises that do not hold.
    remedies : tuple of Remedy
    sentence : str
        All of this for people; also ``str(verdict)``.
    """

    trust: str
    tier: str
    error: float
    failed: tuple
    remedies: tuple
    sentence: str

    FIELDS = FrozenDict(
        trust=Text, tier=Text, error=Number, failed=Many(Text), remedies=Many(Of("Remedy")), sentence=Text
    )

    def __str__(self):
        return self.sentence


def judge(comparison, premises, levels, reduced):
    """The Verdict on a reduction.

    Parameters
    ----------
    comparison : Comparison
        Made with the reduction, which splits its error.
    premises : pandas.DataFrame
        As in `Validation`.
    levels : sequence of LevelRecord
    reduced : ReducedCircuit
    """
    error, tier = comparison.largest_error, comparison.tier
    failed = tuple(premises.loc[~premises["holds"].astype(bool), "assumption"])
    fatal = list(dict.fromkeys(reason for name, reason in FATAL.items() if name in failed))
    local = [name for name in failed if name in LOCAL]
    said = f"mean rates differ by up to {100 * error:.1f} %" if np.isfinite(error) else "it runs away"
    others = [
        record
        for record in levels
        if record.level != reduced.level and not record.outside and np.isfinite(record.error)
    ]
    best = min(others, key=lambda record: record.error, default=None)
    remedies = []
    if best is not None and error > WORTH and best.error < BETTER * error:
        remedies.append(
            Remedy({"level": best.level}, "its rates are nearer to those of the spiking network", best.error)
        )
    if reduced.noise == "matched" and {"irregular spikes", "Poisson trains will do"} & set(failed):
        remedies.append(Remedy({"noise": "renewal"}, "trains are not as irregular as Poisson's"))
    said_of = len(remedies)
    for name in failed if not fatal else ():
        change = PREMISES[name].change if name in PREMISES else {}
        level, record = (
            change.get("level"),
            next((record for record in levels if record.level == change.get("level")), None),
        )
        possible = (
            level is None
            or record is not None
            and not record.missing
            and not record.outside
            and record.error <= max(error, GOOD)
        )
        have = {"level": reduced.level, "noise": reduced.noise, "cells": reduced.cells}
        if (
            change
            and possible
            and all(have[key] != value for key, value in change.items())
            and not any(remedy.change == change for remedy in remedies)
        ):
            remedies.append(
                Remedy(change, f"'{name}' does not hold", record.error if record is not None else np.nan)
            )
    trust = "do not rely" if fatal or tier != "quantitative" else "near these drives" if local else "trust"
    if fatal:
        text = (
            f"Do not rely on this rate model: {' and '.join(fatal)}, which the derivation excludes"
            f" ({said}{', which is then chance' if tier == 'quantitative' else ''})."
        )
        if best is None or min(best.error, error) > GOOD:
            text += " No other level repairs this."
        elif error > GOOD:
            text += (
                f" That level = {best.level!r} comes within {100 * best.error:.1f} % may be chance as well."
            )
    elif tier == "breakdown":
        text = f"Do not use this rate model: {said}."
    elif tier == "qualitative":
        text = f"Trust directions of change, not values: {said}."
    elif local:
        far = "a quarter away it will be" if set(local) & set(SERIOUS) else "far from them it may be"
        text = (
            f"Trust it near these drives, where {said}; {far} off, since these premises do not hold:"
            f" {', '.join(local)}."
        )
    else:
        text = f"Trust it: {said}, and no premise that limits its range is broken."
    if "steady rates" in failed and not fatal:
        text += (
            " The network's rates do not hold still at constant drives: compare means, not the time course."
        )
    if tier != "quantitative" and np.isfinite(error):
        alone = float(comparison.split["open_loop_error"].abs().max())
        text += f" The gains themselves are off by {100 * alone:.1f} %" + (
            "; the feedback amplifies that." if error > 1.3 * alone else ", and the feedback adds nothing."
        )
    for remedy in remedies[:said_of] if not fatal else ():
        change = ", ".join(f"{name} = {value!r}" for name, value in remedy.change.items())
        text += (
            f" Better here: {change}, {100 * remedy.error:.1f} %."
            if np.isfinite(remedy.error)
            else f" {change} would take into account that {remedy.why}."
        )
    return Verdict(trust, tier, error, failed, tuple(remedies), text)
