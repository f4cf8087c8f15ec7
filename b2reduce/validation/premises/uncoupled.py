"""Operating points besides that of the reduction."""

from __future__ import annotations

from ...basics.errors import OperatingPointError
from ...reduction.integration_steps import integrated
from ...reduction.noises import NOISES
from ...reduction.operating_point import find_operating_point, operating_rates_from

__all__ = ["UncoupledCells"]


class UncoupledCells:
    """The uncoupled cells of a reduction's circuit, run to operating points as the reduction was."""

    def __init__(self, reduced, seed, engine, bar):
        self._reduced = reduced
        self._circuit = integrated(reduced.circuit, reduced.dt_, fixed=True)[0]
        self._settings = dict(seed=seed, dt_=reduced.dt_, engine=engine, bar=bar)

    def rates(self, drives_, start_):
        """{population: Hz} at {(drive, target): Hz}, from rates to start at; {} where none is found."""
        noise = NOISES[self._reduced.noise]
        noise = noise if noise.measured else NOISES["renewal"]
        try:
            return operating_rates_from(self._circuit, drives_, start_, noise=noise, **self._settings)
        except OperatingPointError:  # which the premise then says
            return {}

    def renewal_rates(self):
        """{population: Hz} at the reduction's drives, with trains that are as regular as the cells fire."""
        return find_operating_point(
            self._circuit, self._reduced.at_, noise=NOISES["renewal"], **self._settings
        ).rate_
