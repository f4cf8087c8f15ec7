"""How a verdict is reached: from the error, the premises that do not hold, and how other levels do."""

from __future__ import annotations

import numpy as np

from .premises.register import premise_of
from .verdict import Remedy, Verdict

__all__ = ["judge"]

BETTER = 0.5  # an error that is less than this part of the present one is worth changing the level for
WORTH = 0.02  # errors below this are those of the spiking runs themselves
GOOD = 0.15  # the largest error of a quantitative reduction


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
    failed = tuple(premises.loc[~premises["holds"].astype(bool), "assumption"])
    broken = {name: premise_of(name) for name in failed}
    fatal = list(dict.fromkeys(premise.fatal for premise in broken.values() if premise.fatal))
    local = any(premise.local for premise in broken.values())
    best = _best(levels, reduced)
    leading = _leading_remedies(broken, best, comparison.largest_error, reduced)
    if fatal:
        sentences = [_useless(fatal, best, comparison), _of_the_gains(comparison)]
        remedies = leading
    else:
        cautions = [premise.caution for premise in broken.values()]
        sentences = [
            _usable(broken, comparison),
            *cautions,
            _of_the_gains(comparison),
            *map(_of_a_remedy, leading),
        ]
        remedies = [*leading, *_further_remedies(broken, leading, levels, comparison.largest_error, reduced)]
    trust = (
        "do not rely"
        if fatal or comparison.tier != "quantitative"
        else "near these drives"
        if local
        else "trust"
    )
    return Verdict(
        trust,
        comparison.tier,
        comparison.largest_error,
        failed,
        tuple(remedies),
        " ".join(sentence for sentence in sentences if sentence),
    )


def _best(levels, reduced):
    """The record of the other level that is nearest to the spiking rates; None where there is none."""
    others = [
        record
        for record in levels
        if record.level != reduced.level and not record.outside and np.isfinite(record.error)
    ]
    return min(others, key=lambda record: record.error, default=None)


def _leading_remedies(broken, best, error, reduced):
    """[Remedy] that the sentence names as well."""
    remedies = []
    if best is not None and error > WORTH and best.error < BETTER * error:
        remedies.append(
            Remedy({"level": best.level}, "its rates are nearer to those of the spiking network", best.error)
        )
    for premise in broken.values():
        if found := premise.leading_remedy(reduced):
            remedies += _unless_there(remedies, Remedy(*found))
    return remedies


def _further_remedies(broken, leading, levels, error, reduced):
    """[Remedy] that premises name, of what can be had and is not chosen already."""
    chosen = {
        "level": reduced.level,
        "noise": reduced.noise,
        "cells": reduced.cells,
        "tau": reduced.tau_choice,
    }
    records, remedies = {record.level: record for record in levels}, []
    for name, premise in broken.items():
        record = records.get(premise.change.get("level"))
        possible = "level" not in premise.change or (
            record is not None
            and not record.missing
            and not record.outside
            and record.error <= max(error, GOOD)
        )
        other = all(chosen.get(key) != value for key, value in premise.change.items())
        if premise.change and possible and other:
            known = np.nan if record is None else record.error
            remedy = Remedy(premise.change, f"'{name}' does not hold", known)
            remedies += _unless_there([*leading, *remedies], remedy)
    return remedies


def _unless_there(remedies, remedy):
    """[The remedy], or [] where there is one with the same change."""
    return [] if any(other.change == remedy.change for other in remedies) else [remedy]


def _differ(error):
    return f"mean rates differ by up to {100 * error:.1f} %" if np.isfinite(error) else "it runs away"


def _useless(fatal, best, comparison):
    """What is to be said where a premise is broken without which no rate model means much."""
    error = comparison.largest_error
    chance = ", which is then chance" if comparison.tier == "quantitative" else ""
    text = (
        f"Do not rely on this rate model: {' and '.join(fatal)}, which the derivation excludes"
        f" ({_differ(error)}{chance})."
    )
    if best is None or min(best.error, error) > GOOD:
        text += " No other level repairs this."
    elif error > GOOD:
        text += f" That level = {best.level!r} comes within {100 * best.error:.1f} % may be chance as well."
    return text


def _usable(broken, comparison):
    """For what the rate model can be used."""
    said, tier = _differ(comparison.largest_error), comparison.tier
    local = {name: premise for name, premise in broken.items() if premise.local}
    if tier == "breakdown":
        return f"Do not use this rate model: {said}."
    if tier == "qualitative":
        return f"Trust directions of change, not values: {said}."
    if not local:
        return f"Trust it: {said}, and no premise that limits its range is broken."
    serious = any(premise.serious for premise in local.values())
    far = "a quarter away it will be" if serious else "far from them it may be"
    return (
        f"Trust it near these drives, where {said}; {far} off, since these premises do not hold:"
        f" {', '.join(local)}."
    )


def _of_the_gains(comparison):
    """How much of an error is the gains' own; empty where there is little."""
    error = comparison.largest_error
    if comparison.tier == "quantitative" or not np.isfinite(error):
        return ""
    alone = float(comparison.split["open_loop_error"].abs().max())
    return f"The gains themselves are off by {100 * alone:.1f} %" + (
        "; the feedback amplifies that." if error > 1.3 * alone else ", and the feedback adds nothing."
    )


def _of_a_remedy(remedy):
    change = ", ".join(f"{name} = {value!r}" for name, value in remedy.change.items())
    return (
        f"Better here: {change}, {100 * remedy.error:.1f} %."
        if np.isfinite(remedy.error)
        else f"{change} would take into account that {remedy.why}."
    )
