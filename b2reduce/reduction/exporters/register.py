"""The exporters that there are."""

from __future__ import annotations

from ...basics.register import Register
from .base import Exporter
from .brian2_script import Brian2Script
from .latex import Latex
from .numpy_script import NumpyScript
from .pyrates import Pyrates
from .xpp import Xpp

__all__ = ["EXPORTERS", "register"]

#: {name: Exporter}
EXPORTERS: Register[Exporter] = Register(Exporter, "exporter")
#: Adds one, from outside of the package as well; returns it.
register = EXPORTERS.add


for _exporter in (Brian2Script(), NumpyScript(), Xpp(), Pyrates(), Latex()):
    register(_exporter)
