"""How good a table of predictions is: errors of circuits, what is missing, and whether errors were warned of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from b2reduce.validation.comparison import FLOOR_, TIERS

__all__ = ["LIMIT", "Outcome", "Scores", "outcomes", "scores"]

LIMIT = TIERS[0][1]  # an error up to here is quantitative
DRAWS = 9999
CHANCE = 2.0  # standard errors of a difference that chance may make


@dataclass(frozen=True)
class Outcome:
    """What became of a circuit.

    Attributes
    ----------
    errors : dict
        {population: (rate - spiking)/max(spiking, 1 Hz)}; infinite where the prediction is no number.
    missing : tuple of str
        Populations without a prediction.
    warned : bool
        Whether the table warned of any of its populations.
    by_chance : int
        Populations whose difference is within two of its standard errors.
    family : str
        Circuits of one family differ in the rates of their drives only.
    """

    errors: dict
    missing: tuple
    warned: bool
    by_chance: int
    family: str

    @property
    def complete(self):
        """Whether all of its populations were predicted."""
        return not self.missing

    @property
    def error(self):
        """Largest error without its sign, NaN where a population is missing."""
        return max(map(abs, self.errors.values())) if self.complete else np.nan


@dataclass(frozen=True)
class Scores:
    """Over circuits; errors are the largest over the populations of a circuit.

    Attributes
    ----------
    circuits, missing, failed : int
        All; those with a population that has no prediction; those with a prediction that is no number, whose
        error is infinite.
    median, mean, worst : float
        Of the errors of circuits that are not missing.
    low, high : float
        95 % interval of the median, by drawing families of circuits anew.
    within : int
        Circuits whose error is at most 15 %.
    off, off_warned : int
        Circuits with a larger error, and those of them that were warned of.
    warned : int
        All that were predicted and warned of.
    populations, populations_missing, by_chance : int
        All; those without a prediction; those whose difference is within two of its standard errors.
    """

    circuits: int
    missing: int
    failed: int
    median: float
    low: float
    high: float
    mean: float
    worst: float
    within: int
    off: int
    off_warned: int
    warned: int
    populations: int
    populations_missing: int
    by_chance: int


def outcomes(predictions, references, listed):
    """{circuit: Outcome} of every circuit of the references.

    Parameters
    ----------
    predictions : dict
        As `read_table` gives it.
    references : dict
        As `read_references` gives it.
    listed : dict
        {circuit: Listed}.
    """
    found = {}
    for name, populations in references.items():
        errors, missing, warned, by_chance = {}, [], False, 0
        for key, spiking in populations.items():
            prediction = predictions.get((name, key))
            if prediction is None:
                missing.append(key)
                continue
            warned = warned or prediction.warned
            difference = prediction.rate_ - spiking["rate [Hz]"]
            finite = np.isfinite(difference)
            errors[key] = float(difference / max(spiking["rate [Hz]"], FLOOR_)) if finite else np.inf
            own = prediction.stderr_ if np.isfinite(prediction.stderr_) else 0.0
            by_chance += bool(abs(difference) <= CHANCE * np.hypot(own, spiking["stderr [Hz]"]))
        found[name] = Outcome(errors, tuple(missing), warned, by_chance, listed[name].family)
    return found


def scores(found):
    """The Scores of {circuit: Outcome}."""
    told = [outcome for outcome in found.values() if outcome.complete]
    errors = np.array([outcome.error for outcome in told])
    off = [outcome for outcome in told if not outcome.error <= LIMIT]
    low, high = _interval(told)
    return Scores(
        circuits=len(found),
        missing=len(found) - len(told),
        failed=int(np.isinf(errors).sum()),
        median=_or_nan(np.median, errors),
        low=low,
        high=high,
        mean=_or_nan(np.mean, errors),
        worst=_or_nan(np.max, errors),
        within=len(told) - len(off),
        off=len(off),
        off_warned=sum(outcome.warned for outcome in off),
        warned=sum(outcome.warned for outcome in told),
        populations=sum(len(outcome.errors) + len(outcome.missing) for outcome in found.values()),
        populations_missing=sum(len(outcome.missing) for outcome in found.values()),
        by_chance=sum(outcome.by_chance for outcome in found.values()),
    )


def _or_nan(function, errors):
    return float(function(errors)) if errors.size else np.nan


def _interval(told):
    """(low, high) of the median error; NaN of fewer than two families.

    Whole families are drawn, since the errors of one circuit at two drives are no two circuits.
    """
    from scipy.stats import bootstrap

    families: dict = {}
    for outcome in told:
        families.setdefault(outcome.family, []).append(outcome.error)
    if len(families) < 2:
        return np.nan, np.nan
    members = list(families.values())
    median = lambda chosen: np.median(np.concatenate([members[number] for number in chosen]))
    with np.errstate(invalid="ignore"):  # in a standard error of infinite values, which nobody reads
        drawn = bootstrap(
            (np.arange(len(members)),),
            median,
            vectorized=False,
            n_resamples=DRAWS,
            method="percentile",
            rng=np.random.default_rng(1),
        ).bootstrap_distribution
    # Of values that were drawn, never between two of them: one may be infinite.
    return tuple(float(each) for each in np.quantile(drawn, [0.025, 0.975], method="inverted_cdf"))
