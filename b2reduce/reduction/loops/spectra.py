"""Spectra of the rates of finite populations, and what they mean for pairs of cells and for their inputs."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .responses import SILENT_

__all__ = ["Spectra", "said_of_answers"]

# Hz, of integrals over frequency: narrow peaks have the width of their decay, some 1/s over 2 pi
LOWEST_, HIGHEST_, POINTS = 0.02, 5000.0, 3000
LOBES, PER_LOBE = 24, 40  # of windows: side lobes that are followed, and points on each
# Part of its trains that a cell shares: what all get is then not small beside what each gets alone
COMMON = 0.1
REGULAR = 0.1  # of the squared CV: peaks at multiples of the rate then stand out of a spectrum
MISFIT = 6.0  # of chi2 over its degrees of freedom: filters then miss by more than twice the errors


class Spectra:
    """What feedback makes of the noise of cells that fire independently but for the rates they have in
    common.

    S = (1 - H)^-1 D (1 - H)^-+, with D the spectrum of a cell's train over the number of cells, and of shared
    trains (Lindner, Doiron & Longtin 2005, Phys. Rev. E 72, 061919; Grytskyy, Tetzlaff, Diesmann & Helias
    2013, Front. Comput. Neurosci. 7, 131). That spectrum holds what a cell makes of its own inputs, although
    these are trains of the network: with in-degrees that are equal and out-degrees that differ by chance, the
    sum over all cells of what each hears beside the mean varies as if it were independent.

    Parameters
    ----------
    loop : RateLoop
    shared : sequence of Link
        Of trains that several cells of a population see.
    answers : mapping of str to mapping of int to SourceResponse
    circuit : Circuit
    point : AtRest or OperatingPoint
    """

    def __init__(self, loop, shared, answers, circuit, point):
        self.loop, self.shared, self.circuit = loop, shared, circuit
        self.names = loop.names
        self.sizes = np.array([circuit.populations[name].size for name in self.names], dtype=float)
        self.rate_ = np.array([point.rate_[name] for name in self.names], dtype=float)
        self._trains = [_train_of(answers.get(name, {}), point.rate_[name]) for name in self.names]

    @cached_property
    def growing(self):
        """How many modes grow by themselves: then there is no stationary state to have a spectrum."""
        return self.loop.growing_()

    def trains_(self, frequency_):
        """Spectral density of the train of a cell, Hz, shape (population, frequency)."""
        return np.array([train(frequency_) for train in self._trains])

    def rates_(self, frequency_):
        """Two-sided cross-spectra of the population rates, Hz, complex, shape (population, population,
        frequency).
        """
        s = 2j * np.pi * np.asarray(frequency_, dtype=float)
        spread = self.loop.propagated_(s)
        D = np.zeros_like(spread)
        index = np.arange(len(self.names))
        D[:, index, index] = (self.trains_(frequency_) / self.sizes[:, None]).T
        for link in self.shared:
            p, place = link.pathway, self.names.index(link.pathway.target)
            # The mean over as many Poisson trains as there are, K/share
            D[:, place, place] += np.abs(link.transfer_(s)) ** 2 * link.rate_ * p.share / p.K
        S = spread @ D @ np.conj(np.swapaxes(spread, 1, 2))
        return np.moveaxis(S, 0, -1)

    @cached_property
    def grid_(self):
        """(frequencies in Hz, their weights) of integrals over all frequencies, of both signs."""
        f = np.concatenate([[0.0], np.geomspace(LOWEST_, HIGHEST_, POINTS)])
        return f, _weights(f)

    def pairs_(self, frequency_):
        """Cross-spectra of two cells, shape (population, population, frequency); NaN of one alone."""
        S, C = self.rates_(frequency_), self.trains_(frequency_)
        for k, N in enumerate(self.sizes):
            S[k, k] = (N * S[k, k] - C[k]) / (N - 1) if N > 1 else np.nan
        return S

    def _window(self, window_):
        """(frequencies, their weights) of integrals over all frequencies that a window looks at.

        Evenly over its first side lobes; beyond them the grid, on which it has its mean over a lobe.
        """
        lobes = np.linspace(0, LOBES / window_, PER_LOBE * LOBES)
        f = np.unique(np.concatenate([lobes, self.grid_[0], np.geomspace(lobes[-1], 100 * lobes[-1], 400)]))
        return f, _weights(f), f > lobes[-1]

    def counts_(self, window_):
        """(variance of the spike count of a cell, covariance of those of two cells) in windows, shapes
        (population,) and (population, population).
        """
        f, weight, far = self._window(window_)
        with np.errstate(divide="ignore"):
            mean = 1 / (2 * (np.pi * f) ** 2)
        seen = weight * np.where(far, mean, (window_ * np.sinc(f * window_)) ** 2)
        # Beyond the grid spikes are independent
        beyond = window_ - seen.sum()
        return self.trains_(f) @ seen + beyond * self.rate_, self.pairs_(f).real @ seen

    def change_(self, window_):
        """Root mean square change of the population rates from one window to the next, without what counting
        independent spikes gives, relative to the rates: shape (population,).
        """
        f, weight, far = self._window(window_)
        with np.errstate(divide="ignore"):
            mean = 1.5 / (np.pi * f * window_) ** 2
        close = 4 * np.sinc(f * window_) ** 2 * np.sin(np.pi * f * window_) ** 2
        seen = weight * np.where(far, mean, close)
        index = np.arange(len(self.names))
        excess = self.rates_(f)[index, index].real - (self.rate_ / self.sizes)[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(np.maximum(excess @ seen, 0.0)) / self.rate_

    def input_variance_(self, pathway):
        """Variance of what a pathway brings to a cell, over that of as many independent Poisson trains."""
        f, weight = self.grid_
        k = self.names.index(pathway.source)
        passed = weight * np.abs(pathway.synapse.filter.transfer_(2j * np.pi * f)) ** 2
        together = self.trains_(f)[k] + (pathway.K - 1) * np.nan_to_num(self.pairs_(f)[k, k].real)
        return float(together @ passed / (self.rate_[k] * passed.sum()))


def _weights(frequency_):
    """Of the trapezoidal rule, for both signs of the frequency."""
    steps = np.diff(frequency_)
    return np.append(steps, 0.0) + np.append(0.0, steps)


def _train_of(answers, rate_):
    """The spectral density of a cell's train as a function of the frequency."""
    if not answers:
        return lambda frequency_: np.full(np.shape(frequency_), rate_)
    from scipy.interpolate import PchipInterpolator

    f = next(iter(answers.values())).frequency_
    power = np.mean([answer.power_ / answer.rate_ for answer in answers.values()], axis=0) * rate_
    # The lowest tone stands for rest too: a window of four seconds is no longer than its period
    between = PchipInterpolator(np.log(f[1:]), power[1:])
    return lambda frequency_: between(np.log(np.clip(frequency_, f[1], f[-1])))


def said_of_answers(reduced, spectra):
    """Sentences on what makes spectra less sure than they look."""
    said = []
    for name, rate_ in zip(spectra.names, spectra.rate_):
        cv2 = reduced.cv2.get(name, 1.0)
        if rate_ < SILENT_:
            said.append(f"population {name}: fires at {rate_:.2g} Hz and is left out: it answers to nothing")
        elif cv2 < REGULAR:
            said.append(
                f"population {name}: its cells fire regularly (CV {np.sqrt(cv2):.2g}), so that the spectrum"
                f" of their trains has peaks at multiples of {rate_:.3g} Hz, narrower than what was measured:"
                " near them spectra are too low"
            )
    for link in spectra.shared:
        if link.pathway.share > COMMON:
            said.append(
                f"drive {link.pathway.label}: two cells have {100 * link.pathway.share:.0f} % of their"
                " trains in common, which moves them together by more than what is linear: spectra and"
                " correlations are too low; give them more trains"
            )
    for link in spectra.loop.links:
        if link.cell.chi2 > MISFIT * max(link.cell.dof, 1):
            said.append(
                f"pathway {link.pathway.label}: no filter of second order follows how cells answer to it"
                f" (chi2 {link.cell.chi2:.0f} for {link.cell.dof}); spectra beyond some 100 Hz are less sure"
            )
    return said
