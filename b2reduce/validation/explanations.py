"""What the words of a validation mean, for the report and for notebooks."""

from __future__ import annotations

__all__ = ["TERMS", "TRUST_MEANS"]

TERMS = {
    "gains alone": (
        "the rate that the gains give where the spiking network's own rates go in, so that no feedback is"
        " involved; what the error has beyond that is feedback"
    ),
    "spread": "standard deviation over the seeds, each with a wiring and noise of its own",
    "operating point": (
        "the rates that uncoupled cells give back when they are driven by trains of just these rates"
    ),
    "window": "the rates around the operating point within which a gain was fitted",
    "theta": (
        "threshold current I_theta + g_leak v_theta - I_const, of the current in excess of the leak reversal"
    ),
    "v_theta": "how far a siemens of extra leak shifts the f-I curve: by v_theta amperes",
    "W": "charge by which one hertz of a source moves a cell's current",
}
TRUST_MEANS = {
    "trust": "Rates agree, and every premise that limits the range of the model holds.",
    "near these drives": (
        "Rates agree here. A premise that limits how far from these drives the model reaches does not hold."
    ),
    "do not rely": (
        "Rates differ, or agree although a premise is broken without which they can only do so by chance."
    ),
}
