"""The levels of rate models."""

from __future__ import annotations

__all__ = ["LEVELS_MEAN"]


LEVELS_MEAN = {
    "linear": "a straight f-I curve above a threshold, shifted by leak",
    "gain": "the form of curve that predicts best, shifted by leak",
    "surface": "the f-I surface over current and leak as it was measured",
    "transfer": (
        "the rate as it was measured over the rates of all sources, with noise that moves along with them"
    ),
}
