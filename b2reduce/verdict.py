"""One sentence on whether to trust a reduction, and what would improve it."""

from __future__ import annotations

__all__ = ["FATAL", "SERIOUS", "verdict"]

#: Premises without which no rate model of this kind means much, and what breaks.
FATAL = {"asynchrony": "cells fire together", "weak correlation": "cells fire together", "slow variation": "rates vary as fast as the synapses",
         "one operating point": "the network has several states", "no hysteresis": "the cells' rates depend on their past"}
#: Premises that limit how far from its operating point a reduction reaches.
LOCAL = ("levels agree", "straight gain", "noise stays", "slope unchanged by leak", "no saturation", "operating rate in the window", "inside the measured range")
#: Premises that by themselves foretell errors of more than 15 %, here or a quarter beside these drives.
SERIOUS = ("levels agree", "Poisson trains will do", "far from instability", "inside the measured range", "operating rate in the window")
BETTER = 0.5  # an error that is less than this part of the present one is worth changing the level for
WORTH = 0.02  # errors below this are those of the spiking runs themselves


def verdict(comparison, assumptions, levels, reduced):
    """Two or three sentences: trust, why not, what to do.

    Parameters
    ----------
    comparison : Comparison
        Made with the reduction, which splits its error.
    assumptions, levels : pandas.DataFrame
        As in `Validation`.
    reduced : ReducedCircuit
    """
    error, broken = comparison.largest_error, set(assumptions.loc[~assumptions["holds"].astype(bool), "assumption"])
    fatal = list(dict.fromkeys(reason for name, reason in FATAL.items() if name in broken))
    local = [name for name in LOCAL if name in broken]
    said = f"mean rates differ by up to {100 * error:.1f} %"
    if fatal:
        text = f"Do not rely on this rate model: {' and '.join(fatal)}, which the derivation excludes ({said}{', which is then chance' if comparison.tier == 'quantitative' else ''})."
    elif comparison.tier == "breakdown":
        text = f"Do not use this rate model: {said}."
    elif comparison.tier == "qualitative":
        text = f"Trust directions of change, not values: {said}."
    elif local:
        text = f"Trust it near these drives, where {said}; further away it will be off, since these premises do not hold: {', '.join(local)}."
    else:
        text = f"Trust it near these drives: {said}, and no premise that limits its range is broken."
    if comparison.tier != "quantitative":
        alone = float(comparison.split["open_loop_error"].abs().max())
        text += (f" The gains themselves are off by {100 * alone:.1f} %" + ("; the feedback amplifies that." if error > 1.3 * alone else ", and the feedback adds nothing."))
    usable = levels[levels["largest_error"].notna() & (levels["note"] == "")]
    best = usable["largest_error"].idxmin() if len(usable) else None
    if fatal:
        text += " No other level repairs this."
    elif best is not None and best != reduced.level and error > WORTH and usable.loc[best, "largest_error"] < BETTER * error:
        text += f" Better here: level = {best!r}, {100 * usable.loc[best, 'largest_error']:.1f} %."
    elif broken & {"irregular spikes", "Poisson trains will do"} and reduced.noise == "matched":
        text += " noise = 'renewal' would take into account how regular the spikes are."
    return text
