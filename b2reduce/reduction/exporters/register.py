"""The exporters that there are."""

from __future__ import annotations

from .base import Exporter
from .brian2_script import Brian2Script
from .latex import Latex
from .numpy_script import NumpyScript
from .pyrates import Pyrates
from .xpp import Xpp

__all__ = ["EXPORTERS", "register"]

#: {name: Exporter}
EXPORTERS: dict[str, Exporter] = {}


def register(exporter):
    """Add an exporter, which `to_script` and the command know by its name from now on; returns it."""
    if not isinstance(exporter, Exporter) or not exporter.name:
        raise TypeError(f"exporter: got {exporter!r}, expected an Exporter with a name")
    EXPORTERS[exporter.name] = exporter
    return exporter


for _exporter in (Brian2Script(), NumpyScript(), Xpp(), Pyrates(), Latex()):
    register(_exporter)
