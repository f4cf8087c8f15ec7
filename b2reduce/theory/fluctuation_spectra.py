"""What `fluctuations` finds: spectra, correlations and rhythms of finite populations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import needed_seconds
from ..basics.fields import Floats, Mapped, Of, Plain, Text
from ..basics.frozen import FrozenDict, Record
from ..basics.units import with_units
from ..reduction.loops.foretold import Foretold, foretold, growth_of, stretch_of
from ..reduction.loops.responses import AtRest, by_number, measured_loop
from ..reduction.loops.spectra import Spectra, said_of_answers
from ..reduction.reduced_circuit import ReducedCircuit

if TYPE_CHECKING:
    from typing import Any

    import pandas
    from brian2 import Quantity

    from ..basics.types import QuantityLike

__all__ = ["Fluctuations"]


@dataclass(frozen=True, eq=False)
class Fluctuations(Record):
    """Spectra of the rates of finite populations, as their uncoupled cells foretell them.

    All of it is of the operating point. Where activity grows by itself (`stable` is False) no stationary
    state has a spectrum: what is asked of spectra is then NaN, and `roots` says what grows.

    Attributes
    ----------
    frequency : Quantity, shape (frequency,)
    spectrum : Quantity, shape (population, population, frequency)
        Two-sided cross-spectra of the population rates, complex, Hz: the variance of a rate is their integral
        over frequencies of both signs. N independent Poisson cells of rate r have r/N.
    train_spectrum : Quantity, shape (population, frequency)
        Of the train of one cell.
    roots : Quantity, shape (root,)
        Complex, the fastest growing first: what goes on by itself is exp(root t).
    stable : bool
    rhythm : Quantity
        Frequency of the first root; 0 Hz where it does not oscillate.
    growth : Quantity
        Its real part, 1/s: negative where it dies.
    foretold : pandas.DataFrame
        What premises hang on that a spiking network would be measured for: index ``quantity``, the "variance
        of inputs" over that of independent trains (asynchrony), the "correlation of counts" of two cells in 5
        ms (weak correlation) and the "change of rates" within a synaptic time (slow variation); columns
        ``foretold``, ``limit``, ``holds`` and ``where``.
    warnings : list of str
        What makes it less sure than it looks.
    reduced : ReducedCircuit
    answers : mapping of population and number of the kind of synapse to SourceResponse
        How cells answer to presynaptic rates, with their noise moving along.
    provenance : mapping
    """

    reduced: ReducedCircuit
    answers: Mapping
    frequency_: np.ndarray
    provenance: Mapping = field(default_factory=dict)

    FIELDS = FrozenDict(
        reduced=Of("ReducedCircuit"),
        answers=Mapped(Text, Of("SourceResponse")),
        frequency_=Floats("frequency"),
        provenance=Plain,
    )

    @property
    def populations(self) -> tuple[str, ...]:
        """Names of the populations."""
        return self.reduced.populations

    @cached_property
    def _spectra(self) -> Any:
        circuit, point = self.reduced.circuit, AtRest.of(self.reduced)
        answers = by_number(self.answers)
        loop, shared = measured_loop(circuit, point, answers)
        return Spectra(loop, shared, answers, circuit, point)

    @property
    def frequency(self) -> Quantity:
        """Frequencies, Quantity."""
        return with_units(self.frequency_, "Hz")

    @cached_property
    def spectrum_(self) -> np.ndarray:
        """`spectrum` as a plain array, Hz."""
        if not self.stable:
            return np.full((len(self.populations),) * 2 + self.frequency_.shape, np.nan + 0j)
        return self._spectra.rates_(self.frequency_)

    @property
    def spectrum(self) -> Quantity:
        """Two-sided cross-spectra of the population rates."""
        return with_units(self.spectrum_, "Hz")

    @property
    def train_spectrum(self) -> Quantity:
        """Spectral density of the train of one cell."""
        return with_units(self._spectra.trains_(self.frequency_), "Hz")

    @cached_property
    def roots_(self) -> np.ndarray:
        """`roots` as a plain array, 1/s."""
        return self._spectra.loop.roots_()

    @property
    def roots(self) -> Quantity:
        """What goes on by itself, 1/s."""
        return with_units(self.roots_, "Hz")

    @property
    def stable(self) -> bool:
        """Whether nothing grows by itself: det(1 - H) does not encircle 0 along the imaginary axis."""
        return self._spectra.growing == 0

    @property
    def rhythm(self) -> Quantity:
        """Frequency of the first root."""
        return with_units(abs(self.roots_[0].imag) / (2 * np.pi) if self.roots_.size else 0.0, "Hz")

    @property
    def growth(self) -> Quantity:
        """Real part of the first root, 1/s."""
        return with_units(self.roots_[0].real if self.roots_.size else -np.inf, "Hz")

    @cached_property
    def warnings(self) -> list[str]:
        """What makes it less sure than it looks."""
        return said_of_answers(self.reduced, self._spectra)

    @cached_property
    def foretold(self) -> pandas.DataFrame:
        """What premises hang on, as foretold."""
        import pandas as pd

        rows = foretold(self._spectra, stretch_of(self.reduced))
        return pd.DataFrame(rows, columns=Foretold._fields).set_index("quantity")

    def variance(self, window: QuantityLike) -> pandas.Series:
        """Variance of the population rates as counted in windows, Hz^2, by population."""
        window_ = needed_seconds(window, "window")
        alone, together = self._counts(window_)
        sizes = np.array([self.reduced.circuit.populations[name].size for name in self.populations])
        return self._series(
            (alone + (sizes - 1) * np.nan_to_num(np.diag(together))) / (sizes * window_**2), "variance [Hz^2]"
        )

    def fano(self, window: QuantityLike) -> pandas.Series:
        """Variance of the spike count of a cell in windows over its mean, by population."""
        window_ = needed_seconds(window, "window")
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._series(self._counts(window_)[0] / (self._spectra.rate_ * window_), "Fano factor")

    def correlation(self, window: QuantityLike = "5 ms") -> pandas.DataFrame:
        """Mean correlation of the spike counts of two different cells in windows, by populations."""
        import pandas as pd

        alone, together = self._counts(needed_seconds(window, "window"))
        with np.errstate(invalid="ignore", divide="ignore"):
            found = together / np.sqrt(np.outer(alone, alone))
        return pd.DataFrame(found, self.populations, self.populations)

    def _counts(self, window_):
        if self.stable:
            return self._spectra.counts_(window_)
        number = len(self.populations)
        return np.full(number, np.nan), np.full((number, number), np.nan)

    def _series(self, values, name):
        import pandas as pd

        return pd.Series(values, self.populations, name=name).rename_axis("population")

    def to_frame(self) -> pandas.DataFrame:
        """One row a frequency and pair of populations: spectra in Hz, phase in degrees, coherence."""
        import pandas as pd

        S, rows = self.spectrum_, []
        with np.errstate(invalid="ignore", divide="ignore"):
            for i, one in enumerate(self.populations):
                for j, other in enumerate(self.populations[i:], start=i):
                    rows.append(
                        pd.DataFrame(
                            {
                                "population": one,
                                "with": other,
                                "frequency [Hz]": self.frequency_,
                                "|spectrum| [Hz]": np.abs(S[i, j]),
                                "phase [deg]": np.degrees(np.angle(S[i, j])),
                                "coherence": np.abs(S[i, j]) ** 2 / (S[i, i].real * S[j, j].real),
                            }
                        )
                    )
        return pd.concat(rows, ignore_index=True)

    def __repr__(self):
        first = growth_of(self.roots_[0]) if self.roots_.size else "no feedback"
        broken = [row.Index for row in self.foretold.itertuples() if not row.holds]
        said = f"; foretold to fail: {', '.join(broken)}" if broken else ""
        state = "stable" if self.stable else "unstable"
        return f"Fluctuations({', '.join(self.populations)}; {state}: {first}{said})"
