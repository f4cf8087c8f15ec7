"""Scripts that need numpy alone."""

from __future__ import annotations

from ..rate_system import printed
from .script import Script
from .tables import packed_tables

__all__ = ["NumpyScript"]


class NumpyScript(Script):
    """Gives the rates of `simulate_rates` step for step."""

    name = "numpy"
    meaning = "a Python script that needs numpy alone"
    tables = True
    delays = "steps"

    def values(self, reduced, system, duration_):
        return {
            "parameters": system.parameters,
            "definitions": system.definitions,
            "functions": packed_tables(system),
            "late": system.late,
            "printed": lambda formula: printed(formula, "numpy"),
        }
